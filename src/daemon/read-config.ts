// The configuration file → a configuration that can travel (plain-config.ts), or what is wrong with the file. Loads the
// schema library, the YAML parser and all checks: some 30 MB. config-loader.ts says where that is done.

import { readFileSync } from "node:fs";
import { messageOf } from "../base/error-message.js";
import { type ConfigError, formatConfigErrors } from "../config/config-error.js";
import { parseConfig } from "../config/parse-yaml.js";
import { type PlainConfig, toPlainConfig } from "./plain-config.js";

export interface ConfigFileOptions {
  readonly path: string;
  /** Name of this node in the mesh, where the file does not say it. */
  readonly node: string | undefined;
}

export type ConfigReading =
  | { readonly ok: true; readonly config: PlainConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Reads and parses the file. Throws on our own bugs only. */
export function readConfig({ path, node }: ConfigFileOptions): ConfigReading {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { ok: false, errors: [`cannot read ${path}: ${messageOf(error)}`] };
  }
  const result = parseConfig(text, path, { node });
  if ("errors" in result) return { ok: false, errors: errorLines(result.errors) };
  return { ok: true, config: toPlainConfig(result.config, result.policies), warnings: errorLines(result.warnings) };
}

function errorLines(errors: readonly ConfigError[]): readonly string[] {
  return errors.map((error) => formatConfigErrors([error]));
}
