// The network of one run: a namespace for the speaker and one for the generator, joined by a veth pair.
//
// All peers are on the speaker's link. Neighbours are written down (permanent entries are not counted against the
// kernel's limit of 1024, and nobody waits for ARP while the clock runs).

import { spawnSync } from "node:child_process";

export const DUT_ADDRESS4 = "10.99.0.1";
export const DUT_ADDRESS6 = "fd99::1";
/** Name of the interface in both namespaces. */
export const INTERFACE = "bgp0";

const DUT_MAC = "02:00:00:00:00:01";
const PEERS_MAC = "02:00:00:00:00:02";

let counter = 0;

/** Address of the session with this number; the generator computes the same (load/session.c). */
export function clientAddress(index: number, family: 4 | 6): string {
  const high = 1 + Math.floor(index / 200);
  const low = 1 + (index % 200);
  return family === 6 ? `fd99::${(high * 256 + low).toString(16)}` : `10.99.${high}.${low}`;
}

function ip(words: readonly string[], input?: string): void {
  const options = input === undefined ? {} : { input };
  const { status, stderr, error } = spawnSync("ip", words, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr?.trim() ?? error?.message}`);
}

export class Link {
  /** Names as `ip netns` knows them. */
  readonly dutNamespace: string;
  readonly peersNamespace: string;

  constructor() {
    const tag = `${process.pid.toString(36)}-${(counter++).toString(36)}`;
    this.dutNamespace = `bench-${tag}-dut`;
    this.peersNamespace = `bench-${tag}-peers`;
  }

  /** Makes it for so many sessions. Whatever happens, remove() cleans up. */
  make(sessions: number, family: 4 | 6): void {
    ip(["netns", "add", this.dutNamespace]);
    ip(["netns", "add", this.peersNamespace]);
    this.#skipDuplicateDetection();
    const veth = ["type", "veth", "peer", "name", INTERFACE, "address", PEERS_MAC, "netns", this.peersNamespace];
    ip(["-n", this.dutNamespace, "link", "add", "name", INTERFACE, "address", DUT_MAC, ...veth]);
    this.#configure(this.dutNamespace, [
      `addr add ${DUT_ADDRESS4}/16 dev ${INTERFACE}`,
      `addr add ${DUT_ADDRESS6}/64 dev ${INTERFACE} nodad`,
      ...neighbours(sessions, family),
    ]);
    this.#configure(this.peersNamespace, [
      ...addresses(sessions, family),
      `neigh replace ${DUT_ADDRESS4} lladdr ${DUT_MAC} nud permanent dev ${INTERFACE}`,
      `neigh replace ${DUT_ADDRESS6} lladdr ${DUT_MAC} nud permanent dev ${INTERFACE}`,
    ]);
  }

  /** Removes both namespaces, and with them whatever interface and route there is. May be called at any time. */
  remove(): void {
    for (const name of [this.dutNamespace, this.peersNamespace]) spawnSync("ip", ["netns", "del", name]);
  }

  /** Link-local addresses are there at once; BIRD 1 restarts sessions when one appears later. */
  #skipDuplicateDetection(): void {
    const files = ["all", "default"].map((name) => `/proc/sys/net/ipv6/conf/${name}/accept_dad`);
    for (const namespace of [this.dutNamespace, this.peersNamespace]) {
      ip(["netns", "exec", namespace, "sh", "-c", files.map((file) => `echo 0 >${file}`).join(" && ")]);
    }
  }

  #configure(namespace: string, lines: readonly string[]): void {
    const all = ["link set lo up", `link set ${INTERFACE} up`, ...lines];
    ip(["-n", namespace, "-batch", "-"], `${all.join("\n")}\n`);
  }
}

function indices(sessions: number): readonly number[] {
  return Array.from({ length: sessions }, (_, index) => index);
}

function addresses(sessions: number, family: 4 | 6): readonly string[] {
  const ipv4 = indices(sessions).map((i) => `addr add ${clientAddress(i, 4)}/16 dev ${INTERFACE}`);
  if (family === 4) return ipv4;
  return [...ipv4, ...indices(sessions).map((i) => `addr add ${clientAddress(i, 6)}/64 dev ${INTERFACE} nodad`)];
}

function neighbours(sessions: number, family: 4 | 6): readonly string[] {
  return indices(sessions).map(
    (i) => `neigh replace ${clientAddress(i, family)} lladdr ${PEERS_MAC} nud permanent dev ${INTERFACE}`,
  );
}
