// The C programs of the harness: compiled into build/bench when they are missing or older than their sources. And what
// the harness needs of the machine.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

export const BENCH_SOURCES = join(ROOT, "test", "bench");
const OUTPUT = join(ROOT, "build", "bench");
const FLAGS = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Wno-implicit-fallthrough"];

/** Absolute paths of the compiled programs. */
export interface Programs {
  readonly load: string;
  readonly floor: string;
  readonly probe: string;
}

/** Something that the harness needs is not there; the message is for the user. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

function canRun(command: string, ...words: readonly string[]): boolean {
  return spawnSync(command, words, { stdio: "ignore" }).status === 0;
}

/** The first C compiler that answers, or undefined. */
export function findCompiler(): string | undefined {
  const told = process.env["CC"] ?? "";
  return [told, "cc", "gcc", "clang"].find((name) => name !== "" && canRun(name, "--version"));
}

/** In words what this machine lacks for benchmarks, or undefined. */
export function whatIsMissing(): string | undefined {
  if (process.platform !== "linux") return "the benchmark needs Linux: speaker and generator run in network namespaces";
  if (process.getuid?.() !== 0) return "the benchmark needs root: it makes network namespaces";
  if (!canRun("ip", "-V")) return "the benchmark needs ip (package iproute2)";
  if (findCompiler() === undefined) return "the benchmark needs a C compiler (cc, gcc or clang; or set CC)";
  return undefined;
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compileProgram(name: string, sources: readonly string[], headers: readonly string[]): string {
  const program = join(OUTPUT, name);
  const newest = Math.max(...[...sources, ...headers].map(changedAt));
  if (changedAt(program) > newest) return program;
  const compiler = findCompiler();
  if (compiler === undefined) throw new MissingError("no C compiler was found (cc, gcc or clang; or set CC)");
  mkdirSync(OUTPUT, { recursive: true });
  // Under another name first: somebody else may be compiling it too.
  const draft = `${program}.${process.pid}`;
  const { status, stderr } = spawnSync(compiler, [...FLAGS, "-o", draft, ...sources], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${compiler} could not compile ${name}:\n${stderr}`);
  renameSync(draft, program);
  return program;
}

/** Compiles what is out of date. Throws MissingError where there is no compiler. */
export function compilePrograms(): Programs {
  const folder = join(BENCH_SOURCES, "load");
  const files = readdirSync(folder).map((name) => join(folder, name));
  const isSource = (path: string): boolean => path.endsWith(".c");
  return {
    load: compileProgram(
      "load",
      files.filter(isSource),
      files.filter((path) => !isSource(path)),
    ),
    floor: compileProgram("floor", [join(BENCH_SOURCES, "floor.c")], []),
    probe: compileProgram("probe", [join(BENCH_SOURCES, "probe.c")], []),
  };
}
