// Where the configuration has its filters from: who only checks a file needs none.

import { type Filter, REJECT_ALL } from "../../policy/route.js";
import type { FilterChoice } from "../language/declarations.js";

export interface FilterSource {
  /** `otherwise`: where the file says nothing. */
  filter(choice: FilterChoice | undefined, otherwise: "all" | "none"): Filter;
}

/** For a check: scripts have passed theirs when they were parsed. */
export const NO_FILTERS: FilterSource = { filter: () => REJECT_ALL };
