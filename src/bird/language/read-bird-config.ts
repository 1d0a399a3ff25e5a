// A configuration file of BIRD 1.6, with its includes, read and checked as BIRD does it: what BIRD refuses is refused with
// the same words for the same place. What BIRD knows and this speaker does not (other protocols, more routing tables …) is
// refused too, by name.

import { type ConfigFiles, DISK } from "./config-files.js";
import type { BirdConfig } from "./declarations.js";
import { parseStatement } from "./parse-statement.js";
import { Reader } from "./reader.js";

export interface ReadOptions {
  /** Which daemon reads: `bird` (4) or `bird6` (6). */
  readonly ipVersion: 4 | 6;
  /** Where the texts come from; without it the disk. */
  readonly files?: ConfigFiles;
}

/** Reads the file of this name. Throws BirdConfigError at the first fault. */
export function readBirdConfig(path: string, options: ReadOptions): BirdConfig {
  const r = new Reader(path, options.ipVersion, options.files ?? DISK);
  while (r.peek() !== "END") parseStatement(r);
  if (r.protocols.length === 0) r.fail("No protocol is specified in the config file");
  const routerId = r.routerId === 0 ? undefined : r.routerId;
  if (options.ipVersion === 6 && routerId === undefined) {
    r.fail("Router ID must be configured manually on IPv6 routers");
  }
  return {
    ipVersion: options.ipVersion,
    routerId,
    listen: r.listen,
    protocols: r.protocols,
    scripts: r.scripts,
    gracefulRestartWaitSeconds: r.gracefulRestartWaitSeconds,
    constants: r.symbols.constants(),
    symbols: r.symbols.list(),
    files: r.files,
  };
}
