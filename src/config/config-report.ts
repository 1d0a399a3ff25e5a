// Collects what is wrong with a configuration while it is read. Faults are told by path; the report knows the places.

import type { Position } from "../policy/ast.js";
import type { ConfigError } from "./config-error.js";
import type { Path, YamlSource } from "./yaml-source.js";

export class ConfigReport {
  readonly #source: YamlSource;
  readonly #errors: ConfigError[] = [];
  readonly #warnings: ConfigError[] = [];

  constructor(source: YamlSource) {
    this.#source = source;
  }

  /** In the order of the file. */
  get errors(): readonly ConfigError[] {
    return this.#errors.toSorted(byPlace);
  }

  get warnings(): readonly ConfigError[] {
    return this.#warnings.toSorted(byPlace);
  }

  fault(path: Path, message: string, hint = "", part: "value" | "key" = "value"): void {
    this.faultAt(this.position(path, part), message, hint);
  }

  /** `at` undefined: the whole file. */
  faultAt(at: Position | undefined, message: string, hint: string): void {
    const place = at ?? { file: this.#source.file, line: 1, column: 1 };
    const isKnown = this.#errors.some(
      (e) => e.line === place.line && e.column === place.column && e.message === message,
    );
    if (!isKnown) this.#errors.push({ ...place, message, hint });
  }

  warning(path: Path, message: string, hint = "", part: "value" | "key" = "value"): void {
    this.#warnings.push({ ...this.position(path, part), message, hint });
  }

  position(path: Path, part: "value" | "key" = "value"): Position {
    return this.#source.position(path, part);
  }
}

function byPlace(a: ConfigError, b: ConfigError): number {
  return a.line - b.line || a.column - b.column;
}
