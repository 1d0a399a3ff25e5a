// Turns changes into UPDATE messages, once for all members of a group: prefixes with the same attribute set share
// messages, sets of one source share a segment. Withdrawals go first. RFC 4271 §4.3, RFC 4760, RFC 7911 §3.
//
// Scratch columns link the prefixes of one batch into buckets by attribute set; nothing is allocated per route.

import type { Bytes } from "../base/bytes.js";
import { writeU16, writeU32 } from "../base/bytes.js";
import { FAMILIES } from "../base/family.js";
import { ONLY_PATH } from "./adj-rib-out.js";
import type { AttributeWriter } from "./attribute-writer.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { type ExportRules, usesMultiprotocol } from "./export-rules.js";
import { type Batch, BATCH_BYTES, type BatchPool } from "./group-batches.js";
import type { PrefixId, RouteTable } from "./route-table.js";
import type { SourceId } from "./sources.js";

const HEADER = 19;
const UPDATE = 2;
const FIRST_SETS = 1024;
/** Octets kept free in front of every prefix: the longest NLRI with a path id. */
const ROOM = 32;

/** A bucket of segments: routes that the same members must not get. */
interface Segment {
  source: SourceId;
  nextHopPeer: SourceId;
  firstAttrs: AttrsId;
  firstWithdrawn: number;
}

export class BatchEncoder {
  readonly #routes: RouteTable;
  readonly #attrs: AttrsTable;
  readonly #pool: BatchPool;
  readonly #batchBytes: number;
  /** Slots 1…: the prefixes of the batch and their links; by AttrsId: first slot, next set of the segment. */
  #prefixes = new Int32Array(1024);
  #next = new Int32Array(1024);
  /** By slot, only used with ADD-PATH. */
  #pathIds = new Int32Array(0);
  #hasPathIds = false;
  #slots = 0;
  #firstSlot = new Int32Array(FIRST_SETS);
  #nextAttrs = new Int32Array(FIRST_SETS);
  readonly #segments: Segment[] = [];
  #segmentCount = 0;
  readonly #bySource = new Map<number, number>();
  /** Prefixes, each with its path identifier behind it. */
  readonly #targeted = new Map<SourceId, number[]>();
  #estimate = 0;
  /** First slot that did not get into the last message. */
  #rest = 0;
  /** Messages written since it was last set to 0. */
  #messages = 0;
  #rules!: ExportRules;
  #writer!: AttributeWriter;
  #attributes: Bytes = new Uint8Array(4096);

  constructor(routes: RouteTable, attrs: AttrsTable, pool: BatchPool, batchBytes = BATCH_BYTES) {
    this.#routes = routes;
    this.#attrs = attrs;
    this.#pool = pool;
    this.#batchBytes = batchBytes;
  }

  begin(rules: ExportRules, writer: AttributeWriter): void {
    this.#rules = rules;
    this.#writer = writer;
    this.#slots = this.#segmentCount = this.#estimate = 0;
    this.#hasPathIds = rules.options.addPathSend !== 0;
    if (this.#hasPathIds && this.#pathIds.length < this.#prefixes.length) {
      this.#pathIds = new Int32Array(this.#prefixes.length);
    }
    this.#bySource.clear();
    this.#targeted.clear();
    if (this.#firstSlot.length < this.#attrs.end) {
      this.#firstSlot = new Int32Array(this.#attrs.end * 2);
      this.#nextAttrs = new Int32Array(this.#attrs.end * 2);
    }
  }

  /** Gives memory back, between two batches. */
  trim(): void {
    this.#firstSlot = new Int32Array(FIRST_SETS);
    this.#nextAttrs = new Int32Array(FIRST_SETS);
  }

  /** True when the batch has about the size it should have. */
  get isFull(): boolean {
    return this.#estimate >= this.#batchBytes;
  }

  get isEmpty(): boolean {
    return this.#slots === 0 && this.#targeted.size === 0;
  }

  /** `nextHopPeer`: the peer that must not get it beside its source; without it the rules are asked, once per set. `pathId`
   *  counts in ADD-PATH groups only, here and below. */
  announce(prefix: PrefixId, attrs: AttrsId, nextHopPeer?: SourceId, pathId = ONLY_PATH): void {
    if (attrs >= this.#firstSlot.length) this.#growAttrs(attrs);
    const slot = this.#addSlot(prefix, pathId);
    const first = this.#firstSlot[attrs];
    if (first === 0) {
      const segment = this.#segment(this.#attrs.source(attrs), nextHopPeer ?? this.#rules.nextHopPeer(attrs));
      this.#nextAttrs[attrs] = segment.firstAttrs;
      segment.firstAttrs = attrs;
      this.#estimate += this.#attrs.bodyLength(attrs) + 48;
    }
    this.#next[slot] = first;
    this.#firstSlot[attrs] = slot;
  }

  /** Withdraws from everybody but the members that never had it. */
  withdraw(prefix: PrefixId, source: SourceId, nextHopPeer: SourceId, pathId = ONLY_PATH): void {
    const slot = this.#addSlot(prefix, pathId);
    const segment = this.#segment(source, nextHopPeer);
    this.#next[slot] = segment.firstWithdrawn;
    segment.firstWithdrawn = slot;
  }

  /** Withdraws from one member only: the path has become its own. */
  withdrawFrom(member: SourceId, prefix: PrefixId, pathId = ONLY_PATH): void {
    const list = this.#targeted.get(member);
    if (list === undefined) this.#targeted.set(member, [prefix, pathId]);
    else list.push(prefix, pathId);
    this.#estimate += this.#hasPathIds ? 9 : 5;
  }

  /** Writes the batch. The caller owns it until it goes back to the pool. */
  finish(): Batch {
    const batch = this.#pool.take();
    this.#note(batch);
    let at = 0;
    for (let i = 0; i < this.#segmentCount; i++) {
      const segment = this.#segments[i];
      const start = at;
      this.#messages = 0;
      at = this.#writeWithdrawn(batch, at, segment.firstWithdrawn);
      for (let attrs = segment.firstAttrs; attrs !== 0;) {
        const next = this.#nextAttrs[attrs];
        at = this.#writeAnnounced(batch, at, attrs);
        this.#firstSlot[attrs] = this.#nextAttrs[attrs] = 0;
        attrs = next;
      }
      batch.addSegment(segment.source, segment.nextHopPeer, start, at, this.#messages);
    }
    batch.commonLength = at;
    for (const [member, paths] of this.#targeted) {
      const start = at;
      this.#slots = this.#messages = 0;
      let first = 0;
      for (let i = 0; i < paths.length; i += 2) {
        const slot = this.#addSlot(paths[i], paths[i + 1]);
        this.#next[slot] = first;
        first = slot;
      }
      at = this.#writeWithdrawn(batch, at, first);
      batch.targeted.set(member, { start, end: at, messages: this.#messages });
    }
    return batch;
  }

  /** Tells the batch what it speaks of. */
  #note(batch: Batch): void {
    if (!this.#hasPathIds) for (let slot = 1; slot <= this.#slots; slot++) batch.addPrefix(this.#prefixes[slot]);
    else for (let slot = 1; slot <= this.#slots; slot++) batch.addPath(this.#prefixes[slot], this.#pathIds[slot]);
  }

  #addSlot(prefix: PrefixId, pathId: number): number {
    const slot = ++this.#slots;
    if (slot >= this.#prefixes.length) this.#growSlots();
    this.#prefixes[slot] = prefix;
    this.#estimate += 5;
    if (this.#hasPathIds) {
      this.#pathIds[slot] = pathId;
      this.#estimate += 4;
    }
    return slot;
  }

  #growSlots(): void {
    this.#prefixes = doubled(this.#prefixes);
    this.#next = doubled(this.#next);
    if (this.#hasPathIds) this.#pathIds = doubled(this.#pathIds);
  }

  #segment(source: SourceId, nextHopPeer: SourceId): Segment {
    const other = nextHopPeer === source ? 0 : nextHopPeer;
    const key = source + other * 0x100000;
    const known = this.#bySource.get(key);
    if (known !== undefined) return this.#segments[known];
    const index = this.#segmentCount++;
    this.#bySource.set(key, index);
    const segment = this.#segments[index];
    if (segment === undefined) {
      const fresh = { source, nextHopPeer: other, firstAttrs: 0, firstWithdrawn: 0 };
      this.#segments.push(fresh);
      return fresh;
    }
    segment.source = source;
    segment.nextHopPeer = other;
    segment.firstAttrs = segment.firstWithdrawn = 0;
    return segment;
  }

  #growAttrs(attrs: AttrsId): void {
    const length = Math.max(attrs + 1, this.#firstSlot.length * 2);
    const firstSlot = new Int32Array(length);
    firstSlot.set(this.#firstSlot);
    this.#firstSlot = firstSlot;
    const nextAttrs = new Int32Array(length);
    nextAttrs.set(this.#nextAttrs);
    this.#nextAttrs = nextAttrs;
  }

  /** Writes the prefixes from `slot` on until `end` is reached; `#rest` is the first one that was not written. */
  #writePaths(out: Bytes, at: number, end: number, slot: number): number {
    const { prefixes } = this.#routes;
    if (!this.#hasPathIds) {
      for (; slot !== 0 && at < end; slot = this.#next[slot]) at = prefixes.writeNlri(this.#prefixes[slot], out, at);
    } else {
      for (; slot !== 0 && at < end; slot = this.#next[slot]) {
        // RFC 7911 §3: the path identifier comes in front of the prefix.
        writeU32(out, at, this.#pathIds[slot]);
        at = prefixes.writeNlri(this.#prefixes[slot], out, at + 4);
      }
    }
    this.#rest = slot;
    return at;
  }

  #writeWithdrawn(batch: Batch, at: number, slot: number): number {
    const limit = this.#rules.options.maxMessageLength - ROOM;
    const multiprotocol = usesMultiprotocol(this.#rules.options);
    while (slot !== 0) {
      const out = batch.ensure(at, limit + ROOM);
      const start = at;
      at += multiprotocol ? HEADER + 4 + 7 : HEADER + 2;
      const first = at;
      at = this.#writePaths(out, at, start + limit, slot);
      slot = this.#rest;
      if (multiprotocol) {
        const facts = FAMILIES[this.#rules.options.family];
        writeU16(out, start + HEADER, 0);
        writeU16(out, start + HEADER + 2, at - first + 7);
        out[start + HEADER + 4] = 0x90;
        out[start + HEADER + 5] = 15;
        writeU16(out, start + HEADER + 6, at - first + 3);
        writeU16(out, start + HEADER + 8, facts.afi);
        out[start + HEADER + 10] = facts.safi;
      } else {
        writeU16(out, start + HEADER, at - first);
        writeU16(out, at, 0);
        at += 2;
      }
      this.#writeHeader(out, start, at - start);
    }
    return at;
  }

  #writeAnnounced(batch: Batch, at: number, attrs: AttrsId): number {
    if (usesMultiprotocol(this.#rules.options)) return this.#writeReach(batch, at, attrs);
    const limit = this.#rules.options.maxMessageLength - ROOM;
    let slot = this.#firstSlot[attrs];
    while (slot !== 0) {
      const out = batch.ensure(at, limit + ROOM + this.#writer.bound(attrs));
      const start = at;
      const attributesAt = at + HEADER + 4;
      at = this.#writer.write(attrs, out, attributesAt);
      writeU16(out, start + HEADER, 0);
      writeU16(out, start + HEADER + 2, at - attributesAt);
      at = this.#writePaths(out, at, start + limit, slot);
      slot = this.#rest;
      this.#writeHeader(out, start, at - start);
    }
    return at;
  }

  /** RFC 7606 §5.1: MP_REACH_NLRI is the first attribute, so the others are written aside and follow it. */
  #writeReach(batch: Batch, at: number, attrs: AttrsId): number {
    if (this.#attributes.length < this.#writer.bound(attrs)) {
      this.#attributes = new Uint8Array(this.#writer.bound(attrs) * 2);
    }
    const length = this.#writer.write(attrs, this.#attributes, 0);
    const nextHop = this.#rules.nextHop(attrs);
    const facts = FAMILIES[this.#rules.options.family];
    const limit = this.#rules.options.maxMessageLength - ROOM - length;
    let slot = this.#firstSlot[attrs];
    while (slot !== 0) {
      const out = batch.ensure(at, limit + ROOM + length);
      const start = at;
      const reachAt = at + HEADER + 4;
      at = reachAt + 4;
      writeU16(out, at, facts.afi);
      out[at + 2] = facts.safi;
      out[at + 3] = nextHop.length;
      at += 4;
      for (let i = 0; i < nextHop.length; i++) out[at++] = nextHop[i];
      out[at++] = 0;
      at = this.#writePaths(out, at, start + limit, slot);
      slot = this.#rest;
      out[reachAt] = 0x90;
      out[reachAt + 1] = 14;
      writeU16(out, reachAt + 2, at - reachAt - 4);
      for (let i = 0; i < length; i++) out[at++] = this.#attributes[i];
      writeU16(out, start + HEADER, 0);
      writeU16(out, start + HEADER + 2, at - reachAt);
      this.#writeHeader(out, start, at - start);
    }
    return at;
  }

  #writeHeader(out: Bytes, at: number, length: number): void {
    for (let i = 0; i < 16; i++) out[at + i] = 255;
    writeU16(out, at + 16, length);
    out[at + 18] = UPDATE;
    this.#messages++;
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
