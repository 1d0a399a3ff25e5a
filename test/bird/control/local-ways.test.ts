// What `show route all` tells of routes learned from the kernel.

import t from "tap";
import { parseAddress, parsePrefix } from "../../../src/base/ip.js";
import { LocalWays } from "../../../src/bird/control/local-ways.js";
import { MemoryKernel } from "../../../src/kernel/memory-kernel.js";
import type { AlienRoute } from "../../../src/speaker/ports.js";
import { alienRoute } from "../../support/alien-route.js";
import { FakeClock } from "../../support/fake-clock.js";

function linesOf(more: Partial<AlienRoute>, gateway?: Uint8Array): readonly string[] {
  const prefix = parsePrefix("172.16.0.0/16");
  if (prefix === undefined) throw new Error("a prefix");
  const kernel = new MemoryKernel({}, { clock: new FakeClock() });
  kernel.setAlienRoutes([alienRoute(prefix, "eth0", gateway, { metric: 7, protocol: 4, ...more })]);
  return new LocalWays([], kernel).find("kernel", "172.16.0.0/16").attributes;
}

const SOURCE = parseAddress("10.0.0.7")?.bytes ?? new Uint8Array(0);
const NONE = new Uint8Array(0);
const GATEWAY = Uint8Array.of(10, 0, 0, 9);

for (const { name, more, gateway, lines } of [
  { name: "nothing special on a link", more: { details: { scope: 253, realm: 0, preferredSource: NONE } }, lines: [] },
  {
    name: "nothing special behind a gateway",
    more: { details: { scope: 0, realm: 0, preferredSource: NONE } },
    gateway: GATEWAY,
    lines: [],
  },
  {
    name: "source, realm and another scope",
    more: { details: { scope: 0, realm: 5, preferredSource: SOURCE } },
    lines: ["Kernel.prefsrc: 10.0.0.7", "Kernel.realm: 5", "Kernel.scope: 0"],
  },
  { name: "nothing known", more: {}, lines: [] },
]) {
  t.test(name, async (t) => t.strictSame(linesOf(more, gateway), ["Kernel.source: 4", "Kernel.metric: 7", ...lines]));
}
