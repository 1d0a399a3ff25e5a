// Update groups: a batch encoded once for all, and the whole way of a route from the UPDATE that brings it to the buffer that
// all members write.

import { AttributeWriter } from "../../src/rib/attribute-writer.js";
import { BatchEncoder } from "../../src/rib/batch-encoder.js";
import { ExportRules } from "../../src/rib/export-rules.js";
import { BatchPool } from "../../src/rib/group-batches.js";
import type { MemberSink } from "../../src/rib/group-member.js";
import { RELATION } from "../../src/rib/sources.js";
import { type Benchmark, type Measured, shuffled, sink } from "./benchmark.js";
import { announcement, groupOptions, RibScene, SESSION } from "./rib-scene.js";

const ROUTES = 4096;
/** Holds ROUTES routes of any set, so that one batch is measured. */
const BATCH_BYTES = 1 << 20;

/** `sets` attribute sets share the routes. */
function encoding(sets: number, withdrawn: boolean): Measured {
  const scene = new RibScene();
  const { attrs, nextHops, sources } = scene.rib;
  const { routes } = scene.table;
  const source = scene.client(1);
  const rows = scene.prefixes(ROUTES);
  const order = shuffled(ROUTES);
  const ids = Int32Array.from({ length: sets }, (_, i) => scene.set(source, i));
  const pool = new BatchPool();
  const encoder = new BatchEncoder(routes, attrs, pool, BATCH_BYTES);
  const rules = new ExportRules(groupOptions(RELATION.ibgpClient), attrs, nextHops, sources);
  const writer = new AttributeWriter(rules, attrs, sources);
  return {
    operations: ROUTES,
    run: () => {
      encoder.begin(rules, writer);
      for (let i = 0; i < ROUTES; i++) {
        if (withdrawn) encoder.withdraw(rows[order[i]], source.id, 0);
        else encoder.announce(rows[order[i]], ids[i % sets]);
      }
      const batch = encoder.finish();
      sink.value ^= batch.commonLength;
      pool.give(batch);
    },
  };
}

/** Takes everything at once. */
const OPEN_SOCKET: MemberSink = {
  write: (bytes, onWritten) => {
    sink.value ^= bytes.length;
    onWritten?.();
    return true;
  },
  cork: () => undefined,
  uncork: () => undefined,
  writableLength: 0,
};

/** UPDATEs of 8 prefixes from one client, told to all `members`. */
function throughput(members: number): Measured {
  const scene = new RibScene();
  const source = scene.client(1);
  for (let i = 0; i < members; i++) {
    scene.rib.join(scene.client(10 + i), OPEN_SOCKET, groupOptions(RELATION.ibgpClient), false);
  }
  const rounds = [0, 1].map((round) =>
    Array.from({ length: ROUTES / 8 }, (_, i) => announcement((i & 63) + round * 64, i * 8, 8)),
  );
  let round = 0;
  return {
    operations: ROUTES,
    run: () => {
      for (const body of rounds[round++ & 1]) scene.rib.receive(source, body, 0, body.length, SESSION);
      scene.settle();
    },
  };
}

export const GROUP_BENCHMARKS: readonly Benchmark[] = [
  { name: "BatchEncoder, per route, 16 sets", budget: 9.4, prepare: () => encoding(16, false) },
  { name: "BatchEncoder, per route, 1024 sets", budget: 46, prepare: () => encoding(1024, false) },
  { name: "BatchEncoder, per withdrawal", budget: 9.4, prepare: () => encoding(1, true) },
  { name: "route in and out, 1 member, per route", budget: 92, prepare: () => throughput(1) },
  { name: "route in and out, 100 members, per route", budget: 88, prepare: () => throughput(100) },
];
