// The ring behind the write queue.

import fc from "fast-check";
import t from "tap";

import { RowQueue } from "../../src/kernel/row-queue.js";

void t.test("keeps the order while it wraps and grows", (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 30 }), (bursts) => {
      const queue = new RowQueue();
      const model: number[] = [];
      let next = 0;
      for (const [i, burst] of bursts.entries()) {
        for (let k = 0; k < burst; k++) {
          queue.push(next);
          model.push(next++);
        }
        const take = Math.min(model.length, (burst * (i % 3)) >> 1);
        for (let k = 0; k < take; k++) if (queue.shift() !== model.shift()) return false;
      }
      while (!queue.isEmpty) if (queue.shift() !== model.shift()) return false;
      return model.length === 0;
    }),
  );
  t.pass("same as an array");
  t.end();
});
