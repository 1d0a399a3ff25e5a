// A route as a literal object for the naive RIB of the model test: what a filter reads and sets, without tables.

import type { Family } from "../../src/base/family.js";
import type { IpPrefix } from "../../src/base/ip.js";
import { readI32 } from "../../src/base/bytes.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type {
  AsPath,
  ExtendedCommunity,
  LargeCommunity,
  PeerFacts,
  Route,
  RouteOrigin,
} from "../../src/policy/route.js";

/** What a path carries beside its attributes. */
export interface Carried {
  readonly attributes: PathAttributes;
  readonly weight: number;
  /** A filter has set MED; it has set NEXT_HOP. */
  readonly medIsOurs: boolean;
  readonly nextHopIsOurs: boolean;
  /** BLACKHOLE is honoured (RFC 7999 §3.3). */
  readonly dropsPackets?: boolean;
}

type Draft = { -readonly [Key in keyof PathAttributes]: PathAttributes[Key] };

export class NaiveRoute implements Route {
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly prefixLength: number;
  readonly from: RouteOrigin;
  readonly learnedFrom: PeerFacts | undefined;
  readonly sentTo: PeerFacts | undefined;
  weight: number;
  readonly isBare = false;
  atomicAggregate = false;
  originatorId: number | undefined = undefined;
  clusterList: readonly number[] | undefined = undefined;
  aggregator: Route["aggregator"] = undefined;
  readonly protocolName = "";
  readonly fromAddress = new Uint8Array(0);
  readonly destination = "unreachable";
  readonly gateway = new Uint8Array(0);
  readonly interfaceName = "";
  kernelMetric: number | undefined = undefined;
  readonly kernelSource = undefined;
  kernelTunnel: string | undefined = undefined;
  #draft: Draft;
  #medIsOurs: boolean;
  #nextHopIsOurs: boolean;
  readonly #dropsPackets: boolean;

  constructor(carried: Carried, prefix: IpPrefix, from: RouteOrigin, learnedFrom?: PeerFacts, sentTo?: PeerFacts) {
    const word = (at: number): number => (at < prefix.bytes.length ? readI32(prefix.bytes, at) : 0);
    this.family = prefix.family;
    this.w0 = word(0);
    this.w1 = word(4);
    this.w2 = word(8);
    this.w3 = word(12);
    this.prefixLength = prefix.length;
    this.from = from;
    this.learnedFrom = learnedFrom;
    this.sentTo = sentTo;
    this.weight = carried.weight;
    this.#draft = { ...carried.attributes };
    this.#medIsOurs = carried.medIsOurs;
    this.#nextHopIsOurs = carried.nextHopIsOurs;
    this.#dropsPackets = carried.dropsPackets ?? false;
  }

  get carried(): Carried {
    const weight = Math.max(0, Math.min(65535, this.weight));
    return {
      attributes: this.#draft,
      weight,
      medIsOurs: this.#medIsOurs,
      nextHopIsOurs: this.#nextHopIsOurs,
      dropsPackets: this.#dropsPackets,
    };
  }

  get origin(): number {
    return this.#draft.origin ?? 2;
  }

  set origin(value: number) {
    this.#draft = { ...this.#draft, origin: value };
  }

  get asPath(): AsPath {
    return this.#draft.asPath ?? [];
  }

  set asPath(value: AsPath) {
    this.#draft = { ...this.#draft, asPath: value };
  }

  get nextHop(): Uint8Array {
    return this.#draft.nextHop ?? new Uint8Array(0);
  }

  set nextHop(value: Uint8Array) {
    this.#draft = { ...this.#draft, nextHop: value };
    this.#nextHopIsOurs = true;
  }

  get med(): number | undefined {
    return this.#draft.med;
  }

  set med(value: number | undefined) {
    const { med: _old, ...rest } = this.#draft;
    this.#draft = value === undefined ? rest : { ...rest, med: value };
    this.#medIsOurs = value !== undefined;
  }

  get localPref(): number | undefined {
    return this.#draft.localPref;
  }

  set localPref(value: number | undefined) {
    const { localPref: _old, ...rest } = this.#draft;
    this.#draft = value === undefined ? rest : { ...rest, localPref: value };
  }

  get communities(): readonly number[] {
    return this.#draft.communities ?? [];
  }

  set communities(value: readonly number[]) {
    const { communities: _old, ...rest } = this.#draft;
    this.#draft = value.length === 0 ? rest : { ...rest, communities: value };
  }

  get extendedCommunities(): readonly ExtendedCommunity[] {
    return this.#draft.extendedCommunities ?? [];
  }

  set extendedCommunities(value: readonly ExtendedCommunity[]) {
    this.#draft = { ...this.#draft, extendedCommunities: value };
  }

  get largeCommunities(): readonly LargeCommunity[] {
    return this.#draft.largeCommunities ?? [];
  }

  set largeCommunities(value: readonly LargeCommunity[]) {
    this.#draft = { ...this.#draft, largeCommunities: value };
  }
}
