// Configurations for FRR and BIRD as ToRs, and what their commands answer.

import t from "tap";
import { birdConfiguration, readProtocols } from "../../../src/daemon/demo/tor-bird.js";
import { frrConfiguration, readSummary } from "../../../src/daemon/demo/tor-frr.js";
import type { TorPlan } from "../../../src/daemon/demo/tor-plan.js";

const PLAN: TorPlan = {
  host: "tor-a",
  rack: "a",
  addresses: ["10.1.0.1", "10.255.0.1"],
  as: 65001,
  neighbors: [
    { name: "node1", address: "10.1.0.11", as: 65101 },
    { name: "tor-b", address: "10.255.0.2", as: 65002 },
  ],
  holdTimeSeconds: 3,
};

t.test("FRR gets every neighbour with its AS and timers, and passes on without policies", (t) => {
  const lines = frrConfiguration(PLAN)
    .split("\n")
    .map((line) => line.trim());
  t.ok(lines.includes("router bgp 65001"));
  t.ok(lines.includes("bgp router-id 10.1.0.1"));
  t.ok(lines.includes("no bgp ebgp-requires-policy"));
  for (const neighbor of PLAN.neighbors) {
    t.ok(lines.includes(`neighbor ${neighbor.address} remote-as ${neighbor.as}`));
    t.ok(lines.includes(`neighbor ${neighbor.address} timers 1 3`));
  }
  t.end();
});

t.test("BIRD gets a protocol per neighbour, named as its language allows", (t) => {
  const text = birdConfiguration(PLAN);
  t.match(text, "router id 10.1.0.1;");
  t.match(text, /protocol bgp node1 \{\s+local as 65001;\s+neighbor 10\.1\.0\.11 as 65101;/);
  t.match(text, "protocol bgp tor_b {");
  t.end();
});

t.test("sessions are counted in FRR's summary, which has no peers at first", (t) => {
  const json = JSON.stringify({ peers: { "10.1.0.11": { state: "Established" }, "10.255.0.2": { state: "Active" } } });
  t.strictSame(readSummary(json), { established: 1, total: 2, recovering: false });
  t.strictSame(readSummary("{}"), { established: 0, total: 0, recovering: false });
  t.end();
});

t.test("sessions are counted in BIRD's table of protocols", (t) => {
  const text = [
    "BIRD 2.0.12 ready.",
    "Name       Proto      Table      State  Since         Info",
    "device1    Device     ---        up     21:46:43.000  ",
    "kernel1    Kernel     master4    up     21:46:43.000  ",
    "node3      BGP        ---        up     21:46:45.046  Established   ",
    "tor_a      BGP        ---        start  21:46:44.199  Connect       Socket: Connection refused",
  ].join("\n");
  t.strictSame(readProtocols(text), { established: 1, total: 2, recovering: false });
  t.end();
});
