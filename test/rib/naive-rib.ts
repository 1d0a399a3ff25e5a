// The RIB as Maps of objects: no chains, no interning, no logs; everything is worked out when it is asked for.

import type { Family } from "../../src/base/family.js";
import { toHex } from "../../src/base/bytes.js";
import { formatPrefix, type IpPrefix } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { ACCEPT_ALL, type Filter } from "../../src/policy/route.js";
import type { Identity } from "../../src/rib/attrs-table.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import { LOCAL_WEIGHT } from "../../src/rib/rib.js";
import { RELATION, type SourceOptions } from "../../src/rib/sources.js";
import { bestOf, type NaiveChoices, type NaivePath, PLAIN_CHOICES, rankedBy, sharing } from "./naive-decision.js";
import { exportedTo, attributesText } from "./naive-export.js";
import { type Carried, NaiveRoute } from "./naive-route.js";

interface Received {
  readonly prefix: IpPrefix;
  readonly pathId: number;
  readonly attributes: PathAttributes;
  stale: boolean;
}

export class NaiveSource {
  readonly options: SourceOptions;
  readonly bgpIdentifier: number;
  /** By prefix and path id. */
  readonly paths = new Map<string, Received>();
  filter: Filter = ACCEPT_ALL;

  constructor(options: SourceOptions, bgpIdentifier: number) {
    this.options = options;
    this.bgpIdentifier = bgpIdentifier;
  }

  announce(prefix: IpPrefix, pathId: number, attributes: PathAttributes): void {
    const kept = this.options.relation === RELATION.ebgp ? fromExternal(attributes) : attributes;
    this.paths.set(`${formatPrefix(prefix)} ${pathId}`, { prefix, pathId, attributes: kept, stale: false });
  }

  withdraw(prefix: IpPrefix, pathId: number): void {
    this.paths.delete(`${formatPrefix(prefix)} ${pathId}`);
  }

  /** The session ends. */
  down(keep: readonly Family[]): void {
    for (const [key, path] of this.paths) {
      if (path.stale || !keep.includes(path.prefix.family)) this.paths.delete(key);
      path.stale = true;
    }
  }

  sweep(family: Family): void {
    for (const [key, path] of this.paths) if (path.stale && path.prefix.family === family) this.paths.delete(key);
  }
}

/** RFC 7606 §7.5, §7.9, §7.10: what external neighbours may not say. */
function fromExternal(attributes: PathAttributes): PathAttributes {
  const { localPref: _localPref, originatorId: _originatorId, clusterList: _clusterList, ...rest } = attributes;
  return rest;
}

export interface NaiveWay {
  readonly reachable: boolean;
  readonly cost: number;
}

/** A path that a peer is told. */
export interface ToldPath {
  readonly prefix: IpPrefix;
  readonly source: NaiveSource;
  readonly pathId: number;
  /** Of its attributes. */
  readonly text: string;
}

interface Candidate extends NaivePath {
  readonly source: NaiveSource;
  readonly prefix: IpPrefix;
}

export class NaiveRib {
  readonly sources = new Set<NaiveSource>();
  /** By octets of the next hop in hexadecimal; others are reachable at cost 0. */
  readonly ways = new Map<string, NaiveWay>();
  choices: NaiveChoices = PLAIN_CHOICES;
  readonly #identity: Identity;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Paths of the source in that family: all, and those the import policy lets in. */
  counts(source: NaiveSource, family: Family): { readonly received: number; readonly accepted: number } {
    const paths = [...source.paths.values()].filter(({ prefix }) => prefix.family === family);
    return {
      received: paths.length,
      accepted: paths.filter((path) => this.#accepted(source, path) !== undefined).length,
    };
  }

  get prefixes(): ReadonlyMap<string, IpPrefix> {
    const all = [...this.sources].flatMap((source) => [...source.paths.values()].map(({ prefix }) => prefix));
    return new Map(all.map((prefix) => [formatPrefix(prefix), prefix]));
  }

  best(prefix: IpPrefix): Candidate | undefined {
    return bestOf(this.#candidates(prefix), this.choices);
  }

  /** Paths that may share the traffic with the best one. */
  sharing(prefix: IpPrefix): readonly Candidate[] {
    return sharing(this.#candidates(prefix), this.choices);
  }

  /** What `member` must have been told: the best path of each prefix, or with ADD-PATH as many as there may be. */
  toldTo(member: NaiveSource, to: GroupOptions): readonly ToldPath[] {
    const told: ToldPath[] = [];
    const most = to.addPathSend === "all" ? Infinity : Math.max(1, to.addPathSend);
    for (const prefix of this.prefixes.values()) {
      if (prefix.family !== to.family) continue;
      for (const path of rankedBy(this.#candidates(prefix), this.choices).slice(0, most)) {
        const text = this.#told(path, member, to);
        if (text !== undefined) told.push({ prefix, source: path.source, pathId: path.pathId, text });
      }
    }
    return told;
  }

  /** Text of the attributes that `member` is told of a path, or undefined. */
  #told({ carried, prefix, source }: Candidate, member: NaiveSource, to: GroupOptions): string | undefined {
    if (source === member) return undefined;
    const { options, bgpIdentifier } = source;
    const path = {
      carried,
      prefix,
      from: options.kind,
      learnedFrom: options.peer,
      relation: options.relation,
      bgpIdentifier,
    };
    const told = exportedTo(path, to, this.#identity);
    // RFC 4271 §5.1.3: nobody is told that he himself is the next hop.
    if (told === undefined || told.nextHop === toHex(member.options.address ?? new Uint8Array(0))) return undefined;
    return attributesText(told.attributes);
  }

  #candidates(prefix: IpPrefix): Candidate[] {
    const text = formatPrefix(prefix);
    return [...this.sources].flatMap((source) =>
      [...source.paths.values()]
        .filter((path) => formatPrefix(path.prefix) === text)
        .flatMap((path) => this.#candidate(source, path)),
    );
  }

  #candidate(source: NaiveSource, path: Received): readonly Candidate[] {
    const carried = this.#accepted(source, path);
    if (carried === undefined) return [];
    const way = this.ways.get(toHex(carried.attributes.nextHop ?? new Uint8Array(0))) ?? { reachable: true, cost: 0 };
    if (!way.reachable) return [];
    const { relation, address = new Uint8Array(0) } = source.options;
    const isInternal = relation === RELATION.ibgpClient || relation === RELATION.ibgpNonClient;
    const { bgpIdentifier } = source;
    return [
      { source, prefix: path.prefix, carried, isInternal, bgpIdentifier, address, pathId: path.pathId, cost: way.cost },
    ];
  }

  /** What the import policy makes of a path; undefined if loops or policy refuse it. */
  #accepted(source: NaiveSource, { attributes, prefix }: Received): Carried | undefined {
    const { kind, relation, localAs, peer } = source.options;
    const weight = relation === RELATION.local ? LOCAL_WEIGHT : 0;
    if ((attributes.asPath ?? []).some(({ asNumbers }) => asNumbers.includes(localAs))) return undefined;
    if (attributes.originatorId === this.#identity.routerId) return undefined;
    if ((attributes.clusterList ?? []).includes(this.#identity.clusterId)) return undefined;
    const route = new NaiveRoute({ attributes, weight, medIsOurs: false, nextHopIsOurs: false }, prefix, kind, peer);
    return source.filter(route).accept ? route.carried : undefined;
  }
}
