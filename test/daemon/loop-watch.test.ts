// The daemon's own delay: sampled while there is work, never when there is none, and as whoever waits would see it.

import t from "tap";
import type { Alarm, Clock } from "../../src/base/clock.js";
import { LoopWatch } from "../../src/daemon/loop-watch.js";

/** An event loop of the test: time passes only when something takes time. */
class Loop implements Clock {
  time = 1000;
  alarms: { readonly at: number; readonly run: () => void }[] = [];
  jobs: (() => void)[] = [];

  now(): number {
    return this.time;
  }

  wallTime(): number {
    return this.time;
  }

  at(deadline: number, run: () => void): Alarm {
    const alarm = { at: deadline, run };
    this.alarms.push(alarm);
    return { cancel: () => void (this.alarms = this.alarms.filter((other) => other !== alarm)) };
  }

  soon(run: () => void): void {
    this.jobs.push(run);
  }

  /** One turn: alarms that are due, then jobs. */
  turn(): void {
    const due = this.alarms.filter(({ at }) => at <= this.time);
    this.alarms = this.alarms.filter(({ at }) => at > this.time);
    for (const { run } of due) run();
    const { jobs } = this;
    this.jobs = [];
    for (const run of jobs) run();
  }

  /** Turns with nothing to do until the next alarm, and that one. */
  sleep(): void {
    this.time = Math.max(this.time, Math.min(...this.alarms.map(({ at }) => at)));
    this.turn();
  }
}

function makeWatch(): { readonly loop: Loop; readonly watch: LoopWatch; readonly work: (ms: number) => void } {
  const loop = new Loop();
  const watch = new LoopWatch(loop);
  return { loop, watch, work: (ms) => watch.soon(() => void (loop.time += ms)) };
}

t.test("an idle daemon is never woken", async (t) => {
  const { loop, watch, work } = makeWatch();
  t.same(loop.alarms, []);
  watch.at(loop.time + 5, () => undefined);
  t.equal(loop.alarms.length, 1, "an alarm is no work yet");
  loop.sleep();
  t.equal(watch.delay.snapshot().samples, 0);
  work(1);
  loop.turn();
  loop.sleep();
  t.equal(watch.delay.snapshot().samples, 1, "one look after the work");
  t.same(loop.alarms, [], "and no further one");
});

t.test("while there is work somebody looks every 10 ms", async (t) => {
  const { loop, watch, work } = makeWatch();
  for (let i = 0; i < 1000; i++) {
    work(1);
    loop.turn();
  }
  const { samples, p50Ms, maxMs } = watch.delay.snapshot();
  t.ok(samples >= 85 && samples <= 100, `${samples} samples in a second`);
  t.ok(p50Ms <= 1 && maxMs <= 1, `${maxMs} ms late at most, a turn takes 1 ms`);
  t.ok(loop.alarms.length === 1);
});

t.test("a standstill counts for everybody who would have come meanwhile", async (t) => {
  const { loop, watch, work } = makeWatch();
  for (let i = 0; i < 20; i++) {
    work(10);
    loop.turn();
  }
  const before = watch.delay.snapshot();
  work(205);
  work(1);
  loop.turn();
  loop.turn();
  const { samples, maxMs, p99Ms } = watch.delay.snapshot();
  t.ok(maxMs >= 195 && maxMs <= 206, `${maxMs}`);
  t.ok(samples - before.samples >= 20, `${samples - before.samples} waited`);
  t.ok(p99Ms > 150, "one standstill of 200 ms in 400 ms is no exception of one in a hundred");
});

t.test("a new measurement forgets the old one", async (t) => {
  const { loop, watch, work } = makeWatch();
  work(500);
  loop.turn();
  loop.sleep();
  loop.time += 4000;
  t.match(watch.delay.snapshot(), { sinceSeconds: 4, maxMs: 490 });
  watch.delay.reset();
  t.same(watch.delay.snapshot(), { p50Ms: 0, p99Ms: 0, maxMs: 0, samples: 0, sinceSeconds: 0 });
});
