// What the kernel should do with a prefix, from the naive table: the best path or those that share with it, each by the way
// to its next hop; blackholes; Calico's tunnels. Written without a look at src/speaker/fib-plan.ts.

import { formatBytes, formatPrefix, type IpPrefix, prefixContains } from "../../src/base/ip.js";
import type { EncapsulationConfig, KernelConfig } from "../../src/config/speaker-config.js";
import type { FibNextHop, FibRoute, Resolution } from "../../src/speaker/ports.js";
import { NaiveRoute } from "../rib/naive-route.js";
import type { Candidate, NaiveTable } from "../rib/naive-table.js";

export interface NaiveFibFacts {
  readonly kernel: KernelConfig;
  readonly multipathEbgp: number;
  readonly multipathIbgp: number;
  readonly resolve: (address: Uint8Array) => Resolution | undefined;
  /** What a route of the node itself wants. */
  readonly localRoute: (source: string, prefix: string) => FibRoute | undefined;
}

/** What may stand in the kernel for a prefix. */
export interface NaiveWish {
  /** `unicast`, `blackhole` …; `none`: no route. */
  readonly kind: string;
  /** Of the best path. */
  readonly first: string | undefined;
  /** One for each path that shares, the best one among them. */
  readonly hops: readonly string[];
  /** Most paths used. */
  readonly most: number;
}

const NONE: NaiveWish = { kind: "none", first: undefined, hops: [], most: 0 };

export function hopText({ gateway, device, onlink, weight }: FibNextHop): string {
  const via = gateway === undefined ? "" : `via ${formatBytes(gateway)} `;
  return `${via}dev ${device ?? "-"}${onlink ? " onlink" : ""}${weight === 1 ? "" : ` weight ${weight}`}`;
}

export function naiveWish(table: NaiveTable, prefix: IpPrefix, facts: NaiveFibFacts): NaiveWish {
  const best = table.best(prefix);
  if (best === undefined) return NONE;
  const { options } = best.source;
  if (options.kind !== "bgp") {
    const route = facts.localRoute(options.name, formatPrefix(prefix));
    return route === undefined
      ? NONE
      : { ...NONE, kind: route.kind, hops: route.nextHops.map(hopText), most: Infinity };
  }
  const route = new NaiveRoute(best.carried, prefix, options.kind, options.peer);
  if (!facts.kernel.exportPolicy(route).accept) return NONE;
  if (best.carried.dropsPackets === true) return { ...NONE, kind: "blackhole" };
  const rule = facts.kernel.encapsulation.find(
    (each) =>
      each.prefix.length <= prefix.length && isSame(each.prefix, prefix) && prefixContains(each.prefix, prefix.bytes),
  );
  const hop = (path: Candidate): string => hopText(hopOf(path, rule, facts));
  const most = best.isInternal ? facts.multipathIbgp : facts.multipathEbgp;
  const sharing = most === 1 ? [best] : table.sharing(prefix);
  return { kind: "unicast", first: hop(best), hops: sharing.map(hop), most };
}

function isSame(a: IpPrefix, b: IpPrefix): boolean {
  return a.family === b.family;
}

function hopOf({ carried }: Candidate, rule: EncapsulationConfig | undefined, facts: NaiveFibFacts): FibNextHop {
  const address = carried.attributes.nextHop?.slice(0, 16) ?? new Uint8Array(0);
  const way = facts.resolve(address);
  if (way === undefined) throw new Error("a path without a way takes no part");
  const isTunnelled = rule?.mode === "always" || (rule?.mode === "crossSubnet" && way.kind === "recursive");
  if (rule !== undefined && isTunnelled) return { gateway: address, device: rule.device, onlink: true, weight: 1 };
  return { gateway: way.gateway ?? address, device: way.device, onlink: false, weight: 1 };
}

/** Why `real` is not what may stand there; undefined: it is. `hops` of the real route, in its order. */
export function wishFault(wish: NaiveWish, real: FibRoute | undefined): string | undefined {
  const kind = real?.kind ?? "none";
  const hops = (real?.nextHops ?? []).map(hopText);
  const is = [kind, ...hops].join(", ");
  const should = [wish.kind, ...wish.hops].join(", ");
  const fault = `is ${is}; should be ${should}${wish.hops.length > wish.most ? `, at most ${wish.most}` : ""}`;
  if (kind !== wish.kind) return fault;
  const distinct = new Set(wish.hops);
  if (new Set(hops).size !== hops.length || hops.some((hop) => !distinct.has(hop))) return fault;
  if (wish.first !== undefined && !hops.includes(wish.first)) return fault;
  if (wish.hops.length <= wish.most) return hops.length === distinct.size ? undefined : fault;
  // Which of too many equal paths are used is not said, only that so many are.
  const covered = wish.hops.filter((hop) => hops.includes(hop)).length;
  return hops.length <= wish.most && covered >= wish.most ? undefined : fault;
}
