// A row of the RIB seen as the Route of the filter language: reads decode on demand, sets are remembered and become a new
// attribute set when the filter accepts. One cursor is reused for every route; nobody keeps it.

import type { Bytes } from "../base/bytes.js";
import { ByteWriter } from "../base/bytes.js";
import { type Family, IPV4_UNICAST } from "../base/family.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import { decodeAttributes, encodeAttributes } from "../packet/attributes/index.js";
import { AttributeSection } from "../packet/attributes/section.js";
import type { AsPath, ExtendedCommunity, LargeCommunity, PeerFacts, Route, RouteOrigin } from "../policy/route.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { CONTEXT, LONGEST_SET } from "./set-context.js";
import type { SourceTable } from "./sources.js";

const NO_NEXT_HOP: Bytes = new Uint8Array(0);
/** What an edited set takes over from the one it was made of. */
const KEPT = CONTEXT.medIsOurs | CONTEXT.nextHopIsOurs | CONTEXT.dropsPackets;

/** Attributes of a set while a filter changes them. */
type Draft = { -readonly [K in keyof PathAttributes]: PathAttributes[K] };

export class RouteCursor implements Route {
  readonly #attrs: AttrsTable;
  readonly #sources: SourceTable;
  readonly #out = new ByteWriter(1024);
  readonly #section = new AttributeSection();
  readonly #value = new ByteWriter(1024);
  #id: AttrsId = 0;
  #draft: Draft | undefined;
  #edited = false;
  #weight = 0;
  #ours = 0;
  family: Family = IPV4_UNICAST;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  prefixLength = 0;
  sentTo: PeerFacts | undefined = undefined;
  kernelMetric: number | undefined = undefined;
  kernelTunnel: string | undefined = undefined;

  constructor(attrs: AttrsTable, sources: SourceTable) {
    this.#attrs = attrs;
    this.#sources = sources;
  }

  /** Points at an attribute set; what was set before is forgotten. */
  seek(id: AttrsId, sentTo: PeerFacts | undefined): void {
    this.#id = id;
    this.#draft = undefined;
    this.#edited = false;
    this.#weight = this.#attrs.weight(id);
    this.#ours = this.#attrs.context(id) & KEPT;
    this.sentTo = sentTo;
    this.kernelMetric = undefined;
    this.kernelTunnel = undefined;
  }

  setPrefix(family: Family, w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.family = family;
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
    this.prefixLength = length;
  }

  /** The set with all that the filter changed: a row of the table, the same one if nothing was, 0 if an
   *  attribute or the set has become longer than can be. No reference is taken. */
  commit(): AttrsId {
    const id = this.#id;
    if (!this.#edited || this.#draft === undefined) return id;
    this.#out.clear();
    try {
      encodeAttributes(this.#draft, this.#out, true, this.#value);
    } catch (error) {
      if (error instanceof RangeError) return 0;
      throw error;
    }
    if (this.#out.length > LONGEST_SET) return 0;
    const context = (this.#weight & CONTEXT.weightMask) | CONTEXT.normal | this.#ours;
    return this.#attrs.intern(this.#out.bytes, 0, this.#out.length, this.#attrs.source(id), context);
  }

  get from(): RouteOrigin {
    return this.#sources.get(this.#attrs.source(this.#id)).options.kind;
  }

  get learnedFrom(): PeerFacts | undefined {
    return this.#sources.get(this.#attrs.source(this.#id)).options.peer;
  }

  get origin(): number {
    return this.#read().origin ?? 2;
  }

  set origin(value: number) {
    this.#edit().origin = value;
  }

  get asPath(): AsPath {
    return this.#read().asPath ?? [];
  }

  set asPath(value: AsPath) {
    this.#edit().asPath = value;
  }

  get nextHop(): Bytes {
    return this.#read().nextHop ?? NO_NEXT_HOP;
  }

  set nextHop(value: Bytes) {
    this.#edit().nextHop = value;
    this.#ours |= CONTEXT.nextHopIsOurs;
  }

  get med(): number | undefined {
    return this.#read().med;
  }

  set med(value: number | undefined) {
    const draft = this.#edit();
    if (value === undefined) delete draft.med;
    else draft.med = value;
    if (value === undefined) this.#ours &= ~CONTEXT.medIsOurs;
    else this.#ours |= CONTEXT.medIsOurs;
  }

  get localPref(): number | undefined {
    return this.#read().localPref;
  }

  set localPref(value: number | undefined) {
    const draft = this.#edit();
    if (value === undefined) delete draft.localPref;
    else draft.localPref = value;
  }

  get communities(): readonly number[] {
    return this.#read().communities ?? [];
  }

  set communities(value: readonly number[]) {
    const draft = this.#edit();
    if (value.length === 0) delete draft.communities;
    else draft.communities = value;
  }

  get extendedCommunities(): readonly ExtendedCommunity[] {
    return this.#read().extendedCommunities ?? [];
  }

  set extendedCommunities(value: readonly ExtendedCommunity[]) {
    const draft = this.#edit();
    if (value.length === 0) delete draft.extendedCommunities;
    else draft.extendedCommunities = value;
  }

  get largeCommunities(): readonly LargeCommunity[] {
    return this.#read().largeCommunities ?? [];
  }

  set largeCommunities(value: readonly LargeCommunity[]) {
    const draft = this.#edit();
    if (value.length === 0) delete draft.largeCommunities;
    else draft.largeCommunities = value;
  }

  get weight(): number {
    return this.#weight;
  }

  set weight(value: number) {
    this.#edit();
    this.#weight = Math.max(0, Math.min(CONTEXT.weightMask, value));
  }

  /** RFC 9234. No filter may set it. */
  get onlyToCustomer(): number | undefined {
    return this.#read().onlyToCustomer;
  }

  set onlyToCustomer(value: number | undefined) {
    const draft = this.#edit();
    if (value === undefined) delete draft.onlyToCustomer;
    else draft.onlyToCustomer = value;
  }

  /** Packets are dropped, whatever the next hop (RFC 7999 §3.3). */
  get dropsPackets(): boolean {
    return (this.#ours & CONTEXT.dropsPackets) !== 0;
  }

  set dropsPackets(value: boolean) {
    this.#edit();
    if (value) this.#ours |= CONTEXT.dropsPackets;
    else this.#ours &= ~CONTEXT.dropsPackets;
  }

  #read(): Draft {
    if (this.#draft !== undefined) return this.#draft;
    const at = this.#attrs.bodyOffset(this.#id);
    const end = at + this.#attrs.bodyLength(this.#id);
    this.#draft = { ...decodeAttributes(this.#attrs.bodyChunk(this.#id), at, end, true, this.#section) };
    return this.#draft;
  }

  #edit(): Draft {
    this.#edited = true;
    return this.#read();
  }
}
