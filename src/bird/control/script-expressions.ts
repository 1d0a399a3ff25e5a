// Filters and expressions in commands: the parser of the configuration file reads them, over the functions, filters and
// constants of the configuration in force. What goes wrong while they run is logged as it is for those of the file.

import type { Filter, Route } from "../../policy/route.js";
import { compileScript, type ScriptLog } from "../../policy/script.js";
import { ScriptFault } from "../../policy/script-value.js";
import { BirdConfigError } from "../language/bird-config-error.js";
import { filesOf } from "../language/config-files.js";
import type { BirdConfig } from "../language/declarations.js";
import { parseFilterChoice } from "../language/parse-script.js";
import { Reader } from "../language/reader.js";
import type { Compiled, ExpressionPort } from "./bird-view.js";

/** The name of what is written in a command; no symbol can have it. */
const INLINE = "filter of a command";
const FILE = "command";

export class ScriptExpressions implements ExpressionPort {
  readonly #config: () => BirdConfig;
  readonly #log: ScriptLog;

  constructor(config: () => BirdConfig, log: ScriptLog) {
    this.#config = config;
    this.#log = log;
  }

  namedFilter(name: string): Filter | undefined {
    const { scripts, symbols } = this.#config();
    const script = scripts.get(name);
    const isFilter = symbols.some((symbol) => symbol.name === name && symbol.kind === "filter");
    if (script === undefined || !isFilter) return undefined;
    return compileScript(script, { scripts, log: this.#log });
  }

  compileFilter(text: string): Compiled<Filter> {
    return this.#compile(`filter ${text}`, this.#log);
  }

  compileCondition(text: string): Compiled<Filter> {
    return this.#compile(`where ${text}`, this.#log);
  }

  evaluate(text: string): Compiled<string | undefined> {
    // First alone: what is more than an expression must not get into the filter below.
    const alone = this.compileCondition(text);
    if (!alone.ok) return alone;
    let printed: string | undefined;
    const printing = this.#compile(`filter { print ${text}; accept; }`, (kind, line) => {
      if (kind === "print") printed = line;
      else this.#log(kind, line);
    });
    if (!printing.ok) return printing;
    const { accept } = printing.value(NO_ROUTE);
    return { ok: true, value: accept ? printed : undefined };
  }

  #compile(text: string, log: ScriptLog): Compiled<Filter> {
    const config = this.#config();
    const reader = new Reader(FILE, config.ipVersion, filesOf({ [FILE]: text }));
    for (const [name, script] of config.scripts) reader.scripts.set(name, script);
    for (const [name, value] of config.constants) reader.defineConstant(name, value);
    for (const { name, kind } of config.symbols) {
      const parameterCount = config.scripts.get(name)?.parameters.length ?? 0;
      if (kind === "function") reader.symbols.define(name, { kind, parameterCount });
      else if (kind === "filter") reader.symbols.define(name, { kind });
    }
    try {
      parseFilterChoice(reader, INLINE);
      if (reader.peek() !== "END") reader.syntaxError();
    } catch (error) {
      if (error instanceof BirdConfigError) return { ok: false, error: error.text };
      throw error;
    }
    const script = reader.scripts.get(INLINE);
    if (script === undefined) return { ok: false, error: "syntax error" };
    return { ok: true, value: compileScript(script, { scripts: reader.scripts, log }) };
  }
}

/** Whoever looks at it fails, as in BIRD, where an expression alone has no route. */
const NO_ROUTE: Route = new Proxy({} as Route, {
  get: () => {
    throw new ScriptFault("there is no route");
  },
});
