// The filters of one table of scripts: equal scripts share one filter, whatever their names, so that a thousand peers with
// filters of their own that say the same cost one.

import { invariant } from "../base/invariant.js";
import type { Filter } from "./route.js";
import { compileKnown, type ScriptOptions } from "./script.js";
import { factsOf } from "./script-facts.js";

export class ScriptFilters {
  readonly #options: ScriptOptions;
  readonly #byName = new Map<string, Filter>();
  readonly #byIdentity = new Map<string, Filter>();

  constructor(options: ScriptOptions) {
    this.#options = options;
  }

  /** The script of that name, which must be in the table, as a filter. */
  filter(name: string): Filter {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { scripts } = this.#options;
    const script = scripts.get(name);
    invariant(script !== undefined, `script ${name} is defined`);
    const facts = factsOf(script, scripts);
    const filter = this.#byIdentity.get(facts.identity) ?? compileKnown(script, this.#options, facts);
    this.#byIdentity.set(facts.identity, filter);
    this.#byName.set(name, filter);
    return filter;
  }
}
