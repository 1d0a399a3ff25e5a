// A row of the RIB seen as the Route of the filter language: reads decode on demand, sets are remembered and become a new
// attribute set when the filter accepts. One cursor is reused for every route; nobody keeps it.

import type { Bytes } from "../base/bytes.js";
import { ByteWriter } from "../base/bytes.js";
import { type Family, IPV4_UNICAST } from "../base/family.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import { decodeAttributes, encodeAttributes } from "../packet/attributes/index.js";
import { AttributeSection } from "../packet/attributes/section.js";
import type {
  Aggregator,
  AsPath,
  ExtendedCommunity,
  LargeCommunity,
  PeerFacts,
  Route,
  RouteDestination,
  RouteOrigin,
} from "../policy/route.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { LOCAL_FACTS_CODE, type LocalFacts, localFactsOf } from "./local-facts.js";
import { CONTEXT, LONGEST_SET } from "./set-context.js";
import { RELATION, type SourceTable } from "./sources.js";

const NO_NEXT_HOP: Bytes = new Uint8Array(0);
const NOT_PREPARED: CursorOptions = { isPrepared: false };
/** Of a local route that was announced without facts. */
const UNKNOWN_FACTS: LocalFacts = {
  destination: "unreachable",
  gateway: NO_NEXT_HOP,
  interfaceName: "",
  kernelMetric: undefined,
  kernelSource: undefined,
  protocolName: "",
};
/** What an edited set takes over from the one it was made of. */
const KEPT = CONTEXT.medIsOurs | CONTEXT.nextHopIsOurs | CONTEXT.dropsPackets;

/** Attributes of a set while a filter changes them. */
type Draft = { -readonly [K in keyof PathAttributes]: PathAttributes[K] };

export interface CursorOptions {
  /** The sets were made ready for a group (ExportPreparation): nothing is missing, and what only filters read goes. */
  readonly isPrepared: boolean;
}

export class RouteCursor implements Route {
  readonly #attrs: AttrsTable;
  readonly #sources: SourceTable;
  readonly #out = new ByteWriter(1024);
  readonly #section = new AttributeSection();
  readonly #value = new ByteWriter(1024);
  readonly #isPrepared: boolean;
  #id: AttrsId = 0;
  #draft: Draft | undefined;
  #edited = false;
  #weight = 0;
  #ours = 0;
  /** The set whose next hop says where packets go. */
  #way: AttrsId = 0;
  #facts: LocalFacts | undefined;
  /** What the filter has set, if it has. */
  #kernelMetric: number | undefined;
  #hasKernelMetric = false;
  kernelTunnel: string | undefined = undefined;
  family: Family = IPV4_UNICAST;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  prefixLength = 0;
  sentTo: PeerFacts | undefined = undefined;

  constructor(attrs: AttrsTable, sources: SourceTable, options: CursorOptions = NOT_PREPARED) {
    this.#attrs = attrs;
    this.#sources = sources;
    this.#isPrepared = options.isPrepared;
  }

  /** Points at an attribute set; what was set before is forgotten. `way`: the set whose next hop says where packets go,
   *  where that is another one. */
  seek(id: AttrsId, sentTo: PeerFacts | undefined, way = id): void {
    this.#id = id;
    this.#draft = undefined;
    this.#edited = false;
    this.#weight = this.#attrs.weight(id);
    this.#ours = this.#attrs.context(id) & KEPT;
    this.sentTo = sentTo;
    this.#way = way;
    this.#facts = undefined;
    this.#hasKernelMetric = false;
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
    if (this.#isPrepared && this.#isLocal) this.#dropFacts();
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

  /** The attributes with all that the filter changed, to be looked at before the next seek; undefined: it changed none. */
  get changes(): PathAttributes | undefined {
    return this.#edited ? this.#draft : undefined;
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

  get originatorId(): number | undefined {
    return this.#read().originatorId;
  }

  set originatorId(value: number | undefined) {
    const draft = this.#edit();
    if (value === undefined) delete draft.originatorId;
    else draft.originatorId = value;
  }

  get clusterList(): readonly number[] | undefined {
    return this.#read().clusterList;
  }

  set clusterList(value: readonly number[] | undefined) {
    const draft = this.#edit();
    if (value === undefined) delete draft.clusterList;
    else draft.clusterList = value;
  }

  get atomicAggregate(): boolean {
    return this.#read().atomicAggregate === true;
  }

  set atomicAggregate(value: boolean) {
    const draft = this.#edit();
    if (value) draft.atomicAggregate = true;
    else delete draft.atomicAggregate;
  }

  get aggregator(): Aggregator | undefined {
    return this.#read().aggregator;
  }

  set aggregator(value: Aggregator | undefined) {
    const draft = this.#edit();
    if (value === undefined) delete draft.aggregator;
    else draft.aggregator = value;
  }

  get isBare(): boolean {
    return !this.#isPrepared && this.#isLocal;
  }

  get protocolName(): string {
    const own = this.#isLocal ? this.#localFacts().protocolName : "";
    return own !== "" ? own : this.#sources.get(this.#attrs.source(this.#id)).options.name;
  }

  get fromAddress(): Bytes {
    return this.#sources.get(this.#attrs.source(this.#id)).options.address ?? NO_NEXT_HOP;
  }

  get destination(): RouteDestination {
    if (this.#isLocal) return this.#localFacts().destination;
    if (this.dropsPackets) return "blackhole";
    const { nextHops } = this.#attrs;
    return nextHops.way(this.#attrs.nextHop(this.#way)).reachable ? "router" : "unreachable";
  }

  get gateway(): Bytes {
    if (this.#isLocal) return this.#localFacts().gateway;
    const { nextHops } = this.#attrs;
    return nextHops.way(this.#attrs.nextHop(this.#way)).gateway ?? NO_NEXT_HOP;
  }

  get interfaceName(): string {
    if (this.#isLocal) return this.#localFacts().interfaceName;
    const { nextHops } = this.#attrs;
    return nextHops.way(this.#attrs.nextHop(this.#way)).device ?? "";
  }

  /** The metric that the last run asked for, or else the route's own. */
  get kernelMetric(): number | undefined {
    if (this.#hasKernelMetric) return this.#kernelMetric;
    return this.#isLocal ? this.#localFacts().kernelMetric : undefined;
  }

  set kernelMetric(value: number | undefined) {
    this.#kernelMetric = value;
    this.#hasKernelMetric = true;
  }

  get kernelSource(): number | undefined {
    return this.#isLocal ? this.#localFacts().kernelSource : undefined;
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

  get #isLocal(): boolean {
    return this.#sources.relation[this.#attrs.source(this.#id)] === RELATION.local;
  }

  #localFacts(): LocalFacts {
    this.#facts ??= localFactsOf(this.#read().unknown) ?? UNKNOWN_FACTS;
    return this.#facts;
  }

  /** Sets that differ in nothing else go out as one. */
  #dropFacts(): void {
    const draft = this.#read();
    const rest = draft.unknown?.filter(({ code }) => code !== LOCAL_FACTS_CODE);
    if (rest === undefined || rest.length === draft.unknown?.length) return;
    this.#edited = true;
    if (rest.length > 0) draft.unknown = rest;
    else delete draft.unknown;
  }

  #edit(): Draft {
    this.#edited = true;
    return this.#read();
  }
}
