// BIRD 1.6's own verdict on a configuration (`bird -p`), for comparing.

import { spawnSync } from "node:child_process";
import { basename, dirname, join, relative } from "node:path";
import { BirdConfigError } from "../../src/bird/language/bird-config-error.js";
import { type ConfigFiles, DISK } from "../../src/bird/language/config-files.js";
import { readBirdConfig } from "../../src/bird/language/read-bird-config.js";

/** "" for a sound file, otherwise `FILE:LINE:COLUMN TEXT`. */
export type Verdict = string;

/** What `bird` or `bird6` in `programs` says of the file; it is run in the file's folder, so the name is short. */
export function verdictOfBird(programs: string, path: string, ipVersion: 4 | 6): Verdict {
  const program = join(programs, ipVersion === 4 ? "bird" : "bird6");
  const run = spawnSync(program, ["-p", "-c", basename(path)], { cwd: dirname(path), encoding: "latin1" });
  if (run.error !== undefined) throw run.error;
  if (run.status === 0) return "";
  const lines = run.stderr.trim().split("\n");
  return lines[lines.length - 1].replace(/^bird: /, "");
}

/** What our parser says of it, seen from the same folder. */
export function verdictOfOurs(path: string, ipVersion: 4 | 6, text?: string): Verdict {
  const folder = dirname(path);
  const absolute = (name: string): string => (name.startsWith("/") ? name : join(folder, name));
  const files: ConfigFiles = {
    read: (name) => (text !== undefined && name === basename(path) ? text : DISK.read(absolute(name))),
    match: (pattern) => DISK.match(absolute(pattern)).map((found) => `./${relative(folder, found)}`),
  };
  try {
    readBirdConfig(basename(path), { ipVersion, files });
    return "";
  } catch (error) {
    if (error instanceof BirdConfigError) return error.message;
    throw error;
  }
}

/** Calico's BIRD knows one attribute more than the original. Same length, so that columns stay. */
export function withoutTunnels(text: string): string {
  return text.replaceAll("krt_tunnel", "krt_source");
}
