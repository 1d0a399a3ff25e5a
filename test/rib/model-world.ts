// The model test's stage: the same commands go to the real RIB, as octets, and to the naive one; `check` compares.

import { FAMILIES, type Family } from "../../src/base/family.js";
import { toHex } from "../../src/base/bytes.js";
import { formatPrefix, type IpPrefix } from "../../src/base/ip.js";
import { unreachable } from "../../src/base/invariant.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { NlriEntry } from "../../src/packet/nlri.js";
import { type GroupOptions, PLAIN_EXPORT } from "../../src/rib/export-rules.js";
import type { GroupMember } from "../../src/rib/group-member.js";
import { prefixOf } from "../../src/rib/prefix-view.js";
import { Rib, words } from "../../src/rib/rib.js";
import { RELATION, type Source, type SourceOptions } from "../../src/rib/sources.js";
import { Inbox } from "./inbox.js";
import {
  type Command,
  IDENTITY,
  LOCAL_AS,
  type ModelPeer,
  NEXT_HOPS,
  PEERS,
  PREFIXES,
  type Scenario,
  type Sketch,
} from "./model-universe.js";
import { NaiveRib, NaiveSource, type ToldPath } from "./naive-rib.js";
import { attributesText } from "./naive-export.js";
import { SAMPLE_FILTERS } from "./sample-filters.js";
import { SteppingClock } from "./stepping-clock.js";
import { address, receive } from "./updates.js";

interface Actor {
  readonly peer: ModelPeer;
  /** Community that marks the actor's own routes. */
  readonly tag: number;
  source: Source;
  naive: NaiveSource;
  isUp: boolean;
  exporting: {
    readonly filter: number;
    readonly nextHop: GroupOptions["nextHop"];
    readonly paths: number | "all";
  };
  /** Prefixes are sent to it with path identifiers (RFC 7911). */
  readonly takesPaths: boolean;
  readonly inboxes: (Inbox | undefined)[];
  readonly members: (GroupMember | undefined)[];
  refreshesAsked: number;
  refreshesDone: number;
}

const LOCAL_OPTIONS: SourceOptions = {
  kind: "static",
  name: "static",
  relation: RELATION.local,
  localAs: LOCAL_AS,
  peer: undefined,
  address: undefined,
};

export class ModelWorld {
  readonly rib: Rib;
  readonly #clock: SteppingClock;
  readonly #naive = new NaiveRib(IDENTITY);
  readonly #actors: readonly Actor[];
  readonly #local: Source;
  readonly #naiveLocal = new NaiveSource(LOCAL_OPTIONS, 0);
  readonly #fillers: [Family, number][] = [];
  readonly #scenario: Scenario;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#clock = new SteppingClock(scenario.slices ? 10 : 0);
    this.rib = new Rib(this.#clock, IDENTITY, 16, scenario);
    this.rib.reresolveNextHops((nextHop) => ({
      reachable: true,
      cost: 0,
      via: "",
      ...this.#naive.ways.get(toHex(nextHop)),
    }));
    if (scenario.spread) this.#spread();
    this.#local = this.rib.addSource(LOCAL_OPTIONS);
    this.#naive.sources.add(this.#naiveLocal);
    this.#actors = PEERS.map((peer, i) => this.#actor(peer, 0xfa000000 + i));
    for (const i of scenario.up) this.#up(this.#actors[i]);
  }

  run(command: Command): void {
    switch (command.kind) {
      case "announce":
        return this.#announce(command);
      case "withdraw":
        return this.#withdraw(this.#actors[command.peer], command.entries);
      case "up":
        return this.#up(this.#actors[command.peer]);
      case "down":
        return this.#down(this.#actors[command.peer], command.keep);
      case "remove":
        return this.#remove(this.#actors[command.peer]);
      case "endOfRib":
        this.#actors[command.peer].naive.sweep(command.family);
        return this.rib.sweepStale(this.#actors[command.peer].source, command.family, () => undefined);
      case "refresh":
        return this.#refresh(this.#actors[command.peer], command.family);
      case "import":
        this.#actors[command.peer].naive.filter = SAMPLE_FILTERS[command.filter];
        return this.rib.setImportFilter(this.#actors[command.peer].source, SAMPLE_FILTERS[command.filter]);
      case "export":
        return this.#export(command);
      case "way":
        this.#naive.ways.set(toHex(NEXT_HOPS[command.family][command.nextHop]), command);
        return this.rib.reresolveNextHops();
      case "multipath":
        return this.#decideBy(command);
      case "local":
        return this.#announceLocal(PREFIXES[command.prefix], command.announce, command.med);
      case "hold":
        for (const inbox of this.#actors[command.peer].inboxes) if (inbox !== undefined) inbox.holding = true;
        return;
      case "drain":
        for (const inbox of this.#actors[command.peer].inboxes) {
          if (inbox !== undefined) inbox.holding = false;
          inbox?.drain(command.count);
        }
        return;
      case "step":
        for (let i = 0; i < command.count; i++) this.#clock.step();
        return;
      case "check":
        return this.check();
      default:
        unreachable(command);
    }
  }

  /** Lets everything happen that is under way, then compares. Throws Error where the two differ. */
  check(): void {
    this.#settle();
    for (const actor of this.#actors) {
      for (const { family } of FAMILIES) this.#checkActor(actor, family);
      if (actor.refreshesDone !== actor.refreshesAsked) throw new Error(`${actor.peer.name}: a refresh never ended`);
    }
    for (const prefix of PREFIXES) this.#checkBest(prefix);
    for (const group of this.rib.groups) {
      if (group.retainedBytes !== 0) throw new Error("batches are kept for nobody");
    }
  }

  /** Everybody leaves; nothing may be left. */
  finish(): void {
    for (const actor of this.#actors) this.#leave(actor);
    for (const prefix of PREFIXES) this.#announceLocal(prefix, false, undefined);
    for (const [family, row] of this.#fillers) this.rib.families[family].routes.unhold(row);
    this.#settle();
    const { attrs, nextHops, groups, families } = this.rib;
    const left = {
      sets: attrs.size,
      octets: attrs.usedBytes,
      nextHops: nextHops.size,
      groups: groups.length,
      prefixes: families.map(({ routes }) => routes.prefixes.size),
      paths: families.map(({ routes }) => routes.size),
    };
    const text = JSON.stringify(left);
    if (/[1-9]/.test(text)) throw new Error(`left behind: ${text}`);
  }

  #actor(peer: ModelPeer, tag: number): Actor {
    const options = sourceOptions(peer);
    const source = this.rib.addSource(options);
    const naive = new NaiveSource(options, peer.bgpIdentifier);
    this.#naive.sources.add(naive);
    return {
      peer,
      tag,
      source,
      naive,
      isUp: false,
      exporting: { filter: 0, nextHop: "default", paths: this.#scenario.paths },
      takesPaths: this.#scenario.takesPaths.includes(PEERS.indexOf(peer)),
      inboxes: [],
      members: [],
      refreshesAsked: 0,
      refreshesDone: 0,
    };
  }

  #groupOptions(actor: Actor, family: Family): GroupOptions {
    const { peer, exporting } = actor;
    const extendedNextHop = peer.extendedNextHop && family === 0;
    const exportFilter = SAMPLE_FILTERS[exporting.filter];
    return {
      ...PLAIN_EXPORT,
      globalAs: LOCAL_AS,
      addPathSend: actor.takesPaths ? exporting.paths : 0,
      family,
      relation: peer.relation,
      localAs: LOCAL_AS,
      fourOctetAs: peer.fourOctetAs,
      maxMessageLength: peer.maxMessageLength,
      nextHop: exporting.nextHop,
      selfNextHop: address(family === 1 || extendedNextHop ? "2001:db8::fe" : "10.0.0.254"),
      extendedNextHop,
      exportFilter,
      sentTo: exportFilter.readsPeer ? actor.source.options.peer : undefined,
    };
  }

  #up(actor: Actor): void {
    if (actor.isUp) return;
    const { peer, source } = actor;
    actor.isUp = true;
    this.rib.sources.describe(source, sourceOptions(peer), peer.bgpIdentifier);
    this.rib.nextHops.setPeer(address(peer.address), source.id);
    for (const family of peer.families) {
      const inbox = new Inbox({ ...peer, hasPathIds: actor.takesPaths });
      inbox.onAnnounced = (prefix, { communities = [] }) => {
        if (communities.includes(actor.tag)) throw new Error(`${peer.name} is told its own ${prefix}`);
      };
      actor.inboxes[family] = inbox;
      actor.members[family] = this.rib.join(source, inbox, this.#groupOptions(actor, family), true);
    }
  }

  #down(actor: Actor, keep: readonly Family[]): void {
    if (!actor.isUp) return;
    actor.isUp = false;
    for (const member of actor.members) if (member !== undefined) this.rib.leave(member);
    actor.members.length = actor.inboxes.length = 0;
    actor.refreshesAsked = actor.refreshesDone = 0;
    this.rib.nextHops.setPeer(address(actor.peer.address), 0);
    this.rib.sourceDown(actor.source, keep);
    actor.naive.down(keep);
  }

  #leave(actor: Actor): void {
    this.#down(actor, []);
    this.rib.removeSource(actor.source);
    this.#naive.sources.delete(actor.naive);
  }

  #remove(actor: Actor): void {
    this.#leave(actor);
    const { source, naive } = this.#actor(actor.peer, actor.tag);
    actor.source = source;
    actor.naive = naive;
  }

  #announce(command: Extract<Command, { kind: "announce" }>): void {
    const actor = this.#actors[command.peer];
    const { peer, source, naive } = actor;
    if (!actor.isUp) return;
    const wide = command.wide && peer.extendedNextHop;
    const usable = entriesOf(peer, command.entries).filter(({ prefix }) => !wide || prefix.family === 0);
    const withdrawn = entriesOf(peer, command.withdrawn);
    const attributes = attributesFor(actor, command.sketch);
    const [nextHop4, nextHop6] = command.sketch.nextHops.map((index, family) => NEXT_HOPS[family][index]);
    receive(
      this.rib,
      source,
      { announced: usable, withdrawn, attributes: { ...attributes, nextHop: nextHop4 }, nextHop6, wide },
      { ...peer, addPathReceive: [peer.addPath, peer.addPath] },
    );
    this.rib.requestFlush();
    for (const { prefix, pathId = 0 } of withdrawn) naive.withdraw(prefix, pathId);
    const { as4Path, as4Aggregator, ...merged } = attributes;
    const received = {
      ...merged,
      ...(as4Path === undefined ? {} : { asPath: as4Path }),
      ...(as4Aggregator === undefined ? {} : { aggregator: as4Aggregator }),
    };
    for (const { prefix, pathId = 0 } of usable) {
      naive.announce(prefix, pathId, { ...received, nextHop: prefix.family === 1 || wide ? nextHop6 : nextHop4 });
    }
  }

  #withdraw(actor: Actor, entries: readonly { prefix: number; pathId: number }[]): void {
    if (!actor.isUp) return;
    const withdrawn = entriesOf(actor.peer, entries);
    const { addPath } = actor.peer;
    receive(this.rib, actor.source, { withdrawn }, { ...actor.peer, addPathReceive: [addPath, addPath] });
    this.rib.requestFlush();
    for (const { prefix, pathId = 0 } of withdrawn) actor.naive.withdraw(prefix, pathId);
  }

  #announceLocal(prefix: IpPrefix, announce: boolean, med: number | undefined): void {
    const attributes = { origin: 0, asPath: [], ...(med === undefined ? {} : { med }) };
    if (announce) {
      this.rib.announceLocal(this.#local, prefix, attributes);
      this.#naiveLocal.announce(prefix, 0, attributes);
    } else {
      this.rib.withdrawLocal(this.#local, prefix);
      this.#naiveLocal.withdraw(prefix, 0);
    }
  }

  #refresh(actor: Actor, family: Family): void {
    const member = actor.members[family];
    if (member === undefined || member.onRefreshed !== undefined) return;
    actor.refreshesAsked++;
    this.rib.refresh(member, () => actor.refreshesDone++);
  }

  #export(command: Extract<Command, { kind: "export" }>): void {
    const changes = new Map<GroupMember, GroupOptions>();
    for (const i of command.peers) {
      const actor = this.#actors[i];
      actor.exporting = command.exporting;
      for (const [family, member] of actor.members.entries()) {
        if (member !== undefined) changes.set(member, this.#groupOptions(actor, family as Family));
      }
    }
    this.rib.regroup(changes);
  }

  #settle(): void {
    const inboxes = this.#actors.flatMap((actor) => actor.inboxes).filter((inbox) => inbox !== undefined);
    for (;;) {
      const ran = this.#clock.settle();
      const drained = inboxes.map((inbox) => inbox.drain());
      if (ran === 0 && !drained.includes(true)) return;
    }
  }

  #checkActor({ peer, source, naive, inboxes, members }: Actor, family: Family): void {
    const expectedCounts = this.#naive.counts(naive, family);
    const counts = { received: source.received[family], accepted: source.accepted[family] };
    sameText(`${peer.name}: counts of family ${family}`, JSON.stringify(counts), JSON.stringify(expectedCounts));
    const [inbox, member] = [inboxes[family], members[family]];
    const options = member === undefined ? undefined : this.rib.groupOf(member)?.options;
    if (inbox === undefined || options === undefined) return;
    if (inbox.endOfRib[family] !== 1) throw new Error(`${peer.name}: ${inbox.endOfRib[family]} End-of-RIBs`);
    const expected = new Map(
      this.#naive.toldTo(naive, options).map((path) => [this.#keyOf(path, options.addPathSend !== 0), path.text]),
    );
    for (const text of new Set([...expected.keys(), ...inbox.view.keys()])) {
      const told = inbox.view.get(text);
      sameText(
        `${peer.name}: ${text}`,
        told === undefined ? "nothing" : attributesText(told),
        expected.get(text) ?? "nothing",
      );
    }
  }

  /** As in the inbox: path identifiers are rows of the table. */
  #keyOf({ prefix, source, pathId }: ToldPath, hasPathId: boolean): string {
    const text = formatPrefix(prefix);
    if (!hasPathId) return text;
    const real = this.#actors.find(({ naive }) => naive === source)?.source ?? this.#local;
    const { routes } = this.rib.families[prefix.family];
    return `${text} ${routes.find(this.rib.find(prefix), real.id, pathId)}`;
  }

  #decideBy({ kind: _kind, ebgp, ibgp, ...choices }: Extract<Command, { kind: "multipath" }>): void {
    this.#naive.choices = choices;
    this.rib.setDecisionOptions({ multipathEbgp: ebgp, multipathIbgp: ibgp, ...choices });
  }

  #checkBest(prefix: IpPrefix): void {
    const rib = this.rib.families[prefix.family];
    const row = this.rib.find(prefix);
    const best = row === 0 ? 0 : rib.best(row);
    const name = (source: string, pathId: number): string => `${source} ${pathId}`;
    const naive = this.#naive.best(prefix);
    const real = best === 0 ? "none" : name(this.#nameOf(rib.routes.source(best)), rib.routes.pathId(best));
    const wanted = naive === undefined ? "none" : name(naive.source.options.name, naive.pathId);
    sameText(`best path of ${formatPrefix(prefix)}`, real, wanted);
    if (row === 0) return;
    sameText("row", formatPrefix(prefixOf(rib.routes.prefixes, row)), formatPrefix(prefix));
    const { multipathEbgp, multipathIbgp } = rib.decision.options;
    const most = naive?.isInternal === true ? multipathIbgp : naive?.source === this.#naiveLocal ? 1 : multipathEbgp;
    const equal = new Set(this.#naive.sharing(prefix).map(({ source, pathId }) => name(source.options.name, pathId)));
    const paths = rib.decision
      .multipath(row)
      .map((route) => name(this.#nameOf(rib.routes.source(route)), rib.routes.pathId(route)));
    if (paths.length !== Math.min(most, equal.size) || !paths.every((path) => equal.has(path))) {
      throw new Error(
        `multipath of ${formatPrefix(prefix)}: ${paths.join(", ")}; of ${[...equal].join(", ")}, at most ${most}`,
      );
    }
  }

  #nameOf(id: number): string {
    return this.rib.sources.get(id).options.name;
  }

  /** Makes rows between those of the universe, so that walks over the table need several slices. */
  #spread(): void {
    for (const [i, prefix] of PREFIXES.entries()) {
      const { family } = prefix;
      const { routes } = this.rib.families[family];
      this.#fill(family, routes.destination(...words(prefix), prefix.length));
      for (let k = 0; k < 100; k++) this.#fill(family, routes.destination((i << 16) | k, 0, 0, 0, 32));
    }
  }

  #fill(family: Family, row: number): void {
    this.rib.families[family].routes.hold(row);
    this.#fillers.push([family, row]);
  }
}

function sourceOptions(peer: ModelPeer): SourceOptions {
  const { name, relation, as } = peer;
  const facts = { address: peer.address, name, group: "", as, isEbgp: relation === RELATION.ebgp };
  return { kind: "bgp", name, relation, localAs: LOCAL_AS, peer: facts, address: address(peer.address) };
}

function entriesOf(peer: ModelPeer, entries: readonly { prefix: number; pathId: number }[]): NlriEntry[] {
  const usable = entries
    .map((entry) => ({ prefix: PREFIXES[entry.prefix], pathId: entry.pathId }))
    .filter(({ prefix }) => peer.families.includes(prefix.family));
  if (peer.addPath) return usable;
  const plain = new Map(usable.map(({ prefix }) => [formatPrefix(prefix), { prefix }]));
  return [...plain.values()];
}

function attributesFor({ peer, tag }: Actor, sketch: Sketch): PathAttributes {
  const { origin, med, localPref, originatorId, clusterList, extras } = sketch;
  const first = peer.relation === RELATION.ebgp ? [peer.as] : [];
  const sequence = [...first, ...sketch.tail];
  const path = [
    ...(sequence.length === 0 ? [] : [{ type: 2, asNumbers: sequence }]),
    ...(sketch.set.length === 0 ? [] : [{ type: 1, asNumbers: sketch.set }]),
  ];
  const attributes: PathAttributes = {
    origin,
    asPath: path,
    communities: [...sketch.communities, tag],
    ...(med === undefined ? {} : { med }),
    ...(localPref === undefined ? {} : { localPref }),
    ...(originatorId === undefined ? {} : { originatorId }),
    ...(clusterList === undefined ? {} : { clusterList }),
    ...(extras === 1 ? { aggregator: { as: 400001, id: 5 }, atomicAggregate: true } : {}),
    ...(extras === 2 ? { unknown: [{ flags: 0xe0, code: 99, value: Uint8Array.of(1, 2, 3) }] } : {}),
    ...(extras === 3 ? { largeCommunities: [[1, 2, 3] as const], extendedCommunities: [[2, 3] as const] } : {}),
  };
  return peer.fourOctetAs ? attributes : asOldSpeaker(attributes);
}

/** RFC 6793 §4.2.2, as a speaker of two octets passes on what wide ones said. */
function asOldSpeaker(attributes: PathAttributes): PathAttributes {
  const { asPath = [], aggregator } = attributes;
  const isWide = asPath.some(({ asNumbers }) => asNumbers.some((as) => as > 0xffff));
  return {
    ...attributes,
    ...(isWide ? { as4Path: asPath } : {}),
    ...(aggregator === undefined ? {} : { aggregator: { ...aggregator, as: 23456 }, as4Aggregator: aggregator }),
  };
}

function sameText(what: string, real: string, wanted: string): void {
  if (real !== wanted) throw new Error(`${what}\n  is     ${real}\n  should ${wanted}`);
}
