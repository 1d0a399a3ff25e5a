// A BGP speaker: peers, tables, local routes, the kernel's table. Everything comes from one SpeakerConfig;
// apply(config) is the only way to change it, and does no more than the difference.

import type { Clock } from "../base/clock.js";
import { formatAddress, isLinkLocal, makePrefix } from "../base/ip.js";
import type { Log } from "../base/log.js";
import { TurnBudget } from "../base/turn-budget.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { DecisionOptions } from "../rib/decision.js";
import { Rib } from "../rib/rib.js";
import type { SourceCounts } from "../rib/source-counts.js";
import type { Connection, Transport } from "../session/ports.js";
import { Aggregates } from "./aggregates.js";
import { CommandError } from "./command-error.js";
import { DynamicPeers } from "./dynamic-peers.js";
import { FibPlan } from "./fib-plan.js";
import { HostRouteView } from "./host-route-view.js";
import type { ListenKey } from "./listen-keys.js";
import { Listeners } from "./listeners.js";
import { LocalAddresses } from "./local-addresses.js";
import { LocalRoutes } from "./local-routes.js";
import { nextHopResolver } from "./next-hop-tracking.js";
import type { Peer, PeerDependencies } from "./peer.js";
import { type PeerDetails, peerDetails } from "./peer-details.js";
import { PeerSet } from "./peer-set.js";
import { peerChunks, peerStatus } from "./peer-status.js";
import type { Fib, KernelView, ListenerFactory } from "./ports.js";
import { Recovery } from "./recovery.js";
import { countChunks, countRoutes, type RouteSources, routeChunks } from "./route-views.js";
import type { KernelRouteView, PeerName, PeerStatus, RouteQuery, RouteView, SpeakerStatus } from "./snapshot.js";
import { speakerStatus } from "./speaker-status.js";
import { TableTrim } from "./table-trim.js";

/** A full table of today fits without one copy. */
const RESERVED_PREFIXES = 1 << 21;

export interface SpeakerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly transport: Transport;
  readonly listeners: ListenerFactory;
  /** Undefined: kernel routes are not written. */
  readonly fib: Fib | undefined;
  /** Undefined: next hops all count as reachable. */
  readonly view: KernelView | undefined;
  /** Why `fib` is missing, in words; undefined where nobody asked for it. */
  readonly kernelProblem?: string | undefined;
  /** Called when tables have let go of much memory, which nobody would miss yet in an idle process. */
  readonly returnMemory?: (() => void) | undefined;
  /** Called once a minute: what was freed between blocks in use may go back. Must cost next to nothing. */
  readonly returnFreed?: (() => void) | undefined;
  /** Route views tell since when a path is as it is. */
  readonly keepsTimes?: boolean;
  /** Somebody says that this start is a recovery; counts where the configuration has recoveryOnRequest. */
  readonly isRecovery?: boolean;
  /** Uniform in [0, 1): for jitter. */
  readonly random?: () => number;
  /** Prefixes for which address space is taken at the start; undefined: a full table. More of them cost copies. */
  readonly reservedPrefixes?: number;
}

export class Speaker {
  readonly rib: Rib;
  /** What next hops are resolved with; undefined: there is no kernel. */
  readonly view: HostRouteView | undefined;
  readonly #deps: SpeakerDependencies;
  readonly #log: Log;
  readonly #peers: PeerSet;
  readonly #localAddresses = new LocalAddresses();
  readonly #dynamic: DynamicPeers;
  readonly #listeners: Listeners;
  readonly #local: LocalRoutes;
  readonly #trim: TableTrim;
  readonly #aggregates: Aggregates;
  readonly #recovery: Recovery;
  readonly #startedAt: number;
  #fibPlan: FibPlan | undefined;
  #config: SpeakerConfig | undefined;
  #configuredAt = 0;
  #stopListening: (() => void) | undefined;
  #endOfRunReached = false;

  constructor(deps: SpeakerDependencies) {
    this.#deps = deps;
    this.#log = deps.log;
    this.#startedAt = deps.clock.wallTime();
    this.rib = makeRib(deps);
    if (deps.keepsTimes === true) this.rib.keepTimes();
    this.view = deps.view === undefined ? undefined : new HostRouteView(deps.view);
    this.rib.nextHops.reresolve(nextHopResolver(this.view, (nextHop) => this.#localAddresses.has(nextHop)));
    this.rib.attrs.onFault = (source, reasons) => this.#logFault(source, reasons);
    this.#trim = new TableTrim(deps.clock, this.rib, {
      onTrimmed: () => deps.returnMemory?.(),
      onMinute: () => deps.returnFreed?.(),
    });
    this.#local = new LocalRoutes(this.rib, deps.view);
    this.#aggregates = new Aggregates(this.rib);
    this.#recovery = new Recovery({
      clock: deps.clock,
      log: deps.log,
      onSettled: () => {
        this.rib.withholdEndOfRib(false);
        void this.#releaseKernel();
      },
      onOver: () => void this.#sweepKernel(),
    });
    this.#peers = new PeerSet(this.#peerDependencies());
    this.#dynamic = new DynamicPeers(this.#peers, deps.clock, deps.log);
    this.#listeners = new Listeners(deps.clock, deps.listeners, deps.log, (connection) => this.#accept(connection));
  }

  /** Brings the speaker to `config`; gives what changed, one line each. Rejects, with the running state as it was, where
   *  the world does not allow it (a port that is taken at the first start). */
  async apply(config: SpeakerConfig): Promise<readonly string[]> {
    const before = this.#config;
    const changes: string[] = [];
    await this.#listeners.apply(config.listen);
    this.#listeners.setKeys(listenKeys(config));
    this.rib.attrs.identity = { routerId: config.routerId, clusterId: config.clusterId };
    if (config.compatibility.olderWins) this.rib.keepTimes();
    this.rib.setDecisionOptions(decisionOptions(config));
    this.#config = config;
    this.#configuredAt = this.#deps.clock.wallTime();
    // Local routes before peers: the first table a peer hears is complete (and so is the End-of-RIB behind it).
    const routes = this.#applyNode(config, before);
    if (routes > 0) changes.push(`node routes: ${routes} changed`);
    this.#applyKernel(config, before);
    changes.push(...this.#dynamic.apply(config), ...this.#peers.apply(config, before));
    if (before === undefined) this.#begin(config);
    for (const peer of config.peers) {
      if (peer.missingPolicy.length === 0 || before !== undefined) continue;
      const missing = peer.missingPolicy.join(" and ");
      this.#log.warn(`eBGP peer without ${missing} policy: no routes in that direction (RFC 8212)`, { peer: peer.key });
    }
    return changes;
  }

  /** Takes over another part of the configuration alone, at once; apply() counts the difference from there. */
  applyLocal({ node, kernel }: Pick<SpeakerConfig, "node" | "kernel">): void {
    const before = this.#config;
    if (before === undefined) return;
    this.#config = { ...before, node, kernel };
    this.#applyNode(this.#config, before);
    this.#applyKernel(this.#config, before);
  }

  /** `graceful`: connections end without a NOTIFICATION, so that peers keep our routes (RFC 4724 §4.1); otherwise with
   *  Cease. Kernel routes are the kernel room's business. */
  async stop({ graceful }: { readonly graceful: boolean }): Promise<void> {
    this.#endOfRunReached = true;
    this.#listeners.closeAll();
    this.#recovery.stop();
    this.#trim.stop();
    this.#stopListening?.();
    this.#fibPlan?.stop();
    for (const peer of this.#peers) {
      const isKept = graceful && this.#config?.compatibility.ceaseAtStop !== true;
      if (isKept && peer.negotiated?.gracefulRestart !== undefined) peer.session.abandon("the daemon is stopping");
      else peer.session.stop();
    }
    await this.#deps.fib?.flushed();
  }

  // ---- views ----

  status(): SpeakerStatus {
    return speakerStatus({
      config: this.#config,
      version: this.#deps.version,
      startedAt: this.#startedAt,
      configuredAt: this.#configuredAt,
      rib: this.rib,
      fib: this.#deps.fib,
      kernelProblem: this.#deps.kernelProblem,
      recovery: this.#recovery.status,
      peers: [...this.#peers],
      drainsAll: this.#peers.drainsAll,
      listeners: this.#listeners.endpoints,
      listenerFailures: this.#listeners.failures,
    });
  }

  peers(): readonly PeerStatus[] {
    const counts = this.#counts();
    return [...this.#peers].map((peer) => peerStatus(peer, counts, this.#deps.clock));
  }

  peer(keyOrName: string): PeerStatus | undefined {
    const peer = this.#peers.find(keyOrName);
    return peer === undefined ? undefined : peerStatus(peer, this.#counts(), this.#deps.clock);
  }

  /** Timers, connections, negotiated options, last failure and route counters; nothing of it costs a walk. */
  peerDetails(): readonly PeerDetails[] {
    return [...this.#peers].map((peer) => peerDetails(peer, this.rib.clock));
  }

  peerNames(): readonly PeerName[] {
    return [...this.#peers].map(nameOf);
  }

  findPeer(keyOrName: string): PeerName | undefined {
    const peer = this.#peers.find(keyOrName);
    return peer === undefined ? undefined : nameOf(peer);
  }

  /** The peer itself, for views in the words of others; undefined: there is none. */
  peerOf(keyOrName: string): Peer | undefined {
    return this.#peers.find(keyOrName);
  }

  /** As peers(), or only the one with this key, in chunks: each next() does a few milliseconds of work at most. */
  peerChunks(key?: string): Generator<readonly PeerStatus[]> {
    const peers = [...this.#peers].filter((peer) => key === undefined || peer.config.key === key);
    return peerChunks(peers, this.rib, this.#deps.clock);
  }

  routes(query: RouteQuery): Generator<readonly RouteView[] | readonly KernelRouteView[]> {
    return routeChunks(query, this.#routeSources());
  }

  countRoutes(query: RouteQuery): number {
    return countRoutes(query, this.#routeSources());
  }

  /** The same in slices, a turn of the event loop between two of them. */
  async countingRoutes(query: RouteQuery): Promise<number> {
    let count = 0;
    for (const part of countChunks(query, this.#routeSources())) {
      count += part;
      await new Promise<void>((resolve) => this.#deps.clock.soon(resolve));
    }
    return count;
  }

  // ---- commands ----

  enablePeer(key: string): void {
    this.#require(key).enable();
  }

  disablePeer(key: string, reason = ""): void {
    this.#require(key).disable(reason);
  }

  resetPeer(key: string, reason = ""): void {
    this.#require(key).reset(reason);
  }

  /** RFC 8326: tells these peers, or with `all` every peer there is or will be, that their sessions are about to go down,
   *  or that they are not. Kept over a reload, forgotten at the end of the process. */
  drain(keys: readonly string[] | "all", isDraining: boolean): void {
    this.#peers.drain(keys === "all" ? keys : keys.map((key) => this.#require(key)), isDraining);
  }

  refreshPeer(key: string, direction: "in" | "out" | "both"): void {
    const peer = this.#require(key);
    if (direction !== "out" && !peer.requestRefresh()) {
      throw new CommandError(`peer ${key} is not Established or does not understand ROUTE-REFRESH`);
    }
    if (direction !== "in") peer.resend();
  }

  #counts(): readonly SourceCounts[] {
    return this.rib.families.map(({ family }) => this.rib.countBySource(family));
  }

  #require(key: string): Peer {
    const peer = this.#peers.find(key);
    if (peer === undefined) throw new CommandError(`no peer ${key}`);
    return peer;
  }

  #routeSources(): RouteSources {
    return { rib: this.rib, fib: this.#deps.fib, findPeer: (key) => this.#peers.find(key), clock: this.#deps.clock };
  }

  #peerDependencies(): PeerDependencies {
    return {
      clock: this.#deps.clock,
      turns: new TurnBudget(this.#deps.clock),
      log: this.#deps.log,
      transport: this.#deps.transport,
      random: this.#deps.random ?? Math.random,
      rib: this.rib,
      view: this.#deps.view,
      localAddresses: this.#localAddresses,
      drainsAll: () => this.#peers.drainsAll,
      gracefulRestart: (peer) =>
        this.#config === undefined ? undefined : this.#recovery.capability(peer, this.#config),
      recovery: (peer) => this.#recovery.of(peer),
      onProgress: (peer) => this.#onProgress(peer),
      onRemoved: (peer) => this.#recovery.forget(peer),
    };
  }

  #onProgress(peer: Peer): void {
    if (this.#endOfRunReached) return;
    this.#recovery.review();
    if (peer.isDynamic) this.#dynamic.review(peer);
  }

  #begin(config: SpeakerConfig): void {
    this.#trim.start();
    const { fib } = this.#deps;
    // Where nothing is written anyway, forwarding does not depend on us.
    const writesNothing =
      fib === undefined || !config.kernel.writes || config.kernel.exportPolicy.policies?.[0] === "reject";
    const preserved = writesNothing || fib.counts().stale > 0;
    const { recoveryOnRequest } = config.compatibility;
    if (config.gracefulRestart.enabled && (!recoveryOnRequest || this.#deps.isRecovery === true)) {
      this.rib.withholdEndOfRib(true);
      this.#recovery.begin(this.#peers, config, preserved);
    } else void this.#sweepKernel();
    const { view } = this.#deps;
    if (view !== undefined) this.#stopListening = view.onChange(() => this.#surroundingsChanged());
  }

  /** Gives how many routes changed. */
  #applyNode({ node, kernel, compatibility }: SpeakerConfig, before: SpeakerConfig | undefined): number {
    if (this.view?.setRoutes(node.static) === true && before !== undefined) this.#waysChanged();
    const keepsFacts = compatibility.preparedExport || kernel.readsKernelFacts;
    return this.#local.apply(node, kernel, keepsFacts) + this.#aggregates.apply(node.aggregates);
  }

  #applyKernel(config: SpeakerConfig, before: SpeakerConfig | undefined): void {
    const { fib, clock } = this.#deps;
    const { view } = this;
    if (fib === undefined || view === undefined) return;
    fib.pause(!config.kernel.writes);
    if (this.#fibPlan === undefined) {
      const localRoute = (source: string, prefix: string): ReturnType<LocalRoutes["fibRoute"]> =>
        source === "aggregate" ? this.#aggregates.fibRoute(prefix) : this.#local.fibRoute(source, prefix);
      // With what the first peer tells the routes of an earlier run would be worse than they are.
      fib.holdAdopted(config.gracefulRestart.enabled);
      const { keepsUnresolved } = config.compatibility;
      this.#fibPlan = new FibPlan(config.kernel, { clock, rib: this.rib, fib, view, localRoute }, keepsUnresolved);
      this.#fibPlan.lookAgain();
      this.rib.addReader(this.#fibPlan);
    } else if (before !== undefined && isOtherPlan(before, config)) {
      this.#fibPlan.reconfigure(config.kernel, config.compatibility.keepsUnresolved);
    }
  }

  #surroundingsChanged(): void {
    this.#waysChanged();
    this.#local.refresh();
  }

  #waysChanged(): void {
    this.#fibPlan?.waysChanged();
    this.rib.reresolveNextHops();
  }

  /** Every peer that is there has told its routes: what differs from them in the kernel may change. In BIRD's way the kernel
   *  waits for those that are not there, too: until the sweep. */
  async #releaseKernel(): Promise<void> {
    if (this.#config?.compatibility.recoveryOnRequest === true) return;
    await this.#fibPlan?.settled();
    if (!this.#endOfRunReached) this.#deps.fib?.holdAdopted(false);
  }

  /** The selection after a restart is over: what the kernel still has of the earlier run and nobody wants may go. */
  async #sweepKernel(): Promise<void> {
    const { fib } = this.#deps;
    if (fib === undefined) return;
    // A route that was heard but not wished for yet would be swept, and put back a moment later.
    await this.#fibPlan?.settled();
    await fib.flushed();
    if (!this.#endOfRunReached) fib.sweepStale();
  }

  #accept(connection: Connection): void {
    const { remoteAddress } = connection;
    const zone = isLinkLocal(remoteAddress.bytes) ? remoteAddress.zone : undefined;
    const address = zone === undefined ? { bytes: remoteAddress.bytes } : { bytes: remoteAddress.bytes, zone };
    const peer = this.#peers.findAddress(address) ?? this.#dynamic.admit(address);
    if (peer?.isDynamic === true) this.#recovery.expect(peer);
    if (peer?.config.password !== undefined && !this.#listeners.demandsPassword(address)) {
      this.#log.warn("connection refused: the kernel could not be told to demand the peer's password", {
        peer: peer.config.key,
      });
      connection.destroy();
      return;
    }
    if (peer === undefined) {
      this.#log.info("connection refused: no such peer is configured", { from: formatAddress(remoteAddress) });
      connection.destroy();
      return;
    }
    peer.accept(connection);
  }

  #logFault(source: number, reasons: readonly string[]): void {
    const peer = this.rib.sources.find(source)?.options.name ?? "";
    for (const reason of reasons) this.#log.warn(reason, { peer });
  }
}

function makeRib({ clock, log, reservedPrefixes = RESERVED_PREFIXES }: SpeakerDependencies): Rib {
  const nobody = { routerId: 0, clusterId: 0 };
  try {
    return new Rib(clock, nobody, reservedPrefixes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    log.info("address space is scarce: tables grow as they are needed");
    return new Rib(clock, nobody);
  }
}

function nameOf({ config }: Peer): PeerName {
  return { address: config.key, name: config.name };
}

function decisionOptions({ multipath, bestPath, compatibility }: SpeakerConfig): DecisionOptions {
  return {
    multipathEbgp: multipath.ebgp,
    multipathIbgp: multipath.ibgp,
    relaxAsPath: multipath.relaxAsPath,
    alwaysCompareMed: bestPath.alwaysCompareMed,
    missingMedAsWorst: bestPath.missingMedAsWorst,
    keepsUnresolved: compatibility.keepsUnresolved,
    ownFirst: compatibility.ownFirst,
    olderWins: compatibility.olderWins,
  };
}

function listenKeys(config: SpeakerConfig): readonly ListenKey[] {
  const keys: ListenKey[] = [];
  for (const { address, password } of config.peers) {
    if (password === undefined) continue;
    keys.push({ prefix: makePrefix(address.bytes, address.bytes.length * 8), key: password });
  }
  for (const { prefix, template } of config.dynamicPeers) {
    if (template.password !== undefined) keys.push({ prefix, key: template.password });
  }
  return keys;
}

function isOtherPlan(before: SpeakerConfig, after: SpeakerConfig): boolean {
  const plan = ({ kernel, compatibility }: SpeakerConfig): string =>
    JSON.stringify([
      compatibility.keepsUnresolved,
      kernel.readsKernelFacts,
      kernel.exportPolicy.identity,
      kernel.encapsulation.map((rule) => ({ ...rule, prefix: { ...rule.prefix, bytes: [...rule.prefix.bytes] } })),
    ]);
  return plan(before) !== plan(after);
}
