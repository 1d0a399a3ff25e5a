// A recording BGP client: speaks one session of its own making with each of its reflectors, applies every UPDATE in order,
// and keeps per session what it was told last of each prefix. Who looks on (onChange) is called after every message.
//
// It helps a restarting reflector (RFC 4724 §4.2) if it is told to: routes stay, stale, until End-of-RIB or until time is up.

import type { Alarm, Clock } from "../../src/base/clock.js";
import { MessageStream } from "../vectors/messages.js";
import * as wire from "./stream-message.js";
import type { StreamAnnouncement, StreamPath, StreamUpdate } from "./stream-message.js";

/** One TCP connection as the client sees it. */
export interface StreamWire {
  send(bytes: Uint8Array): void;
  /** Drops the connection; nothing is heard of it any more. */
  close(): void;
  /** Stops or goes on reading. */
  pause(isPaused: boolean): void;
}

export interface WireEvents {
  opened(wire: StreamWire): void;
  received(chunk: Uint8Array): void;
  closed(): void;
}

/** Tries to connect; one of `opened` and `closed` follows. */
export type Dial = (events: WireEvents) => void;

export interface StreamClientOptions {
  readonly name: string;
  readonly as: number;
  /** BGP Identifier and next hop of IPv4 routes. */
  readonly identifier: string;
  readonly nextHop6: string;
  readonly holdTimeSeconds?: number;
  readonly takesPaths?: boolean;
  /** RFC 4724; undefined: no graceful restart. */
  readonly restartTimeSeconds?: number | undefined;
  /** Pause before the next attempt to connect. */
  readonly retryMs?: () => number;
}

export interface ToldPath {
  readonly path: StreamPath;
  isStale: boolean;
}

/** What came since it was last set to 0. */
export interface StreamCounts {
  readonly announced: Map<string, number>;
  readonly withdrawn: Map<string, number>;
  updates: number;
  /** Withdrawals of what the client did not have. */
  idle: number;
}

/** How a client looks at what comes: `update` is undefined where a session went up or down. */
export type OnChange = (session: StreamSession, update: StreamUpdate | undefined) => void;

export class StreamSession {
  readonly client: StreamClient;
  /** Whom it is with. */
  readonly name: string;
  /** By prefix, with ADD-PATH by prefix and path identifier. */
  readonly told = new Map<string, ToldPath>();
  readonly counts: StreamCounts = { announced: new Map(), withdrawn: new Map(), updates: 0, idle: 0 };
  /** Families whose End-of-RIB has come in this session. */
  readonly endOfRib = new Set<number>();
  /** Bodies of UPDATEs as they came, while `isRecording`. */
  readonly record: Uint8Array[] = [];
  isRecording = false;
  isEstablished = false;
  notification: string | undefined;
  /** Sessions that came up. */
  transitions = 0;
  readonly #dial: Dial;
  readonly #clock: Clock;
  #wire: StreamWire | undefined;
  #stream = new MessageStream();
  #offer: wire.RestartOffer | undefined;
  #keepalive: Alarm | undefined;
  #retry: Alarm | undefined;
  #staleUntil: Alarm | undefined;
  #heardAt = 0;
  #attempt = 0;
  #isWanted = false;
  #isPaused = false;

  constructor(client: StreamClient, name: string, dial: Dial, clock: Clock) {
    this.client = client;
    this.name = name;
    this.#dial = dial;
    this.#clock = clock;
  }

  /** It is up, and End-of-RIB has come where one is due. */
  get isSynchronised(): boolean {
    const isTold = this.#offer === undefined || this.client.options.restartTimeSeconds === undefined;
    return this.isEstablished && (isTold || this.endOfRib.size === 2);
  }

  get hasStale(): boolean {
    return this.#staleUntil !== undefined;
  }

  start(): void {
    this.#isWanted = true;
    this.#connect();
  }

  /** The client goes away without a word; `start` brings it back. */
  stop(): void {
    this.#isWanted = false;
    this.#retry?.cancel();
    this.cut();
  }

  /** The connection breaks; the client connects again. */
  cut(): void {
    this.#wire?.close();
    this.#closed();
  }

  /** Stops or goes on reading. A client that does not read does not miss anything either: its hold timer rests. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#wire?.pause(isPaused);
  }

  send(...messages: readonly Uint8Array[]): void {
    if (this.isEstablished) for (const message of messages) this.#wire?.send(message);
  }

  refresh(family: 0 | 1): void {
    this.send(wire.message(wire.ROUTE_REFRESH, [...wire.u16(family + 1), 0, 1]));
  }

  resetCounts(): void {
    this.counts.announced.clear();
    this.counts.withdrawn.clear();
    this.counts.updates = this.counts.idle = 0;
  }

  #connect(): void {
    if (!this.#isWanted) return;
    const attempt = ++this.#attempt;
    // What an earlier connection still says is not of this session.
    const ifCurrent = (run: () => void): void => void (attempt === this.#attempt && run());
    this.#dial({
      opened: (opened) => (attempt === this.#attempt ? this.#opened(opened) : opened.close()),
      received: (chunk) => ifCurrent(() => this.#received(chunk)),
      closed: () => ifCurrent(() => this.#closed()),
    });
  }

  #opened(opened: StreamWire): void {
    this.#wire = opened;
    this.#isPaused = false;
    this.#stream = new MessageStream();
    this.#heardAt = this.#clock.now();
    this.notification = undefined;
    const { as, identifier, holdTimeSeconds, takesPaths, restartTimeSeconds } = this.client.options;
    opened.send(wire.openMessage({ as, identifier, holdTimeSeconds, takesPaths, restartTimeSeconds }));
  }

  #closed(): void {
    const wasEstablished = this.isEstablished;
    this.#attempt++;
    this.#wire = undefined;
    this.isEstablished = false;
    this.#keepalive?.cancel();
    this.endOfRib.clear();
    if (wasEstablished) this.#keepOrDrop();
    this.#retry?.cancel();
    if (this.#isWanted) {
      this.#retry = this.#clock.at(this.#clock.now() + this.client.options.retryMs(), () => this.#connect());
    }
    if (wasEstablished) this.client.onChange(this, undefined);
  }

  #received(chunk: Uint8Array): void {
    this.#heardAt = this.#clock.now();
    for (const { type, body } of this.#stream.push(chunk)) {
      if (type === wire.OPEN) {
        this.#offer = wire.readRestartOffer(body);
        this.#wire?.send(wire.message(wire.KEEPALIVE, []));
      } else if (type === wire.KEEPALIVE) this.#confirmed();
      else if (type === wire.NOTIFICATION) this.notification = `${body[0]}/${body[1]}`;
      else if (type === wire.UPDATE) this.#update(body);
    }
  }

  #confirmed(): void {
    if (this.isEstablished) return;
    this.isEstablished = true;
    this.transitions++;
    // RFC 4724 §4.2: what has not been preserved goes at once.
    for (const family of [0, 1]) if (this.#offer?.preserved[family] !== true) this.#dropStale(family);
    this.#keepAlive();
    this.client.tellTable(this);
    this.client.onChange(this, undefined);
  }

  #keepAlive(): void {
    const { holdTimeSeconds } = this.client.options;
    const isSilent = this.#clock.now() - this.#heardAt > holdTimeSeconds * 1000;
    if (isSilent && !this.#isPaused) return this.cut();
    this.#wire?.send(wire.message(wire.KEEPALIVE, []));
    this.#keepalive = this.#clock.at(this.#clock.now() + (holdTimeSeconds * 1000) / 3, () => this.#keepAlive());
  }

  #update(body: Uint8Array): void {
    if (this.isRecording) this.record.push(body);
    const update = wire.readUpdate(body, this.client.options.takesPaths);
    const { announced, withdrawn } = this.counts;
    this.counts.updates++;
    for (const key of update.withdrawn) {
      if (!this.told.delete(key)) this.counts.idle++;
      withdrawn.set(key, (withdrawn.get(key) ?? 0) + 1);
    }
    for (const key of update.announced) {
      this.told.set(key, { path: update.path, isStale: false });
      announced.set(key, (announced.get(key) ?? 0) + 1);
    }
    if (update.endOfRib !== -1) {
      this.endOfRib.add(update.endOfRib);
      this.#dropStale(update.endOfRib);
      if (this.endOfRib.size === 2) this.#staleOver();
    }
    this.client.onChange(this, update);
  }

  /** RFC 4724 §4.2: the routes stay for the restart time, unless a NOTIFICATION came or they were stale before. */
  #keepOrDrop(): void {
    this.#staleOver();
    const { restartTimeSeconds } = this.client.options;
    for (const [key, told] of this.told) if (told.isStale) this.told.delete(key);
    if (restartTimeSeconds === undefined || this.#offer === undefined || this.notification !== undefined) {
      this.told.clear();
      return;
    }
    for (const told of this.told.values()) told.isStale = true;
    const until = this.#clock.now() + this.#offer.restartTimeSeconds * 1000;
    this.#staleUntil = this.#clock.at(until, () => {
      this.#staleUntil = undefined;
      this.#dropStale(0);
      this.#dropStale(1);
      this.client.onChange(this, undefined);
    });
  }

  #staleOver(): void {
    this.#staleUntil?.cancel();
    this.#staleUntil = undefined;
  }

  #dropStale(family: number): void {
    for (const [key, { isStale }] of this.told) {
      if (isStale && key.includes(":") === (family === 1)) this.told.delete(key);
    }
  }

  /** For people. */
  get label(): string {
    return `${this.client.options.name} with ${this.name}`;
  }
}

export class StreamClient {
  readonly options: Required<StreamClientOptions>;
  readonly sessions: StreamSession[] = [];
  onChange: OnChange = () => undefined;
  /** Its own routes, told to every session as it comes up. */
  readonly #own = new Map<string, StreamAnnouncement>();
  readonly #clock: Clock;

  constructor(options: StreamClientOptions, clock: Clock) {
    this.options = {
      holdTimeSeconds: 90,
      takesPaths: false,
      restartTimeSeconds: undefined,
      retryMs: () => 1000,
      ...options,
    };
    this.#clock = clock;
  }

  /** Adds a session; `name` says with whom. */
  connect(name: string, dial: Dial): StreamSession {
    const session = new StreamSession(this, name, dial, this.#clock);
    this.sessions.push(session);
    session.start();
    return session;
  }

  session(name: string): StreamSession {
    const found = this.sessions.find((session) => session.name === name);
    if (found === undefined) throw new RangeError(`${this.options.name} has no session with ${name}`);
    return found;
  }

  announce(prefixes: readonly string[], changes: Partial<StreamAnnouncement> = {}): void {
    const { identifier, nextHop6 } = this.options;
    const told = { nextHop4: identifier, nextHop6, localPref: 100, ...changes };
    for (const prefix of prefixes) this.#own.set(prefix, { ...told, prefixes: [prefix] });
    for (const session of this.sessions) session.send(...wire.announcement({ ...told, prefixes }));
  }

  withdraw(prefixes: readonly string[]): void {
    for (const prefix of prefixes) this.#own.delete(prefix);
    for (const session of this.sessions) session.send(...wire.withdrawal(prefixes));
  }

  /** The whole of its own table and End-of-RIB. */
  tellTable(session: StreamSession): void {
    session.send(...[...this.#own.values()].flatMap(wire.announcement), ...wire.END_OF_RIB);
  }
}
