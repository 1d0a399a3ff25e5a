// Two reflectors, clients on both: one dies and comes back, and no client is without a route at any moment. Looked at
// after every message that a client hears, not at the end.
//
// STARLING_PAIR_RUNS=n plays n random scenarios per shape instead of as many as fit the time; a failure prints seed and
// path, with which STARLING_PAIR_SEED and STARLING_PAIR_PATH repeat it.

import fc from "fast-check";
import t, { type Test } from "tap";
import type { StreamSession } from "../support/stream-client.js";
import { deeds, play } from "./reflector-pair-deeds.js";
import { blocks, CLIENTS, type Death, type PairShape, REFLECTORS, ReflectorPair, SHAPES } from "./reflector-pair.js";

t.setTimeout(0);

const BLOCKS = 8;
const TIME_MS = 3000;
const RETRIES: readonly (readonly number[])[] = [[500], [300, 2500, 900, 4000, 1700]];

async function settled(shape: PairShape, retriesMs: readonly number[], single = 0): Promise<ReflectorPair> {
  const pair = await ReflectorPair.open(shape, single);
  pair.retriesMs = retriesMs;
  // Clients of one reflector only listen: within one cluster the other reflector could not hear of their routes.
  for (let i = 0; i < CLIENTS; i++) pair.fleet.announce(pair.fleet.clients[i], blocks(i, BLOCKS));
  pair.settle();
  pair.fleet.resetCounts();
  return pair;
}

const sessionsWith = ({ fleet }: ReflectorPair, reflector: string): readonly StreamSession[] =>
  fleet.sessions.filter(({ name }) => name === reflector);

/** Most announcements per prefix that the return of a reflector may cost. By way of the other reflector, where clusters
 *  differ, routes may come earlier than from the clients themselves. */
const mostFor = ({ clusterIds }: PairShape): number => (clusterIds[0] === clusterIds[1] ? 1 : 2);

function checkReturn(t: Test, pair: ReflectorPair, session: StreamSession): void {
  const { announced, withdrawn, idle } = session.counts;
  const index = pair.fleet.clients.indexOf(session.client);
  const own = new Set(blocks(index, BLOCKS));
  const others = [...announced].filter(([prefix]) => !own.has(prefix));
  t.equal(others.length, (index < CLIENTS ? CLIENTS - 1 : CLIENTS) * BLOCKS, `${session.label}: everything again`);
  const most = mostFor(pair.shape);
  t.ok(Math.max(...others.map(([, count]) => count)) <= most, `${session.label}: ${most} times at most`);
  // What it hears of itself by way of the other reflector is taken back once it has told it directly.
  const returned = [...announced].filter(([prefix]) => own.has(prefix)).sort();
  t.same([...withdrawn].sort(), returned, `${session.label}: nothing withdrawn but what came back to its owner`);
  t.equal(idle, 0, `${session.label}: nothing withdrawn that it did not have`);
}

for (const shape of SHAPES) {
  for (const how of ["kill", "stop", "vanish"] as const satisfies readonly Death[]) {
    for (const retriesMs of RETRIES) {
      const pace = retriesMs.length > 1 ? "one after the other" : "together";
      t.test(`${shape.name}: a reflector ends (${how}) and returns, clients ${pace}`, async (t) => {
        const pair = await settled(shape, retriesMs);
        const { fleet } = pair;
        const looks = fleet.looks;
        await pair.end(0, how);
        pair.run(shape.isGraceful && how !== "vanish" ? 60_000 : 100_000);
        await pair.start(0);
        pair.settle();
        t.same(fleet.faults, []);
        t.ok(fleet.looks > looks, "there was something to look at");
        for (const session of sessionsWith(pair, REFLECTORS[1])) {
          t.equal(session.counts.updates, 0, `${session.label}: death and return of the other one are no news`);
          t.equal(session.transitions, 1);
        }
        for (const session of sessionsWith(pair, REFLECTORS[0])) checkReturn(t, pair, session);
      });
    }
  }
}

for (const shape of SHAPES.filter(({ isGraceful }) => isGraceful)) {
  for (const how of ["kill", "stop"] as const) {
    t.test(
      `${shape.name}: not even a client of one reflector loses a route while that restarts (${how})`,
      async (t) => {
        const pair = await settled(shape, [300, 2500, 900, 1700], 2);
        const { fleet } = pair;
        for (let round = 0; round < 3; round++) {
          fleet.resetCounts();
          await pair.end(0, how);
          pair.run(20_000);
          // The routes are there, stale; nothing else would carry the client.
          t.ok(fleet.clients[CLIENTS].sessions.every(({ told, hasStale }) => hasStale && told.size > 0));
          await pair.start(0);
          pair.settle();
          t.same(fleet.faults, []);
          for (const session of sessionsWith(pair, REFLECTORS[0])) checkReturn(t, pair, session);
        }
      },
    );
  }
}

for (const shape of SHAPES) {
  t.test(`${shape.name}: the connection of a client breaks and comes back`, async (t) => {
    const pair = await settled(shape, [2000]);
    const { fleet } = pair;
    pair.cut(0, 0);
    pair.settle();
    t.same(fleet.faults, []);
    const others = fleet.sessions.filter(({ client }) => client !== fleet.clients[0]);
    for (const session of others) {
      const { announced, withdrawn, updates } = session.counts;
      const isNews = session.name === REFLECTORS[0] && !shape.isGraceful;
      if (!isNews) t.equal(updates, 0, `${session.label}: nothing to hear`);
      else {
        t.equal(announced.size, BLOCKS, `${session.label}: its routes again`);
        // From one cluster to the other the route is replaced, and back.
        t.equal(
          withdrawn.size,
          mostFor(shape) === 1 ? BLOCKS : 0,
          `${session.label}: withdrawn where there is no other path`,
        );
        t.equal(Math.max(...announced.values()), mostFor(shape));
      }
    }
  });
}

t.test("the check finds a route that is lost for one message", async (t) => {
  const pair = await settled(SHAPES[0], [500]);
  const [victim] = pair.fleet.clients;
  const [, second] = victim.sessions;
  await pair.end(0, "kill");
  // What the other reflector would do if it dropped a route and told it again.
  const prefix = blocks(1, BLOCKS)[0];
  const told = second.told.get(prefix);
  second.told.delete(prefix);
  victim.onChange(second, undefined);
  if (told !== undefined) second.told.set(prefix, told);
  victim.onChange(second, undefined);
  t.equal(pair.fleet.faults.length, 1);
  t.match(pair.fleet.faults[0], `${victim.options.name} lost ${prefix} (`);
});

for (const shape of SHAPES) {
  t.test(`${shape.name}: whatever dies, returns, breaks or changes, no route is lost`, async (t) => {
    const { STARLING_PAIR_RUNS: runs, STARLING_PAIR_SEED: seed, STARLING_PAIR_PATH: path } = process.env;
    let played = 0;
    const property = fc.asyncProperty(
      deeds,
      fc.array(fc.integer({ min: 50, max: 4000 }), { minLength: 1 }),
      async (told, retries) => {
        played++;
        await play(shape, told, retries);
      },
    );
    await fc.assert(property, {
      ...(runs === undefined ? { numRuns: 100_000, interruptAfterTimeLimit: TIME_MS } : { numRuns: Number(runs) }),
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      ...(path === undefined ? {} : { path }),
    });
    t.ok(played > 0, `${played} scenarios`);
  });
}
