// Counting pings from what the program `ping` prints.

import t from "tap";
import { countPings, matrixRows } from "../../../src/daemon/demo/ping.js";
import type { PodPlan } from "../../../src/daemon/demo/topology.js";

const closing = (sent: number, received: number): string =>
  `--- 10.244.2.2 ping statistics ---\n${sent} packets transmitted, ${received} received, 0% packet loss, time 950ms\n`;

const COUNTS = [
  { name: "all answered", output: closing(20, 20), last: 20, count: { sent: 20, received: 20, lost: 0 } },
  {
    name: "the last one was on its way",
    output: closing(21, 20),
    last: 20,
    count: { sent: 20, received: 20, lost: 0 },
  },
  { name: "one in the middle was lost", output: closing(20, 19), last: 20, count: { sent: 20, received: 19, lost: 1 } },
  { name: "the end was lost", output: closing(20, 10), last: 10, count: { sent: 20, received: 10, lost: 10 } },
  {
    name: "busybox words",
    output: "5 packets transmitted, 4 packets received, 20% packet loss",
    last: 5,
    count: { sent: 5, received: 4, lost: 1 },
  },
  {
    name: "errors in between",
    output: "5 packets transmitted, 3 received, +2 errors, 40% packet loss",
    last: 5,
    count: { sent: 5, received: 3, lost: 2 },
  },
  { name: "nothing was printed", output: "", last: 0, count: { sent: 0, received: 0, lost: 0 } },
];

for (const { name, output, last, count } of COUNTS) {
  t.test(`counting pings: ${name}`, (t) => {
    t.strictSame(countPings(output, last), count);
    t.end();
  });
}

t.test("the matrix has a row per sender, a dot for itself and a word for what was lost", (t) => {
  const pods: readonly PodPlan[] = ["pod-1", "pod-2"].map((name) => ({ name, node: "node1", addresses: {} }));
  const rows = matrixRows(pods, [
    { from: "pod-1", to: "pod-2", milliseconds: 0.456 },
    { from: "pod-2", to: "pod-1", milliseconds: undefined },
  ]);
  t.strictSame(rows, [
    ["from \\ to", "pod-1", "pod-2"],
    ["pod-1", "·", "0.46 ms"],
    ["pod-2", "lost", "·"],
  ]);
  t.end();
});
