// What follows from everything the naive RIB's sources hold, worked out at once: candidates of each prefix, the best path,
// aggregates (RFC 4271 §9.2.2.2), what each peer must have been told.

import type { Family } from "../../src/base/family.js";
import { toHex } from "../../src/base/bytes.js";
import { formatPrefix, type IpPrefix, prefixContains } from "../../src/base/ip.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import { LOCAL_WEIGHT } from "../../src/rib/rib.js";
import { RELATION } from "../../src/rib/sources.js";
import { bestOf, type NaivePath, rankedBy, sharing } from "./naive-decision.js";
import { attributesText, exportedTo, originatedTo } from "./naive-export.js";
import { imported } from "./naive-import.js";
import type { NaiveAggregate, NaiveRib, NaiveSource, Received } from "./naive-rib.js";

export interface Candidate extends NaivePath {
  readonly source: NaiveSource;
  readonly prefix: IpPrefix;
}

/** A path that a peer is told. */
export interface ToldPath {
  readonly prefix: IpPrefix;
  /** Undefined: the default route that is told in any case. */
  readonly source: NaiveSource | undefined;
  readonly pathId: number;
  /** Of its attributes. */
  readonly text: string;
  /** The peer is the next hop: it is not told (RFC 4271 §5.1.3). */
  readonly isOwnNextHop: boolean;
}

/** True if `inner` is a longer prefix of the other. */
export const isInside = (outer: IpPrefix, inner: IpPrefix): boolean =>
  outer.family === inner.family && outer.length < inner.length && prefixContains(outer, inner.bytes);

/** Valid until the RIB changes. */
export class NaiveTable {
  readonly prefixes = new Map<string, IpPrefix>();
  readonly #rib: NaiveRib;
  readonly #candidates = new Map<string, Candidate[]>();
  readonly #best = new Map<string, Candidate | undefined>();
  readonly #hidden = new Set<string>();
  readonly #accepted = new Map<NaiveSource, number[]>();

  constructor(rib: NaiveRib) {
    this.#rib = rib;
    for (const source of rib.sources) for (const path of source.paths.values()) this.#add(source, path);
    const aggregates = rib.aggregates.filter((aggregate) => this.#isAlive(aggregate));
    for (const { prefix } of aggregates) this.#push(prefix, aggregated(rib.aggregated, prefix));
    for (const { prefix, summaryOnly } of aggregates) if (summaryOnly) this.#hideInside(prefix);
  }

  /** Paths of the source in that family: all, and those the import policy lets in. */
  counts(source: NaiveSource, family: Family): { readonly received: number; readonly accepted: number } {
    const received = source.prefixes.filter((prefix) => prefix.family === family).length;
    return { received, accepted: this.#accepted.get(source)?.[family] ?? 0 };
  }

  best(prefix: IpPrefix): Candidate | undefined {
    const text = formatPrefix(prefix);
    if (!this.#best.has(text)) this.#best.set(text, bestOf(this.#candidates.get(text) ?? [], this.#rib.choices));
    return this.#best.get(text);
  }

  /** Paths that may share the traffic with the best one. */
  sharing(prefix: IpPrefix): readonly Candidate[] {
    const drops = this.best(prefix)?.carried.dropsPackets;
    return sharing(this.#candidates.get(formatPrefix(prefix)) ?? [], this.#rib.choices).filter(
      ({ carried }) => carried.dropsPackets === drops,
    );
  }

  /** What `member` must have been told: the best path of each prefix, or with ADD-PATH as many as there may be. */
  toldTo(member: NaiveSource, to: GroupOptions): readonly ToldPath[] {
    const told = this.#originated(to);
    const isOriginated = told.length > 0;
    const most = to.addPathSend === "all" ? Infinity : to.addPathSend;
    for (const [text, prefix] of this.prefixes) {
      if (prefix.family !== to.family || this.#hidden.has(text)) continue;
      if (isOriginated && prefix.length === 0) continue;
      const best = this.best(prefix);
      const paths =
        most === 0
          ? best === undefined
            ? []
            : [best]
          : rankedBy(this.#candidates.get(text) ?? [], this.#rib.choices).slice(0, most);
      for (const path of paths) {
        const one = this.#told(path, member, to);
        if (one !== undefined) told.push(one);
      }
    }
    return told;
  }

  #originated(to: GroupOptions): ToldPath[] {
    const told = to.defaultOriginate ? originatedTo(to, this.#rib.identity) : undefined;
    if (told === undefined) return [];
    const prefix = { family: to.family, bytes: new Uint8Array(to.family === 0 ? 4 : 16), length: 0 };
    const text = attributesText(told.attributes);
    return [{ prefix, source: undefined, pathId: 0, text, isOwnNextHop: false }];
  }

  #told(path: Candidate, member: NaiveSource, to: GroupOptions): ToldPath | undefined {
    const { carried, prefix, source, pathId } = path;
    if (source === member) return undefined;
    const { options, bgpIdentifier } = source;
    const { kind: from, peer: learnedFrom, relation } = options;
    const exported = { carried, prefix, from, learnedFrom, relation, bgpIdentifier };
    const told = exportedTo(exported, to, this.#rib.identity);
    if (told === undefined) return undefined;
    const isOwnNextHop = told.nextHop === toHex(member.options.address ?? new Uint8Array(0));
    return { prefix, source, pathId, text: attributesText(told.attributes), isOwnNextHop };
  }

  #add(source: NaiveSource, path: Received): void {
    const { prefix, pathId } = path;
    this.prefixes.set(formatPrefix(prefix), prefix);
    const carried = path.isRefused ? undefined : imported(path.attributes, prefix, source.options, source.filter);
    if (carried === undefined) return;
    const counts = this.#accepted.get(source) ?? [0, 0];
    this.#accepted.set(source, counts);
    counts[prefix.family]++;
    const { nextHop } = carried.attributes;
    const direct = { reachable: true, cost: 0 };
    const way =
      nextHop === undefined || carried.dropsPackets
        ? direct
        : this.#rib.wayTo(nextHop.slice(0, Math.min(nextHop.length, 16)));
    if (!way.reachable) return;
    const { relation, address = new Uint8Array(0) } = source.options;
    const isInternal = relation === RELATION.ibgpClient || relation === RELATION.ibgpNonClient;
    const { bgpIdentifier } = source;
    this.#push(prefix, { source, prefix, carried, isInternal, bgpIdentifier, address, pathId, cost: way.cost });
  }

  #push(prefix: IpPrefix, candidate: Candidate): void {
    const text = formatPrefix(prefix);
    this.prefixes.set(text, prefix);
    const candidates = this.#candidates.get(text);
    if (candidates === undefined) this.#candidates.set(text, [candidate]);
    else candidates.push(candidate);
    this.#best.clear();
  }

  /** An aggregate that counts only because of another one inside it counts because of what is inside that one. */
  #isAlive({ prefix }: NaiveAggregate): boolean {
    for (const [text, inner] of this.prefixes) {
      if (isInside(prefix, inner) && (this.#candidates.get(text) ?? []).length > 0) return true;
    }
    return false;
  }

  #hideInside(outer: IpPrefix): void {
    for (const [text, prefix] of this.prefixes) {
      const best = isInside(outer, prefix) ? this.best(prefix) : undefined;
      if (best !== undefined && best.source !== this.#rib.aggregated) this.#hidden.add(text);
    }
  }
}

function aggregated(source: NaiveSource, prefix: IpPrefix): Candidate {
  const attributes = { origin: 0, asPath: [], atomicAggregate: true };
  const carried = { attributes, weight: LOCAL_WEIGHT, medIsOurs: false, nextHopIsOurs: false, dropsPackets: false };
  const address = new Uint8Array(0);
  return { source, prefix, carried, isInternal: false, bgpIdentifier: 0, address, pathId: 0, cost: 0 };
}
