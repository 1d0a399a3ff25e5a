// A SpeakerConfig on its way between processes. Compiled filters are closures and cannot travel: in their place go the names
// of their policies or their script, and beside the configuration the policies and scripts themselves, which are plain
// data (policy/ast.ts, policy/script-ast.ts).

import type { DynamicPeersConfig, KernelConfig, PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { PolicyTable } from "../policy/ast.js";
import type { CompileOptions } from "../policy/compile.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../policy/route.js";
import type { ScriptLog } from "../policy/script.js";
import type { ScriptTable } from "../policy/script-ast.js";
import type { ScriptFilters } from "../policy/script-filters.js";

/** Names of a chain of policies, the name of a script, or one of the two filters that are made of neither. */
type PlainFilter = "accept-all" | "reject-all" | readonly string[] | { readonly script: string };

interface PlainPeer extends Omit<PeerConfig, "importPolicy" | "exportPolicy"> {
  readonly importPolicy: PlainFilter;
  readonly exportPolicy: PlainFilter;
}

interface PlainKernel extends Omit<KernelConfig, "importPolicy" | "exportPolicy"> {
  readonly importPolicy: PlainFilter;
  readonly exportPolicy: PlainFilter;
}

interface PlainDynamicPeers extends Omit<DynamicPeersConfig, "template"> {
  readonly template: PlainPeer;
}

/** Survives a structured clone without loss. */
export interface PlainConfig extends Omit<SpeakerConfig, "peers" | "dynamicPeers" | "kernel"> {
  readonly peers: readonly PlainPeer[];
  readonly dynamicPeers: readonly PlainDynamicPeers[];
  readonly kernel: PlainKernel;
  /** Everything that the names of filters, and calls inside, may mean. */
  readonly policies: PolicyTable;
  readonly scripts: ScriptTable;
}

const NO_SCRIPTS: ScriptTable = new Map();

/** `policies` and `scripts`: those that the filters of `config` were compiled from. */
export function toPlainConfig(config: SpeakerConfig, policies: PolicyTable, scripts = NO_SCRIPTS): PlainConfig {
  return {
    ...config,
    peers: config.peers.map(toPlainPeer),
    dynamicPeers: config.dynamicPeers.map((range) => ({ ...range, template: toPlainPeer(range.template) })),
    kernel: {
      ...config.kernel,
      importPolicy: toPlainFilter(config.kernel.importPolicy),
      exportPolicy: toPlainFilter(config.kernel.exportPolicy),
    },
    policies,
    scripts,
  };
}

/** The configuration that `plain` was made of, its filters compiled anew: equal chains and equal scripts share one filter.
 *  `log`: what scripts say while they run. */
export async function fromPlainConfig(
  { policies, scripts, ...plain }: PlainConfig,
  log: ScriptLog = () => undefined,
): Promise<SpeakerConfig> {
  const filterOf = await filterMaker(plain, { policies, scripts, log });
  const peerOf = (peer: PlainPeer): PeerConfig => ({
    ...peer,
    importPolicy: filterOf(peer.importPolicy, peer.localAs),
    exportPolicy: filterOf(peer.exportPolicy, peer.localAs),
  });
  return {
    ...plain,
    peers: plain.peers.map(peerOf),
    dynamicPeers: plain.dynamicPeers.map((range) => ({ ...range, template: peerOf(range.template) })),
    kernel: {
      ...plain.kernel,
      importPolicy: filterOf(plain.kernel.importPolicy, plain.localAs),
      exportPolicy: filterOf(plain.kernel.exportPolicy, plain.localAs),
    },
  };
}

function toPlainPeer(peer: PeerConfig): PlainPeer {
  return {
    ...peer,
    importPolicy: toPlainFilter(peer.importPolicy),
    exportPolicy: toPlainFilter(peer.exportPolicy),
  };
}

function toPlainFilter(filter: Filter): PlainFilter {
  if (filter === ACCEPT_ALL) return "accept-all";
  if (filter === REJECT_ALL) return "reject-all";
  if (filter.script !== undefined) return { script: filter.script };
  return filter.policies ?? [];
}

type FilterMaker = (plain: PlainFilter, localAs: number) => Filter;

interface Sources extends Pick<PlainConfig, "policies" | "scripts"> {
  readonly log: ScriptLog;
}

/** The compilers are loaded only where a configuration has policies, or scripts. */
async function filterMaker(plain: Omit<PlainConfig, keyof Sources>, sources: Sources): Promise<FilterMaker> {
  const peers = [...plain.peers, ...plain.dynamicPeers.map(({ template }) => template)];
  const filters = [plain.kernel, ...peers].flatMap(({ importPolicy, exportPolicy }) => [importPolicy, exportPolicy]);
  const chainMaker = filters.some(isChain) ? await makeChains(sources.policies) : undefined;
  const scriptFilters = filters.some(isScript) ? await makeScripts(sources) : undefined;
  return (filter, localAs) => {
    if (filter === "accept-all") return ACCEPT_ALL;
    if (isScript(filter) && scriptFilters !== undefined) return scriptFilters.filter(filter.script);
    return isChain(filter) && chainMaker !== undefined ? chainMaker(filter, localAs) : REJECT_ALL;
  };
}

function isChain(filter: PlainFilter): filter is readonly string[] {
  return Array.isArray(filter);
}

function isScript(filter: PlainFilter): filter is { readonly script: string } {
  return typeof filter === "object" && "script" in filter;
}

async function makeScripts({ scripts, log }: Sources): Promise<ScriptFilters> {
  const { ScriptFilters: Filters } = await import("../policy/script-filters.js");
  return new Filters({ scripts, log });
}

async function makeChains(policies: PolicyTable): Promise<(chain: readonly string[], localAs: number) => Filter> {
  const { compileFilter } = await import("../policy/compile.js");
  const compiled = new Map<string, Filter>();
  return (chain, localAs) => {
    const key = JSON.stringify([localAs, ...chain]);
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const options: CompileOptions = { policies, localAs, fallThrough: "reject" };
    const filter = compileFilter(
      chain.flatMap((name) => policies.get(name) ?? []),
      options,
    );
    compiled.set(key, filter);
    return filter;
  };
}
