// A peer of the model's world: what it is to the real RIB, to the naive one, and the streams it receives.

import { FAMILIES, type Family } from "../../src/base/family.js";
import type { NlriEntry } from "../../src/packet/nlri.js";
import { type GroupOptions, PLAIN_EXPORT } from "../../src/rib/export-rules.js";
import type { GroupMember } from "../../src/rib/group-member.js";
import type { Rib } from "../../src/rib/rib.js";
import { RELATION, type Source, type SourceOptions } from "../../src/rib/sources.js";
import { formatPrefix } from "../../src/base/ip.js";
import type { Exporting, Importing, Judging } from "./model-commands.js";
import { MODEL_FILTERS } from "./model-filters.js";
import { ModelSink } from "./model-sink.js";
import { ModelStream } from "./model-stream.js";
import { LOCAL_AS, type ModelPeer, OWN_ADDRESSES, PREFIXES } from "./model-universe.js";
import { type NaiveRib, NaiveSource } from "./naive-rib.js";
import { address } from "./updates.js";

/** A family of a session that is up. */
export interface ActorMember {
  readonly member: GroupMember;
  readonly sink: ModelSink;
  readonly stream: ModelStream;
}

const PLAIN_IMPORTING: Importing = {
  weight: 0,
  localPref: undefined,
  honoursGracefulShutdown: false,
  honoursBlackhole: false,
  isDraining: false,
};
const PLAIN_JUDGING: Judging = { allowAsIn: 0, enforcesFirstAs: false, prependsLocalAs: true, role: undefined };

export interface ActorFacts {
  /** Community that marks the actor's own routes. */
  readonly tag: number;
  /** Prefixes are sent to it with path identifiers (RFC 7911). */
  readonly takesPaths: boolean;
  readonly paths: number | "all";
  readonly isTouched: (prefix: string) => boolean;
}

export class Actor {
  readonly peer: ModelPeer;
  tag: number;
  readonly #rib: Rib;
  readonly #facts: ActorFacts;
  source: Source;
  naive: NaiveSource;
  /** By family; undefined while there is no session. */
  readonly members: (ActorMember | undefined)[] = [];
  isUp = false;
  /** It is being told the table: it has come, asked, or changed groups since everything was compared. */
  isToldTable = false;
  importing: Importing;
  judging = PLAIN_JUDGING;
  exporting: Exporting;
  refreshesAsked = 0;
  refreshesDone = 0;
  /** By family: its End-of-RIB must come before it may begin a refresh (RFC 7313 §4). */
  readonly owesEndOfRib: [boolean, boolean] = [false, false];

  constructor(peer: ModelPeer, rib: Rib, naive: NaiveRib, facts: ActorFacts) {
    this.peer = peer;
    this.tag = facts.tag;
    this.#rib = rib;
    this.#facts = facts;
    // Only some of them from the beginning: paths with and without a way tie.
    this.importing = { ...PLAIN_IMPORTING, honoursBlackhole: facts.tag % 2 === 1 };
    this.exporting = {
      filter: 0,
      nextHop: "default",
      paths: facts.paths,
      isDraining: false,
      defaultOriginate: false,
      overrides: false,
      removePrivateAs: "no",
    };
    this.source = rib.addSource(this.#sourceOptions(false));
    this.naive = new NaiveSource(this.#sourceOptions(true), peer.bgpIdentifier, naive.identity);
    naive.sources.add(this.naive);
  }

  get sinks(): readonly ModelSink[] {
    return this.members.flatMap((member) => (member === undefined ? [] : [member.sink]));
  }

  /** Tells both RIBs what the options are now. */
  describe(): void {
    this.#rib.describeSource(this.source, this.#sourceOptions(this.isUp), this.peer.bgpIdentifier);
    this.naive.options = this.#sourceOptions(true);
  }

  up(): void {
    this.isUp = this.isToldTable = true;
    this.describe();
    this.#rib.nextHops.setPeer(address(this.peer.address), this.source.id);
    for (const { family } of FAMILIES) this.owesEndOfRib[family] = this.naive.hasStale(family);
    for (const family of this.peer.families) this.members[family] = this.#join(family);
  }

  down(keep: readonly Family[]): void {
    this.isUp = false;
    for (const each of this.members) if (each !== undefined) this.#rib.leave(each.member);
    this.members.length = 0;
    this.refreshesAsked = this.refreshesDone = 0;
    this.#rib.nextHops.setPeer(address(this.peer.address), 0);
    this.#rib.sourceDown(this.source, keep);
    this.naive.down(keep);
  }

  /** The groups it should be in now. */
  wantedGroups(): ReadonlyMap<GroupMember, GroupOptions> {
    return new Map(
      this.members.flatMap((each, family) =>
        each === undefined ? [] : [[each.member, this.#groupOptions(family as Family)] as const],
      ),
    );
  }

  /** What of the entries it may send. */
  entries(wanted: readonly { readonly prefix: number; readonly pathId: number }[]): NlriEntry[] {
    const usable = wanted
      .map((entry) => ({ prefix: PREFIXES[entry.prefix], pathId: entry.pathId }))
      .filter(({ prefix }) => this.peer.families.includes(prefix.family));
    if (this.peer.addPath) return usable;
    return [...new Map(usable.map(({ prefix }) => [formatPrefix(prefix), { prefix }])).values()];
  }

  #join(family: Family): ActorMember {
    const { peer, tag } = this;
    const { fourOctetAs, maxMessageLength } = peer;
    const session = {
      fourOctetAs,
      maxMessageLength,
      hasPathIds: this.#facts.takesPaths,
      isExternal: peer.relation === RELATION.ebgp,
    };
    const stream = new ModelStream(session, {
      name: peer.name,
      tag,
      address: address(peer.address),
      isTouched: this.#facts.isTouched,
      isToldTable: () => this.isToldTable,
    });
    const sink = new ModelSink(
      () => this.members[family]?.member.isLive !== true,
      (octets, isWalked) => stream.read(octets, isWalked),
    );
    const member = this.#rib.join(this.source, sink, this.#groupOptions(family), true);
    return { member, sink, stream };
  }

  #sourceOptions(knowsAddress: boolean): SourceOptions {
    const { name, relation, as, localAs } = this.peer;
    const isEbgp = relation === RELATION.ebgp;
    const { importing, judging } = this;
    const ours = this.peer.address.includes(":") ? OWN_ADDRESSES[1] : OWN_ADDRESSES[0];
    return {
      kind: "bgp",
      name,
      relation,
      localAs,
      import: {
        globalAs: LOCAL_AS,
        prependsLocalAs: isEbgp && localAs !== LOCAL_AS && judging.prependsLocalAs,
        allowAsIn: judging.allowAsIn,
        enforcesFirstAs: isEbgp && judging.enforcesFirstAs,
        weight: importing.weight,
        localPref: importing.localPref,
        role: isEbgp ? judging.role : undefined,
        honoursGracefulShutdown: isEbgp && importing.honoursGracefulShutdown,
        honoursBlackhole: importing.honoursBlackhole,
        isDraining: isEbgp && importing.isDraining,
        ignoresClusterList: false,
        localAddress: knowsAddress ? address(ours) : undefined,
      },
      peer: { address: this.peer.address, name, group: "", as, isEbgp },
      address: address(this.peer.address),
    };
  }

  #groupOptions(family: Family): GroupOptions {
    const { peer, exporting } = this;
    const extendedNextHop = peer.extendedNextHop && family === 0;
    const isEbgp = peer.relation === RELATION.ebgp;
    const exportFilter = MODEL_FILTERS[exporting.filter];
    const selfNextHop = OWN_ADDRESSES[family === 1 || extendedNextHop ? 1 : 0];
    return {
      ...PLAIN_EXPORT,
      globalAs: LOCAL_AS,
      overrideAs: isEbgp && exporting.overrides ? peer.as : 0,
      removePrivateAs: isEbgp ? exporting.removePrivateAs : "no",
      role: isEbgp ? this.judging.role : undefined,
      isDraining: exporting.isDraining,
      defaultOriginate: exporting.defaultOriginate,
      addPathSend: this.#facts.takesPaths ? exporting.paths : 0,
      family,
      relation: peer.relation,
      localAs: peer.localAs,
      fourOctetAs: peer.fourOctetAs,
      maxMessageLength: peer.maxMessageLength,
      nextHop: exporting.nextHop,
      selfNextHop: peer.hasOwnAddress[family] ? address(selfNextHop) : new Uint8Array(0),
      extendedNextHop,
      exportFilter,
      sentTo: exportFilter.readsPeer ? this.source.options.peer : undefined,
    };
  }
}
