// The front door for YAML: text → SpeakerConfig, or everything that is wrong with it, by line and column.
//
// Four passes, each on what the one before left: YAML, schema (types, keys, values), policies, and last the speaker itself
// (references, inheritance, combinations). Never throws for what a user wrote; reads no files.

import { addressFamily, formatAddress, type IpAddress } from "../base/ip.js";
import { readI32 } from "../base/bytes.js";
import type { PolicyTable } from "../policy/ast.js";
import { checkPolicies } from "../policy/check.js";
import type { ConfigError } from "./config-error.js";
import { reportIssues } from "./config-issues.js";
import { ConfigReport } from "./config-report.js";
import { findOwnNode } from "./mesh.js";
import { readControl, readKernel, readLog, readNodeRoutes } from "./node-routes.js";
import { NO_COMPATIBILITY } from "./no-compatibility.js";
import { PeerGroups } from "./peer-options.js";
import { readDynamicPeers, readPeers } from "./peers.js";
import type { OwnNode, PeersContext } from "./peers-context.js";
import { FilterSource } from "./policy-filters.js";
import { readPolicies } from "./policy-yaml.js";
import { type ConfigInput, configSchema } from "./schema.js";
import { asList } from "./schema-values.js";
import type { ListenConfig, SpeakerConfig } from "./speaker-config.js";
import { YamlSource } from "./yaml-source.js";

export interface ParsedConfig {
  readonly config: SpeakerConfig;
  /** Not wrong, but worth a look. */
  readonly warnings: readonly ConfigError[];
  /** The policies of the file and the built-in ones, by name. */
  readonly policies: PolicyTable;
}

export interface ParseOptions {
  /** Name of this node in `mesh.nodes`, where the file does not say it in `mesh.self`. */
  readonly node?: string | undefined;
}

export type ParseResult = ParsedConfig | { readonly errors: readonly ConfigError[] };

/** Reads a configuration file. `file` is only named in messages and verdicts. */
export function parseConfig(text: string, file: string, options: ParseOptions = {}): ParseResult {
  const source = new YamlSource(text, file);
  if (source.faults.length > 0) return { errors: source.faults };
  const report = new ConfigReport(source);
  const parsed = configSchema.safeParse(source.value);
  if (!parsed.success) {
    reportIssues(parsed.error.issues, source.value, report);
    return { errors: report.errors };
  }
  const filters = readFilters(parsed.data, report);
  const config = buildConfig(parsed.data, filters, options, report);
  const errors = report.errors;
  if (errors.length > 0 || config === undefined) return { errors };
  return { config, warnings: report.warnings, policies: filters.policies };
}

/** Gives undefined if there is no AS number or identifier to build with. */
function buildConfig(
  input: ConfigInput,
  filters: FilterSource,
  options: ParseOptions,
  report: ConfigReport,
): SpeakerConfig | undefined {
  const self = findOwnNode(input, options.node, report);
  const localAs = self?.as ?? input.as;
  const routerId = input.routerId ?? identifierOf(self);
  if (localAs === undefined) report.fault(["as"], '"as" is missing', "our AS number");
  if (routerId === undefined) {
    report.fault(
      ["routerId"],
      '"routerId" is missing',
      "a dotted quad, unique among all speakers; often an IPv4 address of the node",
    );
  }
  const groups = new PeerGroups(input.peerGroups ?? {}, input.defaults ?? {}, report);
  groups.check();
  checkUnusedPolicies(input, filters, localAs ?? 0);
  if (localAs === undefined || routerId === undefined) return undefined;
  const context: PeersContext = { localAs, filters, report, groups, self };
  return {
    routerId,
    localAs,
    clusterId: input.clusterId ?? routerId,
    listen: readListen(input, report),
    peers: readPeers(input, context),
    dynamicPeers: readDynamicPeers(input, context),
    gracefulRestart: readGracefulRestart(input.gracefulRestart),
    multipath: {
      ebgp: input.multipath?.ebgp ?? 16,
      ibgp: input.multipath?.ibgp ?? 16,
      relaxAsPath: input.multipath?.relaxAsPath ?? true,
    },
    bestPath: {
      alwaysCompareMed: input.bestPath?.alwaysCompareMed ?? false,
      missingMedAsWorst: input.bestPath?.missingMedAsWorst ?? false,
    },
    compatibility: NO_COMPATIBILITY,
    node: readNodeRoutes(input.node, report),
    kernel: readKernel(input.kernel, filters, localAs),
    control: readControl(input.control),
    log: readLog(input.log),
  };
}

function readFilters(input: ConfigInput, report: ConfigReport): FilterSource {
  const names = {
    prefixSets: input.prefixSets ?? {},
    asPathPatterns: input.asPathPatterns ?? {},
    communityNames: input.communityNames ?? {},
  };
  const policies = readPolicies(input.policies ?? {}, names, report);
  for (const { at, message, hint } of checkPolicies(policies)) report.faultAt(at, message, hint);
  return new FilterSource(policies, report.errors.length === 0, report);
}

/** Looks up the policies that groups and defaults name: a group without peers must not hide a misspelt name. */
function checkUnusedPolicies(input: ConfigInput, filters: FilterSource, localAs: number): void {
  const holders = [
    { options: input.defaults ?? {}, path: ["defaults"] },
    ...Object.entries(input.peerGroups ?? {}).map(([name, options]) => ({ options, path: ["peerGroups", name] })),
  ];
  for (const { options, path } of holders) {
    for (const key of ["importPolicy", "exportPolicy"] as const) {
      const names = options[key];
      if (names !== undefined) filters.filter(asList(names), [...path, key], localAs);
    }
  }
}

function identifierOf(self: OwnNode | undefined): number | undefined {
  const address = self?.addresses.find((candidate) => addressFamily(candidate) === 0);
  return address === undefined ? undefined : readI32(address.bytes, 0) >>> 0;
}

const DEFAULT_LISTEN: readonly ListenConfig[] = [4, 16].map((length) => ({ address: anyAddress(length), port: 179 }));

function anyAddress(length: number): IpAddress {
  return { bytes: new Uint8Array(length) };
}

function readListen(input: ConfigInput, report: ConfigReport): readonly ListenConfig[] {
  if (input.listen === undefined) return DEFAULT_LISTEN;
  const seen = new Set<string>();
  return input.listen.map(({ address, port = 179 }, i) => {
    const text = `${formatAddress(address)} port ${port}`;
    if (seen.has(text)) report.fault(["listen", i], `duplicate ${text}`, "");
    seen.add(text);
    return { address, port };
  });
}

function readGracefulRestart(input: ConfigInput["gracefulRestart"]): SpeakerConfig["gracefulRestart"] {
  return {
    enabled: input?.enabled ?? true,
    restartTimeSeconds: input?.restartTimeSeconds ?? 120,
    deferralSeconds: input?.deferralSeconds ?? 60,
    staleTimeSeconds: input?.staleTimeSeconds ?? 300,
    notification: input?.notification ?? false,
  };
}
