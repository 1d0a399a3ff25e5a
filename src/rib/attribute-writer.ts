// Attribute sets as they go out to one update group: copied from the normal form, rewritten on the way (RFC 4271 §5.1,
// RFC 4456 §8, RFC 6793 §4.2.2, RFC 8326 §4.2, RFC 9234 §5). AS paths: as-path-writer.ts. Types stay in ascending order.
// Hot: once per set and batch, no allocation.

import type { Bytes } from "../base/bytes.js";
import { readU32, writeU16, writeU32 } from "../base/bytes.js";
import { decodeAttributes, type PathAttributes } from "../packet/attributes/index.js";
import { AS_TRANS, ATTRIBUTE, FLAG_EXTENDED_LENGTH } from "../packet/codes.js";
import { AsPathWriter } from "./as-path-writer.js";
import { type AttributeFields, fieldsOf } from "./attribute-fields.js";
import { type AttrsId, type AttrsTable, DEFAULT_LOCAL_PREF } from "./attrs-table.js";
import { CONTEXT } from "./set-context.js";
import { LOCAL_FACTS_CODE } from "./local-facts.js";
import { type ExportRules, type GroupOptions, marksOnlyToCustomer, usesMultiprotocol } from "./export-rules.js";
import { COMMUNITY } from "./set-marks.js";
import { RELATION, type SourceTable } from "./sources.js";

/** T bit of an extended community's type (RFC 4360 §2). */
const NON_TRANSITIVE = 0x40;
/** Behind every type: time to write what is still missing. */
const END = 256;

/** What a writer makes of sets: all that the members need; or first what their export policy is shown, and then, of what
 *  that left, what goes out (GroupOptions.preparesExport). */
export type WriterStage = "whole" | "prepare" | "send";

export class AttributeWriter {
  readonly #rules: ExportRules;
  readonly #attrs: AttrsTable;
  readonly #sources: SourceTable;
  readonly #asPaths: AsPathWriter;
  readonly #isEbgp: boolean;
  readonly #isDraining: boolean;
  readonly #fourOctetAs: boolean;
  readonly #stage: WriterStage;
  /** Types written beside or instead of the set's own, in ascending order, for routes as they come and for reflected ones. */
  readonly #plain: readonly number[];
  readonly #reflected: readonly number[];
  #out: Bytes = new Uint8Array(0);
  #at = 0;
  #reflects = false;
  /** Offsets in the set's body; -1: nothing for old speakers. */
  #as4PathAt = -1;
  #as4PathEnd = -1;
  #as4AggregatorAt = -1;

  constructor(rules: ExportRules, attrs: AttrsTable, sources: SourceTable, stage: WriterStage = "whole") {
    const { options } = rules;
    this.#stage = stage;
    this.#rules = rules;
    this.#attrs = attrs;
    this.#sources = sources;
    this.#asPaths = new AsPathWriter(stage === "send" ? asItStands(options) : options);
    this.#isEbgp = options.relation === RELATION.ebgp;
    this.#isDraining = options.isDraining;
    this.#fourOctetAs = options.fourOctetAs;
    this.#plain = addedTypes(options, false, stage);
    this.#reflected = addedTypes(options, true, stage);
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
    this.#reflects = this.#stage !== "send" && this.#rules.isReflection(id);
    this.#as4PathAt = this.#as4AggregatorAt = -1;
    const added = this.#reflects ? this.#reflected : this.#plain;
    let next = 0;
    for (let from = start; from < end;) {
      const type = body[from + 1];
      const long = (body[from] & FLAG_EXTENDED_LENGTH) !== 0;
      const value = from + (long ? 4 : 3);
      const last = value + (long ? (body[from + 2] << 8) | body[from + 3] : body[from + 2]);
      while (next < added.length && added[next] <= type) this.#add(id, added[next++], type, body);
      this.#writeAttribute(id, type, relation, body, from, value, last);
      from = last;
    }
    while (next < added.length) this.#add(id, added[next++], END, body);
    return this.#at;
  }

  /** The attributes as the members see them, for display. */
  preview(id: AttrsId): AttributeFields {
    return fieldsOf(this.previewAttributes(id));
  }

  /** The same as objects. */
  previewAttributes(id: AttrsId): PathAttributes {
    const out = new Uint8Array(this.bound(id));
    const end = this.write(id, out, 0);
    return decodeAttributes(out, 0, end, this.#fourOctetAs);
  }

  #writeAttribute(
    id: AttrsId,
    type: number,
    relation: number,
    body: Bytes,
    from: number,
    value: number,
    last: number,
  ): void {
    if (type === ATTRIBUTE.AS_PATH) this.#writeAsPath(body, value, last);
    else if (type === ATTRIBUTE.CLUSTER_LIST && this.#reflects) this.#writeClusterList(body, value, last);
    else if (type === ATTRIBUTE.AGGREGATOR && !this.#fourOctetAs) this.#writeAggregator(body, from, value, last);
    else if (type === ATTRIBUTE.COMMUNITIES && this.#isDraining && !this.#attrs.hasGracefulShutdown(id)) {
      this.#writeCommunities(body, from, value, last);
    } else if (type === ATTRIBUTE.EXTENDED_COMMUNITIES && this.#isEbgp && this.#stage !== "prepare")
      this.#writeTransitive(body, value, last);
    else if (!this.#isDropped(id, type, relation)) this.#copy(body, from, last);
    else if (type === ATTRIBUTE.MULTI_EXIT_DISC && this.#rules.options.zeroesMed) this.#writeWord(0x80, type, 0);
  }

  /** Types that the normal form carries but these peers must not see, or that are written anew. */
  #isDropped(id: AttrsId, type: number, relation: number): boolean {
    if (type === ATTRIBUTE.NEXT_HOP) return true;
    if (this.#stage === "prepare") return type === ATTRIBUTE.MULTI_EXIT_DISC && this.#dropsMed(id, relation);
    if (type === LOCAL_FACTS_CODE) return relation === RELATION.local;
    if (type === ATTRIBUTE.LOCAL_PREF) return this.#isEbgp || this.#isDraining;
    if (type === ATTRIBUTE.ORIGINATOR_ID || type === ATTRIBUTE.CLUSTER_LIST) return this.#isEbgp;
    return type === ATTRIBUTE.MULTI_EXIT_DISC && this.#stage === "whole" && this.#dropsMed(id, relation);
  }

  /** RFC 4271 §5.1.4: MED of one neighbouring AS must not reach another, unless we set it. */
  #dropsMed(id: AttrsId, relation: number): boolean {
    return this.#isEbgp && relation !== RELATION.local && (this.#attrs.context(id) & CONTEXT.medIsOurs) === 0;
  }

  /** Writes an attribute of type `added`, unless the set's own, which comes next if it is of that type, will do. */
  #add(id: AttrsId, added: number, type: number, body: Bytes): void {
    switch (added) {
      case ATTRIBUTE.NEXT_HOP:
        this.#writeNextHop(id);
        break;
      case ATTRIBUTE.LOCAL_PREF:
        // RFC 8326 §4.2: the last resort of everybody who has another route.
        if (this.#isDraining) this.#writeWord(0x40, added, 0);
        else if (type !== added) this.#writeWord(0x40, added, DEFAULT_LOCAL_PREF);
        break;
      case ATTRIBUTE.COMMUNITIES:
        if (type !== added) this.#writeWord(0xc0, added, COMMUNITY.gracefulShutdown);
        break;
      case ATTRIBUTE.ORIGINATOR_ID:
        // RFC 4456 §8: a reflector must not create the attribute if one exists.
        if (type !== added) this.#writeWord(0x80, added, this.#attrs.originator(id));
        break;
      case ATTRIBUTE.CLUSTER_LIST:
        if (type !== added) this.#writeWord(0x80, added, this.#attrs.identity.clusterId);
        break;
      case ATTRIBUTE.AS4_PATH:
        if (this.#as4PathAt < 0) break;
        this.#at = this.#asPaths.writeAs4Path(body, this.#as4PathAt, this.#as4PathEnd, this.#out, this.#at);
        break;
      case ATTRIBUTE.AS4_AGGREGATOR:
        if (this.#as4AggregatorAt < 0) break;
        this.#writeHeader(0xc0, added, 8);
        this.#copy(body, this.#as4AggregatorAt, this.#as4AggregatorAt + 8);
        break;
      default:
        // RFC 9234 §5: only to customers from here on; what is set already stays.
        if (type !== added) this.#writeWord(0xc0, added, this.#rules.options.localAs);
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
    out[at++] = length > 255 ? flags | FLAG_EXTENDED_LENGTH : flags;
    out[at++] = type;
    if (length > 255) out[at++] = length >>> 8;
    out[at++] = length;
    this.#at = at;
  }

  #writeAsPath(body: Bytes, value: number, next: number): void {
    this.#at = this.#asPaths.writeAsPath(body, value, next, this.#out, this.#at);
    if (this.#fourOctetAs || !this.#asPaths.needsAs4Path(body, value, next)) return;
    this.#as4PathAt = value;
    this.#as4PathEnd = next;
  }

  /** RFC 8326 §4.2: GRACEFUL_SHUTDOWN behind the communities that are there. */
  #writeCommunities(body: Bytes, from: number, value: number, next: number): void {
    this.#writeHeader(body[from] & ~FLAG_EXTENDED_LENGTH, ATTRIBUTE.COMMUNITIES, next - value + 4);
    this.#copy(body, value, next);
    writeU32(this.#out, this.#at, COMMUNITY.gracefulShutdown);
    this.#at += 4;
  }

  /** RFC 6793 §4.2.2: in two octets, the truth in AS4_AGGREGATOR where they are too few. */
  #writeAggregator(body: Bytes, from: number, value: number, next: number): void {
    const as = readU32(body, value);
    this.#writeHeader(body[from] & ~FLAG_EXTENDED_LENGTH, ATTRIBUTE.AGGREGATOR, 6);
    writeU16(this.#out, this.#at, as > 0xffff ? AS_TRANS : as);
    this.#at += 2;
    this.#copy(body, value + 4, next);
    if (as > 0xffff) this.#as4AggregatorAt = value;
  }
}

/** The path as the policy left it: nothing is put in front, nothing replaced. */
function asItStands(options: GroupOptions): GroupOptions {
  return { ...options, relation: RELATION.ibgpNonClient, overrideAs: 0, removePrivateAs: "no" };
}

/** Types that may have to be written although a set does not hold them, in ascending order. */
function addedTypes(options: GroupOptions, reflects: boolean, stage: WriterStage): readonly number[] {
  const isEbgp = options.relation === RELATION.ebgp;
  const types: number[] = [];
  if (!usesMultiprotocol(options)) types.push(ATTRIBUTE.NEXT_HOP);
  if (!isEbgp || stage === "prepare") types.push(ATTRIBUTE.LOCAL_PREF);
  if (options.isDraining) types.push(ATTRIBUTE.COMMUNITIES);
  if (reflects) types.push(ATTRIBUTE.ORIGINATOR_ID, ATTRIBUTE.CLUSTER_LIST);
  if (!options.fourOctetAs) types.push(ATTRIBUTE.AS4_PATH, ATTRIBUTE.AS4_AGGREGATOR);
  if (marksOnlyToCustomer(options)) types.push(ATTRIBUTE.ONLY_TO_CUSTOMER);
  return types;
}
