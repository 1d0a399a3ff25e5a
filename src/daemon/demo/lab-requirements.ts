// What the machine lacks for a laboratory of namespaces, in words a user can act on.

import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { loadSys } from "../../native/load-sys.js";

const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Absolute path of a program on PATH or, unless told otherwise, in a folder of system programs that PATH may lack;
 *  undefined: not installed. */
export function findProgram(name: string, moreFolders: readonly string[] = SYSTEM_FOLDERS): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...folders, ...moreFolders].map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Absent or not for us: all the same to who wants to run it.
    return false;
  }
}

/** The reasons why namespaces cannot be made here; empty: they can. Makes and removes one namespace to find out. */
export function missingForNamespaces(probeName: string, addon: ReturnType<typeof loadSys>): readonly string[] {
  const missing: string[] = [];
  // Nodes that cannot write routes would have nothing to ping through.
  if ("missing" in addon) missing.push("the native addon (a C compiler, then `npm run build`)");
  if (process.platform !== "linux") missing.push("Linux");
  if (process.getuid?.() !== 0) missing.push("root (run it with sudo)");
  if (findProgram("ip", []) === undefined) missing.push("the program `ip` (package iproute2)");
  if (findProgram("ping", []) === undefined) missing.push("the program `ping` (package iputils-ping)");
  if (missing.length > 0) return missing;
  const refused = tryNamespace(probeName);
  return refused === undefined ? [] : [`network namespaces with veth and bridge devices (${refused})`];
}

function tryNamespace(name: string): string | undefined {
  try {
    execFileSync("ip", ["netns", "add", name], { stdio: "pipe" });
  } catch (error) {
    return firstLine(error);
  }
  try {
    execFileSync("ip", ["-n", name, "link", "add", "name", "probe0", "type", "veth", "peer", "name", "probe1"], {
      stdio: "pipe",
    });
    execFileSync("ip", ["-n", name, "link", "add", "name", "probe2", "type", "bridge"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return firstLine(error);
  } finally {
    execFileSync("ip", ["netns", "del", name], { stdio: "pipe" });
  }
}

function firstLine(error: unknown): string {
  const said = (error as { stderr?: Buffer }).stderr?.toString("utf8").trim();
  const words = said === undefined || said === "" ? String(error) : said;
  return words.split("\n")[0] ?? words;
}
