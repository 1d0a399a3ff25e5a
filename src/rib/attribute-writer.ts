// Attribute sets as they go out to one update group: copied from the normal form, rewritten on the way (RFC 4271 §5.1,
// RFC 4456 §8, RFC 6793 §4.2.2). Types stay in ascending order. Hot: once per set and batch, no allocation.

import type { Bytes } from "../base/bytes.js";
import { readU32, writeU16, writeU32 } from "../base/bytes.js";
import { decodeAttributes } from "../packet/attributes/index.js";
import { type AttrsId, type AttrsTable, CONTEXT, DEFAULT_LOCAL_PREF } from "./attrs-table.js";
import { type ExportRules, usesMultiprotocol } from "./export-rules.js";
import { type AttributeFields, fieldsOf } from "./attribute-fields.js";
import { RELATION, type SourceTable } from "./sources.js";

const EXTENDED_LENGTH = 0x10;
const AS_TRANS = 23456;
/** T bit of an extended community's type (RFC 4360 §2). */
const NON_TRANSITIVE = 0x40;

export class AttributeWriter {
  readonly #rules: ExportRules;
  readonly #attrs: AttrsTable;
  readonly #sources: SourceTable;
  readonly #isEbgp: boolean;
  readonly #multiprotocol: boolean;
  #out: Bytes = new Uint8Array(0);
  #at = 0;
  #reflects = false;
  #originatorDone = false;
  #clusterDone = false;
  #localPrefDone = false;
  #nextHopDone = false;

  constructor(rules: ExportRules, attrs: AttrsTable, sources: SourceTable) {
    this.#rules = rules;
    this.#attrs = attrs;
    this.#sources = sources;
    this.#isEbgp = rules.options.relation === RELATION.ebgp;
    this.#multiprotocol = usesMultiprotocol(rules.options);
  }

  /** Most octets that `write` may need for the set. */
  bound(id: AttrsId): number {
    return this.#attrs.bodyLength(id) * 2 + 96;
  }

  /** Writes the attributes of the set at `out[at]`, all but MP_REACH_NLRI; gives the offset behind them. */
  write(id: AttrsId, out: Bytes, at: number): number {
    const body = this.#attrs.bodyChunk(id);
    const start = this.#attrs.bodyOffset(id);
    const end = start + this.#attrs.bodyLength(id);
    const relation = this.#sources.relation[this.#attrs.source(id)];
    this.#out = out;
    this.#at = at;
    this.#reflects = !this.#isEbgp && relation >= RELATION.ibgpClient;
    this.#originatorDone = this.#clusterDone = !this.#reflects;
    this.#localPrefDone = this.#isEbgp;
    this.#nextHopDone = this.#multiprotocol;
    let as4Path = -1;
    let as4Aggregator = -1;
    for (let from = start; from < end;) {
      const type = body[from + 1];
      const long = (body[from] & EXTENDED_LENGTH) !== 0;
      const value = from + (long ? 4 : 3);
      const next = value + (long ? (body[from + 2] << 8) | body[from + 3] : body[from + 2]);
      if (type > 1) this.#fill(id, type);
      if (type === 2) {
        this.#writeAsPath(body, value, next);
        if (!this.#rules.options.fourOctetAs && needsAs4Path(body, value, next, this.#localAsIsWide)) as4Path = from;
      } else if (type === 10 && this.#reflects) this.#writeClusterList(body, value, next);
      else if (type === 7) {
        this.#writeAggregator(body, from, value, next);
        if (!this.#rules.options.fourOctetAs && readU32(body, value) > 0xffff) as4Aggregator = value;
      } else if (type === 16 && this.#isEbgp) this.#writeTransitive(body, value, next);
      else if (!this.#isDropped(id, type, relation)) this.#copy(body, from, next);
      from = next;
    }
    this.#fill(id, 256);
    if (as4Path >= 0) this.#writeAs4Path(body, as4Path);
    if (as4Aggregator >= 0) {
      this.#writeHeader(0xc0, 18, 8);
      this.#copy(body, as4Aggregator, as4Aggregator + 8);
    }
    return this.#at;
  }

  /** The attributes as the members see them, for display. */
  preview(id: AttrsId): AttributeFields {
    const out = new Uint8Array(this.bound(id));
    const end = this.write(id, out, 0);
    return fieldsOf(decodeAttributes(out, 0, end, this.#rules.options.fourOctetAs));
  }

  get #localAsIsWide(): boolean {
    return this.#isEbgp && this.#rules.options.localAs > 0xffff;
  }

  /** Types that the normal form carries but these peers must not see, or that are written anew. */
  #isDropped(id: AttrsId, type: number, relation: number): boolean {
    if (type === 3 || type === 9) return type === 3 || this.#isEbgp;
    if (type === 5 || type === 10) return this.#isEbgp;
    // RFC 4271 §5.1.4: MED of one neighbouring AS must not reach another, unless we set it.
    if (type !== 4 || !this.#isEbgp) return false;
    return relation !== RELATION.local && (this.#attrs.context(id) & CONTEXT.medIsOurs) === 0;
  }

  /** Writes what the set lacks and must have, as far as its type is below `type` (or the set's own version replaces it). */
  #fill(id: AttrsId, type: number): void {
    if (!this.#nextHopDone && type > 3) this.#writeNextHop(id);
    if (!this.#localPrefDone && type >= 5) {
      this.#localPrefDone = true;
      if (type !== 5) this.#writeWord(0x40, 5, DEFAULT_LOCAL_PREF);
    }
    if (!this.#originatorDone && type >= 9) {
      this.#originatorDone = true;
      // RFC 4456 §8: a reflector must not create the attribute if one exists.
      if (type !== 9) this.#writeWord(0x80, 9, this.#attrs.originator(id));
    }
    if (!this.#clusterDone && type >= 10) {
      this.#clusterDone = true;
      if (type !== 10) this.#writeWord(0x80, 10, this.#attrs.identity.clusterId);
    }
  }

  #writeWord(flags: number, type: number, value: number): void {
    const out = this.#out;
    let at = this.#at;
    out[at++] = flags;
    out[at++] = type;
    out[at++] = 4;
    writeU32(out, at, value);
    this.#at = at + 4;
  }

  #writeNextHop(id: AttrsId): void {
    this.#nextHopDone = true;
    const nextHop = this.#rules.nextHop(id);
    const out = this.#out;
    let at = this.#at;
    out[at++] = 0x40;
    out[at++] = 3;
    out[at++] = nextHop.length;
    for (let i = 0; i < nextHop.length; i++) out[at++] = nextHop[i];
    this.#at = at;
  }

  #copy(body: Bytes, from: number, next: number): void {
    const out = this.#out;
    let at = this.#at;
    while (from < next) out[at++] = body[from++];
    this.#at = at;
  }

  /** RFC 4456 §8: our cluster id in front. */
  #writeClusterList(body: Bytes, value: number, next: number): void {
    const length = next - value + 4;
    this.#writeHeader(0x80, 10, length);
    writeU32(this.#out, this.#at, this.#attrs.identity.clusterId);
    this.#at += 4;
    this.#copy(body, value, next);
  }

  /** RFC 4360 §6: communities that are not transitive stay inside the AS. */
  #writeTransitive(body: Bytes, value: number, next: number): void {
    let kept = 0;
    for (let from = value; from < next; from += 8) if ((body[from] & NON_TRANSITIVE) === 0) kept += 8;
    if (kept === 0) return;
    this.#writeHeader(0xc0, 16, kept);
    for (let from = value; from < next; from += 8) {
      if ((body[from] & NON_TRANSITIVE) === 0) this.#copy(body, from, from + 8);
    }
  }

  #writeHeader(flags: number, type: number, length: number): void {
    const out = this.#out;
    let at = this.#at;
    out[at++] = length > 255 ? flags | EXTENDED_LENGTH : flags;
    out[at++] = type;
    if (length > 255) out[at++] = length >>> 8;
    out[at++] = length;
    this.#at = at;
  }

  /** RFC 4271 §5.1.2: eBGP peers find our AS in front; RFC 6793 §4.2.2: 2-octet peers find AS_TRANS for wide numbers. */
  #writeAsPath(body: Bytes, value: number, next: number): void {
    const { localAs, fourOctetAs } = this.#rules.options;
    const extendsFirst = this.#isEbgp && value < next && body[value] === 2 && body[value + 1] < 255;
    const added = this.#isEbgp ? (extendsFirst ? 4 : 6) : 0;
    const out = this.#out;
    const headerAt = this.#at;
    this.#writeHeader(0x40, 2, next - value + added); // right for 4-octet peers; narrower ones are patched below
    const start = this.#at;
    let from = value;
    if (this.#isEbgp) {
      out[this.#at++] = 2;
      out[this.#at++] = extendsFirst ? body[value + 1] + 1 : 1;
      this.#writeAs(localAs, fourOctetAs);
      if (extendsFirst) from = this.#copyAsNumbers(body, value + 2, body[value + 1], fourOctetAs);
    }
    while (from < next) {
      const count = body[from + 1];
      out[this.#at++] = body[from];
      out[this.#at++] = count;
      from = this.#copyAsNumbers(body, from + 2, count, fourOctetAs);
    }
    if (!fourOctetAs) this.#shrinkHeader(headerAt, start);
  }

  #writeAs(as: number, wide: boolean): void {
    if (wide) {
      writeU32(this.#out, this.#at, as);
      this.#at += 4;
    } else {
      writeU16(this.#out, this.#at, as > 0xffff ? AS_TRANS : as);
      this.#at += 2;
    }
  }

  #copyAsNumbers(body: Bytes, from: number, count: number, wide: boolean): number {
    const end = from + count * 4;
    if (wide) this.#copy(body, from, end);
    else for (; from < end; from += 4) this.#writeAs(readU32(body, from), false);
    return end;
  }

  /** The header of a value written with narrower numbers than announced: its length is corrected in place. */
  #shrinkHeader(headerAt: number, start: number): void {
    const length = this.#at - start;
    if (start - headerAt === 4) writeU16(this.#out, headerAt + 2, length);
    else this.#out[headerAt + 2] = length;
  }

  #writeAggregator(body: Bytes, from: number, value: number, next: number): void {
    if (this.#rules.options.fourOctetAs || next - value !== 8) {
      this.#copy(body, from, next);
      return;
    }
    this.#writeHeader(body[from] & ~EXTENDED_LENGTH, 7, 6);
    this.#writeAs(readU32(body, value), false);
    this.#copy(body, value + 4, next);
  }

  /** RFC 6793 §4.2.2: the path in 4-octet numbers for those behind an old speaker. */
  #writeAs4Path(body: Bytes, from: number): void {
    const long = (body[from] & EXTENDED_LENGTH) !== 0;
    const value = from + (long ? 4 : 3);
    const next = value + (long ? (body[from + 2] << 8) | body[from + 3] : body[from + 2]);
    const added = this.#isEbgp ? 6 : 0;
    this.#writeHeader(0xc0, 17, next - value + added);
    if (added > 0) {
      this.#out[this.#at++] = 2;
      this.#out[this.#at++] = 1;
      this.#writeAs(this.#rules.options.localAs, true);
    }
    this.#copy(body, value, next);
  }
}

function needsAs4Path(body: Bytes, at: number, end: number, localIsWide: boolean): boolean {
  if (localIsWide) return true;
  while (at < end) {
    const last = at + 2 + body[at + 1] * 4;
    for (at += 2; at < last; at += 4) if (body[at] !== 0 || body[at + 1] !== 0) return true;
  }
  return false;
}
