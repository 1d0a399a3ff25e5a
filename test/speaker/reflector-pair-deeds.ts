// What may happen to two reflectors and their clients, at random, and how it is played. A reflector dies only while the
// other one has everything: where nobody has told the other yet, no protocol could keep the route.

import fc from "fast-check";
import { unreachable } from "../../src/base/invariant.js";
import { blocks, CLIENTS, type Death, type PairShape, ReflectorPair, type Which } from "./reflector-pair.js";

const BLOCKS = 6;

const client = fc.nat(CLIENTS - 1);
const which = fc.constantFrom<Which>(0, 1);
const someBlocks = fc.subarray(
  Array.from({ length: BLOCKS }, (_, i) => i),
  { minLength: 1 },
);
const waitMs = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 20_000 }), fc.constant(200_000));
const death = fc.constantFrom<Death>("kill", "stop", "vanish");

const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("announce" as const), client, blocks: someBlocks }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), client, blocks: someBlocks }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: waitMs }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), which, how: death }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("start" as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("flap" as const), client, which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("part" as const) }) },
  // Nothing gets through for a while: the two reflectors hear the same in another order.
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("delay" as const), client, which, ms: fc.integer({ min: 1, max: 5000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("refresh" as const), client, which }) },
);
export type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

export const deeds = fc.array(deed, { maxLength: 40, size: "max" });

/** Plays the deeds with two reflectors of this shape; throws Error where a client was without a route, or does not have
 *  everything in the end. */
export async function play(shape: PairShape, told: readonly Deed[], retriesMs: readonly number[]): Promise<void> {
  const pair = await ReflectorPair.open(shape);
  pair.retriesMs = retriesMs;
  const { fleet } = pair;
  for (const [i, owner] of fleet.clients.entries()) fleet.announce(owner, blocks(i, BLOCKS / 2));
  pair.settle();
  for (const next of told) {
    await run(pair, next);
    if (fleet.faults.length > 0) throw new Error(fleet.faults.join("\n"));
  }
  for (const index of [0, 1] as const) if (!pair.isUp(index)) await pair.start(index);
  pair.settle();
  if (fleet.faults.length > 0) throw new Error(fleet.faults.join("\n"));
}

async function run(pair: ReflectorPair, next: Deed): Promise<void> {
  const { fleet } = pair;
  const areBothUp = pair.isUp(0) && pair.isUp(1);
  switch (next.kind) {
    case "announce":
    case "withdraw": {
      const all = blocks(next.client, BLOCKS);
      return fleet[next.kind](
        fleet.clients[next.client],
        next.blocks.map((i) => all[i]),
      );
    }
    case "wait":
      return pair.run(next.ms);
    case "end":
      if (!areBothUp) return;
      // What has been announced since is on its way to both, and may die with the one.
      if (!pair.isWhole) pair.settle();
      return pair.end(next.which, next.how);
    case "start":
      if (!pair.isUp(next.which)) await pair.start(next.which);
      return;
    case "flap":
      if (!areBothUp) return;
      if (!pair.isWhole) pair.settle();
      return pair.cut(next.which, next.client);
    case "part":
      return pair.cut(0);
    case "delay":
      if (pair.isUp(next.which)) pair.delay(fleet.clients[next.client].options.identifier, next.which, next.ms);
      return;
    case "refresh":
      for (const family of [0, 1] as const) pair.session(next.client, next.which).refresh(family);
      return;
    default:
      unreachable(next);
  }
}
