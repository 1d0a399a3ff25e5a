// A view with the facts of the laboratory whose dialogues with BIRD 1.6.8 are recorded in proto-fixtures/bird/control.

import type {
  BgpDetails,
  BirdCommands,
  BirdView,
  ChangeCounts,
  ConfigureResult,
  FilterView,
  LogLine,
  ProtocolDetails,
  ProtocolKind,
  ProtocolState,
  ProtocolView,
  RouteQuery,
  RoutesEnd,
  NetworkView,
  SessionState,
  StatusView,
} from "../../../src/bird/control/bird-view.js";
import { ACCEPT_ALL } from "../../../src/policy/route.js";
import { INTERFACES, NETWORKS, type LabNetwork, STATIC_ROUTES, SYMBOLS } from "./lab-facts.js";

/** Local time, as the recordings have it: tests run with TZ=UTC. */
export const at = (time: string): number => Date.parse(`2026-11-29T${time}Z`);

type Changes = ProtocolDetails["changes"];
const counts = (...[received, rejected, filtered, ignored, accepted]: (number | undefined)[]): ChangeCounts => ({
  received: received ?? 0,
  rejected,
  filtered,
  ignored,
  accepted: accepted ?? 0,
});
const changes = (updates: number[], withdraws: number[], exports: number[]): Changes => ({
  importUpdates: counts(...updates),
  importWithdraws: counts(withdraws[0], withdraws[1], undefined, withdraws[2], withdraws[3]),
  exportUpdates: counts(exports[0], exports[1], exports[2], undefined, exports[3]),
  exportWithdraws: counts(0, undefined, undefined, undefined, 0),
});
const NO_CHANGES = changes([0, 0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]);
const ALL: FilterView = { kind: "all" };
const NONE: FilterView = { kind: "none" };
const INLINE: FilterView = { kind: "inline" };

/** A protocol with nothing special about it. */
export function protocol(
  name: string,
  kind: ProtocolKind,
  state: ProtocolState,
  since: string,
  more: Partial<ProtocolDetails> = {},
): ProtocolDetails {
  return {
    ...{ name, kind, state, table: "master", since: at(since), session: undefined },
    ...{ description: undefined, message: undefined, preference: 100, inputFilter: ALL, outputFilter: NONE },
    ...{ recovery: undefined, receiveLimit: undefined, importLimit: undefined, exportLimit: undefined },
    routes: { imported: 0, filtered: undefined, exported: 0, preferred: 0 },
    changes: NO_CHANGES,
    bgp: undefined,
    ...more,
  };
}

export function neighbor(neighborAddress: string, neighborAs: number, more: Partial<BgpDetails> = {}): BgpDetails {
  return {
    ...{ neighborAddress, neighborAs, neighborRestarts: false, restartSecondsLeft: undefined },
    ...{ errorWait: undefined, connectDelay: undefined, established: undefined },
    ...more,
  };
}

const session = (state: SessionState, lastError = ""): ProtocolView["session"] => ({ state, lastError });
const CAPABILITIES = ["refresh", "enhanced-refresh", "restart-able", "llgr-aware", "AS4"];

export const PROTOCOLS: readonly ProtocolDetails[] = [
  protocol("static1", "Static", "up", "09:17:45", {
    preference: 200,
    routes: { imported: 8, filtered: undefined, exported: 0, preferred: 8 },
    changes: changes([8, 0, 0, 0, 8], [0, 0, 0, 0], [0, 0, 0, 0]),
  }),
  protocol("kernel1", "Kernel", "up", "09:17:45", {
    preference: 10,
    outputFilter: INLINE,
    routes: { imported: 5, filtered: undefined, exported: 7, preferred: 5 },
    changes: changes([6, 1, 0, 0, 5], [0, 0, 1, 0], [24, 8, 9, 7]),
  }),
  protocol("device1", "Device", "up", "09:17:45", { preference: 240 }),
  protocol("direct1", "Direct", "up", "09:17:45", {
    preference: 240,
    routes: { imported: 3, filtered: undefined, exported: 0, preferred: 3 },
    changes: changes([3, 0, 0, 0, 3], [0, 0, 0, 0], [0, 0, 0, 0]),
  }),
  protocol("Mesh_10_9_0_2", "BGP", "up", "09:17:46", {
    description: "Connection to BGP peer",
    outputFilter: { kind: "named", name: "block_only" },
    session: session("Established"),
    routes: { imported: 3, filtered: undefined, exported: 4, preferred: 3 },
    changes: changes([3, 0, 0, 0, 3], [0, 0, 0, 0], [24, 3, 17, 4]),
    bgp: neighbor("10.9.0.2", 65001, {
      established: {
        neighborId: "10.9.0.2",
        neighborCapabilities: [...CAPABILITIES, "add-path-rx", "add-path-tx"],
        session: ["internal", "multihop", "AS4", "add-path-rx", "add-path-tx"],
        sourceAddress: "10.9.0.1",
        routeLimit: undefined,
        hold: { left: 201, total: 240 },
        keepalive: { left: 60, total: 80 },
      },
    }),
  }),
  protocol("Mesh_10_9_0_7", "BGP", "start", "09:17:45", {
    outputFilter: INLINE,
    session: session("Passive"),
    bgp: neighbor("10.9.0.7", 65001),
  }),
  protocol("Node_10_9_0_9", "BGP", "start", "09:17:45", {
    inputFilter: NONE,
    session: session("Connect", "Socket: No route to host"),
    bgp: neighbor("10.9.0.9", 65001),
  }),
  protocol("Rack", "BGP", "up", "09:17:46", {
    description: "rack switch",
    inputFilter: INLINE,
    outputFilter: { kind: "named", name: "toward_rack" },
    receiveLimit: { count: 2000, action: "disable", isHit: false },
    importLimit: { count: 1000, action: "warn", isHit: false },
    exportLimit: { count: 9, action: "block", isHit: false },
    session: session("Established"),
    routes: { imported: 4, filtered: 1, exported: 7, preferred: 2 },
    changes: changes([5, 0, 1, 0, 4], [0, 0, 1, 0], [21, 2, 12, 7]),
    bgp: neighbor("10.9.1.2", 65020, {
      established: {
        neighborId: "10.9.1.2",
        neighborCapabilities: CAPABILITIES,
        session: ["external", "AS4"],
        sourceAddress: "10.9.1.1",
        routeLimit: { used: 5, limit: 1000 },
        hold: { left: 229, total: 240 },
        keepalive: { left: 61, total: 80 },
      },
    }),
  }),
  protocol("Closed", "BGP", "down", "09:17:45", { session: session("Down"), bgp: neighbor("10.9.1.77", 65077) }),
  protocol("WrongAs", "BGP", "start", "09:17:45", { session: session("Idle"), bgp: neighbor("10.9.1.99", 65099) }),
];

export const STATUS: StatusView = {
  version: "1.6.8",
  routerId: "10.9.0.1",
  now: at("09:17:57"),
  startedAt: at("09:17:45"),
  configuredAt: at("09:17:45"),
  recovery: undefined,
  phase: "running",
};

/** The laboratory's view; `told` notes what commands were given. */
export class LabView implements BirdView, BirdCommands {
  ipVersion: 4 | 6 = 4;
  statusView: StatusView = STATUS;
  list: readonly ProtocolDetails[] = PROTOCOLS;
  networks: readonly LabNetwork[] = NETWORKS;
  readonly told: string[] = [];
  readonly commands = this;
  readonly configFile = "/etc/bird/a.cfg";
  readonly expressions: BirdView["expressions"] = {
    namedFilter: () => undefined,
    compileFilter: () => ({ ok: false, error: "syntax error" }),
    compileCondition: () => ({ ok: true, value: ACCEPT_ALL }),
    evaluate: (text) => ({ ok: true, value: text === "1/0" ? undefined : text }),
  };
  readonly #disabled = new Set(["Closed"]);
  readonly #listeners = new Set<(line: LogLine) => void>();
  #awaitsConfirmation = false;

  log(line: LogLine): void {
    for (const listener of this.#listeners) listener(line);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  status = (): StatusView => this.statusView;
  protocols = (): readonly ProtocolView[] => this.list;
  interfaces: BirdView["interfaces"] = () => INTERFACES;
  staticRoutes: BirdView["staticRoutes"] = () => STATIC_ROUTES;
  symbols: BirdView["symbols"] = () => SYMBOLS;
  memory: BirdView["memory"] = () => [{ label: "Routing tables:", bytes: 45_000 }];

  watchLog(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  *protocolDetails(names: readonly string[]): Generator<readonly ProtocolDetails[], void> {
    for (const details of this.list) if (names.includes(details.name)) yield [details];
  }

  *routes(query: RouteQuery): Generator<readonly NetworkView[], RoutesEnd> {
    for (const { prefix, paths } of query.table === "master" ? this.networks : []) {
      if (query.network !== undefined && !isAsked(query.network, prefix)) continue;
      const looked = query.onlyBest ? paths.slice(0, 1) : paths;
      const shown = looked.filter((path) => query.protocol === undefined || path.protocol === query.protocol);
      yield [{ prefix, looked: looked.length, shown: shown.length, paths: shown }];
    }
    return "complete";
  }

  checkConfig(file: string): Promise<string | undefined> {
    if (file.endsWith("bad.cfg")) return Promise.resolve(`${file}:1:0 syntax error`);
    return Promise.resolve(file.endsWith("none.cfg") ? `${file}: No such file or directory` : undefined);
  }

  async configure(file: string, mode: string, undoSeconds: number | undefined): Promise<ConfigureResult> {
    this.told.push(`configure ${file} ${mode}`);
    const message = await this.checkConfig(file);
    if (message !== undefined) return { kind: "error", message };
    this.#awaitsConfirmation = undoSeconds !== undefined;
    return { kind: "done" };
  }

  undo = (): Promise<ConfigureResult> => Promise.resolve({ kind: "nothing to do" });

  confirm(): boolean {
    const was = this.#awaitsConfirmation;
    this.#awaitsConfirmation = false;
    return was;
  }

  enable(name: string): "enabled" | "already enabled" {
    return this.#disabled.delete(name) ? "enabled" : "already enabled";
  }

  disable(name: string): "disabled" | "already disabled" {
    if (this.#disabled.has(name)) return "already disabled";
    this.#disabled.add(name);
    return "disabled";
  }

  restart = (name: string): "restarted" | "already disabled" =>
    this.#disabled.has(name) ? "already disabled" : "restarted";

  reload(name: string, direction: string): "reloading" | "reload failed" {
    return direction !== "out" && name === "static1" ? "reload failed" : "reloading";
  }

  debug = (names: readonly string[], flags: readonly string[]): void =>
    void this.told.push(`debug ${names.join()} ${flags.join()}`);
  dump = (what: string): void => void this.told.push(`dump ${what}`);
  shutDown = (): void => void this.told.push("down");
}

/** Enough of a longest match for the laboratory. */
function isAsked({ prefix, match }: NonNullable<RouteQuery["network"]>, network: string): boolean {
  return match === "exact" ? prefix === network : network === "10.40.0.0/24" && prefix === "10.40.0.5/32";
}
