// The table that one side of a session would hold of what the other side told it: an Adj-RIB-In, made by the daemon's own
// RIB, so that malformed messages, AS4_PATH, path identifiers and loops are treated as it treats them.

import type { Clock } from "../base/clock.js";
import type { Family } from "../base/family.js";
import { parseAddress } from "../base/ip.js";
import { HEADER_LENGTH } from "../packet/header.js";
import { NotificationError } from "../packet/notification.js";
import { ALWAYS_REACHABLE } from "../rib/next-hop-table.js";
import { Rib } from "../rib/rib.js";
import { RELATION, type Source } from "../rib/sources.js";
import { countRoutes, routeChunks, type RouteSources } from "../speaker/route-views.js";
import type { KernelRouteView, RouteView } from "../speaker/snapshot.js";
import { asOf, type BgpSession } from "./bgp/bgp-session.js";
import type { ReplayedMessage } from "./bgp/replayed-message.js";
import type { Direction } from "./network/tcp-connections.js";
import type { Endpoint } from "./network/tcp-segment.js";
import type { Stamp } from "./network/tcp-stream.js";

const FAMILIES_OF_ALL: readonly Family[] = [0, 1];
/** A capture may hold thousands of sessions with few routes each. */
const RESERVED_PREFIXES = 16;

/** A RIB with one source. */
interface Held {
  readonly rib: Rib;
  readonly source: Source;
}

export class ReceiverTable {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly #clock: Clock;
  readonly #session: BgpSession;
  readonly #direction: Direction;
  /** Made for the first route: captures hold many sessions that never announce anything. */
  #held: Held | undefined;
  /** Why the session is over, and since when: then the receiver has dropped the routes, which are shown as they were. */
  end: { readonly why: string; readonly stamp: Stamp } | undefined;

  constructor(session: BgpSession, direction: Direction, clock: Clock) {
    const [from, to] = direction === 0 ? session.ends : [session.ends[1], session.ends[0]];
    this.from = from;
    this.to = to;
    this.#clock = clock;
    this.#session = session;
    this.#direction = direction;
  }

  /** Takes in an UPDATE. One that resets the session changes nothing: its verdict was told with the message. */
  receive({ content, bytes }: ReplayedMessage): void {
    if (content.kind !== "UPDATE") return;
    if (this.#held === undefined && content.announce.length === 0) return;
    this.#held ??= this.#begin();
    const { rib, source } = this.#held;
    const context = { ...content.context, families: FAMILIES_OF_ALL };
    try {
      rib.receive(source, bytes, HEADER_LENGTH, bytes.length, context);
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
    }
  }

  get count(): number {
    return this.#held === undefined ? 0 : countRoutes({ stage: "received" }, this.#sources(this.#held));
  }

  /** The routes in chunks; each is valid until the table changes. */
  *routes(): Generator<readonly RouteView[]> {
    if (this.#held === undefined) return;
    for (const chunk of routeChunks({ stage: "received" }, this.#sources(this.#held))) {
      yield (chunk as readonly (RouteView | KernelRouteView)[]).filter((row): row is RouteView => "pathId" in row);
    }
  }

  #sources({ rib }: Held): RouteSources {
    return { rib, fib: undefined, findPeer: () => undefined, clock: this.#clock };
  }

  // What the receiver is follows from the OPENs, as far as they were captured.
  #begin(): Held {
    const receiver = this.#session.open(this.#direction === 0 ? 1 : 0);
    const routerId = receiver?.bgpIdentifier ?? 0;
    const rib = new Rib(this.#clock, { routerId, clusterId: routerId }, RESERVED_PREFIXES);
    rib.nextHops.reresolve(ALWAYS_REACHABLE);
    const options = {
      kind: "bgp" as const,
      name: this.from.address,
      relation: this.#session.isExternal ? RELATION.ebgp : RELATION.ibgpNonClient,
      localAs: asOf(receiver) ?? 0,
      peer: undefined,
      address: parseAddress(this.from.address)?.bytes,
    };
    const source = rib.addSource(options);
    rib.sources.describe(source, options, this.#session.open(this.#direction)?.bgpIdentifier ?? 0);
    return { rib, source };
  }
}

/** The tables of all sessions of a capture. */
export class ReceiverTables {
  readonly #clock: Clock;
  readonly #tables = new Map<BgpSession, [ReceiverTable | undefined, ReceiverTable | undefined]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  receive(session: BgpSession, direction: Direction, message: ReplayedMessage): void {
    const { content } = message;
    if (content.kind !== "UPDATE") return;
    const pair = this.#tables.get(session) ?? this.#begin(session);
    const table = pair[direction] ?? new ReceiverTable(session, direction, this.#clock);
    pair[direction] = table;
    // Whoever goes on talking was not at an end.
    table.end = undefined;
    table.receive(message);
  }

  ended(session: BgpSession, why: string, stamp: Stamp): void {
    for (const table of this.#tables.get(session) ?? []) if (table !== undefined) table.end = { why, stamp };
  }

  /** In order of the first UPDATE. */
  *[Symbol.iterator](): Generator<ReceiverTable> {
    for (const pair of this.#tables.values()) for (const table of pair) if (table !== undefined) yield table;
  }

  // A new session between two routers takes the place of the one that ended: its routes have no room beside it.
  #begin(session: BgpSession): [ReceiverTable | undefined, ReceiverTable | undefined] {
    for (const [earlier, pair] of this.#tables) {
      const isOver = pair.every((table) => table === undefined || table.end !== undefined);
      if (isOver && joinsSameRouters(earlier, session)) this.#tables.delete(earlier);
    }
    const pair: [ReceiverTable | undefined, ReceiverTable | undefined] = [undefined, undefined];
    this.#tables.set(session, pair);
    return pair;
  }
}

function joinsSameRouters(one: BgpSession, other: BgpSession): boolean {
  const addresses = ({ ends }: BgpSession): string => [ends[0].address, ends[1].address].sort().join(" ");
  return addresses(one) === addresses(other);
}
