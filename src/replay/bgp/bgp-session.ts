// One TCP connection as a BGP session: splits both directions into messages, learns from the OPENs how to read them, and
// tells its observer what was said, what is missing, and when it was over.

import { type Bytes, readU16 } from "../../base/bytes.js";
import { AS_TRANS, ERROR_CODE, errorName, HEADER_ERROR, MESSAGE, messageName } from "../../packet/codes.js";
import { Framer } from "../../packet/framing.js";
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from "../../packet/header.js";
import { notificationText } from "../../packet/notification.js";
import type { OpenMessage } from "../../packet/open.js";
import type { ConnectionObserver, Direction } from "../network/tcp-connections.js";
import type { Endpoint } from "../network/tcp-segment.js";
import type { Stamp, StreamEvent } from "../network/tcp-stream.js";
import {
  type Decoded,
  decodeNotificationMessage,
  decodeOpenMessage,
  decodeRouteRefreshMessage,
  decodeUpdateMessage,
  offersFilters,
} from "./decode-message.js";
import { Interpretation, type InterpretationOverrides } from "./interpretation.js";
import { MessageSplitter, type SplitEvent } from "./message-splitter.js";
import type { ReplayedMessage } from "./replayed-message.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** Something that is no message: octets missing, skipped, cut off. */
export interface SessionNote {
  readonly stamp: Stamp;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly text: string;
}

export interface SessionObserver {
  message(session: BgpSession, direction: Direction, message: ReplayedMessage): void;
  note(note: SessionNote): void;
  /** The session is over: a NOTIFICATION, FIN, RST, or another connection in its place. */
  ended(session: BgpSession, why: string, stamp: Stamp): void;
}

export class BgpSession implements ConnectionObserver {
  /** Direction 0 is from the first to the second. */
  readonly ends: readonly [Endpoint, Endpoint];
  readonly #observer: SessionObserver;
  readonly #splitters: [MessageSplitter | undefined, MessageSplitter | undefined] = [undefined, undefined];
  readonly #interpretations: readonly [Interpretation, Interpretation];
  readonly #opens: [OpenMessage | undefined, OpenMessage | undefined] = [undefined, undefined];
  #isOver = false;

  constructor(from: Endpoint, to: Endpoint, overrides: InterpretationOverrides, observer: SessionObserver) {
    this.ends = [from, to];
    this.#interpretations = [new Interpretation(overrides), new Interpretation(overrides)];
    this.#observer = observer;
  }

  /** The OPEN of the side that sends in this direction, if it was captured. */
  open(direction: Direction): OpenMessage | undefined {
    return this.#opens[direction];
  }

  // ---- ConnectionObserver ----

  stream(direction: Direction, event: StreamEvent, isWhole: boolean): void {
    const splitter = this.#splitters[direction] ?? new MessageSplitter(isWhole);
    this.#splitters[direction] = splitter;
    for (const part of splitter.add(event)) this.#take(direction, part);
  }

  ended(why: string, stamp: Stamp): void {
    this.#end(why, stamp);
  }

  finish(stamp: Stamp): void {
    for (const direction of [0, 1] as const) {
      for (const part of this.#splitters[direction]?.end(stamp) ?? []) this.#take(direction, part);
    }
  }

  #end(why: string, stamp: Stamp): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#observer.ended(this, why, stamp);
  }

  #take(direction: Direction, part: SplitEvent): void {
    switch (part.kind) {
      case "message":
        this.#takeMessage(direction, part.bytes, part.missing, part.stamp);
        return;
      case "gap":
        this.#note(direction, part.stamp, gapText(part.length, part.isCut));
        return;
      case "skipped":
        this.#note(direction, part.stamp, skippedText(part.length, part.isExpected));
    }
  }

  #note(direction: Direction, stamp: Stamp, text: string): void {
    this.#observer.note({ stamp, ...this.#way(direction), text });
  }

  #way(direction: Direction): { readonly from: Endpoint; readonly to: Endpoint } {
    const [first, second] = this.ends;
    return direction === 0 ? { from: first, to: second } : { from: second, to: first };
  }

  #takeMessage(direction: Direction, bytes: Bytes, missing: number, stamp: Stamp): void {
    const { content, verdict } = missing > 0 ? cutShort(missing) : this.#decode(direction, bytes);
    const message: ReplayedMessage = {
      stamp,
      ...this.#way(direction),
      type: messageName(bytes[HEADER_LENGTH - 1]),
      length: readU16(bytes, 16),
      content,
      verdict,
      bytes,
    };
    this.#observer.message(this, direction, message);
    if (content.kind === "NOTIFICATION") this.#end(`NOTIFICATION ${notificationText(content.notification)}`, stamp);
  }

  #decode(direction: Direction, bytes: Bytes): Decoded {
    const header = this.#judgeHeader(direction, bytes);
    if (header !== undefined && !hasReadableBody(header)) return { content: { kind: "opaque" }, verdict: header };
    const { content, verdict } = this.#decodeBody(direction, bytes);
    return { content, verdict: header ?? verdict };
  }

  // RFC 4271 §6.1, by the daemon's own framing.
  #judgeHeader(direction: Direction, bytes: Bytes): Verdict | undefined {
    const framer = new Framer();
    const isLong = this.#interpretations[direction].extendedMessage ?? true;
    framer.maxLength = isLong ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
    return verdictOf(() => {
      framer.push(bytes);
      framer.next();
    });
  }

  #decodeBody(direction: Direction, bytes: Bytes): Decoded {
    switch (bytes[HEADER_LENGTH - 1]) {
      case MESSAGE.OPEN:
        return this.#decodeOpen(direction, bytes);
      case MESSAGE.UPDATE: {
        const context = this.#interpretations[direction].contextFor(bytes, HEADER_LENGTH, bytes.length);
        return decodeUpdateMessage(bytes, context, this.isExternal);
      }
      case MESSAGE.NOTIFICATION:
        return decodeNotificationMessage(bytes);
      case MESSAGE.KEEPALIVE:
        return { content: { kind: "KEEPALIVE" }, verdict: undefined };
      case MESSAGE.ROUTE_REFRESH: {
        const receiver = this.#opens[direction === 0 ? 1 : 0];
        return decodeRouteRefreshMessage(bytes, receiver === undefined || offersFilters(receiver));
      }
      default:
        return { content: { kind: "opaque" }, verdict: undefined };
    }
  }

  #decodeOpen(direction: Direction, bytes: Bytes): Decoded {
    const decoded = decodeOpenMessage(bytes);
    if (decoded.verdict !== undefined || decoded.content.kind !== "OPEN") return decoded;
    const open = decoded.content.open as OpenMessage;
    this.#opens[direction] = open;
    this.#interpretations[direction].senderOpened(open);
    this.#interpretations[direction === 0 ? 1 : 0].receiverOpened(open);
    return decoded;
  }

  /** The two sides are of different ASes; false where an OPEN is missing. */
  get isExternal(): boolean {
    const [one, other] = this.#opens.map(asOf);
    return one !== undefined && other !== undefined && one !== other;
  }
}

/** The AS number an OPEN names; undefined where there is none, or AS_TRANS only. */
export function asOf(open: OpenMessage | undefined): number | undefined {
  if (open === undefined) return undefined;
  const as = open.capabilities.fourOctetAs ?? open.myAs;
  return as === AS_TRANS ? undefined : as;
}

// A message that is merely too long can be read.
function hasReadableBody({ notification }: Verdict): boolean {
  return notification?.subcode === HEADER_ERROR.BAD_MESSAGE_LENGTH;
}

function cutShort(missing: number): Decoded {
  const error = `${octets(missing)} of this message ${missing === 1 ? "is" : "are"} not in the capture`;
  return { content: { kind: "opaque" }, verdict: { error, reaction: "none" } };
}

function gapText(length: number, isCut: boolean): string {
  return isCut
    ? `${octets(length)} missing: the capture cut packets short (snapshot length)`
    : `${octets(length)} missing in the capture`;
}

function skippedText(length: number, isExpected: boolean): string {
  if (isExpected) return `${octets(length)} skipped up to the next message header`;
  const { MESSAGE_HEADER } = ERROR_CODE;
  const name = errorName(MESSAGE_HEADER, HEADER_ERROR.CONNECTION_NOT_SYNCHRONIZED);
  return `${octets(length)} that are no BGP message: session reset ${MESSAGE_HEADER}/${HEADER_ERROR.CONNECTION_NOT_SYNCHRONIZED} ${name}`;
}

function octets(count: number): string {
  return `${count} octet${count === 1 ? "" : "s"}`;
}
