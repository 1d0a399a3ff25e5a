// What the demonstration claims, and whether it was seen: each claim is printed as it is judged and counted for the end.

import type { Printer } from "./print.js";

export class Checks {
  readonly #printer: Printer;
  readonly #failed: string[] = [];
  #act = "";
  #passed = 0;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  /** Names the act that the following checks belong to. */
  begin(act: string): void {
    this.#act = act;
  }

  /** Judges a claim. `seen` is added where it does not hold. Gives `ok` back. */
  expect(ok: boolean, claim: string, seen = ""): boolean {
    this.#printer.check(ok, ok || seen === "" ? claim : `${claim} — but: ${seen}`);
    if (ok) this.#passed++;
    else this.#failed.push(`${this.#act}: ${claim}`);
    return ok;
  }

  get passed(): number {
    return this.#passed;
  }

  /** The claims that did not hold, each with its act. */
  get failed(): readonly string[] {
    return this.#failed;
  }
}
