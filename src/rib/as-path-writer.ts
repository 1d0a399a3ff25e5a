// AS_PATH and AS4_PATH as they go out to one update group: our AS in front (RFC 4271 §5.1.2, RFC 7705 §3.3), the peers'
// own AS overridden, private numbers (RFC 6996 §5) removed or replaced, numbers narrowed for old speakers (RFC 6793
// §4.2.2). Hot: once per set and batch, no allocation; what a group does not ask for costs it nothing.

import type { Bytes } from "../base/bytes.js";
import { readU32, writeU16, writeU32 } from "../base/bytes.js";
import { AS_TRANS, FLAG_EXTENDED_LENGTH, SEGMENT } from "../packet/codes.js";
import type { GroupOptions } from "./export-rules.js";
import { RELATION } from "./sources.js";

const MAX_SEGMENT_COUNT = 255;
/** What `#sent` gives for a number that does not go out; no path holds it (RFC 7607). */
const REMOVED = 0;

export class AsPathWriter {
  readonly #isWide: boolean;
  readonly #localAs: number;
  readonly #globalAs: number;
  /** AS numbers we put in front: 0 inside the AS, otherwise localAs and, where it is another one, globalAs. */
  readonly #ownCount: number;
  readonly #overrideAs: number;
  readonly #removesPrivate: boolean;
  readonly #replacesPrivate: boolean;
  /** The numbers of the set do not simply go out as they are. */
  readonly #isRewriting: boolean;
  #out: Bytes = new Uint8Array(0);
  #at = 0;

  constructor(options: GroupOptions) {
    const { localAs, globalAs, overrideAs, removePrivateAs } = options;
    const isEbgp = options.relation === RELATION.ebgp;
    this.#isWide = options.fourOctetAs;
    this.#localAs = localAs;
    this.#globalAs = globalAs;
    this.#ownCount = !isEbgp ? 0 : globalAs === localAs ? 1 : 2;
    this.#overrideAs = overrideAs;
    this.#removesPrivate = removePrivateAs === "remove";
    this.#replacesPrivate = removePrivateAs === "replace";
    this.#isRewriting = overrideAs !== 0 || this.#removesPrivate || this.#replacesPrivate;
  }

  /** Writes the attribute AS_PATH, whose value in normal form is `body[from, end)`, at `out[at]`; gives the offset
   *  behind it: at most 14 octets longer than the value. */
  writeAsPath(body: Bytes, from: number, end: number, out: Bytes, at: number): number {
    return this.#write(0x40, 2, body, from, end, out, at, this.#isWide);
  }

  /** Writes AS4_PATH: the same path in four octets for those behind an old speaker. */
  writeAs4Path(body: Bytes, from: number, end: number, out: Bytes, at: number): number {
    return this.#write(0xc0, 17, body, from, end, out, at, true);
  }

  /** True if the path, as it goes out, has a number that the peers cannot read in AS_PATH: AS4_PATH must go with it. */
  needsAs4Path(body: Bytes, from: number, end: number): boolean {
    if (this.#isWide) return false;
    if (this.#ownCount > 0 && this.#localAs > 0xffff) return true;
    if (this.#ownCount > 1 && this.#globalAs > 0xffff) return true;
    while (from < end) {
      const last = from + 2 + body[from + 1] * 4;
      for (from += 2; from < last; from += 4) if (this.#sent(readU32(body, from)) > 0xffff) return true;
    }
    return false;
  }

  #write(
    flags: number,
    type: number,
    body: Bytes,
    from: number,
    end: number,
    out: Bytes,
    at: number,
    isWide: boolean,
  ): number {
    const value = at + 3;
    this.#out = out;
    this.#at = value;
    this.#writeSegments(body, from, end, isWide);
    const length = this.#at - value;
    out[at] = flags;
    out[at + 1] = type;
    if (length <= 255) {
      out[at + 2] = length;
      return this.#at;
    }
    // Known only now, and rare: the value makes room for the longer header.
    out.copyWithin(value + 1, value, this.#at);
    out[at] = flags | FLAG_EXTENDED_LENGTH;
    writeU16(out, at + 2, length);
    return this.#at + 1;
  }

  #writeSegments(body: Bytes, from: number, end: number, isWide: boolean): void {
    const out = this.#out;
    const own = this.#at;
    // RFC 4271 §5.1.2: ours joins the path's first sequence, unless that is full.
    let mayJoin = this.#ownCount > 0;
    if (mayJoin) this.#writeOwn(isWide);
    while (from < end) {
      const type = body[from];
      const count = body[from + 1];
      from += 2;
      const last = from + count * 4;
      const sent = this.#removesPrivate ? this.#countSent(body, from, last) : count;
      if (sent > 0) {
        if (mayJoin && type === SEGMENT.AS_SEQUENCE && this.#ownCount + sent <= MAX_SEGMENT_COUNT) out[own + 1] += sent;
        else {
          out[this.#at++] = type;
          out[this.#at++] = sent;
        }
        mayJoin = false;
        if (isWide && !this.#isRewriting) this.#copy(body, from, last);
        else this.#writeNumbers(body, from, last, isWide);
      }
      from = last;
    }
  }

  #writeOwn(isWide: boolean): void {
    this.#out[this.#at++] = SEGMENT.AS_SEQUENCE;
    this.#out[this.#at++] = this.#ownCount;
    this.#writeNumber(this.#localAs, isWide);
    if (this.#ownCount > 1) this.#writeNumber(this.#globalAs, isWide);
  }

  #countSent(body: Bytes, from: number, last: number): number {
    let count = 0;
    for (; from < last; from += 4) if (this.#sent(readU32(body, from)) !== REMOVED) count++;
    return count;
  }

  #writeNumbers(body: Bytes, from: number, last: number, isWide: boolean): void {
    for (; from < last; from += 4) {
      const as = this.#sent(readU32(body, from));
      if (as !== REMOVED) this.#writeNumber(as, isWide);
    }
  }

  /** What goes out in place of a number of the path. */
  #sent(as: number): number {
    if (!this.#isRewriting) return as;
    // Asked of the path's own numbers, never of what overriding has made of them: our AS stays even if it is private.
    if ((this.#removesPrivate || this.#replacesPrivate) && isPrivateAs(as)) {
      return this.#removesPrivate ? REMOVED : this.#localAs;
    }
    return as === this.#overrideAs ? this.#localAs : as;
  }

  #copy(body: Bytes, from: number, last: number): void {
    const out = this.#out;
    let at = this.#at;
    while (from < last) out[at++] = body[from++];
    this.#at = at;
  }

  #writeNumber(as: number, isWide: boolean): void {
    if (isWide) {
      writeU32(this.#out, this.#at, as);
      this.#at += 4;
    } else {
      writeU16(this.#out, this.#at, as > 0xffff ? AS_TRANS : as);
      this.#at += 2;
    }
  }
}

/** RFC 6996 §5. */
export function isPrivateAs(as: number): boolean {
  return (as >= 64512 && as <= 65534) || (as >= 4200000000 && as <= 4294967294);
}
