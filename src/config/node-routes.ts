// The node's own routes and what concerns the kernel, the control socket and the log: defaults, and checks of address
// ranges against each other.

import { FAMILIES } from "../base/family.js";
import { formatPrefix, type IpPrefix } from "../base/ip.js";
import { ACCEPT_ALL } from "../policy/route.js";
import { findOverlaps, rangeContains } from "./address-ranges.js";
import type { ConfigReport } from "./config-report.js";
import type { StaticRouteInput } from "./node-schema.js";
import type { FilterSource } from "./policy-filters.js";
import type { ConfigInput } from "./schema.js";
import { asList } from "./schema-values.js";
import type { ControlConfig, KernelConfig, LogConfig, NodeRoutesConfig, StaticRouteConfig } from "./speaker-config.js";
import type { Path } from "./yaml-source.js";

const MAIN_TABLE = 254;
const PROTOCOL_NUMBERS = { bird: 12, bgp: 186 } as const;

export function readNodeRoutes(input: ConfigInput["node"], report: ConfigReport): NodeRoutesConfig {
  const { pools = [], blocks = [], borrowed = [], aggregates = [] } = input ?? {};
  checkBlocks(pools, blocks, report);
  checkBorrowed(borrowed, blocks, report);
  for (const key of ["borrowed", "static", "aggregates"] as const) {
    const prefixes = (input?.[key] ?? []).map((entry) => ("prefix" in entry ? entry.prefix : entry));
    checkDuplicates(prefixes, ["node", key], report);
  }
  return {
    blocks,
    borrowed,
    static: (input?.static ?? []).map((entry, i) => readStatic(entry, ["node", "static", i], report)),
    aggregates: aggregates.map(({ prefix, summaryOnly }) => ({ prefix, summaryOnly: summaryOnly ?? false })),
    direct: input?.direct ?? [],
    kernelRoutes: input?.kernelRoutes ?? [],
    learnsAllKernelRoutes: false,
    weights: undefined,
  };
}

function checkBlocks(pools: readonly IpPrefix[], blocks: readonly IpPrefix[], report: ConfigReport): void {
  for (const [i, block] of blocks.entries()) {
    const path: Path = ["node", "blocks", i];
    if (pools.length > 0 && !pools.some((pool) => rangeContains(pool, block))) {
      report.fault(
        path,
        `${formatPrefix(block)} lies in no pool`,
        `the pools are ${pools.map(formatPrefix).join(", ")}`,
      );
    }
  }
  for (const { index, other } of findOverlaps(blocks)) {
    const message = `${formatPrefix(blocks[index])} overlaps ${formatPrefix(blocks[other])}`;
    report.fault(["node", "blocks", index], message, "blocks of a node are disjoint");
  }
}

function checkBorrowed(borrowed: readonly IpPrefix[], blocks: readonly IpPrefix[], report: ConfigReport): void {
  for (const [i, prefix] of borrowed.entries()) {
    const path: Path = ["node", "borrowed", i];
    const bits = prefix.bytes.length * 8;
    if (prefix.length !== bits) report.fault(path, `${formatPrefix(prefix)} is not a single address`, `/${bits}`);
    const own = blocks.find((block) => rangeContains(block, prefix));
    if (own !== undefined)
      report.warning(path, `${formatPrefix(prefix)} lies in our own block ${formatPrefix(own)}`, "it is not borrowed");
  }
}

function checkDuplicates(prefixes: readonly IpPrefix[], path: Path, report: ConfigReport): void {
  const seen = new Set<string>();
  for (const [i, prefix] of prefixes.entries()) {
    const text = formatPrefix(prefix);
    if (seen.has(text)) report.fault([...path, i], `duplicate prefix ${text}`, "");
    seen.add(text);
  }
}

function readStatic(entry: StaticRouteInput, path: Path, report: ConfigReport): StaticRouteConfig {
  const { prefix, via, device, type, metric } = entry;
  const install = type !== "none" && (entry.install ?? true);
  if (type !== undefined) {
    if (via !== undefined || device !== undefined) {
      report.fault([...path, "type"], `"${type}" goes with neither via nor device`, "one or the other");
    }
    if (type === "none" && entry.install === true)
      report.fault([...path, "install"], "a route of type none is never installed", "");
    return { prefix, via: { kind: type }, install, metric };
  }
  if (via !== undefined) {
    const gateways = asList(via).map((address) => ({ address, device: device ?? address.zone }));
    // RFC 8950 allows IPv4 routes through IPv6 gateways, nothing the other way round.
    if (prefix.bytes.length === 16 && gateways.some(({ address }) => address.bytes.length === 4)) {
      report.fault([...path, "via"], "an IPv6 route cannot have an IPv4 gateway", "");
    }
    if (gateways.length > 1) return { prefix, via: { kind: "gateways", gateways }, install, metric };
    return { prefix, via: { kind: "gateway", ...gateways[0] }, install, metric };
  }
  if (device !== undefined) return { prefix, via: { kind: "device", device }, install, metric };
  report.fault(
    path,
    `where ${formatPrefix(prefix)} leads is missing`,
    "via, device or type; type: none only announces it",
  );
  return { prefix, via: { kind: "none" }, install: false };
}

export function readKernel(input: ConfigInput["kernel"], filters: FilterSource, localAs: number): KernelConfig {
  const { table = "main", protocol = "bird", exportPolicy } = input ?? {};
  return {
    enabled: input?.enabled ?? true,
    families: FAMILIES.map(({ family }) => family),
    table: table === "main" ? MAIN_TABLE : table,
    protocol: typeof protocol === "number" ? protocol : PROTOCOL_NUMBERS[protocol],
    metric: input?.metric ?? 0,
    importPolicy: ACCEPT_ALL,
    exportPolicy:
      exportPolicy === undefined
        ? ACCEPT_ALL
        : filters.filter(asList(exportPolicy), ["kernel", "exportPolicy"], localAs),
    readsKernelFacts: false,
    encapsulation: (input?.encapsulation ?? []).map(({ prefix, mode, device }) => ({
      prefix,
      mode,
      device: device ?? "tunl0",
    })),
    auditSeconds: input?.auditSeconds ?? 60,
    writes: true,
    removeAtExit: input?.removeAtExit ?? false,
    staleSeconds: input?.staleSeconds ?? 120,
  };
}

export function readControl(input: ConfigInput["control"]): ControlConfig {
  return {
    socket: input?.socket ?? "/run/starling/starling.sock",
    mode: parseInt(input?.mode ?? "0660", 8),
    group: input?.group ?? "",
  };
}

export function readLog(input: ConfigInput["log"]): LogConfig {
  return { level: input?.level ?? "info", format: input?.format ?? "text" };
}
