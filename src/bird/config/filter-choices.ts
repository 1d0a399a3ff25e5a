// `import` and `export` of a declaration → Filter. Each script is compiled once, however many protocols use it.

import { invariant } from "../../base/invariant.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../../policy/route.js";
import { compileScript, type ScriptLog } from "../../policy/script.js";
import type { ScriptTable } from "../../policy/script-ast.js";
import type { FilterChoice } from "../language/declarations.js";
import type { FilterSource } from "./filter-source.js";

export class FilterChoices implements FilterSource {
  readonly #scripts: ScriptTable;
  readonly #log: ScriptLog;
  readonly #compiled = new Map<string, Filter>();

  constructor(scripts: ScriptTable, log: ScriptLog) {
    this.#scripts = scripts;
    this.#log = log;
  }

  filter(choice: FilterChoice | undefined, otherwise: "all" | "none"): Filter {
    const kind = choice?.kind ?? otherwise;
    if (kind === "all") return ACCEPT_ALL;
    if (choice?.kind !== "filter") return REJECT_ALL;
    const known = this.#compiled.get(choice.script);
    if (known !== undefined) return known;
    const script = this.#scripts.get(choice.script);
    invariant(script !== undefined, `the filter ${choice.script} is defined`);
    const filter = compileScript(script, { scripts: this.#scripts, log: this.#log });
    this.#compiled.set(choice.script, filter);
    return filter;
  }
}
