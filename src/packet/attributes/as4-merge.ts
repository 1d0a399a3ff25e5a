// RFC 6793 §4.2.3: what a speaker of two-octet AS numbers sent, rebuilt in four octets, and §4.2.2: the way back.

import { type Bytes, readU16, readU32, writeU16, writeU32 } from "../../base/bytes.js";
import { AS_TRANS, ATTRIBUTE, SEGMENT } from "../codes.js";
import { AGGREGATOR } from "./07-aggregator.js";
import { AS4_AGGREGATOR } from "./18-as4-aggregator.js";
import { AS4_PATH } from "./17-as4-path.js";
import { countPath, MAX_SEGMENT_COUNT } from "./as-path.js";
import type { AttributeSpec } from "./attribute.js";
import type { AttributeSection } from "./section.js";

const CONFLICTING = 0xc0;

function isUsable(bytes: Bytes, section: AttributeSection, spec: AttributeSpec): boolean {
  const { code } = spec;
  if (!section.has(code) || ((section.flags[code] ^ spec.flags) & CONFLICTING) !== 0) return false;
  return spec.check(bytes, section.valueAt[code], section.lengths[code], 2) === undefined;
}

// RFC 6793 §4.2.3: an AGGREGATOR that is not AS_TRANS was written by a speaker that knew nothing of AS4_AGGREGATOR, so
// that both AS4 attributes are out of date.
function isOutdated(bytes: Bytes, section: AttributeSection): boolean {
  if (!isUsable(bytes, section, AGGREGATOR) || !isUsable(bytes, section, AS4_AGGREGATOR)) return false;
  return readU16(bytes, section.valueAt[ATTRIBUTE.AGGREGATOR]) !== AS_TRANS;
}

/** Writes the value of a sound AGGREGATOR of two-octet AS numbers at `to`, in four octets; gives its length. */
export function writeMergedAggregator(bytes: Bytes, section: AttributeSection, target: Bytes, to: number): number {
  const at = section.valueAt[ATTRIBUTE.AGGREGATOR];
  const as = readU16(bytes, at);
  if (as === AS_TRANS && isUsable(bytes, section, AS4_AGGREGATOR)) {
    const as4At = section.valueAt[ATTRIBUTE.AS4_AGGREGATOR];
    for (let i = 0; i < 8; i++) target[to + i] = bytes[as4At + i];
  } else {
    writeU32(target, to, as);
    for (let i = 0; i < 4; i++) target[to + 4 + i] = bytes[at + 2 + i];
  }
  return 8;
}

/** Writes the value of a sound AS_PATH of two-octet AS numbers at `to`, in four octets and with AS4_PATH merged in;
 *  gives its length, at most twice that of both attributes. */
export function writeMergedPath(bytes: Bytes, section: AttributeSection, target: Bytes, to: number): number {
  const at = section.valueAt[ATTRIBUTE.AS_PATH];
  const end = at + section.lengths[ATTRIBUTE.AS_PATH];
  const writer = new PathWriter(target, to);
  const count = countPath(bytes, at, end, 2);
  if (!isUsable(bytes, section, AS4_PATH) || isOutdated(bytes, section)) {
    return writer.copy(bytes, at, end, 2, count).length;
  }
  const as4At = section.valueAt[ATTRIBUTE.AS4_PATH];
  const as4End = as4At + section.lengths[ATTRIBUTE.AS4_PATH];
  const as4Count = countPath(bytes, as4At, as4End, 4);
  if (count < as4Count) return writer.copy(bytes, at, end, 2, count).length;
  writer.copy(bytes, at, end, 2, count - as4Count);
  return writer.copy(bytes, as4At, as4End, 4, as4Count).length;
}

/** Appends segments of four-octet AS numbers, joining sequences that touch. */
class PathWriter {
  readonly #target: Bytes;
  readonly #start: number;
  #at: number;
  #segmentAt = -1; // header of the last segment

  constructor(target: Bytes, to: number) {
    this.#target = target;
    this.#start = to;
    this.#at = to;
  }

  get length(): number {
    return this.#at - this.#start;
  }

  /** The leading part of a sound path that counts `limit` AS numbers (RFC 4271 §9.1.2.2 a). */
  copy(bytes: Bytes, at: number, end: number, asLength: 2 | 4, limit: number): this {
    while (at < end && limit > 0) {
      const type = bytes[at];
      const count = bytes[at + 1];
      at += 2;
      // RFC 6793 §6: confederation segments of an AS4_PATH are dropped.
      if (type === SEGMENT.AS_SET || type === SEGMENT.AS_SEQUENCE) {
        const taken = type === SEGMENT.AS_SET ? count : Math.min(count, limit);
        limit -= type === SEGMENT.AS_SET ? 1 : taken;
        for (let i = 0; i < taken; i++) {
          const as = asLength === 2 ? readU16(bytes, at + 2 * i) : readU32(bytes, at + 4 * i);
          this.#add(type, as, i === 0);
        }
      }
      at += count * asLength;
    }
    return this;
  }

  #add(type: number, as: number, isFirst: boolean): void {
    const target = this.#target;
    const last = this.#segmentAt;
    const isFull = last >= 0 && target[last + 1] === MAX_SEGMENT_COUNT;
    const continues = last >= 0 && target[last] === type && (!isFirst || type === SEGMENT.AS_SEQUENCE);
    if (!continues || isFull) {
      this.#segmentAt = this.#at;
      target[this.#at++] = type;
      target[this.#at++] = 0;
    }
    target[this.#segmentAt + 1]++;
    writeU32(target, this.#at, as);
    this.#at += 4;
  }
}

/** Copies the segments of a sound path in four octets to `target` in two, numbers that do not fit as AS_TRANS; gives
 *  the length. RFC 6793 §4.2.2. */
export function writeTwoOctetPath(bytes: Bytes, at: number, end: number, target: Bytes, to: number): number {
  const start = to;
  while (at < end) {
    const count = bytes[at + 1];
    target[to++] = bytes[at];
    target[to++] = count;
    at += 2;
    for (let i = 0; i < count; i++, at += 4, to += 2) {
      const as = readU32(bytes, at);
      writeU16(target, to, as > 0xffff ? AS_TRANS : as);
    }
  }
  return to - start;
}

/** True if a sound path in four octets names an AS that two octets cannot: AS4_PATH must go with it.
 *  RFC 6793 §4.2.2. */
export function needsAs4Path(bytes: Bytes, at: number, end: number): boolean {
  while (at < end) {
    const last = at + 2 + 4 * bytes[at + 1];
    for (at += 2; at < last; at += 4) if (bytes[at] !== 0 || bytes[at + 1] !== 0) return true;
  }
  return false;
}
