// The decision process, RFC 4271 §9.1.2.2 with RFC 4456 §9, as a list of named steps.
//
// The head of a chain is the best path. A change is compared with the head alone where that is enough; MED, which counts
// only between paths of one neighbouring AS and therefore is no order (unless it always counts), and a head that got worse
// need the whole chain. The outcome never depends on the order in which paths came.

import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { NextHopTable } from "./next-hop-table.js";
import type { PrefixId, RouteId, RouteTable } from "./route-table.js";
import { RELATION, type SourceTable } from "./sources.js";

export interface Step {
  readonly name: string;
  /** > 0: a is better, < 0: b is. */
  readonly compare: (a: RouteId, b: RouteId) => number;
}

export interface DecisionOptions {
  /** Most equal paths used for forwarding, by relation of the best path. */
  readonly multipathEbgp: number;
  readonly multipathIbgp: number;
  /** Equal paths may have other AS numbers in an equally long AS_PATH. */
  readonly relaxAsPath: boolean;
  /** MED counts between paths of different neighbouring ASes too, and so becomes an order. */
  readonly alwaysCompareMed: boolean;
  /** A path without MED counts as one with the highest instead of 0 (RFC 4271 §9.1.2.2 c). */
  readonly missingMedAsWorst: boolean;
  /** Paths whose next hop does not resolve take part, behind all others of their weight. */
  readonly keepsUnresolved: boolean;
  /** Of paths of one weight the node's own are better than learned ones, whatever their attributes. */
  readonly ownFirst: boolean;
  /** Of paths equal up to the peer's address the older is better; needs RouteTable.keepTimes. */
  readonly olderWins: boolean;
}

export const PLAIN_DECISION: DecisionOptions = {
  multipathEbgp: 1,
  multipathIbgp: 1,
  relaxAsPath: true,
  alwaysCompareMed: false,
  missingMedAsWorst: false,
  keepsUnresolved: false,
  ownFirst: false,
  olderWins: false,
};

const signed = 0x80000000 | 0;

export class Decision {
  readonly #routes: RouteTable;
  readonly #attrs: AttrsTable;
  readonly #nextHops: NextHopTable;
  readonly #sources: SourceTable;
  options: DecisionOptions = PLAIN_DECISION;
  /** The steps in order, for people. Each is what `preferred` does, one by one. */
  readonly steps: readonly Step[];
  readonly #candidates: RouteId[] = [];
  readonly #sorted: RouteId[] = [];

  constructor(routes: RouteTable, attrs: AttrsTable, nextHops: NextHopTable, sources: SourceTable) {
    this.#routes = routes;
    this.#attrs = attrs;
    this.#nextHops = nextHops;
    this.#sources = sources;
    const onAttrs = (compare: (a: AttrsId, b: AttrsId) => number) => (a: RouteId, b: RouteId) =>
      compare.call(this, routes.attrs(a), routes.attrs(b));
    this.steps = [
      { name: "eligible", compare: (a, b) => Number(this.isEligible(a)) - Number(this.isEligible(b)) },
      { name: "higher weight", compare: onAttrs(this.#byWeight) },
      { name: "the node's own", compare: onAttrs(this.#byOwnership) },
      { name: "NEXT_HOP resolves", compare: onAttrs(this.#byResolution) },
      { name: "higher LOCAL_PREF", compare: onAttrs(this.#byLocalPref) },
      { name: "shorter AS_PATH", compare: onAttrs(this.#byPathLength) },
      { name: "lower ORIGIN", compare: onAttrs(this.#byOrigin) },
      { name: "lower MED", compare: onAttrs(this.#byMed) },
      { name: "eBGP over iBGP", compare: onAttrs(this.#byRelation) },
      { name: "lower IGP cost to NEXT_HOP", compare: onAttrs(this.#byCost) },
      { name: "lower BGP Identifier or ORIGINATOR_ID", compare: onAttrs(this.#byOriginator) },
      { name: "shorter CLUSTER_LIST", compare: onAttrs(this.#byClusters) },
      { name: "lower peer address", compare: (a, b) => this.#byAddress(a, b) },
      { name: "older", compare: (a, b) => this.#byAge(a, b) },
      { name: "lower path id", compare: (a, b) => (routes.pathId(b) >>> 0) - (routes.pathId(a) >>> 0) },
    ];
  }

  /** Takes part in the decision: accepted, and its next hop resolves (RFC 4271 §9.1.2.1) or need not. */
  isEligible(route: RouteId): boolean {
    if (this.#routes.reason(route) !== 0) return false;
    const nextHop = this.#attrs.nextHop(this.#routes.attrs(route));
    if (this.#nextHops.reachable[nextHop] === 1) return true;
    return this.options.keepsUnresolved && !this.#nextHops.isOwn(nextHop);
  }

  /** Packets have a way to the next hop of the path. */
  isResolved(route: RouteId): boolean {
    return this.#nextHops.reachable[this.#attrs.nextHop(this.#routes.attrs(route))] === 1;
  }

  /** The best path of the prefix, or 0 if none is eligible. */
  best(prefix: PrefixId): RouteId {
    const head = this.#routes.head(prefix);
    return head !== 0 && this.isEligible(head) ? head : 0;
  }

  /** Puts the best path of the chain in front. */
  select(prefix: PrefixId): void {
    const routes = this.#routes;
    const head = routes.head(prefix);
    if (head === 0 || routes.next(head) === 0) return;
    const best = this.#selectBest(head);
    if (best === head) return;
    routes.unlink(prefix, best);
    routes.linkHead(prefix, best);
  }

  /** True: of two paths one is better, whatever others there are. */
  get isOrder(): boolean {
    return this.options.alwaysCompareMed;
  }

  /** True if comparing with the head alone shows that `route` is now the best; undefined if the whole chain must be
   *  looked at. `route` is not in the chain, or is not the head. */
  beatsHead(route: RouteId, head: RouteId): boolean | undefined {
    const eligible = this.isEligible(route);
    if (eligible !== this.isEligible(head)) return eligible;
    if (!eligible) return false;
    const order = this.#beforeMed(this.#routes.attrs(route), this.#routes.attrs(head));
    if (order !== 0) return order > 0;
    // Within the class that MED sorts, pairs are only the truth when there are no third paths, or when MED is an order.
    return this.isOrder || this.#routes.next(head) === 0 ? this.#fromMed(route, head) > 0 : undefined;
  }

  /** Paths used for forwarding: the best one, then those equal to it up to the IGP cost (RFC 4271 §9.1.2.2 a–e). */
  multipath(prefix: PrefixId): readonly RouteId[] {
    const best = this.best(prefix);
    if (best === 0) return [];
    const most = this.#most(best);
    const paths = [best];
    if (most <= 1) return paths;
    const candidates = this.#equalBeforeMed(best);
    const b = this.#routes.attrs(best);
    for (const route of candidates) {
      const a = this.#routes.attrs(route);
      if (route === best || this.#byRelation(a, b) !== 0 || this.#byCost(a, b) !== 0) continue;
      if (this.#attrs.isBlackhole(a) !== this.#attrs.isBlackhole(b)) continue;
      if (this.#isBeatenByMed(route, candidates)) continue;
      if (!this.options.relaxAsPath && !this.#attrs.hasSameAsPath(a, b)) continue;
      paths.push(route);
      if (paths.length === most) break;
    }
    return paths;
  }

  /** Fills `into` with the best eligible paths of the prefix, at most `most`, best first: each is what the decision
   *  process selects when those before it are gone. Gives how many. Nothing is allocated once `into` has grown. */
  ranked(prefix: PrefixId, most: number, into: RouteId[]): number {
    const sorted = this.#sorted;
    let left = 0;
    for (let route = this.#routes.head(prefix); route !== 0; route = this.#routes.next(route)) {
      if (this.isEligible(route)) this.#insert(route, left++);
    }
    const count = Math.min(left, most);
    for (let rank = 0; rank < count; rank++) {
      const at = this.isOrder ? rank : this.#bestOfSorted(left);
      into[rank] = sorted[at];
      if (!this.isOrder) sorted.copyWithin(at, at + 1, left--);
    }
    into.length = count;
    return count;
  }

  /** The name of the step that makes `winner`, the best path, better than `loser`. */
  decisiveStep(winner: RouteId, loser: RouteId): string {
    for (const step of this.steps) {
      const order = step.compare(winner, loser);
      if (order > 0) return step.name;
      // Side by side the loser were better: a third path has removed it before (RFC 4271 §9.1.2.2 c).
      if (order < 0) return "lower MED of another path from the same neighbouring AS";
    }
    return "first seen";
  }

  /** Puts a path where it belongs among the first `count` of #sorted: by all steps, but by neighbouring AS before MED. */
  #insert(route: RouteId, count: number): void {
    const sorted = this.#sorted;
    let at = count;
    for (; at > 0 && this.#sortOrder(route, sorted[at - 1]) > 0; at--) sorted[at] = sorted[at - 1];
    sorted[at] = route;
  }

  #sortOrder(routeA: RouteId, routeB: RouteId): number {
    const a = this.#routes.attrs(routeA);
    const b = this.#routes.attrs(routeB);
    const order = this.#beforeMed(a, b);
    if (order !== 0) return order;
    if (!this.isOrder) {
      const byNeighbor = this.#attrs.neighborAs(a) - this.#attrs.neighborAs(b);
      if (byNeighbor !== 0) return byNeighbor;
    }
    return this.#byMed(a, b) || this.#afterMed(routeA, routeB);
  }

  /** Where the best path is: the first of each neighbouring AS is the one that MED leaves, the rest decides among them. */
  #bestOfSorted(count: number): number {
    const sorted = this.#sorted;
    const routes = this.#routes;
    const first = routes.attrs(sorted[0]);
    let best = 0;
    let neighbor = this.#attrs.neighborAs(first);
    for (let at = 1; at < count; at++) {
      const attrs = routes.attrs(sorted[at]);
      if (this.#beforeMed(attrs, first) !== 0) break;
      if (this.#attrs.neighborAs(attrs) === neighbor) continue;
      neighbor = this.#attrs.neighborAs(attrs);
      if (this.#afterMed(sorted[at], sorted[best]) > 0) best = at;
    }
    return best;
  }

  #most(best: RouteId): number {
    const relation = this.#sources.relation[this.#routes.source(best)];
    if (relation === RELATION.local) return 1;
    return relation === RELATION.ebgp ? this.options.multipathEbgp : this.options.multipathIbgp;
  }

  #selectBest(head: RouteId): RouteId {
    const candidates = this.#equalBeforeMed(head);
    let best = 0;
    for (const route of candidates) {
      if (this.#isBeatenByMed(route, candidates)) continue;
      if (best === 0 || this.#afterMed(route, best) > 0) best = route;
    }
    return best === 0 ? head : best;
  }

  /** The eligible paths of a chain that are the best up to MED; valid until the next call. */
  #equalBeforeMed(head: RouteId): readonly RouteId[] {
    const routes = this.#routes;
    const candidates = this.#candidates;
    candidates.length = 0;
    for (let route = head; route !== 0; route = routes.next(route)) {
      if (!this.isEligible(route)) continue;
      const order = candidates.length === 0 ? 0 : this.#beforeMed(routes.attrs(route), routes.attrs(candidates[0]));
      if (order < 0) continue;
      if (order > 0) candidates.length = 0;
      candidates.push(route);
    }
    return candidates;
  }

  #isBeatenByMed(route: RouteId, candidates: readonly RouteId[]): boolean {
    const attrs = this.#routes.attrs(route);
    for (const other of candidates) if (this.#byMed(attrs, this.#routes.attrs(other)) < 0) return true;
    return false;
  }

  #beforeMed(a: AttrsId, b: AttrsId): number {
    return (
      this.#byWeight(a, b) ||
      this.#byOwnership(a, b) ||
      this.#byResolution(a, b) ||
      this.#byLocalPref(a, b) ||
      this.#byPathLength(a, b) ||
      this.#byOrigin(a, b)
    );
  }

  #fromMed(a: RouteId, b: RouteId): number {
    return this.#byMed(this.#routes.attrs(a), this.#routes.attrs(b)) || this.#afterMed(a, b);
  }

  #afterMed(routeA: RouteId, routeB: RouteId): number {
    const a = this.#routes.attrs(routeA);
    const b = this.#routes.attrs(routeB);
    return (
      this.#byRelation(a, b) ||
      this.#byCost(a, b) ||
      this.#byOriginator(a, b) ||
      this.#byClusters(a, b) ||
      this.#byAddress(routeA, routeB) ||
      this.#byAge(routeA, routeB) ||
      (this.#routes.pathId(routeB) >>> 0) - (this.#routes.pathId(routeA) >>> 0)
    );
  }

  #byWeight(a: AttrsId, b: AttrsId): number {
    return this.#attrs.weight(a) - this.#attrs.weight(b);
  }

  #byOwnership(a: AttrsId, b: AttrsId): number {
    if (!this.options.ownFirst) return 0;
    const relation = this.#sources.relation;
    const own = (id: AttrsId): number => (relation[this.#attrs.source(id)] === RELATION.local ? 1 : 0);
    return own(a) - own(b);
  }

  #byResolution(a: AttrsId, b: AttrsId): number {
    if (!this.options.keepsUnresolved) return 0;
    const { reachable } = this.#nextHops;
    return reachable[this.#attrs.nextHop(a)] - reachable[this.#attrs.nextHop(b)];
  }

  #byLocalPref(a: AttrsId, b: AttrsId): number {
    return (this.#attrs.localPref(a) ^ signed) - (this.#attrs.localPref(b) ^ signed);
  }

  #byPathLength(a: AttrsId, b: AttrsId): number {
    return this.#attrs.asPathLength(b) - this.#attrs.asPathLength(a);
  }

  #byOrigin(a: AttrsId, b: AttrsId): number {
    return this.#attrs.origin(b) - this.#attrs.origin(a);
  }

  #byMed(a: AttrsId, b: AttrsId): number {
    const attrs = this.#attrs;
    if (!this.options.alwaysCompareMed && attrs.neighborAs(a) !== attrs.neighborAs(b)) return 0;
    if (!this.options.missingMedAsWorst) return (attrs.med(b) ^ signed) - (attrs.med(a) ^ signed);
    return this.#medOrWorst(b) - this.#medOrWorst(a);
  }

  #medOrWorst(id: AttrsId): number {
    return this.#attrs.hasMed(id) ? this.#attrs.med(id) >>> 0 : 0xffffffff;
  }

  #byRelation(a: AttrsId, b: AttrsId): number {
    const relation = this.#sources.relation;
    const external = (id: AttrsId): number => (relation[this.#attrs.source(id)] <= RELATION.ebgp ? 1 : 0);
    return external(a) - external(b);
  }

  #byCost(a: AttrsId, b: AttrsId): number {
    const cost = this.#nextHops.cost;
    return cost[this.#attrs.nextHop(b)] - cost[this.#attrs.nextHop(a)];
  }

  #byOriginator(a: AttrsId, b: AttrsId): number {
    return (this.#attrs.originator(b) ^ signed) - (this.#attrs.originator(a) ^ signed);
  }

  #byClusters(a: AttrsId, b: AttrsId): number {
    return this.#attrs.clusterCount(b) - this.#attrs.clusterCount(a);
  }

  #byAge(a: RouteId, b: RouteId): number {
    return this.options.olderWins ? this.#routes.arrivedAt(b) - this.#routes.arrivedAt(a) : 0;
  }

  #byAddress(a: RouteId, b: RouteId): number {
    const sourceA = this.#routes.source(a);
    const sourceB = this.#routes.source(b);
    if (sourceA === sourceB) return 0;
    const addressA = this.#sources.get(sourceA).options.address;
    const addressB = this.#sources.get(sourceB).options.address;
    if (addressA === undefined || addressB === undefined) return sourceB - sourceA;
    // Link-local peers on two interfaces may have one address.
    return Buffer.compare(addressB, addressA) || sourceB - sourceA;
  }
}
