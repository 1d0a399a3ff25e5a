import t from "tap";
import { Deadlines, SystemClock } from "../../src/base/clock.js";
import { FakeClock } from "../support/fake-clock.js";

type Name = "hold" | "keepalive" | "retry";

function deadlines(): { clock: FakeClock; rung: string[]; timers: Deadlines<Name> } {
  const clock = new FakeClock();
  const rung: string[] = [];
  const timers = new Deadlines<Name>(clock, (name) => rung.push(`${name} ${clock.now() - 1000}`));
  return { clock, rung, timers };
}

t.test("deadlines ring in order of time, each once", async (t) => {
  const { clock, rung, timers } = deadlines();
  timers.start("hold", 90);
  timers.start("keepalive", 30);
  t.equal(timers.remaining("hold"), 90);
  clock.advance(29);
  t.same(rung, []);
  clock.advance(1);
  t.same(rung, ["keepalive 30"]);
  t.equal(timers.isRunning("keepalive"), false);
  clock.advance(200);
  t.same(rung, ["keepalive 30", "hold 90"]);
  t.equal(clock.pending, 0);
});

t.test("moving a deadline later costs no alarm", async (t) => {
  const { clock, rung, timers } = deadlines();
  timers.start("hold", 90);
  for (let i = 0; i < 100; i++) timers.start("hold", 90 + i);
  t.equal(clock.pending, 1);
  clock.advance(188);
  t.same(rung, []);
  clock.advance(1);
  t.same(rung, ["hold 189"]);
});

t.test("moving a deadline earlier rings it earlier", async (t) => {
  const { clock, rung, timers } = deadlines();
  timers.start("hold", 90);
  timers.start("hold", 10);
  clock.advance(100);
  t.same(rung, ["hold 10"]);
});

t.test("a stopped deadline does not ring, the others do", async (t) => {
  const { clock, rung, timers } = deadlines();
  timers.start("keepalive", 10);
  timers.start("hold", 20);
  timers.stop("keepalive");
  t.equal(timers.remaining("keepalive"), undefined);
  clock.advance(100);
  t.same(rung, ["hold 20"]);
});

t.test("stopAll leaves no alarm behind", async (t) => {
  const { clock, rung, timers } = deadlines();
  timers.start("keepalive", 10);
  timers.stopAll();
  t.equal(clock.pending, 0);
  clock.advance(100);
  t.same(rung, []);
  timers.start("keepalive", 5);
  clock.advance(5);
  t.same(rung, ["keepalive 105"]);
});

t.test("a deadline may be set again while it rings", async (t) => {
  const clock = new FakeClock();
  let count = 0;
  const timers = new Deadlines<Name>(clock, () => {
    if (++count < 3) timers.start("keepalive", 10);
  });
  timers.start("keepalive", 10);
  clock.advance(1000);
  t.equal(count, 3);
  t.equal(clock.pending, 0);
});

t.test("equal deadlines ring in order of their names' first use", async (t) => {
  const { clock, rung, timers } = deadlines();
  timers.start("retry", 10);
  timers.start("hold", 10);
  clock.advance(10);
  t.same(rung, ["retry 10", "hold 10"]);
});

t.test("the real clock does not ring before its deadline", async (t) => {
  const clock = new SystemClock();
  const deadline = clock.now() + 3.4;
  await new Promise<void>((resolve) => {
    const alive = setTimeout(() => undefined, 1000); // alarms do not keep the process alive by themselves
    clock.at(deadline, () => {
      clearTimeout(alive);
      resolve();
    });
  });
  t.ok(clock.now() >= deadline);
});

t.test("a cancelled alarm of the real clock does not ring", async (t) => {
  const clock = new SystemClock();
  let rung = false;
  clock.at(clock.now(), () => (rung = true)).cancel();
  await new Promise<void>((resolve) => clock.soon(resolve));
  await new Promise<void>((resolve) => setTimeout(resolve, 2));
  t.equal(rung, false);
});
