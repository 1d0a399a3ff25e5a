// What the names of a configuration file stand for. Names live in scopes: the file, and one more inside each function and
// named filter. A name must be defined before it is used, and only once in its scope.

import type { ScriptValue, ScriptVariable } from "../../policy/script-ast.js";
import type { SymbolKind } from "./declarations.js";
import type { ProtocolDraft } from "./protocol-draft.js";

export type BirdSymbol =
  | { readonly kind: "constant"; readonly value: ScriptValue }
  /** `owner`: the script in whose frame it lives. */
  | { readonly kind: "variable"; readonly variable: ScriptVariable; readonly owner: object }
  /** Parameters are counted once the function is complete: until then it can be applied only without any. */
  | { readonly kind: "function"; parameterCount: number }
  | { readonly kind: "filter" | "routing table"; readonly isSorted?: boolean }
  | { readonly kind: "protocol" | "template"; readonly draft: ProtocolDraft };

export class SymbolTable {
  readonly #global = new Map<string, BirdSymbol>();
  #local: Map<string, BirdSymbol> | undefined;

  constructor() {
    this.#global.set("master", { kind: "routing table" });
  }

  find(name: string): BirdSymbol | undefined {
    return this.#local?.get(name) ?? this.#global.get(name);
  }

  /** Defines a name in the innermost scope; false if it is defined there already. */
  define(name: string, symbol: BirdSymbol): boolean {
    const scope = this.#local ?? this.#global;
    if (scope.has(name)) return false;
    scope.set(name, symbol);
    return true;
  }

  enter(): void {
    this.#local = new Map();
  }

  leave(): void {
    this.#local = undefined;
  }

  /** `prefix` with the first number from `counter` on that makes a free name. */
  freeName(prefix: string, counter: number): { readonly name: string; readonly counter: number } {
    for (let i = counter; ; i++) {
      const name = `${prefix}${i}`;
      if (this.find(name) === undefined) return { name, counter: i + 1 };
    }
  }

  /** Of the file itself. */
  constants(): ReadonlyMap<string, ScriptValue> {
    const constants = new Map<string, ScriptValue>();
    for (const [name, symbol] of this.#global) if (symbol.kind === "constant") constants.set(name, symbol.value);
    return constants;
  }

  /** Names of the file itself, in the order of their definition. */
  list(): { readonly name: string; readonly kind: SymbolKind }[] {
    return [...this.#global].map(([name, { kind }]) => ({ name, kind }));
  }
}
