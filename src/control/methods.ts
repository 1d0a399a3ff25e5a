// The methods of the control socket: what each takes, how it is carried out. Parameters are judged here, so that the
// speaker only sees well-formed questions about peers that exist.

import { formatAddress, formatPrefix, parseAddress, parsePrefix, parsePrefixLoosely } from "../base/ip.js";
import type { PeerName, RouteQuery, RouteStage } from "../speaker/snapshot.js";
import type { ControlTarget, RefreshDirection } from "./api-types.js";
import { RequestError } from "./protocol.js";

type Params = Readonly<Record<string, unknown>>;

type Chunks = Iterator<readonly unknown[], unknown, undefined>;

/** What comes of a request: one value, or many items made a chunk at a time. `chunks` are sent as they are made, the items
 *  of a `list` as one value, of `single` only the first one. */
export type Outcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "chunks" | "list" | "single"; readonly chunks: Chunks };

export interface Method {
  /** Written to the log with the caller's credentials. */
  readonly changes: boolean;
  run(target: ControlTarget, params: Params): Outcome | Promise<Outcome>;
}

const REFRESH_DIRECTIONS: readonly RefreshDirection[] = ["in", "out", "both"];
const ROUTE_STAGES: readonly RouteStage[] = ["received", "best", "advertised", "kernel"];
/** RFC 9003 §2: at most 255 octets of UTF-8. */
const MAX_REASON_BYTES = 255;

export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["status", { changes: false, run: (target) => value(status(target)) }],
  ["peers", { changes: false, run: (target) => ({ kind: "list", chunks: target.speaker.peerChunks() }) }],
  [
    "peer",
    {
      changes: false,
      run: (target, params) => ({
        kind: "single",
        chunks: target.speaker.peerChunks(findPeer(target, params).address),
      }),
    },
  ],
  [
    "routes",
    {
      changes: false,
      run: (target, params) => ({ kind: "chunks", chunks: target.speaker.routes(routeQuery(target, params)) }),
    },
  ],
  [
    "countRoutes",
    {
      changes: false,
      run: (target, params) => target.speaker.countingRoutes(routeQuery(target, params)).then(value),
    },
  ],
  ["reload", { changes: true, run: async (target) => value(await target.reload()) }],
  [
    "enablePeer",
    { changes: true, run: (target, params) => onPeer(target, params, (key) => target.speaker.enablePeer(key)) },
  ],
  [
    "disablePeer",
    {
      changes: true,
      run: (target, params) => onPeer(target, params, (key) => target.speaker.disablePeer(key, reason(params))),
    },
  ],
  [
    "resetPeer",
    {
      changes: true,
      run: (target, params) => onPeer(target, params, (key) => target.speaker.resetPeer(key, reason(params))),
    },
  ],
  [
    "refreshPeer",
    {
      changes: true,
      run: (target, params) => onPeer(target, params, (key) => target.speaker.refreshPeer(key, direction(params))),
    },
  ],
  ["drain", { changes: true, run: (target, params) => value(drain(target, params)) }],
  [
    "resetEventLoopDelay",
    {
      changes: true,
      run: (target) => {
        target.resetEventLoopDelay();
        return value({});
      },
    },
  ],
]);

function value(result: unknown): Outcome {
  return { kind: "value", value: result };
}

function status(target: ControlTarget): unknown {
  const lastReload = target.lastReload();
  return {
    ...target.speaker.status(),
    ...(lastReload === undefined ? {} : { lastReload }),
    eventLoopDelay: target.eventLoopDelay(),
  };
}

function onPeer(target: ControlTarget, params: Params, act: (key: string) => void): Outcome {
  const { address, name } = findPeer(target, params);
  act(address);
  return value({ address, name });
}

function drain(target: ControlTarget, params: Params): unknown {
  const { draining, all } = params;
  if (typeof draining !== "boolean") throw new RequestError("bad-params", '"draining" is neither true nor false');
  const peers = all === true ? target.speaker.peerNames() : namedPeers(target, params);
  const addresses = peers.map(({ address }) => address);
  target.speaker.drain(all === true ? "all" : addresses, draining);
  return { peers: addresses, draining };
}

/** All of them are known before anything is done. */
function namedPeers(target: ControlTarget, params: Params): readonly PeerName[] {
  const names = params["peers"];
  if (!Array.isArray(names) || names.length === 0) throw new RequestError("bad-params", '"peers" is no list of peers');
  return names.map((peer: unknown) => findPeer(target, { peer }));
}

function findPeer(target: ControlTarget, params: Params): PeerName {
  const wanted = text(params, "peer");
  if (wanted === undefined) throw new RequestError("bad-params", '"peer" is missing');
  // 2001:DB8:0::1 means 2001:db8::1, the form that is the peer's key.
  const address = parseAddress(wanted);
  const peer = target.speaker.findPeer(address === undefined ? wanted : formatAddress(address));
  if (peer === undefined) throw new RequestError("not-found", `no peer ${quote(wanted)}`);
  return peer;
}

function reason(params: Params): string | undefined {
  const given = text(params, "reason");
  if (given !== undefined && Buffer.byteLength(given) > MAX_REASON_BYTES) {
    throw new RequestError("bad-params", `the reason is longer than ${MAX_REASON_BYTES} octets (RFC 9003)`);
  }
  return given;
}

function direction(params: Params): RefreshDirection {
  return oneOf(params, "direction", REFRESH_DIRECTIONS) ?? "both";
}

function routeQuery(target: ControlTarget, params: Params): RouteQuery {
  const stage = oneOf(params, "stage", ROUTE_STAGES) ?? "best";
  const family = oneOf(params, "family", ["ipv4", "ipv6"] as const);
  const prefix = prefixText(text(params, "prefix"));
  const peer = params["peer"] === undefined ? undefined : findPeer(target, params).address;
  if (stage === "advertised" && peer === undefined) {
    throw new RequestError("bad-params", "advertised routes are those of one peer: say which");
  }
  return {
    stage,
    ...(family === undefined ? {} : { family }),
    ...(peer === undefined ? {} : { peer }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(params["longer"] === true ? { longer: true } : {}),
  };
}

/** Canonical text of a prefix or, for a longest match, of an address. Throws RequestError. */
export function prefixText(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (!given.includes("/")) {
    const address = parseAddress(given);
    if (address === undefined || address.zone !== undefined) throw badPrefix(given, "");
    return formatAddress(address);
  }
  const prefix = parsePrefix(given);
  if (prefix !== undefined) return formatPrefix(prefix);
  const loose = parsePrefixLoosely(given);
  throw badPrefix(given, loose === undefined ? "" : `; did you mean ${formatPrefix(loose)}?`);
}

function badPrefix(given: string, hint: string): RequestError {
  return new RequestError("bad-params", `${quote(given)} is neither a prefix nor an address${hint}`);
}

function text(params: Params, name: string): string | undefined {
  const given = params[name];
  if (given === undefined) return undefined;
  if (typeof given !== "string") throw new RequestError("bad-params", `"${name}" is not a string`);
  return given;
}

function oneOf<T extends string>(params: Params, name: string, allowed: readonly T[]): T | undefined {
  const given = text(params, name);
  if (given === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === given);
  if (found === undefined) throw new RequestError("bad-params", `"${name}" is none of ${allowed.join(", ")}`);
  return found;
}

function quote(given: string): string {
  return JSON.stringify(given.length > 80 ? `${given.slice(0, 80)}…` : given);
}
