// The receiving half of the scripted peers: octets → messages, and what an UPDATE says about each prefix. Small, and none of
// it taken from src/packet, so that a mistake there cannot hide itself.

import { toHex } from "../../src/base/bytes.js";

const HEADER = 19;

export interface ReceivedMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Cuts a stream into messages. */
export class MessageStream {
  #held: Uint8Array = new Uint8Array(0);

  /** The messages that are complete now. */
  push(chunk: Uint8Array): ReceivedMessage[] {
    const bytes = new Uint8Array(this.#held.length + chunk.length);
    bytes.set(this.#held);
    bytes.set(chunk, this.#held.length);
    const messages: ReceivedMessage[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = u16(bytes, at + 16);
      if (length < HEADER || bytes.length - at < length) break;
      messages.push({ type: bytes[at + 18], body: bytes.slice(at + HEADER, at + length) });
      at += length;
    }
    this.#held = bytes.slice(at);
    return messages;
  }
}

/** Attributes by type, values in hexadecimal. */
export type RouteAttributes = ReadonlyMap<number, string>;

export interface UpdateChanges {
  /** NLRI in hexadecimal (length octet and prefix); IPv6 ones behind "6:". */
  readonly withdrawn: readonly string[];
  readonly announced: readonly string[];
  readonly attributes: RouteAttributes;
}

/** What a sound UPDATE changes. Prefixes without path identifiers. */
export function readUpdate(body: Uint8Array): UpdateChanges {
  const withdrawnEnd = 2 + u16(body, 0);
  const attributesEnd = withdrawnEnd + 2 + u16(body, withdrawnEnd);
  const withdrawn = prefixes(body, 2, withdrawnEnd, "");
  const announced = prefixes(body, attributesEnd, body.length, "");
  const attributes = new Map<number, string>();
  for (let at = withdrawnEnd + 2; at < attributesEnd;) {
    const isExtended = (body[at] & 0x10) !== 0;
    const type = body[at + 1];
    const length = isExtended ? u16(body, at + 2) : body[at + 2];
    const valueAt = at + (isExtended ? 4 : 3);
    at = valueAt + length;
    if (type === 14) announced.push(...prefixes(body, valueAt + 5 + body[valueAt + 3], at, family(body, valueAt)));
    else if (type === 15) withdrawn.push(...prefixes(body, valueAt + 3, at, family(body, valueAt)));
    else attributes.set(type, toHex(body.subarray(valueAt, at)));
  }
  return { withdrawn, announced, attributes };
}

function family(bytes: Uint8Array, at: number): string {
  return u16(bytes, at) === 1 ? "" : "6:";
}

function prefixes(bytes: Uint8Array, at: number, end: number, mark: string): string[] {
  const list: string[] = [];
  while (at < end) {
    const next = at + 1 + ((bytes[at] + 7) >> 3);
    list.push(mark + toHex(bytes.subarray(at, next)));
    at = next;
  }
  return list;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
