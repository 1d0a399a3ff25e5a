// Broken BGP messages made from sound ones: octets changed, inserted, removed, lengths bent, and, one level deeper,
// attributes of an UPDATE changed while the lengths around them stay right. Everything follows from the seed.

import { type Bytes, readU16, writeU16 } from "../../src/base/bytes.js";

const HEADER = 19;
const UPDATE = 2;
/** Octets and lengths at which decoders go wrong. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 18, 19, 31, 32, 33, 64, 127, 128, 129, 254, 255];

/** A generator of numbers that is the same everywhere (xorshift32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring rows; zero would stay zero.
    this.#state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) | 1;
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % below;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)];
  }
}

/** A message made from one or two of `corpus`. Its marker, length and type are mostly right, so that it gets through the
 *  header. */
export function mutate(corpus: readonly Bytes[], dice: Dice): Bytes {
  let message = [...dice.pick(corpus)];
  if (message[18] === UPDATE && dice.below(3) > 0) message = bendAttributes(message, corpus, dice);
  const edits = dice.below(4);
  for (let i = 0; i < edits; i++) editOctets(message, dice.below(8) === 0 ? 0 : HEADER, dice);
  if (dice.below(6) === 0) bendLength(message, dice);
  const bytes = Uint8Array.from(message);
  if (bytes.length >= HEADER && dice.below(20) > 0) writeU16(bytes, 16, bytes.length);
  return bytes;
}

function editOctets(message: number[], from: number, dice: Dice): void {
  if (message.length <= from) return;
  const at = from + dice.below(message.length - from);
  const kind = dice.below(6);
  if (kind === 0) message[at] ^= 1 << dice.below(8);
  else if (kind === 1) message[at] = dice.pick(EDGES);
  else if (kind === 2) message[at] = dice.below(256);
  else if (kind === 3) message.splice(at, 1 + dice.below(8));
  else if (kind === 4) message.splice(at, 0, ...Array.from({ length: 1 + dice.below(8) }, () => dice.below(256)));
  else message.splice(at, 0, ...message.slice(at, at + 1 + dice.below(32)));
}

/** Two octets somewhere that look like a length become another one. */
function bendLength(message: number[], dice: Dice): void {
  if (message.length < HEADER + 2) return;
  const at = HEADER + dice.below(message.length - HEADER - 1);
  const length = dice.pick([0, 1, 255, 256, 4095, 4096, 65535, message.length, message.length - HEADER]);
  message[at] = (length >>> 8) & 255;
  message[at + 1] = length & 255;
}

/** The attributes of an UPDATE as octets each, or undefined where its sections do not fit. */
function attributesOf(
  bytes: Bytes,
): { readonly start: number; readonly end: number; readonly list: number[][] } | undefined {
  if (bytes.length < HEADER + 4) return undefined;
  const start = HEADER + 4 + readU16(bytes, HEADER);
  if (start > bytes.length) return undefined;
  const end = start + readU16(bytes, start - 2);
  if (end > bytes.length) return undefined;
  const list: number[][] = [];
  for (let at = start; at + 3 <= end;) {
    const long = (bytes[at] & 0x10) !== 0;
    const next = at + (long ? 4 + readU16(bytes, at + 2) : 3 + bytes[at + 2]);
    if (next > end) return undefined;
    list.push([...bytes.subarray(at, next)]);
    at = next;
  }
  return { start, end, list };
}

/** Changes attributes one by one, then writes a Total Path Attribute Length that fits. */
function bendAttributes(message: readonly number[], corpus: readonly Bytes[], dice: Dice): number[] {
  const bytes = Uint8Array.from(message);
  const found = attributesOf(bytes);
  if (found === undefined || found.list.length === 0) return [...message];
  const { start, end, list } = found;
  const changes = 1 + dice.below(3);
  for (let i = 0; i < changes && list.length > 0; i++) bendOne(list, corpus, dice);
  const octets = list.flat();
  const front = [...bytes.subarray(0, start)];
  front[start - 2] = (octets.length >>> 8) & 255;
  front[start - 1] = octets.length & 255;
  return [...front, ...octets, ...bytes.subarray(end)];
}

function bendOne(list: number[][], corpus: readonly Bytes[], dice: Dice): void {
  const i = dice.below(list.length);
  const attribute = list[i];
  const value = (attribute[0] & 0x10) !== 0 ? 4 : 3;
  switch (dice.below(8)) {
    case 0: // flags
      attribute[0] = dice.below(2) === 0 ? attribute[0] ^ (0x10 << dice.below(4)) : dice.below(256);
      return;
    case 1: // type
      attribute[1] = dice.pick([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 22, 25, 26, 32, 35, 40, 128, 255]);
      return;
    case 2: // its own length is wrong
      attribute[value - 1] = dice.pick(EDGES);
      return;
    case 3: // the value grows or shrinks, the length follows
      if (dice.below(2) === 0) attribute.push(...Array.from({ length: 1 + dice.below(9) }, () => dice.below(256)));
      else attribute.splice(value, 1 + dice.below(4));
      attribute[value - 1] = Math.max(0, attribute.length - value) & 255;
      return;
    case 4: // an octet of the value
      if (attribute.length > value) attribute[value + dice.below(attribute.length - value)] = dice.pick(EDGES);
      return;
    case 5: // twice
      list.splice(i, 0, [...attribute]);
      return;
    case 6: // gone
      list.splice(i, 1);
      return;
    default: {
      // one of another message
      const other = attributesOf(dice.pick(corpus))?.list ?? [];
      if (other.length > 0) list.splice(i, 0, dice.pick(other));
    }
  }
}
