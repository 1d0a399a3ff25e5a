// When what failed is tried again.

import t from "tap";
import { RetryTimer } from "../../src/kernel/back-off.js";
import { FakeClock } from "../support/fake-clock.js";

function failing(clock: FakeClock): { readonly timer: RetryTimer; readonly at: number[] } {
  const at: number[] = [];
  return { timer: new RetryTimer(clock, () => void at.push(clock.now())), at };
}

t.test("each retry waits twice as long, up to a minute", (t) => {
  const clock = new FakeClock();
  const { timer, at } = failing(clock);
  let last = clock.now();
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    timer.start();
    clock.advance(seconds * 1000);
    t.equal(at.at(-1), last + seconds * 1000, `${seconds} s`);
    last = clock.now();
  }
  t.end();
});

t.test("trouble that comes after a quiet time is a new one", (t) => {
  for (const [quietSeconds, waitSeconds] of [
    [119, 60],
    [121, 1],
  ] as const) {
    const clock = new FakeClock();
    const { timer, at } = failing(clock);
    for (let n = 0; n < 8; n++) {
      timer.start();
      clock.advance(60_000);
    }
    const rang = at.at(-1) ?? 0;
    clock.advance(rang + quietSeconds * 1000 - clock.now());
    const count = at.length;
    timer.start();
    clock.advance(waitSeconds * 1000 - 1);
    t.equal(at.length, count);
    clock.advance(1);
    t.equal(at.length, count + 1, `${waitSeconds} s after ${quietSeconds} s without`);
  }
  t.end();
});
