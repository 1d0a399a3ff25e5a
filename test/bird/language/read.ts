// Reading configurations from texts, for tests.

import { BirdConfigError } from "../../../src/bird/language/bird-config-error.js";
import { filesOf } from "../../../src/bird/language/config-files.js";
import type { BgpDeclaration, BirdConfig } from "../../../src/bird/language/declarations.js";
import { readBirdConfig } from "../../../src/bird/language/read-bird-config.js";

/** `main` is `x.cfg`; other files by their names. */
export function read(main: string, ipVersion: 4 | 6 = 4, others: Readonly<Record<string, string>> = {}): BirdConfig {
  return readBirdConfig("x.cfg", { ipVersion, files: filesOf({ "x.cfg": main, ...others }) });
}

/** The error's message, or "" if there is none. */
export function errorOf(main: string, ipVersion: 4 | 6 = 4, others: Readonly<Record<string, string>> = {}): string {
  try {
    read(main, ipVersion, others);
    return "";
  } catch (error) {
    if (error instanceof BirdConfigError) return error.message;
    throw error;
  }
}

/** The one BGP peer of a configuration with these options. */
export function readBgp(options: string, before = ""): BgpDeclaration {
  const { protocols } = read(`${before} protocol bgp p1 { local as 1; neighbor 192.0.2.1 as 2; ${options} }`);
  const found = protocols.find((protocol) => protocol.kind === "bgp");
  if (found === undefined) throw new Error("no BGP protocol");
  return found;
}
