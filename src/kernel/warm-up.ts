// Runs the way of a route from the best paths to the kernel's answer on scratch tables: V8 compiles what has run often, and
// the first thousands of routes of a node would otherwise be planned and encoded by the interpreter. The kernel is not
// asked. How UPDATEs are taken in is warmed up by speaker/warm-up.ts.

import { ByteWriter } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { IPV4_UNICAST } from "../base/family.js";
import { SILENT_LOG } from "../base/log.js";
import type { KernelConfig } from "../config/speaker-config.js";
import { encodeAttributes } from "../packet/attributes/index.js";
import { ACCEPT_ALL } from "../policy/route.js";
import type { AttrsId } from "../rib/attrs-table.js";
import { Rib } from "../rib/rib.js";
import { RELATION, type Source } from "../rib/sources.js";
import { FibPlan } from "../speaker/fib-plan.js";
import type { KernelView } from "../speaker/ports.js";
import { FibSync } from "./fib-sync.js";
import { Interfaces } from "./interfaces.js";
import { ALL_DONE, type RouteWriter, WRITER_MEMORY_BYTES, type WriteResult } from "./route-writer.js";

const ROUNDS = 2;
const PREFIXES = 4096;
const DEVICE = "warm-up";

/** Of an ordinary node. */
const KERNEL: KernelConfig = {
  enabled: true,
  families: [IPV4_UNICAST],
  table: 254,
  protocol: 12,
  metric: 0,
  importPolicy: ACCEPT_ALL,
  exportPolicy: ACCEPT_ALL,
  readsKernelFacts: false,
  encapsulation: [],
  auditSeconds: 0,
  writes: true,
  removeAtExit: false,
  staleSeconds: 1,
};

/** Every address is on one link. */
const VIEW: KernelView = {
  resolve: () => ({ kind: "connected", device: DEVICE, gateway: undefined, cost: 0 }),
  addresses: () => [],
  alienRoutes: () => [],
  isUp: () => true,
  hasDevice: () => true,
  onChange: () => () => undefined,
};

/** Answers in the next turn that all was done. */
class ObligingWriter implements RouteWriter {
  readonly portId = 0;
  readonly memory = new SharedArrayBuffer(WRITER_MEMORY_BYTES);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  write(_at: number, _length: number, _lastSequence: number, done: (result: WriteResult) => void): void {
    this.#clock.soon(() => done(ALL_DONE));
  }

  async close(): Promise<void> {
    // Nothing was opened.
  }
}

/** Resolves when some ten thousand routes have been planned, encoded and answered. Opens and writes nothing. */
export async function warmUpRoutes(clock: Clock): Promise<void> {
  const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
  const devices = new Interfaces();
  devices.setLink({ index: 1, name: DEVICE, adminUp: true, carrier: true });
  const fib = new FibSync(KERNEL, {
    clock,
    log: SILENT_LOG,
    writer: new ObligingWriter(clock),
    surroundings: { devices, foreignProtocol: () => undefined, resync: () => undefined },
    seed: 1,
  });
  fib.resyncBegan();
  fib.resyncEnded(true);
  const plan = new FibPlan(KERNEL, { clock, rib, fib, view: VIEW, localRoute: () => undefined });
  rib.addReader(plan);
  const source = addSource(rib);
  const sets = [2, 3].map((host) => internedSet(rib, source, host));
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < PREFIXES; i++) announce(rib, source, i, sets[(i >> 6) & 1]);
    await settle(rib, plan, fib);
    // Next hops change for half of them.
    for (let i = 0; i < PREFIXES; i++) announce(rib, source, i, sets[i & 1]);
    await settle(rib, plan, fib);
    for (let i = 0; i < PREFIXES; i++) withdraw(rib, source, i);
    await settle(rib, plan, fib);
  }
  await fib.close();
}

function addSource(rib: Rib): Source {
  return rib.addSource({
    kind: "bgp",
    name: DEVICE,
    relation: RELATION.ibgpClient,
    localAs: 64512,
    peer: undefined,
    address: Uint8Array.of(192, 0, 2, 2),
  });
}

function internedSet(rib: Rib, source: Source, host: number): AttrsId {
  const out = new ByteWriter(64);
  encodeAttributes({ origin: 0, asPath: [], nextHop: Uint8Array.of(192, 0, 2, host), localPref: 100 }, out);
  const set = rib.attrs.intern(out.bytes, 0, out.length, source.id, 0);
  rib.attrs.retain(set);
  return set;
}

function announce(rib: Rib, source: Source, i: number, set: AttrsId): void {
  const family = rib.families[0];
  family.announce(family.routes.destination(wordOf(i), 0, 0, 0, 26), source.id, 0, set, set, 0);
}

function withdraw(rib: Rib, source: Source, i: number): void {
  const family = rib.families[0];
  family.withdraw(family.routes.prefixes.find(wordOf(i), 0, 0, 0, 26), source.id, 0);
}

/** 10.0.0.0/26 and those behind it. */
function wordOf(i: number): number {
  return (10 << 24) + (i << 6);
}

async function settle(rib: Rib, plan: FibPlan, fib: FibSync): Promise<void> {
  rib.requestFlush();
  await plan.settled();
  await fib.flushed();
}
