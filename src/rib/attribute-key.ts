// The octets by which attribute sets are interned, taken from an UPDATE: its path attributes without MP_REACH_NLRI and
// MP_UNREACH_NLRI, the next hop always as NEXT_HOP. For plain IPv4 that is the section as it lies in the message, and
// nothing is copied.

import type { Bytes } from "../base/bytes.js";
import { ByteWriter } from "../base/bytes.js";
import type { UpdateView } from "../packet/update.js";

const NEXT_HOP = 3;
const MP_REACH_NLRI = 14;
const MP_UNREACH_NLRI = 15;

/** A reused result: `bytes[at, at + length)`. */
export class AttributeKey {
  bytes: Bytes = new Uint8Array(0);
  at = 0;
  length = 0;
  readonly #scratch = new ByteWriter(4096);

  /** The key for the NLRI field of RFC 4271. */
  forNlri(view: UpdateView): void {
    if (!view.hasMultiprotocol) {
      this.bytes = view.bytes;
      this.at = view.attributesAt;
      this.length = view.attributesEnd - view.attributesAt;
      return;
    }
    this.#scratch.clear();
    copyAttributes(view, this.#scratch, false);
    this.#take();
  }

  /** The key for the NLRI of MP_REACH_NLRI: its next hop takes the place of NEXT_HOP (RFC 4760 §3). */
  forReach(view: UpdateView): void {
    this.#scratch.clear();
    copyAttributes(view, this.#scratch, true);
    this.#take();
  }

  #take(): void {
    this.bytes = this.#scratch.bytes;
    this.at = 0;
    this.length = this.#scratch.length;
  }
}

function copyAttributes(view: UpdateView, out: ByteWriter, ofReach: boolean): void {
  const bytes = view.bytes;
  let nextHopDone = !ofReach;
  for (let at = view.attributesAt; at < view.attributesEnd;) {
    const type = bytes[at + 1];
    const rest = view.attributesEnd - at;
    const header = (bytes[at] & 0x10) !== 0 ? 4 : 3;
    const length =
      rest < header ? rest + 1 : header + (header === 4 ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2]);
    // RFC 7606 §4: what runs over the end does not reset the session. Judging must see that it does.
    if (length > rest) {
      if (!nextHopDone) writeNextHop(view, out);
      nextHopDone = true;
      out.append(bytes, at, view.attributesEnd);
      break;
    }
    if (!nextHopDone && type > NEXT_HOP && type !== MP_REACH_NLRI && type !== MP_UNREACH_NLRI) {
      writeNextHop(view, out);
      nextHopDone = true;
    }
    if (type !== MP_REACH_NLRI && type !== MP_UNREACH_NLRI && !(ofReach && type === NEXT_HOP)) {
      copyOctets(bytes, at, length, out);
    }
    at += length;
  }
  if (!nextHopDone) writeNextHop(view, out);
}

/** For the few octets of an attribute a loop is faster than a typed array's method. */
function copyOctets(bytes: Bytes, at: number, length: number, out: ByteWriter): void {
  const to = out.reserve(length);
  const target = out.bytes;
  for (let i = 0; i < length; i++) target[to + i] = bytes[at + i];
}

function writeNextHop(view: UpdateView, out: ByteWriter): void {
  out.u8(0x40).u8(NEXT_HOP).u8(view.reachNextHopLength);
  copyOctets(view.bytes, view.reachNextHopAt, view.reachNextHopLength, out);
}
