// Interfaces of the machine for `show interfaces`, read when somebody asks.

import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";
import { join } from "node:path";
import { isLinkLocal, parseAddress } from "../../base/ip.js";
import type { InterfaceAddressView, InterfaceView } from "../control/bird-view.js";

const FOLDER = "/sys/class/net";
const IFF = { up: 0x1, broadcast: 0x2, loopback: 0x8, pointToPoint: 0x10, multicast: 0x1000 } as const;

/** Of one IP version. Interfaces that vanish meanwhile are left out. */
export function systemInterfaces(ipVersion: 4 | 6, folder = FOLDER): readonly InterfaceView[] {
  const addresses = networkInterfaces();
  return readdirSync(folder)
    .flatMap((name) => oneInterface(name, folder, ofVersion(addresses[name] ?? [], ipVersion)) ?? [])
    .sort((a, b) => a.index - b.index);
}

function ofVersion(addresses: readonly NetworkInterfaceInfo[], ipVersion: 4 | 6): readonly NetworkInterfaceInfo[] {
  return addresses.filter(({ family }) => family === `IPv${ipVersion}`);
}

function oneInterface(
  name: string,
  folder: string,
  addresses: readonly NetworkInterfaceInfo[],
): InterfaceView | undefined {
  const read = (file: string): string | undefined => readOrUndefined(join(folder, name, file));
  const [index, flagText, mtu, carrier] = ["ifindex", "flags", "mtu", "operstate"].map(read);
  if (index === undefined || flagText === undefined || mtu === undefined) return undefined;
  const flags = Number(flagText);
  const isUp = (flags & IFF.up) !== 0;
  const hasCarrier = isUp && carrier !== "down" && carrier !== "lowerlayerdown";
  return {
    name,
    index: Number(index),
    isUp: hasCarrier && addresses.length > 0,
    flags: [
      ...((flags & IFF.pointToPoint) !== 0 ? ["PtP"] : (flags & IFF.loopback) === 0 ? ["MultiAccess"] : []),
      ...((flags & IFF.broadcast) !== 0 ? ["Broadcast"] : []),
      ...((flags & IFF.multicast) !== 0 ? ["Multicast"] : []),
      ...(isUp ? ["AdminUp"] : []),
      ...(hasCarrier ? ["LinkUp"] : []),
      ...((flags & IFF.loopback) !== 0 ? ["Loopback"] : []),
    ],
    mtu: Number(mtu),
    addresses: addresses.map(addressView),
  };
}

function addressView({ cidr, address, internal }: NetworkInterfaceInfo, i: number): InterfaceAddressView {
  const bytes = parseAddress(address)?.bytes;
  const scope = internal ? "host" : bytes !== undefined && isLinkLocal(bytes) ? "link" : "univ";
  return { text: cidr ?? address, role: i === 0 ? "Primary" : "Secondary", opposite: undefined, scope };
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    // It went away between the listing and now.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
