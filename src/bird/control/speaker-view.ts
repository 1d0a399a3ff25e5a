// The running speaker and the configuration file it came from, as the control socket sees them.
//
// Names and options of protocols are the file's, states and routes are the speaker's. What the process does (reading files,
// ending, its log) and the language of filters come as ports.

import type { Clock } from "../../base/clock.js";
import { FAMILIES, type Family } from "../../base/family.js";
import type { Source } from "../../rib/sources.js";
import type { Peer } from "../../speaker/peer.js";
import type { PeerDetails } from "../../speaker/peer-details.js";
import type { Fib, KernelView } from "../../speaker/ports.js";
import type { Speaker } from "../../speaker/speaker.js";
import type { BgpDeclaration, BirdConfig, ProtocolDeclaration, StaticDeclaration } from "../language/declarations.js";
import { bgpRow } from "./bgp-protocol.js";
import type {
  BirdCommands,
  BirdView,
  ConfigureMode,
  ConfigureResult,
  ExpressionPort,
  InterfaceView,
  LogLine,
  MemoryView,
  NetworkView,
  ProtocolDetails,
  ProtocolKind,
  ProtocolView,
  RouteQuery,
  RoutesEnd,
  StaticRouteView,
  StatusView,
  SymbolView,
} from "./bird-view.js";
import { KernelExport, PeerExport, type ExportView } from "./export-views.js";
import { readInterfaces } from "./interface-views.js";
import { LocalWays, staticRouteView } from "./local-ways.js";
import { memoryViews } from "./memory-views.js";
import { PathViews } from "./path-views.js";
import { protocolDetails } from "./protocol-details.js";
import { ProtocolSwitches } from "./protocol-switches.js";
import { listNetworks } from "./table-listing.js";

/** What the process does for the socket. */
export interface BirdProcess {
  readonly configFile: string;
  /** The configuration in force; another object after each reload. */
  config(): BirdConfig;
  phase(): StatusView["phase"];
  checkConfig(file: string): Promise<string | undefined>;
  configure(file: string, mode: ConfigureMode, undoSeconds: number | undefined): Promise<ConfigureResult>;
  undo(): Promise<ConfigureResult>;
  confirm(): boolean;
  debug(protocols: readonly string[], flags: readonly string[]): void;
  dump(what: string): void;
  /** Of the protocols other than BGP those run from now on of which `isDown` does not say otherwise. */
  switchProtocols(isDown: (protocol: string) => boolean): void;
  shutDown(): void;
  watchLog(listener: (line: LogLine) => void): () => void;
}

export interface SpeakerViewDependencies {
  readonly clock: Clock;
  readonly speaker: Speaker;
  readonly fib: Fib | undefined;
  readonly kernel: KernelView | undefined;
  /** As the greeting has it. */
  readonly version: string;
  readonly process: BirdProcess;
  readonly expressions: ExpressionPort;
}

/** BIRD's, by kind. */
const PREFERENCES: Readonly<Record<ProtocolDeclaration["kind"], number>> = {
  static: 200,
  direct: 240,
  device: 240,
  kernel: 10,
  bgp: 100,
};

const KINDS: Readonly<Record<ProtocolDeclaration["kind"], ProtocolKind>> = {
  static: "Static",
  direct: "Direct",
  device: "Device",
  kernel: "Kernel",
  bgp: "BGP",
};

const TABLE = "master";

export class SpeakerView implements BirdView {
  readonly commands: BirdCommands;
  readonly expressions: ExpressionPort;
  readonly #deps: SpeakerViewDependencies;
  readonly #switches: ProtocolSwitches;
  /** Of commands, by protocol. */
  readonly #messages = new Map<string, string>();

  constructor(deps: SpeakerViewDependencies) {
    this.#deps = deps;
    const { clock, process, speaker } = deps;
    this.#switches = new ProtocolSwitches({
      clock,
      config: () => process.config(),
      configuredAt: () => Date.parse(speaker.status().configuredAt),
      apply: (isDown) => process.switchProtocols(isDown),
    });
    this.expressions = deps.expressions;
    this.commands = this.#makeCommands();
  }

  get ipVersion(): 4 | 6 {
    return this.#config.ipVersion;
  }

  status(): StatusView {
    const { clock, process, speaker, version } = this.#deps;
    const status = speaker.status();
    const { recovering, waitingFor, elapsedSeconds, totalSeconds } = status.gracefulRestart;
    return {
      version,
      routerId: status.routerId,
      now: clock.wallTime(),
      startedAt: Date.parse(status.startedAt),
      configuredAt: Date.parse(status.configuredAt),
      recovery: recovering
        ? { waitingFor: waitingFor.length, leftSeconds: totalSeconds - elapsedSeconds, totalSeconds }
        : undefined,
      phase: process.phase(),
    };
  }

  protocols(): readonly ProtocolView[] {
    const peers = this.#peerDetails();
    const { recovering } = this.#deps.speaker.status().gracefulRestart;
    return this.#config.protocols.map((declaration) => this.#row(declaration, peers.get(declaration.name), recovering));
  }

  *protocolDetails(names: readonly string[]): Generator<readonly ProtocolDetails[], void> {
    const { rib } = this.#deps.speaker;
    const wanted = new Set(names);
    const declarations = this.#config.protocols.filter(({ name }) => wanted.has(name));
    const counting = rib.countingBySource(this.#family);
    let step = counting.next();
    for (; step.done !== true; step = counting.next()) yield [];
    const peers = this.#peerDetails();
    const { recovering } = this.#deps.speaker.status().gracefulRestart;
    for (const declaration of declarations) {
      const details = declaration.kind === "bgp" ? peers.get(declaration.name) : undefined;
      const facts = {
        ...this.#deps,
        family: this.#family,
        best: step.value.best,
        recovers: recovering,
        preference: declaration.preference ?? PREFERENCES[declaration.kind],
        message: this.#messages.get(declaration.name),
        peer: this.#peerOf(declaration),
        details,
      };
      yield [protocolDetails(declaration, this.#row(declaration, details, recovering), facts)];
    }
  }

  routes(query: RouteQuery): Iterator<readonly NetworkView[], RoutesEnd> {
    const { clock, fib, kernel, speaker } = this.#deps;
    const { rib } = speaker;
    const config = this.#config;
    const ways = new LocalWays(this.#statics, kernel);
    const known = new Map<string, string>();
    // Once for each, not once for each route.
    const protocolOf = (source: Source, name: string | undefined): string => {
      const key = `${source.id} ${name ?? ""}`;
      const found = known.get(key) ?? this.#protocolOf(source, name);
      known.set(key, found);
      return found;
    };
    const paths = new PathViews({
      ...{ rib, clock, ways, view: kernel, family: this.#family },
      refused: refusedPrefixes(fib),
      protocolOf,
      findBgp: (name) => this.#findBgp(name),
      startedAt: Date.parse(speaker.status().startedAt),
    });
    const { protocol } = query;
    const isOfProtocol = protocol !== undefined || query.exported !== undefined;
    const table = rib.families[this.#family].routes;
    const isFrom = (route: number, prefix: string): boolean => {
      const source = rib.sources.get(table.source(route));
      return protocolOf(source, ways.staticProtocol(source.options.kind, prefix)) === protocol;
    };
    return listNetworks(query, {
      ...{ rib, clock, paths, family: this.#family },
      exported: query.exported === undefined ? undefined : this.#exportView(query.exported),
      isFrom: protocol === undefined ? undefined : isFrom,
      // Only a protocol may be another one, or none, after a reload; the table goes on.
      isOutdated: () => isOfProtocol && this.#config !== config,
    });
  }

  interfaces(): readonly InterfaceView[] {
    return readInterfaces(this.#deps.kernel, this.ipVersion);
  }

  staticRoutes(protocol?: string): readonly StaticRouteView[] {
    const asked = this.#statics.filter(({ name }) => protocol === undefined || name === protocol);
    return asked.flatMap(({ routes }) => routes.map((route) => staticRouteView(route, this.#deps.kernel)));
  }

  symbols(): readonly SymbolView[] {
    const { symbols } = this.#config;
    const view = symbols.map(({ name, kind }): SymbolView => ({
      name,
      kind: kind === "template" ? "protocol template" : kind,
    }));
    const isNamed = (wanted: string): boolean => symbols.some(({ name }) => name === wanted);
    const unnamed = this.#config.protocols.filter(({ name }) => !isNamed(name));
    return [
      ...view,
      ...unnamed.map(({ name }): SymbolView => ({ name, kind: "protocol" })),
      ...(isNamed(TABLE) ? [] : [{ name: TABLE, kind: "routing table" } as const]),
    ];
  }

  memory(): readonly MemoryView[] {
    return memoryViews(this.#deps.speaker.rib);
  }

  watchLog(listener: (line: LogLine) => void): () => void {
    return this.#deps.process.watchLog(listener);
  }

  get #config(): BirdConfig {
    return this.#deps.process.config();
  }

  get #family(): Family {
    return FAMILIES[this.#config.ipVersion === 4 ? 0 : 1].family;
  }

  get #statics(): readonly StaticDeclaration[] {
    return this.#config.protocols.filter((each) => each.kind === "static");
  }

  /** Of the peers of protocols, by name. */
  #peerDetails(): ReadonlyMap<string, PeerDetails> {
    return new Map(this.#deps.speaker.peerDetails().map((details) => [details.name, details]));
  }

  #row(declaration: ProtocolDeclaration, peer: PeerDetails | undefined, recovers: boolean): ProtocolView {
    const { name, kind } = declaration;
    const common = { name, kind: KINDS[kind], table: TABLE };
    if (declaration.kind === "bgp") return { ...common, ...bgpRow(peer, recovers, this.#deps.clock.wallTime()) };
    const { isDown, since } = this.#switches.state(declaration);
    const state = isDown ? "down" : kind === "kernel" && recovers ? "wait" : "up";
    return { ...common, state, since, session: undefined };
  }

  #peerOf({ kind, name }: ProtocolDeclaration): Peer | undefined {
    return kind === "bgp" ? this.#deps.speaker.peerOf(name) : undefined;
  }

  #isBgp(name: string): boolean {
    return this.#findBgp(name) !== undefined;
  }

  #find(name: string): ProtocolDeclaration | undefined {
    return this.#config.protocols.find((each) => each.name === name);
  }

  #findBgp(name: string): BgpDeclaration | undefined {
    const found = this.#find(name);
    return found?.kind === "bgp" ? found : undefined;
  }

  /** A source of the RIB is a peer, or a kind of routes that one protocol of the file stands for. */
  #protocolOf({ options }: Source, staticName: string | undefined): string {
    const { kind } = options;
    const name = options.peer?.name ?? options.name;
    const declaration = this.#config.protocols.find((each) =>
      kind === "bgp" ? each.name === name : staticName === undefined ? each.kind === kind : each.name === staticName,
    );
    return declaration?.name ?? name;
  }

  #exportView({ stage, protocol }: NonNullable<RouteQuery["exported"]>): ExportView {
    const { fib, speaker } = this.#deps;
    const declaration = this.#find(protocol);
    if (declaration?.kind === "kernel") return new KernelExport(speaker.rib, fib, this.#family, stage);
    const peer = declaration === undefined ? undefined : this.#peerOf(declaration);
    return peer === undefined ? { paths: () => [] } : new PeerExport(speaker.rib, peer, this.#family, stage);
  }

  #makeCommands(): BirdCommands {
    const { process } = this.#deps;
    const peerNamed = (name: string): Peer | undefined => this.#deps.speaker.peerOf(name);
    const isDown = (name: string): boolean => {
      const found = this.#find(name);
      if (found === undefined) return false;
      return found.kind === "bgp" ? (peerNamed(name)?.session.isAdminDown ?? true) : this.#switches.state(found).isDown;
    };
    return {
      configFile: process.configFile,
      checkConfig: (file) => process.checkConfig(file),
      configure: (file, mode, undoSeconds) => process.configure(file, mode, undoSeconds),
      undo: () => process.undo(),
      confirm: () => process.confirm(),
      debug: (protocols, flags) => process.debug(protocols, flags),
      dump: (what) => process.dump(what),
      shutDown: () => process.shutDown(),
      enable: (name, message) => {
        if (!isDown(name)) return "already enabled";
        this.#note(name, message);
        if (this.#isBgp(name)) peerNamed(name)?.enable();
        else this.#switches.set(name, false);
        return "enabled";
      },
      disable: (name, message) => {
        if (isDown(name)) return "already disabled";
        this.#note(name, message);
        if (this.#isBgp(name)) peerNamed(name)?.disable(message ?? "");
        else this.#switches.set(name, true);
        return "disabled";
      },
      restart: (name, message) => {
        if (isDown(name)) return "already disabled";
        this.#note(name, message);
        if (this.#isBgp(name)) peerNamed(name)?.reset(message ?? "");
        else this.#switches.restart(name);
        return "restarted";
      },
      reload: (name, direction) => (isDown(name) ? "already disabled" : this.#reload(name, direction)),
    };
  }

  #note(name: string, message: string | undefined): void {
    if (message === undefined) this.#messages.delete(name);
    else this.#messages.set(name, message);
  }

  #reload(name: string, direction: "in" | "out" | "both"): "reloading" | "reload failed" {
    const declaration = this.#find(name);
    const peer = this.#deps.speaker.peerOf(name);
    if (declaration?.kind !== "bgp" || peer === undefined)
      // The kernel's routes are read all the time; the others have nothing that could be read again.
      return direction === "out" || declaration?.kind === "kernel" ? "reloading" : "reload failed";
    if (direction !== "out" && !peer.requestRefresh()) return "reload failed";
    if (direction !== "in") peer.resend();
    return "reloading";
  }
}

function refusedPrefixes(fib: Fib | undefined): ReadonlySet<string> {
  if (fib === undefined || fib.counts().failed === 0) return new Set();
  const refused = new Set<string>();
  for (const entry of fib.entries()) if (entry.state === "failed") refused.add(entry.prefix);
  return refused;
}
