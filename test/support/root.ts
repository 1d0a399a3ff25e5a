// Where the project lies: tests run compiled from another folder, fixtures and examples stay where they are.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
  const told = process.env["STARLING_ROOT"];
  if (told !== undefined) return told;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "proto-fixtures"))) return folder;
    if (folder === dirname(folder)) throw new Error("project root not found");
  }
}

/** Absolute path of the project's root folder. */
export const ROOT = findRoot();
