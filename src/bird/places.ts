// Where calico/node keeps what the two daemons and their clients share.

import { basename, join } from "node:path";

/** `bird` is the daemon of IPv4, `bird6` that of IPv6: two processes, told apart by the name they were called by. */
export type IpVersion = 4 | 6;

/** Folder of the control sockets; on the host, so that `calicoctl` reaches them. */
const SOCKETS = "/var/run/calico";
/** Folder of the configurations that confd writes. */
const CONFIGURATIONS = "/etc/calico/confd/config";

/** The version that a program serves: `bird6` and `birdcl6` end with its digit. */
export function ipVersionOf(program: string): IpVersion {
  return basename(program).endsWith("6") ? 6 : 4;
}

export function daemonName(version: IpVersion): "bird" | "bird6" {
  return version === 4 ? "bird" : "bird6";
}

export function defaultSocket(version: IpVersion): string {
  return join(SOCKETS, `${daemonName(version)}.ctl`);
}

export function defaultConfiguration(version: IpVersion): string {
  return join(CONFIGURATIONS, `${daemonName(version)}.cfg`);
}
