// One peer of the soak: a session that can be kept, broken in many ways and made again. It counts every session that ends
// without its doing, and remembers what it was told.

import { connect, type Socket } from "node:net";
import { ReceivedView } from "./received-view.js";
import { DAEMON_ADDRESS, type PeerPlan, type Universe } from "./universe.js";
import { CEASE, endOfRib, HEADER, KEEPALIVE, MARKER, openMessage, readUpdate, refreshRequest, TYPE } from "./wire.js";

export const HOLD_TIME_SECONDS = 15;
/** A peer that takes nothing for so long is dropped; RFC 9687: not less than the hold time. */
export const SEND_HOLD_SECONDS = 20;
/** RFC 9687 §4. */
const SEND_HOLD_EXPIRED = "NOTIFICATION 8/";
const KEEPALIVE_MS = 4000;
/** So long after it was deaf a peer may still read what was sent before. */
const CATCHING_UP_MS = 5000;
/** More octets than that wait for the daemon: nothing is added. */
const MOST_WAITING = 256 * 1024;

/** How a session is ended on purpose. */
export const DEATHS = ["reset", "close", "cease", "half a message"] as const;
export type Death = (typeof DEATHS)[number];

/** How a session ended: we wished it; it never came up; the daemon had every right, because the peer was silent or deaf; or
 *  it was lost. */
export type Ending = "wished" | "refused" | "cut off" | "lost";

export interface PeerEvents {
  /** The session is up. */
  readonly up: (peer: SoakPeer) => void;
  /** The session is over; `why` in words. */
  readonly down: (peer: SoakPeer, ending: Ending, why: string) => void;
  /** It was told something that cannot be. */
  readonly fault: (text: string) => void;
}

export class SoakPeer {
  readonly plan: PeerPlan;
  readonly view: ReceivedView;
  readonly #universe: Universe;
  readonly #port: number;
  readonly #events: PeerEvents;
  #socket: Socket | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #isUp = false;
  #isSilent = false;
  #isSlow = false;
  #isDying = false;
  /** How long it did not read when it did so last; told apart from a peer that is deaf for no reason. */
  #slowMs = 0;
  #slowSinceMs = 0;
  #readsSinceMs = 0;
  #notification: string | undefined;
  #lastSentMs = 0;
  #lastHeardMs = 0;

  constructor(plan: PeerPlan, universe: Universe, port: number, events: PeerEvents) {
    this.plan = plan;
    this.#universe = universe;
    this.#port = port;
    this.#events = events;
    this.view = new ReceivedView(universe.ipv4);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** No connection, and none under way. */
  get isDown(): boolean {
    return this.#socket === undefined;
  }

  /** Up, reads and talks. */
  get isHealthy(): boolean {
    return this.#isUp && !this.#isSilent && !this.#isSlow;
  }

  get isSlow(): boolean {
    return this.#isSlow;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** May be given more to say. */
  get canTalk(): boolean {
    return this.#isUp && !this.#isSilent && (this.#socket?.writableLength ?? 0) < MOST_WAITING;
  }

  connect(): void {
    if (this.#socket !== undefined) return;
    this.view.clear();
    this.#rest = Buffer.alloc(0);
    this.#isUp = this.#isSilent = this.#isSlow = this.#isDying = false;
    this.#notification = undefined;
    this.#slowMs = 0;
    const socket = connect({ host: DAEMON_ADDRESS, port: this.#port, localAddress: this.plan.address });
    socket.setNoDelay(true);
    this.#socket = socket;
    let failure: string | undefined;
    socket.on("connect", () => this.send(openMessage(this.plan, HOLD_TIME_SECONDS)));
    socket.on("data", (chunk: Buffer) => this.#received(socket, chunk));
    socket.on("error", (error) => {
      failure = error.message;
      socket.destroy();
    });
    socket.on("close", () => this.#closed(socket, failure));
  }

  send(octets: Buffer): void {
    if (this.#socket?.writable !== true) return;
    this.#lastSentMs = performance.now();
    this.#socket.write(octets);
  }

  sendEndOfRib(): void {
    this.send(endOfRib(0));
    if (this.plan.speaksIpv6) this.send(endOfRib(1));
  }

  askRefresh(family: 0 | 1): void {
    this.send(refreshRequest(family));
  }

  die(death: Death): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#isDying = true;
    this.#isUp = false;
    switch (death) {
      case "reset":
        socket.resetAndDestroy();
        return;
      case "close":
        // Unread octets would make it a reset.
        socket.resume();
        socket.end();
        return;
      case "cease":
        socket.end(CEASE);
        return;
      case "half a message":
        socket.write(KEEPALIVE.subarray(0, 7));
        socket.end();
        return;
    }
  }

  /** Neither reads nor talks: the hold timer must end the session. */
  fallSilent(): void {
    this.#isSilent = true;
    this.#socket?.pause();
  }

  /** Listens again, still without a word: what it hears is that its session is over. */
  listen(): void {
    this.#socket?.resume();
  }

  /** Talks on, but reads nothing: at last the send hold timer must end the session. */
  stopReading(): void {
    this.#isSlow = true;
    this.#slowSinceMs = performance.now();
    this.#socket?.pause();
  }

  readAgain(): void {
    this.#isSlow = false;
    this.#readsSinceMs = performance.now();
    this.#slowMs = this.#readsSinceMs - this.#slowSinceMs;
    this.#socket?.resume();
  }

  /** Keeps the session alive. Says so when the daemon does not. */
  tick(nowMs: number): void {
    if (!this.#isUp || this.#isSilent) return;
    if (nowMs - this.#lastSentMs > KEEPALIVE_MS) this.send(KEEPALIVE);
    if (this.#isSlow || nowMs - this.#lastHeardMs < HOLD_TIME_SECONDS * 1000) return;
    this.#events.fault(`peer ${this.plan.number} has heard nothing for ${HOLD_TIME_SECONDS} s`);
    this.#lastHeardMs = nowMs;
  }

  #closed(socket: Socket, failure: string | undefined): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const ending = this.#ending();
    this.#isUp = this.#isSilent = this.#isSlow = false;
    this.#events.down(this, ending, this.#notification ?? failure ?? "closed without a word");
  }

  #ending(): Ending {
    if (this.#isDying) return "wished";
    if (!this.#isUp) return "refused";
    if (this.#isSilent || this.#isSlow) return "cut off";
    return this.#wasDeaf && this.#endsForDeafness ? "cut off" : "lost";
  }

  /** It may learn of its end only when it reads again. */
  get #wasDeaf(): boolean {
    return this.#slowMs >= SEND_HOLD_SECONDS * 1000;
  }

  /** The daemon said so; or could not, because the connection took nothing any more, and this is the moment of reading on. */
  get #endsForDeafness(): boolean {
    if (this.#notification !== undefined) return this.#notification.startsWith(SEND_HOLD_EXPIRED);
    return performance.now() - this.#readsSinceMs < CATCHING_UP_MS;
  }

  #received(socket: Socket, chunk: Buffer): void {
    if (this.#socket !== socket || this.#isDying) return;
    this.#lastHeardMs = performance.now();
    const octets = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (octets.length - at >= HEADER) {
      const length = octets.readUInt16BE(at + 16);
      if (octets.length - at < length) break;
      this.#message(octets[at + 18], octets.subarray(at + HEADER, at + length));
      at += length;
    }
    this.#rest = octets.subarray(at);
  }

  #message(type: number, body: Buffer): void {
    switch (type) {
      case TYPE.open:
        this.send(KEEPALIVE);
        return;
      case TYPE.keepalive:
        if (this.#isUp) return;
        this.#isUp = true;
        this.#events.up(this);
        return;
      case TYPE.notification:
        this.#notification = `NOTIFICATION ${body[0]}/${body[1]} ${body.toString("latin1", 2)}`;
        return;
      case TYPE.routeRefresh:
        this.#marker(body[1] === 1 ? 0 : 1, body[2]);
        return;
      case TYPE.update:
        this.#update(body);
    }
  }

  #marker(family: 0 | 1, subtype: number): void {
    if (subtype === MARKER.beginning) this.view.refreshBegan(family);
    if (subtype === MARKER.end) this.view.refreshEnded(family);
  }

  #update(body: Buffer): void {
    try {
      readUpdate(body, { universe: this.#universe, hasPathIds: this.plan.kind === "addPath" }, this.view);
    } catch (error) {
      this.#events.fault(`peer ${this.plan.number}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
