// `show memory`: the rows BIRD has, filled with what the tables hold. The total is that of the process.

import type { Rib } from "../../rib/rib.js";
import type { MemoryView } from "./bird-view.js";

/** Octets of a destination and of a path in the tables of the RIB (rib/route-table.ts), with the index of prefixes. */
const DESTINATION_BYTES = 32;
const PATH_BYTES = 16;

export function memoryViews(rib: Rib): readonly MemoryView[] {
  const { rss, heapUsed } = process.memoryUsage();
  const tables = rib.families.reduce(
    (sum, { routes }) => sum + routes.prefixes.size * DESTINATION_BYTES + routes.size * PATH_BYTES,
    0,
  );
  return [
    { label: "Routing tables:", bytes: tables },
    { label: "Route attributes:", bytes: rib.attrs.usedBytes },
    { label: "ROA tables:", bytes: 0 },
    { label: "Protocols:", bytes: heapUsed },
    { label: "Total:", bytes: rss },
  ];
}
