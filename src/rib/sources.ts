// Where routes come from: one row per peer, and one per kind of the node's own routes. What the decision process and the
// export rules ask about a source per route lies in typed columns; the rest in the Source object.

import type { Bytes } from "../base/bytes.js";
import type { Family } from "../base/family.js";
import type { BgpRole } from "../packet/codes.js";
import type { PeerFacts, RouteOrigin } from "../policy/route.js";
import { ACCEPT_ALL, type Filter } from "../policy/route.js";
import { ImportCounts } from "./route-counts.js";

/** Row of SourceTable; 0 = none. Fits 20 bits. */
export type SourceId = number;

/** How a source stands to us: decides who may hear its routes (RFC 4271 §9.2, RFC 4456 §6). */
export const RELATION = { local: 0, ebgp: 1, ibgpClient: 2, ibgpNonClient: 3 } as const;
export type Relation = (typeof RELATION)[keyof typeof RELATION];

/** What is done to the routes of a peer beside its import policy. */
export interface ImportOptions {
  /** The speaker's own AS where localAs is another one (RFC 7705): a loop as well. Otherwise equal to localAs. */
  readonly globalAs: number;
  /** RFC 7705 §3.3: localAs is put in front of the AS_PATH. */
  readonly prependsLocalAs: boolean;
  /** How often our AS numbers may be in an AS_PATH before it is a loop. */
  readonly allowAsIn: number;
  /** RFC 4271 §6.3: the leftmost AS must be the peer's. */
  readonly enforcesFirstAs: boolean;
  readonly weight: number;
  /** For routes without LOCAL_PREF. */
  readonly localPref: number | undefined;
  readonly role: BgpRole | undefined;
  /** RFC 8326 §4.1: LOCAL_PREF 0 for routes with GRACEFUL_SHUTDOWN, after the import policy. */
  readonly honoursGracefulShutdown: boolean;
  /** RFC 7999 §3.3. */
  readonly honoursBlackhole: boolean;
  /** RFC 8326 §4.2: LOCAL_PREF 0 for every route, after the import policy: the session is about to be shut down. */
  readonly isDraining: boolean;
  /** Our cluster id in a CLUSTER_LIST is no loop. */
  readonly ignoresClusterList: boolean;
  /** Our address in the session, which must not be NEXT_HOP (RFC 4271 §6.3); undefined: as in the last session. */
  readonly localAddress?: Bytes | undefined;
}

/** What a peer or a local protocol brings along. */
export interface SourceOptions {
  readonly kind: RouteOrigin;
  readonly name: string;
  readonly relation: Relation;
  /** Our AS as this peer sees it: finding it in an AS_PATH is a loop. */
  readonly localAs: number;
  /** Absent: routes are taken as they come. */
  readonly import?: ImportOptions;
  readonly peer: PeerFacts | undefined;
  /** Octets of the peer's address: the last tie-breaker, and the test whether a next hop is the peer itself. */
  readonly address: Bytes | undefined;
  /** Interface of a session over link-local addresses. */
  readonly zone?: string | undefined;
}

export class Source {
  readonly id: SourceId;
  options: SourceOptions;
  importFilter: Filter = ACCEPT_ALL;
  /** Paths held, per family, accepted and rejected. */
  readonly received: [number, number] = [0, 0];
  readonly accepted: [number, number] = [0, 0];
  /** Since the source was added. */
  readonly counts = new ImportCounts();
  /** By family: paths of an earlier epoch, as after a restart or in a refresh. */
  readonly stale: [number, number] = [0, 0];
  /** By family: what is stale waits for the end of a refresh of the session at hand (RFC 7313), not of a restart. */
  readonly isRefreshing: [boolean, boolean] = [false, false];

  constructor(id: SourceId, options: SourceOptions) {
    this.id = id;
    this.options = options;
  }
}

const MOST_SOURCES = 1 << 20;
/** Values of an epoch. */
const EPOCHS = 256;

export class SourceTable {
  readonly #sources: (Source | undefined)[] = [undefined];
  readonly #free: SourceId[] = [];
  /** Columns by SourceId. */
  relation = new Uint8Array(64);
  /** BGP Identifier of the peer, as a signed word. */
  routerId = new Int32Array(64);
  /** By SourceId and family (epochAt): 8 bits that paths told now carry; paths with another value are stale. */
  epoch = new Uint8Array(128);
  /** The oldest epoch whose paths may stay; older ones are being swept. */
  floor = new Uint8Array(128);
  /** No path is older than this epoch. */
  #oldest = new Uint8Array(128);
  /** 11 bits, part of the key of attribute sets: another one whenever equal octets may be judged differently, because the
   *  row has another owner, another relation to us, or we have another identity. */
  generation = new Int32Array(64);
  #generations = 0;

  add(options: SourceOptions): Source {
    const id = this.#free.pop() ?? this.#sources.length;
    if (id >= MOST_SOURCES) throw new RangeError("too many sources");
    if (id >= this.relation.length) this.#grow();
    const source = new Source(id, options);
    this.#sources[id] = source;
    this.relation[id] = options.relation;
    this.routerId[id] = 0;
    this.epoch.fill(0, id << 1, (id + 1) << 1);
    this.floor.fill(0, id << 1, (id + 1) << 1);
    this.#oldest.fill(0, id << 1, (id + 1) << 1);
    this.generation[id] = this.#nextGeneration();
    return source;
  }

  get(id: SourceId): Source {
    const source = this.#sources[id];
    if (source === undefined) throw new RangeError(`no source ${id}`);
    return source;
  }

  find(id: SourceId): Source | undefined {
    return this.#sources[id];
  }

  /** Changes what is known of a peer when its session comes up. True: equal sets are rewritten in another way. */
  describe(source: Source, options: SourceOptions, bgpIdentifier: number): boolean {
    const before = source.options;
    source.options = withLocalAddress(options, before.import?.localAddress);
    if (judgingKey(before) !== judgingKey(source.options)) this.generation[source.id] = this.#nextGeneration();
    this.relation[source.id] = options.relation;
    this.routerId[source.id] = bgpIdentifier | 0;
    return importKey(before) !== importKey(source.options);
  }

  /** Begins another epoch: every path of the source is stale until it is told again. False: the 8 bits are used up, because
   *  paths of 256 epochs may be held; merged() frees values. */
  beginEpoch(source: Source, family: Family): boolean {
    const at = epochAt(source.id, family);
    if (source.received[family] === 0) this.merged(source, family, this.epoch[at]);
    if (this.epochsHeld(source, family) === EPOCHS) return false;
    this.epoch[at]++;
    source.stale[family] = source.received[family];
    return true;
  }

  /** Epochs of which paths may be held, the present one among them. */
  epochsHeld(source: Source, family: Family): number {
    const at = epochAt(source.id, family);
    return ((this.epoch[at] - this.#oldest[at]) & (EPOCHS - 1)) + 1;
  }

  /** No path of the source is older than `epoch` any more. */
  merged(source: Source, family: Family, epoch: number): void {
    const at = epochAt(source.id, family);
    this.#oldest[at] = epoch;
    // A floor below the oldest epoch says nothing any more, and would look young once the epochs have come round.
    const age = (older: number): number => (this.epoch[at] - older) & (EPOCHS - 1);
    if (age(this.floor[at]) > age(epoch)) this.floor[at] = epoch;
  }

  /** We are somebody else from now on: what was judged a loop or none must be judged again. */
  renewAll(): void {
    for (const source of this) this.generation[source.id] = this.#nextGeneration();
  }

  /** The caller has removed every route of the source. */
  remove(id: SourceId): void {
    this.#sources[id] = undefined;
    this.#free.push(id);
  }

  /** One more than the highest id in use. */
  get end(): number {
    return this.#sources.length;
  }

  *[Symbol.iterator](): Generator<Source> {
    for (const source of this.#sources) if (source !== undefined) yield source;
  }

  #nextGeneration(): number {
    this.#generations = (this.#generations + 1) & 0x7ff;
    return this.#generations;
  }

  #grow(): void {
    const length = this.relation.length * 2;
    const relation = new Uint8Array(length);
    relation.set(this.relation);
    this.relation = relation;
    const routerId = new Int32Array(length);
    routerId.set(this.routerId);
    this.routerId = routerId;
    this.epoch = widened(this.epoch, length * 2);
    this.floor = widened(this.floor, length * 2);
    this.#oldest = widened(this.#oldest, length * 2);
    const generation = new Int32Array(length);
    generation.set(this.generation);
    this.generation = generation;
  }
}

/** Where the columns `epoch` and `floor` have the values of a source and family. */
export function epochAt(id: SourceId, family: Family): number {
  return (id << 1) | family;
}

function widened(column: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(length);
  wider.set(column);
  return wider;
}

/** Between sessions nobody knows our address: routes that are kept must not look new because of that. */
function withLocalAddress(options: SourceOptions, known: Bytes | undefined): SourceOptions {
  if (options.import === undefined || options.import.localAddress !== undefined || known === undefined) return options;
  return { ...options, import: { ...options.import, localAddress: known } };
}

/** Equal texts: equal octets from the source are judged alike. */
function judgingKey({ relation, localAs, peer, import: options }: SourceOptions): string {
  if (options === undefined) return `${relation} ${localAs}`;
  const { globalAs, allowAsIn, enforcesFirstAs, role, localAddress, ignoresClusterList } = options;
  const peerAs = enforcesFirstAs || role !== undefined ? peer?.as : 0;
  const parts = [
    relation,
    localAs,
    globalAs,
    allowAsIn,
    enforcesFirstAs,
    role,
    peerAs,
    localAddress,
    ignoresClusterList,
  ];
  return parts.join(" ");
}

/** Equal texts: equal sets from the source are rewritten alike. */
function importKey({ import: options }: SourceOptions): string {
  return JSON.stringify({ ...options, localAddress: undefined });
}
