// The smaller listings: interfaces, static routes, symbols, memory.

import type {
  InterfaceAddressView,
  InterfaceView,
  MemoryView,
  StaticRouteView,
  StaticTarget,
  SymbolView,
} from "./bird-view.js";
import { type ReplyLine, withCode } from "./reply.js";

export function interfaceLines(interfaces: readonly InterfaceView[]): readonly ReplyLine[] {
  return interfaces.flatMap((each) => [
    { code: 1001, text: `${each.name} ${each.isUp ? "up" : "DOWN"} (index=${each.index})` },
    { code: 1004, text: `\t${[...each.flags, `MTU=${each.mtu}`].join(" ")}` },
    ...withCode(1003, each.addresses.map(addressText)),
  ]);
}

function addressText({ text, role, opposite, scope }: InterfaceAddressView): string {
  return `\t${text} (${role}${opposite === undefined ? "" : `, opposite ${opposite}`}, scope ${scope})`;
}

export function interfaceSummaryLines(interfaces: readonly InterfaceView[]): readonly ReplyLine[] {
  const rows = interfaces.map(({ name, isUp, addresses }) => {
    const primary = addresses.find(({ role }) => role === "Primary")?.text ?? "";
    return `${name.padEnd(9)} ${(isUp ? "up" : "DOWN").padEnd(5)} ${primary}`;
  });
  return [{ code: 2005, text: "interface state address" }, ...withCode(1005, rows)];
}

/** Routes through an interface come last. */
export function staticLines(routes: readonly StaticRouteView[]): readonly ReplyLine[] {
  const isDevice = ({ target }: StaticRouteView): boolean => target.kind === "device";
  const ordered = [...routes.filter((route) => !isDevice(route)), ...routes.filter(isDevice)];
  return withCode(1009, ordered.flatMap(staticRouteTexts));
}

function staticRouteTexts({ prefix, target, isDormant }: StaticRouteView): readonly string[] {
  const row = `${prefix} ${targetText(target)}${isDormant ? DORMANT : ""}`;
  if (target.kind !== "multipath") return [row];
  const hops = target.hops.map((hop) => `\tvia ${hop.address} weight ${hop.weight}${hop.isDormant ? DORMANT : ""}`);
  return [`${prefix} multipath`, ...hops];
}

const DORMANT = " (dormant)";

function targetText(target: StaticTarget): string {
  switch (target.kind) {
    case "via":
    case "recursive":
      return `${target.kind} ${target.address}`;
    case "device":
      return `dev ${target.device}`;
    default:
      return target.kind;
  }
}

export function symbolText({ name, kind }: SymbolView): string {
  return `${name.padEnd(8)}\t${kind}`;
}

export function memoryLines(memory: readonly MemoryView[]): readonly ReplyLine[] {
  const rows = memory.map(({ label, bytes }) => {
    const { value, unit } = roundSize(bytes);
    return `${label.padEnd(17)} ${String(value).padStart(4)} ${unit}B`;
  });
  return withCode(1018, ["BIRD memory usage", ...rows]);
}

const UNITS = [" ", "k", "M", "G"];

/** At most four digits, as long as there are units. */
function roundSize(bytes: number): { readonly value: number; readonly unit: string } {
  let value = bytes;
  let step = 0;
  for (; value >= 10_000 && step < UNITS.length - 1; step++) value = Math.floor((value + 512) / 1024);
  return { value, unit: UNITS[step] };
}
