// A SpeakerConfig on its way between threads. Compiled filters are closures and cannot travel: in their place go the names
// of their policies, and beside the configuration the policies themselves, which are plain data (policy/ast.ts).

import type { DynamicPeersConfig, KernelConfig, PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { PolicyTable } from "../policy/ast.js";
import type { CompileOptions } from "../policy/compile.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../policy/route.js";

/** Names of a chain of policies, or one of the two filters that are made of none. */
type PlainFilter = "accept-all" | "reject-all" | readonly string[];

interface PlainPeer extends Omit<PeerConfig, "importPolicy" | "exportPolicy"> {
  readonly importPolicy: PlainFilter;
  readonly exportPolicy: PlainFilter;
}

interface PlainKernel extends Omit<KernelConfig, "exportPolicy"> {
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
}

/** `policies`: those that the filters of `config` were compiled from. */
export function toPlainConfig(config: SpeakerConfig, policies: PolicyTable): PlainConfig {
  return {
    ...config,
    peers: config.peers.map(toPlainPeer),
    dynamicPeers: config.dynamicPeers.map((range) => ({ ...range, template: toPlainPeer(range.template) })),
    kernel: { ...config.kernel, exportPolicy: toPlainFilter(config.kernel.exportPolicy) },
    policies,
  };
}

/** The configuration that `plain` was made of, its filters compiled anew: equal names share one filter as before. */
export async function fromPlainConfig({ policies, ...plain }: PlainConfig): Promise<SpeakerConfig> {
  const filterOf = await filterMaker(plain, policies);
  const peerOf = (peer: PlainPeer): PeerConfig => ({
    ...peer,
    importPolicy: filterOf(peer.importPolicy, peer.localAs),
    exportPolicy: filterOf(peer.exportPolicy, peer.localAs),
  });
  return {
    ...plain,
    peers: plain.peers.map(peerOf),
    dynamicPeers: plain.dynamicPeers.map((range) => ({ ...range, template: peerOf(range.template) })),
    kernel: { ...plain.kernel, exportPolicy: filterOf(plain.kernel.exportPolicy, plain.localAs) },
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
  return filter.policies ?? [];
}

type FilterMaker = (plain: PlainFilter, localAs: number) => Filter;

/** The compiler is loaded only where a configuration has policies. */
async function filterMaker(plain: Omit<PlainConfig, "policies">, policies: PolicyTable): Promise<FilterMaker> {
  const peers = [...plain.peers, ...plain.dynamicPeers.map(({ template }) => template)];
  const chains = [plain.kernel.exportPolicy, ...peers.flatMap((peer) => [peer.importPolicy, peer.exportPolicy])];
  if (chains.every((chain) => typeof chain === "string")) return readyFilter;
  const { compileFilter } = await import("../policy/compile.js");
  const compiled = new Map<string, Filter>();
  return (chain, localAs) => {
    if (typeof chain === "string") return readyFilter(chain);
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

function readyFilter(plain: PlainFilter): Filter {
  return plain === "accept-all" ? ACCEPT_ALL : REJECT_ALL;
}
