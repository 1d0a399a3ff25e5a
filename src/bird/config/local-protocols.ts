// `protocol direct`, `static` and `kernel` → the node's own routes and the kernel's part of the configuration, with BIRD's
// defaults for what the file does not say.

import { IPV4_UNICAST, IPV6_UNICAST } from "../../base/family.js";
import { formatPrefix } from "../../base/ip.js";
import type { KernelConfig, NodeRoutesConfig, SpeakerConfig, StaticRouteConfig } from "../../config/speaker-config.js";
import { REJECT_ALL } from "../../policy/route.js";
import type {
  BirdConfig,
  DirectDeclaration,
  InterfacePattern,
  KernelDeclaration,
  ProtocolDeclaration,
  StaticDeclaration,
  StaticRouteDeclaration,
} from "../language/declarations.js";
import type { FilterSource } from "./filter-source.js";
import { refuse } from "./refuse.js";

const MAIN_TABLE = 254;
/** RTPROT_BIRD. */
const PROTOCOL_NUMBER = 12;
const SCAN_SECONDS = 60;
const PREFERENCES = { static: 200, direct: 240, kernel: 10 } as const;
/** Most that our own restart takes (`graceful restart wait`). */
export const RECOVERY_SECONDS = 240;

type Kind = ProtocolDeclaration["kind"];

/** The enabled protocols of a kind, in the order of the file. */
export function enabledOf<K extends Kind>(config: BirdConfig, kind: K): Extract<ProtocolDeclaration, { kind: K }>[] {
  return config.protocols.filter(
    (declaration): declaration is Extract<ProtocolDeclaration, { kind: K }> =>
      declaration.kind === kind && !declaration.disabled,
  );
}

/** Throws BirdConfigError for what cannot be done. */
export function nodeRoutes(config: BirdConfig): NodeRoutesConfig {
  const direct = only(enabledOf(config, "direct"));
  const kernel = only(enabledOf(config, "kernel"));
  const statics = enabledOf(config, "static");
  return {
    blocks: [],
    borrowed: [],
    static: statics.filter(isImported).flatMap((declaration) => staticRoutes(declaration)),
    aggregates: [],
    direct: direct !== undefined && isImported(direct) ? interfacePatterns(direct) : [],
    kernelRoutes: [],
    // What of it is imported is the business of the filter.
    learnsAllKernelRoutes: kernel?.learn === true && kernel.import?.kind !== "none",
    weights: {
      static: commonPreference(statics) ?? PREFERENCES.static,
      direct: direct?.preference ?? PREFERENCES.direct,
      kernel: kernel?.preference ?? PREFERENCES.kernel,
    },
    protocolNames: { direct: direct?.name, kernel: kernel?.name },
  };
}

/** Throws BirdConfigError for what cannot be done. */
export function kernelConfig(config: BirdConfig, filters: FilterSource): KernelConfig {
  const kernel = only(enabledOf(config, "kernel"));
  return {
    // Without a protocol, too: next hops and interfaces are looked up there.
    enabled: true,
    writes: kernel !== undefined,
    families: [config.ipVersion === 4 ? IPV4_UNICAST : IPV6_UNICAST],
    table: kernel?.table ?? MAIN_TABLE,
    protocol: PROTOCOL_NUMBER,
    metric: kernel?.metric ?? 0,
    importPolicy: kernel === undefined ? REJECT_ALL : filters.filter(kernel.import, "all"),
    exportPolicy: kernel === undefined ? REJECT_ALL : filters.filter(kernel.export, "none"),
    readsKernelFacts: true,
    encapsulation: [],
    auditSeconds: kernel?.scanTimeSeconds ?? SCAN_SECONDS,
    removeAtExit: kernel !== undefined && kernel.persist !== true,
    staleSeconds: config.gracefulRestartWaitSeconds ?? RECOVERY_SECONDS,
  };
}

export type LocalConfig = Pick<SpeakerConfig, "node" | "kernel">;

/** What protocols other than BGP make of the configuration while those run of which `isDown` does not say otherwise, whatever
 *  the file says. Throws BirdConfigError for what cannot be done, which checkLocalProtocols() has found before. */
export function localConfig(
  config: BirdConfig,
  isDown: (protocol: string) => boolean,
  filters: FilterSource,
): LocalConfig {
  const protocols = config.protocols.map((each) =>
    each.kind === "bgp" ? each : { ...each, disabled: isDown(each.name) },
  );
  const stopped = enabledOf(config, "kernel").find(({ name }) => isDown(name));
  const kernel = kernelConfig({ ...config, protocols }, filters);
  return {
    node: nodeRoutes({ ...config, protocols }),
    // Who goes away takes their routes along, unless they persist.
    kernel: stopped === undefined || stopped.persist === true ? kernel : { ...kernel, writes: true },
  };
}

/** Disabled protocols are looked at as well: a command may enable them. Throws BirdConfigError for what cannot be done. */
export function checkLocalProtocols(config: BirdConfig): void {
  for (const declaration of config.protocols) if (declaration.kind === "kernel") checkKernel(declaration);
  const protocols = config.protocols.map((each) => ({ ...each, disabled: false }));
  nodeRoutes({ ...config, protocols });
}

/** Most next hops of a kernel route. */
export function mergedPaths(config: BirdConfig): number {
  return Math.max(1, only(enabledOf(config, "kernel"))?.mergePaths ?? 0);
}

function only<D extends DirectDeclaration | KernelDeclaration>(declarations: readonly D[]): D | undefined {
  const [first, second] = declarations;
  if (second !== undefined) refuse(second, `A second protocol ${second.kind} is not supported`);
  return first;
}

function checkKernel(kernel: KernelDeclaration): void {
  if (kernel.deviceRoutes === true) refuse(kernel, "device routes is not supported");
}

/** What these protocols find goes into the table, all or nothing: filters on the way in are for BGP and the kernel. */
function isImported(declaration: DirectDeclaration | StaticDeclaration): boolean {
  if (declaration.import?.kind === "filter")
    return refuse(declaration, `An import filter of protocol ${declaration.kind} is not supported`);
  return declaration.import?.kind !== "none";
}

function commonPreference(statics: readonly StaticDeclaration[]): number | undefined {
  const [first, ...others] = statics;
  const preference = first?.preference ?? PREFERENCES.static;
  const other = others.find((declaration) => (declaration.preference ?? PREFERENCES.static) !== preference);
  if (other !== undefined) refuse(other, "Static protocols with different preferences are not supported");
  return first?.preference;
}

/** As speaker/interface-pattern.ts reads them. What nothing matches is excluded. */
function interfacePatterns(direct: DirectDeclaration): readonly string[] {
  const { interfaces } = direct;
  if (interfaces.length === 0) return ["*"];
  const isExcluding = (list: readonly InterfacePattern[]): boolean => list.some(({ excludes }) => excludes);
  const excluding = interfaces.filter(isExcluding);
  if (excluding.length > 1) refuse(direct, "Several interface options with exclusions are not supported");
  // What only takes may stand in front of the others as if all were one list.
  const taking = interfaces.filter((list) => !isExcluding(list));
  return [...[...taking, ...excluding].flat().map(patternText), "!*"];
}

function patternText({ excludes, pattern, prefix }: InterfacePattern): string {
  const words = [pattern ?? "*", ...(prefix === undefined ? [] : [formatPrefix(prefix)])];
  return `${excludes ? "!" : ""}${words.join(" ")}`;
}

function staticRoutes(declaration: StaticDeclaration): readonly StaticRouteConfig[] {
  return declaration.routes.map((route) => ({
    prefix: route.prefix,
    via: viaOf(declaration, route),
    // Whether it is written is the business of the kernel's export filter.
    install: true,
    protocolName: declaration.name,
  }));
}

function viaOf(declaration: StaticDeclaration, { to, at }: StaticRouteDeclaration): StaticRouteConfig["via"] {
  const where = { name: declaration.name, at };
  switch (to.kind) {
    case "via": {
      const [first, ...others] = to.gateways;
      if (others.length === 0) return { kind: "gateway", address: first.address, device: undefined };
      const weights = new Set(to.gateways.map(({ weight }) => weight));
      if (weights.size > 1) return refuse(where, "Gateways with different weights are not supported");
      return { kind: "gateways", gateways: to.gateways.map(({ address }) => ({ address, device: undefined })) };
    }
    case "recursive":
      return refuse(where, "Recursive static routes are not supported");
    default:
      return to;
  }
}
