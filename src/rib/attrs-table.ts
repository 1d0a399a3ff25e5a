// Attribute sets, interned by (source, context, octets as received): a set is decoded and judged once, when it is new;
// every route after that carries a row number. The row implies the source, so that work per route disappears.
//
// The body is the normal form (packet/attributes): what export and display read. It shares its blob with the key unless
// judging changed it. Rows are reference-counted; a row nobody holds must be given back by retain + release.

import type { Bytes } from "../base/bytes.js";
import { equalBytes } from "../base/bytes.js";
import { ByteArena } from "../base/byte-arena.js";
import { OctetWords } from "../base/octet-words.js";
import type { AttributeFacts } from "../packet/attributes/attribute.js";
import { ATTRIBUTE } from "../packet/codes.js";
import type { NextHopId, NextHopTable } from "./next-hop-table.js";
import { CONTEXT, type Identity, LONGEST_SET } from "./set-context.js";
import { SetJudge } from "./set-judge.js";
import { MARK } from "./set-marks.js";
import type { SourceId, SourceTable } from "./sources.js";

/** Row of AttrsTable; 0 = none. */
export type AttrsId = number;

const STRIDE = 16;
const HASH = 0;
const NEXT = 1;
const REFS = 2;
const KEY = 3;
const KEY_LENGTH = 4;
const BODY = 5;
const BODY_LENGTH = 6;
const SOURCE = 7;
const LOCAL_PREF = 8;
const PATH_LENGTH = 9;
const MED = 10;
const ORIGINATOR = 11;
const NEXT_HOP = 12;
const NEIGHBOR_AS = 13;
const CONTEXT_COLUMN = 14;
const FLAGS = 15;

const ORIGIN_MASK = 3;
const HAS_MED = 1 << 2;
const HAS_LOCAL_PREF = 1 << 3;
const HAS_ORIGINATOR = 1 << 4;
const TREAT_AS_WITHDRAW = 1 << 5;
// Bits 6 to 15: MARK.
const CLUSTERS_SHIFT = 16;

export const DEFAULT_LOCAL_PREF = 100;

const FIRST_BUCKETS = 1024;
/** Less memory than that of so many sets is not worth the while. */
const LEAST_TRIMMED = 16384;

export class AttrsTable {
  readonly #sources: SourceTable;
  readonly #nextHops: NextHopTable;
  #arena = new ByteArena();
  readonly #judge = new SetJudge();
  /** The octets of the set at hand. */
  readonly #key = new OctetWords(LONGEST_SET);
  readonly #faults = new Map<AttrsId, readonly string[]>();
  readonly #seed: number;
  #rows: Int32Array;
  #capacity: number;
  #nextRow = 1;
  #freeRow = 0;
  /** Free rows below #nextRow that are in no list, and a row below which there are none; see trim. */
  #holes = 0;
  #firstHole = 1;
  readonly #reserve: number;
  #buckets = new Int32Array(FIRST_BUCKETS);
  #identity: Identity;
  /** Number of sets held. */
  size = 0;
  /** Told when a row is given back: memos keyed by it must go. */
  readonly onFree: ((id: AttrsId) => void)[] = [];
  /** Told once per faulty set (RFC 7606 §8: log what was malformed). */
  onFault: (source: SourceId, reasons: readonly string[]) => void = () => undefined;

  constructor(sources: SourceTable, nextHops: NextHopTable, identity: Identity, seed: number, reserve = 4096) {
    this.#sources = sources;
    this.#nextHops = nextHops;
    this.#identity = identity;
    this.#seed = seed | 0;
    this.#capacity = this.#reserve = reserve;
    this.#rows = new Int32Array(reserve * STRIDE);
  }

  get identity(): Identity {
    return this.#identity;
  }

  get nextHops(): NextHopTable {
    return this.#nextHops;
  }

  /** Who we are from now on; sets that come later are judged anew. */
  set identity(identity: Identity) {
    const { routerId, clusterId } = this.#identity;
    if (routerId !== identity.routerId || clusterId !== identity.clusterId) this.#sources.renewAll();
    this.#identity = identity;
  }

  /** See SetJudge.judgeAlone. */
  judgeAlone(bytes: Bytes, at: number, end: number, source: SourceId, context: number): void {
    this.#judge.judgeAlone(bytes, at, end, this.#sources.relation[source], context);
  }

  /** Row of the set whose attribute octets are `bytes[at, at + length)`: type-length-values without MP_REACH_NLRI and
   *  MP_UNREACH_NLRI, the next hop as NEXT_HOP. Nothing of `bytes` is kept. Takes no reference.
   *  Throws NotificationError where RFC 7606 still resets the session. */
  intern(bytes: Bytes, at: number, length: number, source: SourceId, flags: number): AttrsId {
    const context = flags | (this.#sources.generation[source] << CONTEXT.generationShift);
    if (length > LONGEST_SET) throw new RangeError(`an attribute set of ${length} octets`);
    const hash = this.#key.take(bytes, at, length, this.#seed ^ Math.imul(source, 0x1f35_9b4d) ^ context);
    const rows = this.#rows;
    let id = this.#buckets[hash & (this.#buckets.length - 1)];
    while (id !== 0) {
      const row = id << 4;
      if (
        rows[row + HASH] === hash &&
        rows[row + SOURCE] === source &&
        rows[row + KEY_LENGTH] === length &&
        rows[row + CONTEXT_COLUMN] === context &&
        this.#arena.equalsWords(rows[row + KEY], this.#key.words, length)
      ) {
        return id;
      }
      id = rows[row + NEXT];
    }
    return this.#add(hash, bytes, at, length, source, context);
  }

  retain(id: AttrsId): void {
    this.#rows[(id << 4) + REFS]++;
  }

  release(id: AttrsId): void {
    if (--this.#rows[(id << 4) + REFS] <= 0) this.#free(id);
  }

  /** Frees a row that was interned and is held by nobody. */
  discard(id: AttrsId): void {
    if (this.#rows[(id << 4) + REFS] === 0) this.#free(id);
  }

  source(id: AttrsId): SourceId {
    return this.#rows[(id << 4) + SOURCE];
  }

  nextHop(id: AttrsId): NextHopId {
    return this.#rows[(id << 4) + NEXT_HOP];
  }

  /** LOCAL_PREF, or 100 where there is none; as a signed word. */
  localPref(id: AttrsId): number {
    return this.#rows[(id << 4) + LOCAL_PREF];
  }

  hasLocalPref(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & HAS_LOCAL_PREF) !== 0;
  }

  /** AS_PATH length of RFC 4271 §9.1.2.2 a): an AS_SET counts as one. */
  asPathLength(id: AttrsId): number {
    return this.#rows[(id << 4) + PATH_LENGTH];
  }

  origin(id: AttrsId): number {
    return this.#rows[(id << 4) + FLAGS] & ORIGIN_MASK;
  }

  /** MED as a signed word; 0 where there is none (RFC 4271 §9.1.2.2 c). */
  med(id: AttrsId): number {
    return this.#rows[(id << 4) + MED];
  }

  hasMed(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & HAS_MED) !== 0;
  }

  neighborAs(id: AttrsId): number {
    return this.#rows[(id << 4) + NEIGHBOR_AS];
  }

  hasOriginator(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & HAS_ORIGINATOR) !== 0;
  }

  /** ORIGINATOR_ID, or else the BGP Identifier of the source (RFC 4456 §9); a signed word. */
  originator(id: AttrsId): number {
    const row = id << 4;
    if ((this.#rows[row + FLAGS] & HAS_ORIGINATOR) !== 0) return this.#rows[row + ORIGINATOR];
    return this.#sources.routerId[this.#rows[row + SOURCE]];
  }

  clusterCount(id: AttrsId): number {
    return this.#rows[(id << 4) + FLAGS] >>> CLUSTERS_SHIFT;
  }

  weight(id: AttrsId): number {
    return this.#rows[(id << 4) + CONTEXT_COLUMN] & CONTEXT.weightMask;
  }

  context(id: AttrsId): number {
    return this.#rows[(id << 4) + CONTEXT_COLUMN];
  }

  /** RFC 7606: routes with this set count as withdrawn. */
  isTreatAsWithdraw(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & TREAT_AS_WITHDRAW) !== 0;
  }

  /** RejectReason: why routes with this set as received take no part, whatever the policy says: loops, leaks. */
  rejectReason(id: AttrsId): number {
    return (this.#rows[(id << 4) + FLAGS] >>> MARK.reasonShift) & MARK.reasonMask;
  }

  /** RFC 1997: NO_EXPORT or NO_EXPORT_SUBCONFED is among the communities. */
  isNoExport(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & MARK.noExport) !== 0;
  }

  isNoAdvertise(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & MARK.noAdvertise) !== 0;
  }

  /** RFC 8326: GRACEFUL_SHUTDOWN is among the communities. */
  hasGracefulShutdown(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & MARK.gracefulShutdown) !== 0;
  }

  /** RFC 7999: BLACKHOLE is among the communities. */
  hasBlackhole(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & MARK.blackhole) !== 0;
  }

  /** RFC 9234: OTC is among the attributes. */
  hasOnlyToCustomer(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + FLAGS] & MARK.onlyToCustomer) !== 0;
  }

  /** BLACKHOLE is honoured: packets are dropped. */
  isBlackhole(id: AttrsId): boolean {
    return (this.#rows[(id << 4) + CONTEXT_COLUMN] & CONTEXT.dropsPackets) !== 0;
  }

  /** The chunk, offset and length of the normal form. */
  bodyChunk(id: AttrsId): Bytes {
    return this.#arena.chunk(this.#rows[(id << 4) + BODY]);
  }

  bodyOffset(id: AttrsId): number {
    return this.#arena.offset(this.#rows[(id << 4) + BODY]);
  }

  bodyLength(id: AttrsId): number {
    return this.#rows[(id << 4) + BODY_LENGTH];
  }

  /** True if both sets have the same AS_PATH, octet by octet. */
  hasSameAsPath(a: AttrsId, b: AttrsId): boolean {
    if (a === b) return true;
    const [chunkA, atA, lengthA] = this.#asPath(a);
    const [chunkB, atB, lengthB] = this.#asPath(b);
    return lengthA === lengthB && equalBytes(chunkA, atA, chunkB, atB, lengthA);
  }

  /** What RFC 7606 found in the set, in words. */
  faults(id: AttrsId): readonly string[] {
    return this.#faults.get(id) ?? [];
  }

  /** Octets of all sets, rounded up as they are stored. */
  get usedBytes(): number {
    return this.#arena.usedBytes;
  }

  /** One more than the highest row ever used, for columns and walks beside the table. */
  get end(): number {
    return this.#nextRow;
  }

  #add(hash: number, bytes: Bytes, at: number, length: number, source: SourceId, context: number): AttrsId {
    const { options } = this.#sources.get(source);
    const judge = this.#judge;
    const relation = this.#sources.relation[source];
    const marks = judge.judge(bytes, at, length, relation, context, options, this.#identity);
    const { facts } = judge;
    const id = this.#takeRow();
    const key = this.#arena.storeWords(this.#key.words, length);
    const row = id << 4;
    this.#rows[row + KEY] = key;
    this.#rows[row + KEY_LENGTH] = length;
    this.#rows[row + BODY] = key;
    this.#rows[row + BODY_LENGTH] = length;
    if (judge.isRewritten) this.#storeBody(row, bytes, at, length);
    const rows = this.#rows;
    rows[row + HASH] = hash;
    rows[row + REFS] = 0;
    rows[row + SOURCE] = source;
    rows[row + LOCAL_PREF] = facts.localPref < 0 ? DEFAULT_LOCAL_PREF : facts.localPref | 0;
    rows[row + PATH_LENGTH] = facts.asPathLength;
    rows[row + MED] = facts.hasMed ? facts.med | 0 : 0;
    rows[row + ORIGINATOR] = facts.originatorId | 0;
    const drops = (context & CONTEXT.dropsPackets) !== 0;
    const body = this.#arena.chunk(rows[row + BODY]);
    const nextHopAt = this.#arena.offset(rows[row + BODY]) + facts.nextHopAt;
    rows[row + NEXT_HOP] = this.#nextHops.acquire(body, nextHopAt, facts.nextHopLength, options.zone, drops);
    rows[row + NEIGHBOR_AS] = facts.neighborAs | 0;
    rows[row + CONTEXT_COLUMN] = context;
    rows[row + FLAGS] = flagsOf(facts) | marks;
    const bucket = hash & (this.#buckets.length - 1);
    rows[row + NEXT] = this.#buckets[bucket];
    this.#buckets[bucket] = id;
    if (++this.size > this.#buckets.length) this.#growBuckets();
    // What we made ourselves is no peer's fault: local routes have no NEXT_HOP yet.
    if (facts.reasons.length > 0 && (context & CONTEXT.normal) === 0) {
      this.#faults.set(id, [...facts.reasons]);
      this.onFault(source, facts.reasons);
    }
    return id;
  }

  /** The normal form becomes the body of the row, unless it is the key after all. */
  #storeBody(row: number, bytes: Bytes, at: number, length: number): void {
    const { body } = this.#judge;
    if (body.length === length && equalBytes(body.bytes, 0, bytes, at, length)) return;
    this.#rows[row + BODY] = this.#arena.store(body.bytes, 0, body.length);
    this.#rows[row + BODY_LENGTH] = body.length;
  }

  /** Chunk, offset and length of the value of AS_PATH; no octets where there is none. */
  #asPath(id: AttrsId): readonly [Bytes, number, number] {
    const bytes = this.bodyChunk(id);
    let at = this.bodyOffset(id);
    const end = at + this.bodyLength(id);
    while (at < end) {
      const long = (bytes[at] & 0x10) !== 0;
      const length = long ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2];
      const valueAt = at + (long ? 4 : 3);
      if (bytes[at + 1] === ATTRIBUTE.AS_PATH) return [bytes, valueAt, length];
      at = valueAt + length;
    }
    return [bytes, end, 0];
  }

  #free(id: AttrsId): void {
    for (const listener of this.onFree) listener(id);
    const rows = this.#rows;
    const row = id << 4;
    const bucket = rows[row + HASH] & (this.#buckets.length - 1);
    let link = this.#buckets[bucket];
    if (link === id) this.#buckets[bucket] = rows[row + NEXT];
    else {
      while (rows[(link << 4) + NEXT] !== id) link = rows[(link << 4) + NEXT];
      rows[(link << 4) + NEXT] = rows[row + NEXT];
    }
    if (rows[row + BODY] !== rows[row + KEY]) this.#arena.release(rows[row + BODY], rows[row + BODY_LENGTH]);
    this.#arena.release(rows[row + KEY], rows[row + KEY_LENGTH]);
    this.#nextHops.release(rows[row + NEXT_HOP]);
    if (this.#faults.size > 0) this.#faults.delete(id);
    rows[row + NEXT] = this.#freeRow;
    rows[row + SOURCE] = 0;
    this.#freeRow = id;
    this.size--;
  }

  #takeRow(): AttrsId {
    if (this.#freeRow !== 0) {
      const id = this.#freeRow;
      this.#freeRow = this.#rows[(id << 4) + NEXT];
      return id;
    }
    if (this.#holes > 0) return this.#takeHole();
    const id = this.#nextRow++;
    if (id >= this.#capacity) {
      this.#capacity *= 2;
      const rows = new Int32Array(this.#capacity * STRIDE);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    return id;
  }

  /** True if most of the memory in use holds nothing any more. */
  get isSparse(): boolean {
    const touched = this.#nextRow - 1 - this.#holes;
    return touched > LEAST_TRIMMED && this.size * 4 < touched;
  }

  /** Moves what is left of many sets to new memory, of which it touches no more than it needs. Rows keep their numbers,
   *  octets do not stay where they are. A walk over all rows: for tables of which little is left. */
  trim(): void {
    const old = this.#rows;
    const arena = new ByteArena();
    let end = this.#nextRow;
    while (end > 1 && old[((end - 1) << 4) + SOURCE] === 0) end--;
    this.#capacity = this.#reserve;
    while (this.#capacity <= end) this.#capacity *= 2;
    const rows = new Int32Array(this.#capacity * STRIDE);
    let buckets = FIRST_BUCKETS;
    while (buckets < this.size) buckets *= 4;
    this.#buckets = new Int32Array(buckets);
    for (let id = 1; id < end; id++) {
      const row = id << 4;
      if (old[row + SOURCE] === 0) continue;
      for (let at = row; at < row + STRIDE; at++) rows[at] = old[at];
      rows[row + KEY] = this.#arena.copyTo(arena, old[row + KEY], old[row + KEY_LENGTH]);
      const isShared = old[row + BODY] === old[row + KEY];
      rows[row + BODY] = isShared
        ? rows[row + KEY]
        : this.#arena.copyTo(arena, old[row + BODY], old[row + BODY_LENGTH]);
      const bucket = rows[row + HASH] & (buckets - 1);
      rows[row + NEXT] = this.#buckets[bucket];
      this.#buckets[bucket] = id;
    }
    this.#rows = rows;
    this.#arena = arena;
    this.#nextRow = end;
    this.#freeRow = 0;
    this.#holes = end - 1 - this.size;
    this.#firstHole = 1;
  }

  /** Holes are handed out in order when the list is empty: every row without a source is one of them then. */
  #takeHole(): AttrsId {
    while (this.#rows[(this.#firstHole << 4) + SOURCE] !== 0) this.#firstHole++;
    this.#holes--;
    return this.#firstHole++;
  }

  #growBuckets(): void {
    const old = this.#buckets;
    const buckets = new Int32Array(old.length * 4);
    const rows = this.#rows;
    for (let i = 0; i < old.length; i++) {
      let id = old[i];
      while (id !== 0) {
        const row = id << 4;
        const next = rows[row + NEXT];
        const bucket = rows[row + HASH] & (buckets.length - 1);
        rows[row + NEXT] = buckets[bucket];
        buckets[bucket] = id;
        id = next;
      }
    }
    this.#buckets = buckets;
  }
}

function flagsOf(facts: AttributeFacts): number {
  let flags = facts.origin & ORIGIN_MASK;
  if (facts.hasMed) flags |= HAS_MED;
  if (facts.localPref >= 0) flags |= HAS_LOCAL_PREF;
  if (facts.hasOriginatorId) flags |= HAS_ORIGINATOR;
  if (facts.fate !== 0) flags |= TREAT_AS_WITHDRAW;
  return flags | (Math.min(facts.clusterCount, 0xffff) << CLUSTERS_SHIFT);
}
