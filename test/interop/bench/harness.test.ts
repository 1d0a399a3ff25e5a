// The benchmark's harness itself: tiny runs through the real generator, with our daemon and with the byte relay.
//
// What the generator calls good must be able to be bad: a speaker that alters nothing where the model wants ORIGINATOR_ID
// and CLUSTER_LIST, and one that keeps other paths than the best, are found and the prefix is named.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Adapter } from "../../bench/adapters.js";
import { Measurement } from "../../bench/measurement.js";
import type { RunResult } from "../../bench/run-result.js";
import type { Load, Scenario } from "../../bench/scenario.js";
import { BENCH_SOURCES, compilePrograms } from "../../bench/toolchain.js";
import { needs } from "../../support/requirements.js";

const QUICK = { settleSeconds: 0.3, timeoutSeconds: 20 };
const SMALL: Load = { ...QUICK, kind: "converge", clients: 5, blocks: 3 };
const TABLE: Load = { ...QUICK, kind: "converge", clients: 2, senders: 0, blocks: 0, table: 300, ebgp: true };

function scenarioOf(load: Load): Scenario {
  return { name: "small", title: "a small run", load, peers: [], rounds: 1, targets: [] };
}

/** One run in namespaces of its own. */
async function measure(t: Test, name: string, load: Load, isProbed = false): Promise<RunResult> {
  const adapter = Adapter.find(name);
  if (!(adapter instanceof Adapter)) throw new Error(`${name}: ${adapter}`);
  const measurement = new Measurement(compilePrograms());
  t.teardown(() => measurement.cleanUp());
  return measurement.run({ adapter, scenario: scenarioOf(load), round: 0, isProbed, seed: 1 });
}

/** An adapter that starts the relay and does not say that it is one. */
function pretender(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "bench-pretender-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "pretender");
  const relay = join(BENCH_SOURCES, "adapters", "floor");
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = features ]; then echo rr ebgp; else exec "${relay}" "$1"; fi\n`);
  chmodSync(path, 0o755);
  return path;
}

const LOADS: readonly (readonly [string, Load])[] = [
  ["blocks among clients", SMALL],
  ["a full table to external peers", TABLE],
  ["a full table that is withdrawn", { ...TABLE, kind: "withdraw" }],
  ["all clients reconnecting", { ...SMALL, kind: "reconnect" }],
  ["events at full speed", { ...SMALL, kind: "churn", events: 3000 }],
];

const RUNS = [
  ...LOADS.map(([words, load]) => ({ dut: "starling", words, load })),
  { dut: "floor", words: "blocks", load: SMALL },
];

for (const { dut, words, load } of RUNS) {
  t.test(`${dut}: ${words}: every view is the model's`, needs("ip", "cc"), async (t) => {
    const { ok, error, numbers } = await measure(t, dut, load);
    t.ok(ok, error ?? "it was good");
    t.equal(numbers["routes_held"], numbers["routes_expected"]);
    t.ok((numbers["wall_s"] ?? 0) > 0 && (numbers["peak_rss_mb"] ?? 0) > 0, "time and memory were measured");
  });
}

t.test("four senders: everybody ends with the shortest path", needs("ip", "cc"), async (t) => {
  const { ok, error } = await measure(t, "starling", { ...TABLE, paths: 4 });
  t.ok(ok, error ?? "it was good");
});

t.test("IPv6 tables", needs("ip", "cc"), async (t) => {
  const { ok, error } = await measure(t, "starling", { ...TABLE, family: 6 });
  t.ok(ok, error ?? "it was good");
});

t.test("routes come into the kernel with the right gateways, and go", needs("ip", "cc"), async (t) => {
  const load: Load = { ...QUICK, kind: "kernel", clients: 1, blocks: 300, attrs: 10, thirdPartyNextHop: true };
  const { ok, error, numbers } = await measure(t, "starling", load);
  t.ok(ok, error ?? "it was good");
  t.strictSame([numbers["kernel_routes"], numbers["kernel_left"], numbers["wrong_gateways"]], [300, 0, 0]);
});

t.test("attributes that the model does not have are found, and the prefix is named", needs("ip", "cc"), async (t) => {
  const { ok, error = "" } = await measure(t, pretender(t), { ...SMALL, timeoutSeconds: 1 });
  t.equal(ok, false);
  t.match(
    error,
    /^session \d \(10\.99\.1\.\d\): 10\.128\.\d\.\d+\/26: has other attributes than the model, heard 4001/,
  );
});

t.test("paths that are not the best are found", needs("ip", "cc"), async (t) => {
  const { ok, error = "" } = await measure(t, "floor", { ...TABLE, paths: 2, timeoutSeconds: 1 });
  t.equal(ok, false);
  t.match(error, /\/\d+: (has other attributes than the model|another path than the best)/);
});

t.test("single events, and a control socket that is asked all the while", needs("ip", "cc"), async (t) => {
  const { ok, error, probe } = await measure(t, "starling", { ...SMALL, kind: "flap", rate: 50, flapSeconds: 1 }, true);
  t.ok(ok, error ?? "it was good");
  t.ok((probe?.daemon.count ?? 0) > 50, "about a hundred questions a second");
  t.ok((probe?.daemon.p50Ms ?? 0) > 0 && (probe?.daemon.maxMs ?? 0) >= (probe?.daemon.p99Ms ?? Infinity));
  t.equal(probe?.lostConnections, 0);
});

t.test("an adapter whose speaker is not installed says so", async (t) => {
  t.match(Adapter.find("nobody"), /there is no adapter .*nobody/);
});
