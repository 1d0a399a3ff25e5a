// The peers that drive vectors: an observer, which keeps what the speaker under test announces, and one peer per vector,
// which brings its session into the wanted state, sends, and notes what comes of it. Both know neither sockets nor timers.
//
// After its vector a peer announces one more prefix and, when the observer has it, withdraws that: when the observer has
// heard of this too, everything that the vector has caused was told before.

import { fromHex, toHex } from "../../src/base/bytes.js";
import { MessageStream, readUpdate, type ReceivedMessage, type RouteAttributes } from "./messages.js";
import { fill, OUR_AS, PEER_AS, type Place, type SessionKind, type Vector } from "./vector.js";
import * as wire from "./wire.js";

/** A connection as the scripts see it. */
export interface Wire {
  send(bytes: Uint8Array): void;
  close(): void;
  /** Calls back when `ms` have passed. */
  later(ms: number, callback: () => void): void;
}

/** What became of a vector. */
export type Reaction =
  | { readonly is: "notification"; readonly code: number; readonly subcode: number; readonly data: string }
  | { readonly is: "closed" }
  /** The session lives; what the observer has of the vector's prefixes then. */
  | {
      readonly is: "alive";
      readonly isEstablished: boolean;
      readonly p4: RouteAttributes | undefined;
      readonly p6: RouteAttributes | undefined;
    };

const ESTABLISHED = { is: "alive", isEstablished: true } as const;

const OPEN = 1;
const UPDATE = 2;
const NOTIFICATION = 3;
const KEEPALIVE = 4;
/** Long enough for an answer to come before the connection is used further. */
const ANSWER_MS = 150;
/** After this the speaker will not answer any more. */
const SILENCE_MS = 4000;
const KEEPALIVE_MS = 20_000;
const OBSERVER_ID = "0afffffe";

/** Keeps the routes it is told. An internal peer, and a client where the speaker reflects. */
export class Observer {
  readonly #wire: Wire;
  readonly #stream = new MessageStream();
  readonly #routes = new Map<string, RouteAttributes>();
  readonly #waiting = new Set<() => void>();
  isEstablished = false;
  /** Why the session ended, if it did. */
  failure: string | undefined;

  constructor(transport: Wire) {
    this.#wire = transport;
  }

  /** The route of an NLRI of the vectors' form; undefined: none. */
  route(nlri: string): RouteAttributes | undefined {
    return this.#routes.get(nlri.startsWith("30") ? `6:${nlri}` : nlri);
  }

  /** Calls back after every UPDATE until `test` is true. */
  when(test: () => boolean, callback: () => void): void {
    if (test()) return callback();
    const probe = (): void => {
      if (!test()) return;
      this.#waiting.delete(probe);
      callback();
    };
    this.#waiting.add(probe);
  }

  onBytes(chunk: Uint8Array): void {
    for (const message of this.#stream.push(chunk)) this.#take(message);
  }

  onClosed(): void {
    this.failure ??= "the observer's connection was closed";
  }

  #take({ type, body }: ReceivedMessage): void {
    if (type === OPEN) {
      const { MP_IPV4, MP_IPV6, EXTENDED_MESSAGE, EXTENDED_NEXT_HOP } = wire;
      const as4 = wire.fourOctetAs(OUR_AS);
      const parameters = wire.capabilities(MP_IPV4, MP_IPV6, as4, EXTENDED_MESSAGE, EXTENDED_NEXT_HOP);
      this.#wire.send(fromHex(wire.open({ as: OUR_AS, id: OBSERVER_ID, parameters })));
      this.#wire.send(fromHex(wire.KEEPALIVE));
    } else if (type === KEEPALIVE && !this.isEstablished) {
      this.isEstablished = true;
      this.#keepAlive();
    } else if (type === NOTIFICATION) this.failure = `the observer got NOTIFICATION ${toHex(body)}`;
    else if (type === UPDATE) this.#update(body);
  }

  #update(body: Uint8Array): void {
    const { withdrawn, announced, attributes } = readUpdate(body);
    for (const prefix of withdrawn) this.#routes.delete(prefix);
    for (const prefix of announced) this.#routes.set(prefix, attributes);
    for (const probe of [...this.#waiting]) probe();
  }

  #keepAlive(): void {
    this.#wire.later(KEEPALIVE_MS, () => {
      this.#wire.send(fromHex(wire.KEEPALIVE));
      this.#keepAlive();
    });
  }
}

/** The usual OPEN of a session of this kind. */
function usualOpen(session: SessionKind): string {
  const as = session.kind === "ebgp" ? PEER_AS : OUR_AS;
  const parameters = wire.capabilities(
    wire.MP_IPV4,
    wire.MP_IPV6,
    wire.ROUTE_REFRESH,
    wire.ENHANCED_REFRESH,
    session.as4 ? wire.fourOctetAs(as) : "",
    session.extended ? wire.EXTENDED_MESSAGE : "",
    session.addPath ? wire.ADD_PATH : "",
    session.extendedNextHop ? wire.EXTENDED_NEXT_HOP : "",
  );
  return wire.open({ as, parameters });
}

/** What an IPv6 route is for a speaker of IPv4 alone: never touched. */
const UNTOUCHED: RouteAttributes = new Map([[1, "02"]]);

/** Drives one vector. Tells the reaction once. With `hasIpv6` false only the IPv4 route is waited for. */
export class VectorPeer {
  readonly vector: Vector;
  readonly place: Place;
  readonly #hasIpv6: boolean;
  readonly #wire: Wire;
  readonly #observer: Observer;
  readonly #done: (reaction: Reaction) => void;
  readonly #stream = new MessageStream();
  /** How far it got, for people who look for a vector that hangs. */
  stage = "waiting for the OPEN";
  #isOver = false;

  constructor(
    vector: Vector,
    place: Place,
    transport: Wire,
    observer: Observer,
    done: (reaction: Reaction) => void,
    hasIpv6 = true,
  ) {
    this.#hasIpv6 = hasIpv6;
    this.vector = vector;
    this.place = place;
    this.#wire = transport;
    this.#observer = observer;
    this.#done = done;
  }

  onBytes(chunk: Uint8Array): void {
    for (const message of this.#stream.push(chunk)) this.#take(message);
  }

  onClosed(): void {
    this.#finish({ is: "closed" });
  }

  #take({ type, body }: ReceivedMessage): void {
    if (type === NOTIFICATION) {
      this.#finish({ is: "notification", code: body[0], subcode: body[1], data: toHex(body.subarray(2)) });
    } else if (type === OPEN && this.stage === "waiting for the OPEN") this.#opened();
    else if (type === KEEPALIVE && this.stage === "waiting for the KEEPALIVE") this.#confirmed();
    else if (type === KEEPALIVE && this.stage === "sent in OpenSent") this.#accepted();
  }

  #send(text: string): void {
    this.#wire.send(fill(text, this.place));
  }

  #sendAndWait(text: string): void {
    this.#send(text);
    const { stage } = this;
    this.#wire.later(SILENCE_MS, () => {
      if (this.stage === stage) this.#finish({ is: "alive", isEstablished: false, p4: undefined, p6: undefined });
    });
  }

  #opened(): void {
    const { phase, open, session, send } = this.vector;
    if (phase === "openSent") {
      this.stage = "sent in OpenSent";
      return this.#sendAndWait(send);
    }
    this.stage = "waiting for the KEEPALIVE";
    this.#send(open ?? usualOpen(session));
  }

  /** The OPEN that was the vector is answered with KEEPALIVE. */
  #accepted(): void {
    this.stage = "established by its own OPEN";
    this.#send(wire.KEEPALIVE);
    this.#wire.later(2 * ANSWER_MS, () => this.#finish({ ...ESTABLISHED, p4: undefined, p6: undefined }));
  }

  #confirmed(): void {
    if (this.vector.phase === "openConfirm") {
      this.stage = "sent in OpenConfirm";
      return this.#sendAndWait(this.vector.send);
    }
    this.stage = "announcing";
    this.#send(wire.KEEPALIVE);
    const { p4, p6 } = this.place;
    this.#send(this.#plainRoute("<p4>"));
    const localPref = this.vector.session.kind === "ibgp" ? wire.LOCAL_PREF : "";
    this.#send(wire.update({ attributes: `${wire.reach()}${wire.OLD_ORIGIN}${this.#path()}${localPref}` }));
    this.#observer.when(
      () => this.#observer.route(p4) !== undefined && this.#routeV6(p6) !== undefined,
      () => this.#announced(),
    );
  }

  #announced(): void {
    this.stage = "sent in Established";
    this.#send(this.vector.send);
    this.#wire.later(ANSWER_MS, () => this.#fence());
  }

  #fence(): void {
    if (this.#isOver) return;
    this.stage = "waiting for the fence";
    const { q4 } = this.place;
    this.#send(this.#plainRoute("<q4>"));
    this.#observer.when(
      () => this.#observer.route(q4) !== undefined,
      () => {
        this.stage = "waiting for the end of the fence";
        this.#send(wire.update({ withdrawn: this.#nlri("<q4>") }));
        this.#observer.when(
          () => this.#observer.route(q4) === undefined,
          () => this.#survived(),
        );
      },
    );
  }

  #survived(): void {
    const { p4, p6 } = this.place;
    this.#finish({ ...ESTABLISHED, p4: this.#observer.route(p4), p6: this.#routeV6(p6) });
  }

  #routeV6(p6: string): RouteAttributes | undefined {
    return this.#hasIpv6 ? this.#observer.route(p6) : UNTOUCHED;
  }

  #path(): string {
    return this.vector.session.as4 ? wire.AS_PATH : wire.AS_PATH_2;
  }

  #nlri(token: string): string {
    return this.vector.session.addPath ? `00000001${token}` : token;
  }

  #plainRoute(token: string): string {
    const localPref = this.vector.session.kind === "ibgp" ? wire.LOCAL_PREF : "";
    const attributes = `${wire.OLD_ORIGIN}${this.#path()}${wire.NEXT_HOP}${localPref}`;
    return wire.update({ attributes, nlri: this.#nlri(token) });
  }

  #finish(reaction: Reaction): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stage = "over";
    this.#wire.close();
    this.#done(reaction);
  }
}
