// `starling routes` for people: one line a path, or one line a kernel route. Only the last column may hold blanks.

import type { KernelRouteView, RouteView } from "../speaker/snapshot.js";
import type { Column } from "./render.js";

/** `*` best, `=` multipath, `s` stale, `!` next hop unreachable; `-` for none. */
function flags(route: RouteView): string {
  return `${route.best ? "*" : ""}${route.multipath ? "=" : ""}${route.stale ? "s" : ""}${route.nextHopReachable ? "" : "!"}`;
}

const ORIGIN_LETTER: Readonly<Record<RouteView["origin"], string>> = { IGP: "i", EGP: "e", INCOMPLETE: "?" };

const PLAIN: readonly Column<RouteView>[] = [
  { title: "PREFIX", cell: (route) => route.prefix },
  { title: "FLAGS", cell: flags, color: (route) => (route.best ? "green" : "none") },
  { title: "FROM", cell: (route) => route.from },
  { title: "NEXT-HOP", cell: (route) => route.nextHop ?? "" },
  { title: "LOCAL-PREF", cell: (route) => number(route.localPref), align: "right" },
  { title: "MED", cell: (route) => number(route.med), align: "right" },
  { title: "ORIGIN", cell: (route) => ORIGIN_LETTER[route.origin] },
];

export const ROUTE_COLUMNS: readonly Column<RouteView>[] = [
  ...PLAIN,
  { title: "AS-PATH", cell: (route) => route.asPath },
];

const JOINED_AS_PATH: Column<RouteView> = { title: "AS-PATH", cell: (route) => route.asPath.replaceAll(" ", ",") };
const REASON: Column<RouteView> = {
  title: "REASON",
  cell: ({ reason, notes = [] }) => [...(reason === undefined ? [] : [reason]), ...notes].join("; "),
};

/** What came from peers, and why it is not used. */
export const RECEIVED_COLUMNS: readonly Column<RouteView>[] = [...PLAIN, JOINED_AS_PATH, REASON];

export const WIDE_ROUTE_COLUMNS: readonly Column<RouteView>[] = [
  ...PLAIN,
  { title: "PATH-ID", cell: (route) => (route.pathId === 0 ? "" : String(route.pathId)), align: "right" },
  JOINED_AS_PATH,
  {
    title: "COMMUNITIES",
    cell: (route) =>
      [...route.communities, ...route.extendedCommunities, ...route.largeCommunities].map(oneWord).join(","),
  },
  { title: "ORIGINATOR", cell: (route) => route.originatorId ?? "" },
  { title: "CLUSTERS", cell: (route) => route.clusterList.join(",") },
  REASON,
];

export const KERNEL_COLUMNS: readonly Column<KernelRouteView>[] = [
  { title: "PREFIX", cell: (route) => route.prefix },
  { title: "KIND", cell: (route) => route.kind },
  { title: "STATE", cell: (route) => route.state, color: (route) => (route.state === "failed" ? "red" : "none") },
  { title: "NEXT-HOPS", cell: (route) => route.nextHops.map(oneWord).join(",") },
  { title: "ERROR", cell: (route) => route.error ?? "" },
];

function number(value: number | undefined): string {
  return value === undefined ? "" : String(value);
}

/** Blanks would look like more fields to awk. */
function oneWord(text: string): string {
  return text.replaceAll(" ", "_");
}
