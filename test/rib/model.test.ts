// The RIB, the streams of its members and the kernel's plan against a naive model: random commands for both, then every
// member's view, every best path, every counter and every wish for the kernel must be the same; when all have left, nothing
// may be left behind. `npm run model` plays more.

import t from "tap";
import { failureWords, runSeed } from "./model-run.js";

const CPU_MICROSECONDS = 12_000_000;
const PORTION = 25;
// Shrinking takes as long as it takes.
t.setTimeout(0);

t.test("everybody is told what a naive RIB would tell, and the kernel too", async (t) => {
  const began = process.cpuUsage();
  const first = Math.floor(Math.random() * 0x7fff_ffff);
  let played = 0;
  for (let seed = first; ; seed++) {
    const failure = runSeed(seed, PORTION);
    if (failure !== undefined) return void t.fail(failureWords(failure));
    played += PORTION;
    const { user, system } = process.cpuUsage(began);
    if (user + system > CPU_MICROSECONDS) break;
  }
  t.ok(played >= PORTION, `${played} scenarios from seed ${first} on`);
});
