// The machine and the versions, for the head of the tables: numbers mean nothing without them.

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { Adapter } from "./adapters.js";

/** NAME and VERSION of the distribution, where /etc/os-release tells. */
function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown distribution";
  } catch {
    return "unknown distribution";
  }
}

/** Lines that say on what and of whom the numbers are. */
export function describeMachine(adapters: readonly Adapter[]): string {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${processors.length} × ${processors[0]?.model.trim() ?? "processor"}, ${gigabytes} GB`;
  return [
    `Machine: ${machine}, Linux ${release()}, ${distribution()}, Node ${process.versions.node}.`,
    `Speakers: ${adapters.map(({ name, version }) => `${name} (${version})`).join(", ")}.`,
  ].join("\n");
}
