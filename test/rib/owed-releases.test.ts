import t from "tap";
import { WorkQueue } from "../../src/base/work-queue.js";
import type { AttrsTable } from "../../src/rib/attrs-table.js";
import { OwedReleases } from "../../src/rib/owed-releases.js";
import { SteppingClock } from "./stepping-clock.js";

t.test("references are given up in slices, each once", async (t) => {
  const clock = new SteppingClock(1);
  const released = new Set<number>();
  let times = 0;
  const attrs = {
    release: (id: number) => {
      released.add(id);
      times++;
    },
  };
  const owed = new OwedReleases(attrs as AttrsTable, new WorkQueue(clock), clock);
  for (let id = 1; id <= 5000; id++) owed.add(id);
  t.equal(times, 0, "nothing happens at once");
  clock.step();
  t.ok(times > 0 && times < 5000, `${times} in the first slice`);
  clock.settle();
  t.equal(times, 5000);
  t.equal(released.size, 5000);
  owed.add(7);
  clock.settle();
  t.equal(times, 5001, "and what comes later as well");
});
