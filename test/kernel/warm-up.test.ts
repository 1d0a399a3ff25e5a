// The warm-up of kernel routes ends by itself and leaves nothing behind.

import t from "tap";

import { warmUpRoutes } from "../../src/kernel/warm-up.js";
import { FakeClock } from "../support/fake-clock.js";

void t.test("the warm-up ends without time passing, and no alarm or job is left", async (t) => {
  const clock = new FakeClock();
  const before = clock.now();
  let isDone = false;
  const done = warmUpRoutes(clock).then(() => (isDone = true));
  for (let turns = 0; !isDone && turns < 100_000; turns++) {
    clock.settle();
    await Promise.resolve();
  }
  t.equal(isDone, true);
  await done;
  t.equal(clock.now(), before);
  t.equal(clock.pending, 0);
});
