// Which way a next hop is reached; of a pair of addresses, by which of the two (RFC 2545).

import t from "tap";
import { formatBytes, type IpPrefix, parsePrefix } from "../../src/base/ip.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { resolveNextHop } from "../../src/speaker/next-hop-tracking.js";
import type { Resolution } from "../../src/speaker/ports.js";
import { address } from "../rib/updates.js";
import { alienRoute } from "../support/alien-route.js";
import { FakeClock } from "../support/fake-clock.js";

function prefix(text: string): IpPrefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

const PAIR = ["2001:db8:9::2", "fe80::2"];

interface Row {
  readonly name: string;
  readonly nextHop: readonly string[];
  readonly zone?: string;
  /** Gateway of an alien route to the global address. */
  readonly recursive?: boolean;
  readonly unreachable?: readonly string[];
  readonly wanted: string | undefined;
}

const ROWS: readonly Row[] = [
  { name: "an address on the link", nextHop: ["10.0.0.2"], wanted: "10.0.0.2 connected eth0" },
  { name: "a link-local one", nextHop: ["fe80::2"], zone: "eth0", wanted: "fe80::2 connected eth0" },
  { name: "a link-local one of no link", nextHop: ["fe80::2"], wanted: undefined },
  { name: "a pair: the global one counts", nextHop: PAIR, wanted: "2001:db8:9::2 connected eth0" },
  {
    name: "a pair whose global one is on the session's link",
    nextHop: PAIR,
    zone: "eth0",
    wanted: "2001:db8:9::2 connected eth0",
  },
  {
    name: "a pair whose global one lies behind a router",
    nextHop: PAIR,
    zone: "eth0",
    recursive: true,
    wanted: "fe80::2 connected eth0",
  },
  {
    name: "the same from a session over global addresses",
    nextHop: PAIR,
    recursive: true,
    wanted: "2001:db8:9::2 recursive eth7",
  },
  {
    name: "a pair whose global one is unreachable",
    nextHop: PAIR,
    zone: "eth0",
    unreachable: ["2001:db8:9::2"],
    wanted: "fe80::2 connected eth0",
  },
];

for (const { name, nextHop, zone, recursive = false, unreachable = [], wanted } of ROWS) {
  t.test(name, async (t) => {
    const kernel = new MemoryKernel({}, { clock: new FakeClock() });
    for (const text of unreachable) kernel.setReachable(text, false);
    const gateway = address("2001:db8:7::1");
    if (recursive) kernel.setAlienRoutes([alienRoute(prefix("2001:db8:9::/64"), "eth7", gateway)]);
    const octets = Uint8Array.from(nextHop.flatMap((text) => [...address(text)]));
    const way = resolveNextHop(kernel, octets, zone);
    const text = ({ kind, device }: Resolution): string => `${kind} ${device}`;
    t.equal(way === undefined ? undefined : `${formatBytes(way.address)} ${text(way)}`, wanted);
  });
}
