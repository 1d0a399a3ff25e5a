// Limits of what a member of an update group is told: its own routes, and those of which it is the next hop, do not count.

import t from "tap";
import { announce, address, withdraw } from "./updates.js";
import { type Joined, RibStage } from "./rib-stage.js";

const many = (count: number, first = 0): string[] => Array.from({ length: count }, (_, i) => `10.1.${first + i}.0/24`);

/** Bounds the member; gives the counts it was asked about. */
function bound(stage: RibStage, { member }: Joined, most: number): number[] {
  const asked: number[] = [];
  stage.rib.setLimit(member, {
    most,
    permits: (count) => {
      asked.push(count);
      return count <= most;
    },
  });
  return asked;
}

t.test("a member is told up to its limit, and nothing of the batch that would exceed it", async (t) => {
  const stage = new RibStage();
  const [sender, limited, other] = [stage.join(1), stage.join(2), stage.join(3)];
  const asked = bound(stage, limited, 5);
  announce(stage.rib, sender.source, many(5));
  announce(stage.rib, limited.source, many(7, 100));
  stage.settle();
  t.equal(asked.at(-1), 5, "its own do not count");
  t.equal(limited.inbox.view.size, 5);
  t.equal(other.inbox.view.size, 12);
  announce(stage.rib, sender.source, many(2, 50));
  stage.settle();
  t.equal(asked.at(-1), 7);
  t.equal(limited.inbox.view.size, 5, "not even the one that would fit");
  t.equal(other.inbox.view.size, 14, "the others hear everything");
});

t.test("routes of which it is the next hop do not count either", async (t) => {
  const stage = new RibStage();
  const [sender, limited] = [stage.join(1), stage.join(2)];
  announce(stage.rib, sender.source, many(5));
  announce(stage.rib, sender.source, many(4, 50), { nextHop: address("10.0.0.2") });
  const asked = bound(stage, limited, 6);
  stage.settle();
  t.equal(asked.at(-1), 5, "counted one by one where the bound says 9");
  t.equal(limited.inbox.view.size, 5);
});

t.test("counts follow changes of the best path and withdrawals", async (t) => {
  const stage = new RibStage();
  const [first, second, limited] = [stage.join(1), stage.join(2), stage.join(3)];
  const asked = bound(stage, limited, 1000);
  announce(stage.rib, first.source, many(10), { localPref: 100 });
  stage.settle();
  announce(stage.rib, limited.source, many(4), { localPref: 200 });
  stage.settle();
  t.equal(asked.at(-1), 6, "four are its own now");
  withdraw(stage.rib, limited.source, many(4));
  announce(stage.rib, second.source, many(10), { localPref: 300 });
  stage.settle();
  t.equal(asked.at(-1), 10);
  withdraw(stage.rib, first.source, many(10));
  withdraw(stage.rib, second.source, many(8));
  stage.settle();
  t.equal(asked.at(-1), 2);
  t.equal(stage.rib.groupOf(limited.member)?.countFor(limited.member), 2);
});
