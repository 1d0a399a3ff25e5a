import t from "tap";
import { IdleHold } from "../../src/session/idle-hold.js";

function pauses(hold: IdleHold, failures: number): number[] {
  return Array.from({ length: failures }, () => {
    hold.damp();
    return hold.delayMs;
  });
}

t.test("the pause doubles between its bounds", (t) => {
  t.same(
    pauses(new IdleHold([5, 300]), 8),
    [5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000),
  );
  t.same(pauses(new IdleHold([0, 300]), 3), [0, 0, 0], "zero stays zero");
  t.equal(pauses(new IdleHold([1, 60]), 5000).at(-1), 60_000, "thousands of failures do not overflow");
  t.end();
});

t.test("before any failure the pause is the shortest", (t) => {
  t.equal(new IdleHold([5, 300]).delayMs, 5000);
  t.end();
});

t.test("only a session longer than the longest pause makes good", (t) => {
  const hold = new IdleHold([5, 300]);
  pauses(hold, 4);
  hold.sessionEnded(300_000);
  t.equal(hold.delayMs, 40_000);
  hold.sessionEnded(300_001);
  t.equal(hold.delayMs, 5000);
  t.end();
});

t.test("new bounds count at once, failures are kept", (t) => {
  const hold = new IdleHold([5, 300]);
  pauses(hold, 3);
  hold.setBounds([1, 2]);
  t.equal(hold.delayMs, 2000);
  hold.reset();
  t.equal(hold.delayMs, 1000);
  t.end();
});
