// `import` and `export` of declarations → filters. Equal filters are one, however many protocols have them.

import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../../policy/route.js";
import type { ScriptOptions } from "../../policy/script.js";
import { ScriptFilters } from "../../policy/script-filters.js";
import type { FilterChoice } from "../language/declarations.js";
import type { FilterSource } from "./filter-source.js";

export class FilterChoices implements FilterSource {
  readonly #filters: ScriptFilters;

  constructor(options: ScriptOptions) {
    this.#filters = new ScriptFilters(options);
  }

  filter(choice: FilterChoice | undefined, otherwise: "all" | "none"): Filter {
    if (choice?.kind === "filter") return this.#filters.filter(choice.script);
    return (choice?.kind ?? otherwise) === "all" ? ACCEPT_ALL : REJECT_ALL;
  }
}
