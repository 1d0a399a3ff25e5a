// From tables to wishes for the kernel, a slice at a time: when all of it has been said.

import t from "tap";
import { parsePrefix } from "../../src/base/ip.js";
import { parseConfig } from "../../src/config/parse-yaml.js";
import { Rib } from "../../src/rib/rib.js";
import { RELATION } from "../../src/rib/sources.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { BLACKHOLE, FibPlan } from "../../src/speaker/fib-plan.js";
import { SteppingClock } from "../rib/stepping-clock.js";
import { FakeClock } from "../support/fake-clock.js";

const COUNT = 500;

function kernelConfig() {
  const parsed = parseConfig("routerId: 192.0.2.1\nas: 65000\n", "f.yaml");
  if ("errors" in parsed) throw new Error("the smallest configuration is sound");
  return parsed.config.kernel;
}

t.test("the plan is settled when all that was heard has become a wish, in however many slices", async (t) => {
  const clock = new SteppingClock();
  const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
  const kernel = new MemoryKernel({}, { clock: new FakeClock() });
  let wishes = 0;
  const fib = { set: () => void wishes++, counts: kernel.counts.bind(kernel) } as unknown as MemoryKernel;
  const plan = new FibPlan(kernelConfig(), { clock, rib, fib, view: kernel, localRoute: () => BLACKHOLE });
  rib.addReader(plan);
  const peer = undefined;
  const source = rib.addSource({
    kind: "static",
    name: "x",
    relation: RELATION.local,
    localAs: 1,
    peer,
    address: undefined,
  });
  for (let i = 0; i < COUNT; i++) {
    const prefix = parsePrefix(`10.${i >> 8}.${i & 255}.0/24`);
    if (prefix !== undefined) rib.announceLocal(source, prefix, { origin: 0, asPath: [] });
  }
  // Each look at the clock takes so long that every slice ends at its first look.
  clock.stepMs = 10;
  let isSettled = false;
  const settled = plan.settled().then(() => (isSettled = true));
  let slices = 0;
  while (!isSettled) {
    t.ok(clock.step(), "there is more to do");
    slices++;
    for (let i = 0; i < 4; i++) await Promise.resolve();
    if (wishes < COUNT) t.equal(isSettled, false, `${wishes} wishes`);
  }
  await settled;
  t.equal(wishes, COUNT);
  t.ok(slices > 5, `${slices} slices`);
});

t.test("a best path whose next hop leads nowhere: no route, or unreachable where such paths are kept", async (t) => {
  for (const keepsUnresolved of [false, true]) {
    const clock = new FakeClock();
    const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
    const kernel = new MemoryKernel({}, { clock });
    kernel.setReachable("10.0.0.2", false);
    // To this RIB every next hop is reachable.
    const deps = { clock, rib, fib: kernel, view: kernel, localRoute: () => undefined };
    const plan = new FibPlan(kernelConfig(), deps, keepsUnresolved);
    rib.addReader(plan);
    const peer = { address: "", name: "", group: "", as: 65000, isEbgp: false };
    const relation = RELATION.ibgpClient;
    const source = rib.addSource({ kind: "bgp", name: "x", relation, localAs: 65000, peer, address: undefined });
    const prefix = parsePrefix("10.9.0.0/16");
    if (prefix === undefined) throw new Error("a prefix");
    rib.announceLocal(source, prefix, { origin: 0, asPath: [], nextHop: Uint8Array.of(10, 0, 0, 2), localPref: 100 });
    clock.settle();
    t.same(kernel.routes(), keepsUnresolved ? ["10.9.0.0/16 unreachable"] : []);
    kernel.setReachable("10.0.0.2", true);
    plan.reconfigure(kernelConfig(), keepsUnresolved);
    clock.settle();
    t.same(kernel.routes(), ["10.9.0.0/16 via 10.0.0.2 dev eth0"]);
  }
});
