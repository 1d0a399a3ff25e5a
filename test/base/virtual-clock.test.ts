// A clock that moves when it is told: order of alarms, jobs, wall time.

import t from "tap";
import { VirtualClock } from "../../src/base/virtual-clock.js";

t.test("alarms ring in order of time, jobs and alarms of the same moment in the order they came", async (t) => {
  const clock = new VirtualClock(5000, 100);
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(`${what} at ${clock.now()}`);
  clock.at(300, note("late"));
  clock.at(200, note("first"));
  clock.at(200, () => {
    note("second")();
    clock.soon(note("job of the second"));
  });
  clock.at(250, note("never")).cancel();
  clock.soon(note("job"));
  t.equal(clock.pending, 3);
  clock.advance(250);
  t.same(seen, ["job at 100", "first at 200", "second at 200", "job of the second at 200", "late at 300"]);
  t.equal(clock.now(), 350);
  t.equal(clock.wallTime(), 5250);
  t.equal(clock.pending, 0);
});

t.test("jobs that beget jobs for ever are found out", async (t) => {
  const clock = new VirtualClock(0, 0, 1000);
  const again = (): void => clock.soon(again);
  again();
  t.throws(() => clock.settle(), /jobs never end/);
});
