// Every vector, in the order of the RFCs' sections. A new one is a row in one of the files below rows/.

import { ATTRIBUTE_FORM_ROWS } from "./rows/attribute-form-rows.js";
import { ATTRIBUTE_ROWS } from "./rows/attribute-rows.js";
import { HEADER_ROWS } from "./rows/header-rows.js";
import { MULTIPROTOCOL_ROWS } from "./rows/multiprotocol-rows.js";
import { OPEN_ROWS } from "./rows/open-rows.js";
import { PATH_ROWS } from "./rows/path-rows.js";
import { UPDATE_ROWS } from "./rows/update-rows.js";
import type { Vector } from "./vector.js";

export const VECTORS: readonly Vector[] = [
  ...HEADER_ROWS,
  ...OPEN_ROWS,
  ...UPDATE_ROWS,
  ...ATTRIBUTE_FORM_ROWS,
  ...ATTRIBUTE_ROWS,
  ...PATH_ROWS,
  ...MULTIPROTOCOL_ROWS,
];

/** Number of vectors by the first RFC that each names. */
export function countByRfc(vectors: readonly Vector[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { rfc } of vectors) {
    const [name] = rfc.split(" §");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
