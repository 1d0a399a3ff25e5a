// A folder for Unix sockets: their paths hold 107 octets only, so it lies in the system's folder for temporary files.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The part of a tap test that cleans up. */
export interface Teardown {
  teardown(run: () => unknown): void;
}

/** A new folder that goes away with the test. */
export function socketFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
