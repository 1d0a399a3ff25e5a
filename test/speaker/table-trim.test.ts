// When memory goes back.

import t from "tap";
import { Rib } from "../../src/rib/rib.js";
import { TableTrim } from "../../src/speaker/table-trim.js";
import { FakeClock } from "../support/fake-clock.js";

t.test("what was freed goes back once a minute, until it is stopped", (t) => {
  const clock = new FakeClock();
  const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
  let minutes = 0;
  let trims = 0;
  const trim = new TableTrim(clock, rib, { onTrimmed: () => trims++, onMinute: () => minutes++ });
  trim.start();
  clock.advance(59_999);
  t.equal(minutes, 0);
  clock.advance(1);
  t.equal(minutes, 1);
  clock.advance(600_000);
  t.equal(minutes, 11);
  trim.stop();
  clock.advance(600_000);
  t.equal(minutes, 11);
  t.equal(trims, 0, "there was no table to trim");
  t.end();
});
