// What the machine lacks for a laboratory of namespaces, in words a user can act on.

import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Absolute path of a program on PATH or in the folders of system daemons; undefined: not installed. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...folders, "/usr/sbin", "/sbin", "/usr/local/sbin"]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder: the next one may have it.
      continue;
    }
  }
  return undefined;
}

/** The reasons why namespaces cannot be made here; empty: they can. Makes and removes one namespace to find out. */
export function missingForNamespaces(probeName: string): readonly string[] {
  const missing: string[] = [];
  if (process.platform !== "linux") missing.push("Linux");
  if (process.getuid?.() !== 0) missing.push("root (run it with sudo)");
  if (findProgram("ip") === undefined) missing.push("the program `ip` (package iproute2)");
  if (findProgram("ping") === undefined) missing.push("the program `ping` (package iputils-ping)");
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
    execFileSync("ip", ["-n", name, "link", "add", "name", "probe0", "type", "veth", "peer", "name", "probe1"], { stdio: "pipe" });
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
