// The router id where the file has none: the numerically lowest IPv4 address of an interface that is up, loopback apart.

import { networkInterfaces } from "node:os";
import { ipv4Word } from "../../base/ip.js";

/** Undefined: there is no such address. */
export function routerIdOfInterfaces(interfaces = networkInterfaces()): number | undefined {
  const words = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => ipv4Word(address) >>> 0);
  return words.length === 0 ? undefined : Math.min(...words);
}
