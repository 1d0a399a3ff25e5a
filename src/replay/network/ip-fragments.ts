// Fragments put together again (RFC 791 §3.2, RFC 8200 §4.5, RFC 5722: overlapping ones make the packet worthless).
//
// Only as many unfinished packets are kept as a capture of routers can need: the oldest gives way.

import { type Bytes, toHex } from "../../base/bytes.js";
import type { IpPacket } from "./ip-packet.js";

const MOST_UNFINISHED = 64;
const MAX_PAYLOAD = 65535;

interface Unfinished {
  readonly first: IpPacket;
  readonly parts: { readonly offset: number; readonly bytes: Bytes }[];
  /** Known from the last fragment. */
  length: number | undefined;
}

export class IpFragments {
  readonly #unfinished = new Map<string, Unfinished>();
  /** Packets that were given up: cut by the snapshot length, overlapping, or never finished. */
  lost = 0;

  /** Takes a packet; gives it back if it is whole, the whole one if this was the missing fragment, else undefined. */
  add(packet: IpPacket): IpPacket | undefined {
    const { fragment } = packet;
    if (fragment === undefined) return packet;
    const key = `${toHex(packet.source)} ${toHex(packet.destination)} ${fragment.id}`;
    const known = this.#unfinished.get(key) ?? this.#begin(key, packet);
    const { offset, isLast } = fragment;
    const end = offset + packet.payloadLength;
    const isSame = known.parts.some((part) => part.offset === offset && part.bytes.length === packet.payload.length);
    if (isSame) return undefined;
    const overlaps = known.parts.some((part) => offset < part.offset + part.bytes.length && part.offset < end);
    if (overlaps || end > MAX_PAYLOAD || packet.payload.length < packet.payloadLength) {
      this.#giveUp(key);
      return undefined;
    }
    known.parts.push({ offset, bytes: packet.payload.slice() });
    if (isLast) known.length = end;
    return this.#finish(key, known);
  }

  /** The capture is over: what is unfinished is lost. */
  end(): void {
    this.lost += this.#unfinished.size;
    this.#unfinished.clear();
  }

  #begin(key: string, first: IpPacket): Unfinished {
    if (this.#unfinished.size >= MOST_UNFINISHED) {
      for (const oldest of this.#unfinished.keys()) {
        this.#giveUp(oldest);
        break;
      }
    }
    const unfinished: Unfinished = { first, parts: [], length: undefined };
    this.#unfinished.set(key, unfinished);
    return unfinished;
  }

  #giveUp(key: string): void {
    this.#unfinished.delete(key);
    this.lost++;
  }

  #finish(key: string, { first, parts, length }: Unfinished): IpPacket | undefined {
    const held = parts.reduce((sum, part) => sum + part.bytes.length, 0);
    if (length === undefined || held !== length) return undefined;
    this.#unfinished.delete(key);
    const payload = new Uint8Array(length);
    for (const part of parts) payload.set(part.bytes, part.offset);
    return { ...first, payload, payloadLength: length, fragment: undefined };
  }
}
