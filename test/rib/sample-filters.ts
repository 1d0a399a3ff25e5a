// Filters for tests of the RIB, written against the Route interface alone: each shows the RIB another side.

import { ACCEPT_ALL, type Filter, REJECT_ALL, type Route } from "../../src/policy/route.js";

export const REJECT_ME = 0x0001_0001;
export const PREFER_ME = 0x0001_0002;
export const WEIGH_ME = 0x0001_0003;

/** A filter of `run`, which says whether the route is accepted. */
export function filterOf(identity: string, run: (route: Route) => boolean, reads: Partial<Filter> = {}): Filter {
  const { readsPrefix = false, readsPeer = false } = reads;
  return Object.assign((route: Route) => ({ accept: run(route), by: identity }), { readsPrefix, readsPeer, identity });
}

const sequenceOf = (as: number, times: number): number[] => Array.from({ length: times }, () => as);

export const SAMPLE_FILTERS: readonly Filter[] = [
  ACCEPT_ALL,
  filterOf("by community", (route) => !route.communities.includes(REJECT_ME)),
  filterOf("local preference", (route) => {
    if (route.communities.includes(PREFER_ME)) route.localPref = 300;
    return true;
  }),
  filterOf(
    "by prefix",
    (route) => {
      if (route.prefixLength % 2 === 1) return false;
      route.med = 55;
      return true;
    },
    { readsPrefix: true },
  ),
  filterOf("prepend", (route) => {
    route.asPath = [{ type: 2, asNumbers: sequenceOf(64999, 2) }, ...route.asPath];
    route.communities = [...route.communities, 0x0009_0009];
    return true;
  }),
  filterOf(
    "by peer",
    (route) => {
      route.med = route.sentTo?.as ?? route.learnedFrom?.as;
      return !route.communities.includes(REJECT_ME);
    },
    { readsPeer: true },
  ),
  filterOf(
    "next hop",
    (route) => {
      if (route.family === 0) route.nextHop = Uint8Array.of(192, 0, 2, 99);
      return true;
    },
    { readsPrefix: true },
  ),
  REJECT_ALL,
  filterOf("weight", (route) => {
    if (route.communities.includes(WEIGH_ME)) route.weight = 100;
    route.med = undefined;
    return true;
  }),
];
