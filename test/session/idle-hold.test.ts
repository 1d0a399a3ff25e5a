import t from "tap";
import { IdleHold } from "../../src/session/idle-hold.js";

function make(bounds: readonly [number, number]): IdleHold {
  return new IdleHold(bounds, undefined, () => 0);
}

function pauses(hold: IdleHold, failures: number): number[] {
  return Array.from({ length: failures }, () => {
    hold.damp();
    return hold.delayMs;
  });
}

t.test("the pause doubles between its bounds", (t) => {
  t.same(
    pauses(make([5, 300]), 8),
    [5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000),
  );
  t.same(pauses(make([0, 300]), 3), [0, 0, 0], "zero stays zero");
  t.equal(pauses(make([1, 60]), 5000).at(-1), 60_000, "thousands of failures do not overflow");
  t.end();
});

t.test("before any failure the pause is the shortest", (t) => {
  t.equal(make([5, 300]).delayMs, 5000);
  t.end();
});

t.test("only a session longer than the longest pause makes good", (t) => {
  const hold = make([5, 300]);
  pauses(hold, 4);
  hold.sessionEnded(300_000);
  t.equal(hold.delayMs, 40_000);
  hold.sessionEnded(300_001);
  t.equal(hold.delayMs, 5000);
  t.end();
});

t.test("new bounds count at once, failures are kept", (t) => {
  const hold = make([5, 300]);
  pauses(hold, 3);
  hold.setBounds([1, 2], undefined);
  t.equal(hold.delayMs, 2000);
  hold.reset();
  t.equal(hold.delayMs, 1000);
  t.end();
});

t.test("in BIRD's way", (t) => {
  let now = 1000;
  const waits = { connectDelaySeconds: 2, errorForgetSeconds: 300, startupHoldSeconds: 240 };
  const hold = new IdleHold([5, 30], waits, () => now);
  const seconds = (isError: boolean): number => {
    hold.pause(isError);
    t.equal(hold.isError, isError);
    return hold.delayMs / 1000;
  };
  t.equal(hold.delayMs, 2000, "before the first attempt");
  t.same([true, true, true, true, false, true].map(seconds), [5, 10, 20, 30, 2, 30], "errors double the pause");
  hold.sessionEnded(1_000_000);
  now += 299_999;
  t.equal(seconds(true), 30, "no session makes good");
  now += 300_000;
  t.equal(seconds(true), 5, "time does");
  hold.reset();
  t.equal(hold.delayMs, 2000, "someone intervened");
  hold.setBounds([5, 30], { ...waits, connectDelaySeconds: 0 });
  t.equal(hold.delayMs, 1000, "never at once");
  t.end();
});
