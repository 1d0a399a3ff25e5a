import t from "tap";
import { TurnBudget } from "../../src/base/turn-budget.js";

/** A clock on which work takes time, and turns that the test takes by hand. */
function stage(): { turns: TurnBudget; work: (ms: number) => void; turn: () => number } {
  let now = 0;
  const soon: (() => void)[] = [];
  const clock = {
    now: () => now,
    wallTime: () => now,
    at: () => ({ cancel: () => undefined }),
    soon: (run: () => void) => void soon.push(run),
  };
  return {
    turns: new TurnBudget(clock, 3),
    work: (ms) => (now += ms),
    turn: () => soon.splice(0).map((run) => run()).length,
  };
}

t.test("what one has used the others of the turn have not", async (t) => {
  const { turns, work, turn } = stage();
  t.equal(turns.isUsedUp, false);
  const { until } = turns;
  work(2);
  t.equal(turns.until, until, "the same turn");
  t.equal(turns.isUsedUp, false);
  work(1);
  t.equal(turns.isUsedUp, true);
  turn();
  t.equal(turns.isUsedUp, false, "a new turn");
  t.equal(turn(), 0, "that nobody has begun");
});

t.test("who waits is served in the order of asking, as far as the time goes, before new input", async (t) => {
  const { turns, work, turn } = stage();
  const served: number[] = [];
  for (let i = 0; i < 7; i++) {
    turns.wait(() => {
      served.push(i);
      work(1);
    });
  }
  turn();
  t.same(served, [0, 1, 2]);
  t.equal(turns.isUsedUp, true, "nothing is left for input of this turn");
  turns.wait(() => served.push(99));
  turn();
  t.same(served, [0, 1, 2, 3, 4, 5]);
  turn();
  t.same(served, [0, 1, 2, 3, 4, 5, 6, 99]);
  t.equal(turns.isUsedUp, false, "time is left");
  turn();
  t.equal(turn(), 0, "nothing goes on by itself");
});

t.test("one who takes longer than a turn does not stop the line", async (t) => {
  const { turns, work, turn } = stage();
  const served: number[] = [];
  for (let i = 0; i < 3; i++) {
    turns.wait(() => {
      served.push(i);
      work(50);
    });
  }
  for (let i = 1; i <= 3; i++) {
    turn();
    t.equal(served.length, i);
  }
});

t.test("who asks again while served comes in a later turn", async (t) => {
  const { turns, turn } = stage();
  let served = 0;
  const again = (): void => {
    served++;
    turns.wait(again);
  };
  turns.wait(again);
  for (let i = 1; i <= 5; i++) {
    turn();
    t.equal(served, i);
  }
});
