// Names of policies → filters. Peers that name the same policies share one filter, so that a thousand peers cost one
// compilation and their update groups compare equal at once.

import type { PolicyTable } from "../policy/ast.js";
import { compileFilter } from "../policy/compile.js";
import { nearestHint } from "../policy/nearest-name.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../policy/route.js";
import type { ConfigReport } from "./config-report.js";
import type { Path } from "./yaml-source.js";

export class FilterSource {
  readonly policies: PolicyTable;
  readonly #isSound: boolean;
  readonly #report: ConfigReport;
  readonly #compiled = new Map<string, Filter>();

  /** `isSound`: the policies passed their checks. Otherwise names are looked up, but nothing is compiled. */
  constructor(policies: PolicyTable, isSound: boolean, report: ConfigReport) {
    this.policies = policies;
    this.#isSound = isSound;
    this.#report = report;
  }

  /** The filter for a chain of policies written at `path`. Where none of them decides, the route is rejected. */
  filter(names: readonly string[], path: Path, localAs: number): Filter {
    const chain = names.flatMap((name, i) => {
      const policy = this.policies.get(name);
      if (policy !== undefined) return [policy];
      this.#report.fault(
        this.#pathOf(path, i, names),
        `unknown policy "${name}"`,
        nearestHint(name, this.policies.keys()),
      );
      return [];
    });
    if (!this.#isSound || chain.length < names.length) return REJECT_ALL;
    // The RIB knows this one and skips it altogether.
    if (names.length === 1 && names[0] === "accept") return ACCEPT_ALL;
    const key = JSON.stringify([localAs, ...names]);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const filter = compileFilter(chain, { policies: this.policies, localAs, fallThrough: "reject" });
    this.#compiled.set(key, filter);
    return filter;
  }

  #pathOf(path: Path, index: number, names: readonly string[]): Path {
    return names.length === 1 ? path : [...path, index];
  }
}
