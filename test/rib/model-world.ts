// The model test's stage: the same commands go to the real RIB, as octets, and to the naive one; `check` compares what
// every peer has received, every best path and the kernel's table.

import { FAMILIES, type Family } from "../../src/base/family.js";
import { formatPrefix, type IpPrefix } from "../../src/base/ip.js";
import { unreachable } from "../../src/base/invariant.js";
import type { NlriEntry } from "../../src/packet/nlri.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import type { GroupMember } from "../../src/rib/group-member.js";
import { prefixOf } from "../../src/rib/prefix-view.js";
import { Rib, words } from "../../src/rib/rib.js";
import { ENCAPSULATIONS } from "../speaker/model-kernel.js";
import { Actor, type ActorMember } from "./model-actor.js";
import { attributesFor, merged, nextHopsFor } from "./model-attributes.js";
import type { Command, CommandOf, Scenario, Sketch } from "./model-commands.js";
import { MODEL_FILTERS } from "./model-filters.js";
import { ModelNode } from "./model-node.js";
import { AGGREGATES, BLOCKS, IDENTITY, NEXT_HOPS, PEERS, PREFIXES } from "./model-universe.js";
import { NaiveRib } from "./naive-rib.js";
import { isInside, NaiveTable, type ToldPath } from "./naive-table.js";
import { SteppingClock } from "./stepping-clock.js";
import { receive } from "./updates.js";

export class ModelWorld {
  readonly rib: Rib;
  readonly #clock: SteppingClock;
  readonly #naive: NaiveRib;
  readonly #node: ModelNode;
  readonly #actors: readonly Actor[];
  readonly #fillers: [Family, number][] = [];
  readonly #scenario: Scenario;
  /** Prefixes of which something has changed since everything was compared; undefined: all. */
  #touched: Set<string> | undefined = new Set();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#clock = new SteppingClock(scenario.slices ? 10 : 0);
    this.rib = new Rib(this.#clock, IDENTITY, 16, scenario);
    this.#naive = new NaiveRib(IDENTITY, (address) => {
      const way = this.#node.kernel.resolve(address);
      return { reachable: way !== undefined && way.kind !== "local", cost: way?.cost ?? 0 };
    });
    this.#node = new ModelNode(this.rib, this.#naive, this.#clock);
    const { multipath } = scenario;
    this.rib.setDecisionOptions({ multipathEbgp: multipath, multipathIbgp: multipath });
    if (scenario.spread) this.#spread();
    this.#actors = PEERS.map((_, i) => this.#actor(i));
    for (const i of scenario.up) this.#actors[i].up();
  }

  run(command: Command): void {
    switch (command.kind) {
      case "announce":
      case "announceBlock":
      case "withdraw":
      case "withdrawBlock":
        return this.#receive(command);
      case "announceAlike":
        return this.#announceAlike(command);
      case "up":
      case "down":
      case "flap":
      case "remove":
      case "sweep":
      case "beginRefresh":
      case "refresh":
        return this.#session(command);
      case "importFilter":
      case "importing":
      case "judging":
      case "export":
        return this.#policy(command);
      case "way":
      case "decision":
      case "own":
      case "statics":
      case "aggregates":
      case "kernel":
        return this.#surroundings(command);
      case "hold":
        for (const sink of this.#actors[command.peer].sinks) sink.isHolding = true;
        return;
      case "drain":
        return this.#drain(this.#actors[command.peer], command.count);
      case "step":
        for (let i = 0; i < command.count; i++) this.#step();
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
    const table = new NaiveTable(this.#naive);
    for (const actor of this.#actors) {
      for (const { family } of FAMILIES) this.#checkActor(actor, family, table);
      if (actor.refreshesDone !== actor.refreshesAsked) throw new Error(`${actor.peer.name}: a refresh never ended`);
      actor.isToldTable = false;
    }
    for (const prefix of table.prefixes.values()) this.#checkBest(prefix, table);
    const fault = this.#node.kernelFault(table);
    if (fault !== undefined) throw new Error(fault);
    for (const group of this.rib.groups) {
      if (group.retainedBytes !== 0) throw new Error("batches are kept for nobody");
    }
    this.#touched = new Set();
  }

  /** Everybody leaves; nothing may be left. */
  finish(): void {
    for (const actor of this.#actors) this.#remove(actor);
    this.#touched = undefined;
    this.#node.clear();
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
      kernelRoutes: this.#node.kernel.wishes().size,
    };
    const text = JSON.stringify(left);
    if (/[1-9]/.test(text)) throw new Error(`left behind: ${text}`);
  }

  // ---- what happens ----

  #actor(i: number): Actor {
    const { takesPaths, paths } = this.#scenario;
    return new Actor(PEERS[i], this.rib, this.#naive, {
      tag: 0xfa000000 + i,
      takesPaths: takesPaths.includes(i),
      paths,
      isTouched: (prefix) => this.#touched?.has(prefix) ?? true,
    });
  }

  #receive(command: CommandOf<"announce" | "announceBlock" | "withdraw" | "withdrawBlock">): void {
    const actor = this.#actors[command.peer];
    if (!actor.isUp) return;
    switch (command.kind) {
      case "announce":
        return this.#announce(actor, command.entries, command.withdrawn, command.sketch, command.wide);
      case "announceBlock":
        return this.#announceEntries(actor, blockOf(actor, command.family), [], command.sketch, false);
      case "withdraw":
        return this.#announceEntries(actor, [], actor.entries(command.entries), undefined, false);
      case "withdrawBlock":
        return this.#announceEntries(actor, [], blockOf(actor, command.family), undefined, false);
    }
  }

  #announceAlike({ peers, prefix, sketch }: CommandOf<"announceAlike">): void {
    for (const [i, index] of peers.entries()) {
      const actor = this.#actors[index];
      const [first, second] = sketch.nextHops;
      const { length } = NEXT_HOPS[0];
      const nextHops: [number, number] = [(first + i) % length, (second + i) % length];
      if (actor.isUp) this.#announce(actor, [{ prefix, pathId: 0 }], [], { ...sketch, nextHops }, false);
    }
  }

  #announce(
    actor: Actor,
    entries: CommandOf<"announce">["entries"],
    withdrawn: CommandOf<"announce">["withdrawn"],
    sketch: Sketch,
    wide: boolean,
  ): void {
    const isWide = wide && actor.peer.extendedNextHop;
    const usable = actor.entries(entries).filter(({ prefix }) => !isWide || prefix.family === 0);
    this.#announceEntries(actor, usable, actor.entries(withdrawn), sketch, isWide);
  }

  #announceEntries(
    actor: Actor,
    announced: readonly NlriEntry[],
    withdrawn: readonly NlriEntry[],
    sketch: Sketch | undefined,
    wide: boolean,
  ): void {
    const { peer, source, naive } = actor;
    const attributes = sketch === undefined ? {} : attributesFor(peer, actor.tag, sketch);
    const [nextHop4, nextHop6] = sketch === undefined ? [undefined, undefined] : nextHopsFor(sketch);
    const { addPath } = peer;
    receive(
      this.rib,
      source,
      {
        announced,
        withdrawn,
        attributes: { ...attributes, ...(nextHop4 === undefined ? {} : { nextHop: nextHop4 }) },
        ...(nextHop6 === undefined ? {} : { nextHop6 }),
        wide,
      },
      { ...peer, addPathReceive: [addPath, addPath] },
    );
    this.rib.requestFlush();
    for (const { prefix, pathId = 0 } of withdrawn) if (naive.withdraw(prefix, pathId)) this.#touch(prefix);
    const received = merged(attributes);
    for (const { prefix, pathId = 0 } of announced) {
      const nextHop = prefix.family === 1 || wide ? nextHop6 : nextHop4;
      const told = { ...received, ...(nextHop === undefined ? {} : { nextHop }) };
      if (naive.announce(prefix, pathId, told)) this.#touch(prefix);
    }
  }

  #session(command: CommandOf<"up" | "down" | "flap" | "remove" | "sweep" | "beginRefresh" | "refresh">): void {
    const actor = this.#actors[command.peer];
    switch (command.kind) {
      case "up":
        if (!actor.isUp) actor.up();
        return;
      case "down":
        return this.#down(actor, command.keep);
      case "flap":
        for (let i = 0; i < command.times && actor.isUp; i++) {
          this.#down(actor, command.keep);
          actor.up();
        }
        return;
      case "remove":
        return this.#renew(actor);
      case "sweep":
        this.#touchAll(actor.naive.prefixes);
        actor.owesEndOfRib[command.family] = false;
        actor.naive.sweep(command.family);
        return this.rib.sweepStale(actor.source, command.family, () => undefined);
      case "beginRefresh":
        if (!actor.isUp || actor.owesEndOfRib[command.family]) return;
        actor.naive.beginRefresh(command.family);
        for (let i = 0; i < command.times; i++) this.rib.beginRefresh(actor.source, command.family);
        // Where epochs are used up, the next beginning need not count.
        if (command.times > 1) this.#settle();
        return;
      case "refresh":
        return this.#refresh(actor, command.family);
    }
  }

  #down(actor: Actor, keep: readonly Family[]): void {
    if (!actor.isUp) return;
    this.#touchAll(actor.naive.prefixes);
    actor.down(keep);
  }

  #remove(actor: Actor): void {
    this.#down(actor, []);
    this.#touchAll(actor.naive.prefixes);
    this.rib.removeSource(actor.source);
    this.#naive.sources.delete(actor.naive);
  }

  #renew(actor: Actor): void {
    this.#remove(actor);
    const { source, naive } = this.#actor(PEERS.indexOf(actor.peer));
    actor.source = source;
    actor.naive = naive;
    // What it announced before leaves in slices: until then it may be told that, as by anybody.
    actor.tag += PEERS.length;
    naive.filter = source.importFilter;
    actor.describe();
  }

  #refresh(actor: Actor, family: Family): void {
    const member = actor.members[family]?.member;
    if (member === undefined || member.onRefreshed !== undefined) return;
    actor.isToldTable = true;
    actor.refreshesAsked++;
    this.rib.refresh(member, () => actor.refreshesDone++);
  }

  #policy(command: CommandOf<"importFilter" | "importing" | "judging" | "export">): void {
    if (command.kind === "export") return this.#export(command);
    const actor = this.#actors[command.peer];
    this.#touchAll(actor.naive.prefixes);
    switch (command.kind) {
      case "importFilter":
        actor.naive.filter = MODEL_FILTERS[command.filter];
        return this.rib.setImportFilter(actor.source, MODEL_FILTERS[command.filter]);
      case "importing":
        actor.importing = command.importing;
        return actor.describe();
      case "judging":
        actor.judging = command.judging;
        actor.describe();
        this.#regroup([actor]);
        return this.#down(actor, command.keep);
    }
  }

  #export(command: CommandOf<"export">): void {
    const actors = command.peers.map((i) => this.#actors[i]);
    for (const actor of actors) actor.exporting = command.exporting;
    this.#regroup(actors);
  }

  #regroup(actors: readonly Actor[]): void {
    const changes = new Map<GroupMember, GroupOptions>();
    for (const actor of actors) {
      actor.isToldTable = true;
      for (const [member, options] of actor.wantedGroups()) changes.set(member, options);
    }
    this.rib.regroup(changes);
  }

  #surroundings(command: CommandOf<"way" | "decision" | "own" | "statics" | "aggregates" | "kernel">): void {
    switch (command.kind) {
      case "way":
        this.#touched = undefined;
        return this.#node.setWays(
          NEXT_HOPS[command.family]
            .filter((_, i) => command.nextHop === undefined || i === command.nextHop)
            .map((bytes) => bytes.slice(0, 16)),
          command.way,
        );
      case "decision": {
        const { kind: _kind, ...options } = command;
        this.#touched = undefined;
        this.#naive.choices = options;
        return this.rib.setDecisionOptions(options);
      }
      case "own": {
        const prefix = PREFIXES[command.prefix];
        const isNews = command.announce ? this.#node.announce(prefix, command.med) : this.#node.withdraw(prefix);
        if (isNews) this.#touch(prefix);
        return;
      }
      case "statics":
        return this.#touchAll(this.#node.setStatics(command.routes));
      case "aggregates":
        this.#touched = undefined;
        return this.#node.setAggregates(
          command.prefixes.map((i) => ({ prefix: AGGREGATES[i], summaryOnly: command.summaryOnly })),
        );
      case "kernel":
        return this.#node.setKernel({
          exportPolicy: MODEL_FILTERS[command.filter],
          encapsulation: ENCAPSULATIONS[command.encapsulation],
        });
    }
  }

  /** Notes that something about the prefix has changed, and with it about aggregates around it. */
  #touch(inner: IpPrefix): void {
    this.#touched?.add(formatPrefix(inner));
    for (const outer of AGGREGATES) {
      if (isInside(outer, inner)) this.#touched?.add(formatPrefix(outer));
    }
  }

  #touchAll(prefixes: readonly IpPrefix[]): void {
    for (const prefix of prefixes) this.#touch(prefix);
  }

  #drain(actor: Actor, count: number): void {
    for (const sink of actor.sinks) {
      sink.isHolding = false;
      sink.drain(count);
    }
  }

  #step(): boolean {
    const ran = this.#clock.step();
    for (const group of this.rib.groups) {
      if (group.retainedBytes > this.#scenario.retainedBytes) throw new Error(`${group.retainedBytes} octets are kept`);
    }
    return ran;
  }

  #settle(): void {
    for (let turns = 0; ;) {
      while (this.#step()) if (++turns > 200_000) throw new Error("jobs never end");
      const drained = this.#actors.flatMap(({ sinks }) => sinks).map((sink) => sink.drain());
      if (!drained.includes(true)) return;
    }
  }

  // ---- what is compared ----

  #checkActor({ peer, source, naive, members }: Actor, family: Family, table: NaiveTable): void {
    const counts = { received: source.received[family], accepted: source.accepted[family] };
    const wanted = JSON.stringify(table.counts(naive, family));
    sameText(`${peer.name}: counts of family ${family}`, JSON.stringify(counts), wanted);
    const each = members[family];
    const group = each === undefined ? undefined : this.rib.groupOf(each.member);
    if (each === undefined || group === undefined) return;
    this.#checkMember(peer.name, each);
    const told = table.toldTo(naive, group.options);
    const expected = new Map(
      told
        .filter(({ isOwnNextHop }) => !isOwnNextHop)
        .map((path) => [this.#keyOf(path, group.options.addPathSend !== 0), path.text]),
    );
    const { view } = each.stream;
    for (const key of new Set([...expected.keys(), ...view.keys()])) {
      sameText(`${peer.name}: ${key}`, view.get(key) ?? "nothing", expected.get(key) ?? "nothing");
    }
    const count = group.countFor(each.member);
    if (count !== told.length) throw new Error(`${peer.name}: should know ${told.length} paths, counted ${count}`);
  }

  #checkMember(name: string, { stream, sink }: ActorMember): void {
    if (stream.endOfRibs !== 1) throw new Error(`${name}: ${stream.endOfRibs} End-of-RIBs`);
    // A socket that is full gets no more: at most a batch, and End-of-RIB.
    const most = 16 * this.#scenario.batchBytes + 16_384;
    if (sink.peakBytes > most) throw new Error(`${name}: ${sink.peakBytes} octets waited in the socket`);
  }

  /** As in the stream: path identifiers are rows of the table. */
  #keyOf({ prefix, source, pathId }: ToldPath, hasPathId: boolean): string {
    const text = formatPrefix(prefix);
    if (!hasPathId) return text;
    if (source === undefined) return `${text} 0`;
    const real = [...this.rib.sources].find(({ options }) => options.name === source.options.name);
    const { routes } = this.rib.families[prefix.family];
    return `${text} ${routes.find(this.rib.find(prefix), real?.id ?? 0, pathId)}`;
  }

  #checkBest(prefix: IpPrefix, table: NaiveTable): void {
    const { routes, decision } = this.rib.families[prefix.family];
    const row = this.rib.find(prefix);
    const best = row === 0 ? 0 : decision.best(row);
    const name = (source: string, pathId: number): string => `${source} ${pathId}`;
    const naive = table.best(prefix);
    const real = best === 0 ? "none" : name(this.#nameOf(routes.source(best)), routes.pathId(best));
    const wanted = naive === undefined ? "none" : name(naive.source.options.name, naive.pathId);
    sameText(`best path of ${formatPrefix(prefix)}`, real, wanted);
    if (row !== 0) sameText("row", formatPrefix(prefixOf(routes.prefixes, row)), formatPrefix(prefix));
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

function blockOf({ peer }: Actor, family: Family): NlriEntry[] {
  if (!peer.families.includes(family)) return [];
  return BLOCKS[family].map((prefix) => (peer.addPath ? { prefix, pathId: 1 } : { prefix }));
}

function sameText(what: string, real: string, wanted: string): void {
  if (real !== wanted) throw new Error(`${what}\n  is     ${real}\n  should ${wanted}`);
}
