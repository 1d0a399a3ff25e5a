// Filters of the model test beside the samples: what strips, what depends on prefix and peer at once, what makes one set
// of many.

import { COMMUNITY } from "../../src/rib/set-marks.js";
import { filterOf, SAMPLE_FILTERS } from "./sample-filters.js";

export const MODEL_FILTERS = [
  ...SAMPLE_FILTERS,
  filterOf("no communities but marks", (route) => {
    route.communities = route.communities.filter((community) => community >>> 24 === 0xfa);
    return true;
  }),
  filterOf(
    "by prefix and peer",
    (route) => {
      const as = route.sentTo?.as ?? route.learnedFrom?.as ?? 0;
      if (route.prefixLength > 16 && as % 20 !== 0) return false;
      if (route.prefixLength <= 9) route.communities = [...route.communities, as & 0xffff];
      return true;
    },
    { readsPrefix: true, readsPeer: true },
  ),
  filterOf(
    "by length",
    (route) => {
      route.localPref = 100 + (route.prefixLength & 1);
      if (route.from !== "bgp") route.origin = 1;
      return route.family === 0 || route.prefixLength > 0;
    },
    { readsPrefix: true },
  ),
  filterOf("alike", (route) => {
    route.asPath = [];
    route.med = undefined;
    route.origin = 0;
    route.localPref = undefined;
    return true;
  }),
  filterOf("going down", (route) => {
    route.communities = [...route.communities, COMMUNITY.gracefulShutdown];
    return true;
  }),
] as const;
