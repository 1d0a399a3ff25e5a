import t from "tap";
import { type Job, WorkQueue } from "../../src/base/work-queue.js";
import { FakeClock } from "../support/fake-clock.js";

/** A job of so many slices that notes its name each time. */
function jobOf(name: string, slices: number, log: string[]): Job {
  return () => {
    log.push(name);
    return --slices === 0;
  };
}

t.test("jobs take turns, a slice each", async (t) => {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  const log: string[] = [];
  queue.add(jobOf("a", 3, log));
  queue.add(jobOf("b", 1, log));
  t.equal(queue.length, 2);
  t.same(log, [], "nothing runs inside add");
  clock.settle();
  t.same(log, ["a", "b", "a", "a"]);
  t.equal(queue.length, 0);
});

t.test("a job is told when its slice ends", async (t) => {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock, 7);
  let until = 0;
  queue.add((end) => {
    until = end;
    return true;
  });
  clock.settle();
  t.equal(until, clock.now() + 7);
});

t.test("one slice per turn of the event loop", async (t) => {
  const turns: (() => void)[] = [];
  const clock = new FakeClock();
  clock.soon = (run) => turns.push(run);
  const log: string[] = [];
  const queue = new WorkQueue(clock);
  queue.add(jobOf("a", 2, log));
  queue.add(jobOf("b", 2, log));
  t.equal(turns.length, 1, "asked for once");
  turns.shift()?.();
  t.same(log, ["a"]);
  t.equal(turns.length, 1);
});

t.test("a job may add another one", async (t) => {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  const log: string[] = [];
  queue.add(() => {
    queue.add(jobOf("inner", 1, log));
    return true;
  });
  clock.settle();
  t.same(log, ["inner"]);
});
