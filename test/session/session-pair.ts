// Two PeerSessions joined by a memory network and a hand-driven clock, with handlers that write down what they are told.

import { SILENT_LOG } from "../../src/base/log.js";
import type { Family } from "../../src/base/family.js";
import { toHex } from "../../src/base/bytes.js";
import type { GracefulRestart } from "../../src/packet/capabilities.js";
import type { Negotiated } from "../../src/session/negotiate.js";
import { PeerSession } from "../../src/session/peer-session.js";
import type { DownReason, SessionHandler } from "../../src/session/ports.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { FakeClock } from "../support/fake-clock.js";
import { address, type MemoryHost, MemoryNetwork } from "../support/memory-network.js";

export const A = "10.0.0.1";
export const B = "10.0.0.2";

export const GRACEFUL: GracefulRestart = {
  restarting: false,
  notification: true,
  restartTimeSeconds: 120,
  families: [{ family: 0, forwardingPreserved: true }],
};

/** Options of A's session with B; `changes` wins. */
export function optionsFor(local: string, remote: string, changes: Partial<SessionOptions> = {}): SessionOptions {
  return {
    remoteAddress: address(remote),
    remotePort: 179,
    localAddress: address(local),
    localAs: 65001,
    peerAsNumbers: [65001],
    routerId: local === A ? 0x0a000001 : 0x0a000002,
    families: [0, 1],
    holdTimeSeconds: 90,
    keepaliveSeconds: 0,
    connectRetrySeconds: 120,
    idleHoldSeconds: [4, 60],
    birdWaits: undefined,
    delayOpenSeconds: 0,
    sendHoldSeconds: undefined,
    role: undefined,
    roleStrict: false,
    passive: false,
    ttl: 64,
    minTtl: undefined,
    md5Key: undefined,
    device: undefined,
    addPathReceive: false,
    addPathSend: false,
    extendedMessage: true,
    extendedNextHop: false,
    birdCapabilities: false,
    fixedKeepalive: false,
    refusesSilently: false,
    gracefulRestart: () => undefined,
    ...changes,
  };
}

export class Recorder implements SessionHandler {
  readonly events: string[] = [];
  readonly downs: DownReason[] = [];
  /** Called for each UPDATE body; may throw. */
  onUpdate: (body: string) => void = () => undefined;
  onDown: () => void = () => undefined;
  turns = 0;
  changes = 0;

  established(negotiated: Negotiated): void {
    this.events.push(`established ${negotiated.peerAs}`);
  }
  update(bytes: Uint8Array, start: number, end: number): void {
    const body = toHex(bytes, start, end);
    this.events.push(`update ${body}`);
    this.onUpdate(body);
  }
  refresh(family: Family, subtype: number): void {
    this.events.push(`refresh ${family} ${subtype}`);
  }
  turnEnded(): void {
    this.turns++;
  }
  writable(): void {
    this.events.push("writable");
  }
  down(reason: DownReason): void {
    this.downs.push(reason);
    this.events.push(`down ${reason.text}`);
    this.onDown();
  }
  stateChanged(): void {
    this.changes++;
  }
}

export interface Side {
  readonly session: PeerSession;
  readonly handler: Recorder;
  readonly host: MemoryHost;
}

export interface Pair {
  readonly clock: FakeClock;
  readonly network: MemoryNetwork;
  readonly a: Side;
  readonly b: Side;
}

export interface PairOptions {
  readonly a?: Partial<SessionOptions>;
  readonly b?: Partial<SessionOptions>;
  /** Gives the jitter: 1 − ε by default, so that timers last as configured. */
  readonly random?: () => number;
}

/** Nothing is started yet; both hosts listen. */
export function makePair({ a = {}, b = {}, random = () => 1 - Number.EPSILON }: PairOptions = {}): Pair {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  return { clock, network, a: makeSide(network, A, B, a, random), b: makeSide(network, B, A, b, random) };
}

function makeSide(
  network: MemoryNetwork,
  local: string,
  remote: string,
  changes: Partial<SessionOptions>,
  random: () => number,
): Side {
  const host = network.host(local);
  const handler = new Recorder();
  const session = new PeerSession(optionsFor(local, remote, changes), {
    clock: network.clock,
    transport: host,
    log: SILENT_LOG,
    handler,
    random,
  });
  host.listenNow({ address: address("0.0.0.0"), port: 179 }, (connection) => session.accept(connection));
  return { session, handler, host };
}

/** Both started, A by itself first; settled. */
export function establishedPair(options: PairOptions = {}): Pair {
  const pair = makePair(options);
  pair.b.session.start();
  pair.a.session.start();
  pair.clock.settle();
  return pair;
}
