// The tables of routes: chains, the decision process, the logs of changes, and whole UPDATEs taken in.

import type { Bytes } from "../../src/base/bytes.js";
import { ChangeLog } from "../../src/rib/change-log.js";
import type { Source } from "../../src/rib/sources.js";
import { type Benchmark, type Measured, shuffled, sink } from "./benchmark.js";
import { announcement, RibScene, SESSION, withdrawal } from "./rib-scene.js";

const PREFIXES = 4096;

/** A table of PREFIXES prefixes with a path of each of `paths` sources, and one log as an update group has it. */
class TableScene extends RibScene {
  readonly rows: Int32Array;
  readonly sources: readonly Source[];
  readonly log = this.table.subscribe();

  constructor(paths: number) {
    super();
    const rows = this.prefixes(PREFIXES);
    this.rows = Int32Array.from(shuffled(PREFIXES), (i) => rows[i]);
    // The later ones are better in the last step only: by BGP Identifier.
    this.sources = Array.from({ length: paths }, (_, i) => this.client(100 - i));
    for (const source of this.sources) this.announceAll(source, this.set(source, 1));
    this.log.clear();
  }

  announceAll(source: Source, set: number): void {
    for (const row of this.rows) this.table.announce(row, source.id, 0, set, set, 0);
  }

  withdrawAll(source: Source): void {
    for (const row of this.rows) this.table.withdraw(row, source.id, 0);
  }
}

/** One path more than `held`. */
function announce(held: number): Measured {
  const scene = new TableScene(held);
  const source = scene.client(1);
  const set = scene.set(source, 1);
  return {
    operations: PREFIXES,
    run: () => scene.announceAll(source, set),
    restore: () => {
      scene.withdrawAll(source);
      scene.log.clear();
    },
  };
}

function replace(held: number): Measured {
  const scene = new TableScene(held);
  const source = scene.sources[held - 1];
  const sets = [scene.set(source, 2), scene.set(source, 3)];
  let round = 0;
  return {
    operations: PREFIXES,
    run: () => scene.announceAll(source, sets[round++ & 1]),
    restore: () => scene.log.clear(),
  };
}

/** The best of `held` paths. */
function withdraw(held: number): Measured {
  const scene = new TableScene(held);
  const source = scene.sources[held - 1];
  const set = scene.set(source, 1);
  return {
    operations: PREFIXES,
    run: () => scene.withdrawAll(source),
    restore: () => {
      scene.announceAll(source, set);
      scene.log.clear();
    },
  };
}

function find(held: number): Measured {
  const { table, rows, sources } = new TableScene(held);
  const [{ id }] = sources;
  return {
    operations: PREFIXES,
    run: () => {
      let sum = 0;
      for (const row of rows) sum += table.routes.find(row, id, 0);
      sink.value ^= sum;
    },
  };
}

function beatsHead(): Measured {
  const { table, rows } = new TableScene(2);
  const { routes, decision } = table;
  const heads = Array.from(rows, (row) => routes.head(row));
  const others = heads.map((head) => routes.next(head));
  return {
    operations: PREFIXES,
    run: () => {
      let sum = 0;
      for (let i = 0; i < PREFIXES; i++) sum += decision.beatsHead(others[i], heads[i]) === undefined ? 1 : 0;
      sink.value ^= sum;
    },
  };
}

function select(): Measured {
  const { table, rows } = new TableScene(4);
  return {
    operations: PREFIXES,
    run: () => {
      for (const row of rows) table.decision.select(row);
    },
  };
}

function changeLog(): Measured {
  const { table, rows } = new TableScene(0);
  const log = new ChangeLog(table.routes);
  return {
    operations: PREFIXES,
    run: () => {
      for (const row of rows) log.mark(row);
      for (let row = log.take(); row !== 0; row = log.take()) table.routes.unhold(row);
    },
  };
}

/** UPDATEs of `count` prefixes, each with one of few sets; every route becomes another one each time. */
function receive(count: number): Measured {
  const scene = new TableScene(0);
  const source = scene.client(1);
  const rounds = [0, 1].map((round) => updates(count, (i) => announcement((i & 63) + round * 64, i * count, count)));
  const feed = (bodies: readonly Bytes[]): void => {
    for (const body of bodies) scene.rib.receive(source, body, 0, body.length, SESSION);
  };
  rounds.forEach(feed);
  let round = 0;
  return { operations: PREFIXES, run: () => feed(rounds[round++ & 1]), restore: () => scene.log.clear() };
}

function receiveWithdrawals(count: number): Measured {
  const scene = new TableScene(0);
  const source = scene.client(1);
  const announcements = updates(count, (i) => announcement(i & 63, i * count, count));
  const withdrawals = updates(count, (i) => withdrawal(i * count, count));
  const feed = (bodies: readonly Bytes[]): void => {
    for (const body of bodies) scene.rib.receive(source, body, 0, body.length, SESSION);
  };
  feed(announcements);
  return {
    operations: PREFIXES,
    run: () => feed(withdrawals),
    restore: () => {
      feed(announcements);
      scene.log.clear();
    },
  };
}

function updates(count: number, make: (i: number) => Bytes): readonly Bytes[] {
  return Array.from({ length: PREFIXES / count }, (_, i) => make(i));
}

export const TABLE_BENCHMARKS: readonly Benchmark[] = [
  { name: "RouteTable.find, last of 4 paths", budget: 4.5, prepare: () => find(4) },
  { name: "LocRib.announce, first path", budget: 16, prepare: () => announce(0) },
  { name: "LocRib.announce, second path", budget: 38, prepare: () => announce(1) },
  { name: "LocRib.announce, replaces the only path", budget: 16, prepare: () => replace(1) },
  { name: "LocRib.announce, replaces the best of 4", budget: 139, prepare: () => replace(4) },
  { name: "LocRib.withdraw, only path", budget: 19, prepare: () => withdraw(1) },
  { name: "LocRib.withdraw, best of 4", budget: 112, prepare: () => withdraw(4) },
  { name: "Decision.beatsHead, down to the BGP Identifier", budget: 14, prepare: beatsHead },
  { name: "Decision.select, 4 paths", budget: 130, prepare: select },
  { name: "ChangeLog.mark, take, unhold", budget: 5.4, prepare: changeLog },
  { name: "Rib.receive, 1 prefix a message, per route", budget: 119, prepare: () => receive(1) },
  { name: "Rib.receive, 64 prefixes a message, per route", budget: 32, prepare: () => receive(64) },
  { name: "Rib.receive, 64 withdrawn a message, per route", budget: 30, prepare: () => receiveWithdrawals(64) },
];
