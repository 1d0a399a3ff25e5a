import t from "tap";
import { ChangeLog } from "../../src/rib/change-log.js";
import { RouteTable } from "../../src/rib/route-table.js";

function table(count: number): { routes: RouteTable; rows: readonly number[] } {
  const routes = new RouteTable(0, 1, 16);
  return { routes, rows: Array.from({ length: count }, (_, i) => routes.destination(i << 8, 0, 0, 0, 24)) };
}

t.test("each prefix is in the log once, in order of its first change", async (t) => {
  const { routes, rows } = table(3);
  const log = new ChangeLog(routes);
  for (const i of [2, 0, 2, 1, 0]) log.mark(rows[i]);
  t.equal(log.length, 3);
  t.same([log.take(), log.take(), log.take(), log.take()], [rows[2], rows[0], rows[1], 0]);
});

t.test("a change after the prefix was taken marks it again", async (t) => {
  const { routes, rows } = table(2);
  const log = new ChangeLog(routes);
  log.mark(rows[0]);
  log.mark(rows[1]);
  t.equal(log.take(), rows[0]);
  log.mark(rows[0]);
  t.equal(log.length, 2);
  t.same([log.take(), log.take(), log.take()], [rows[1], rows[0], 0]);
});

t.test("no mark is lost when the log makes room", async (t) => {
  const { routes, rows } = table(5000);
  const log = new ChangeLog(routes);
  const taken: number[] = [];
  let next = 0;
  // Marks faster than it takes, so that the array is compacted and grows by turns.
  while (next < rows.length) {
    for (let i = 0; i < 700 && next < rows.length; i++) log.mark(rows[next++]);
    for (let i = 0; i < 650; i++) {
      const row = log.take();
      if (row !== 0) taken.push(row);
    }
  }
  for (let row = log.take(); row !== 0; row = log.take()) taken.push(row);
  t.same(taken, rows);
});

t.test("a prefix in the log keeps its row", async (t) => {
  const { routes, rows } = table(1);
  const log = new ChangeLog(routes);
  log.mark(rows[0]);
  routes.freeIfUnused(rows[0]);
  t.equal(routes.prefixes.isUsed(rows[0]), true);
  routes.unhold(log.take());
  t.equal(routes.prefixes.isUsed(rows[0]), false);
});

t.test("clear lets go of everything", async (t) => {
  const { routes, rows } = table(100);
  const log = new ChangeLog(routes);
  for (const row of rows) log.mark(row);
  log.clear();
  t.equal(log.length, 0);
  t.equal(routes.prefixes.size, 0);
});
