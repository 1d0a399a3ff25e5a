// The table of targets: one entry per scenario, with its load and what Starling must reach.
//
// Ratios are Starling ÷ peer, measured in pairs on the same machine.

import type { Limit, Load, Metric, Scenario, Target } from "./scenario.js";

const most = (value: number): Limit => ({ most: value });
const least = (value: number): Limit => ({ least: value });
const ratio = (metric: Metric, peer: string, limit: Limit): Target => ({ kind: "ratio", metric, peer, limit });
const value = (metric: Metric, limit: Limit): Target => ({ kind: "value", metric, limit });
const growth = (metric: Metric, from: string, limit: Limit): Target => ({ kind: "growth", metric, from, limit });

const MILLION = 1_000_000;
/** A table of the quick run. */
const QUICK_TABLE = 100_000;

/** What every probed run of ours must reach: a question every 10 ms. */
export const RESPONSIVENESS: readonly Target[] = [value("answer_p99_ms", most(15)), value("answer_max_ms", most(40))];

function fullTable(receivers: number, limit: number, more: readonly Target[]): Scenario {
  return {
    name: `full-table-1m-${receivers}`,
    title: `one external peer announces 1,000,000 prefixes, ${receivers} receive them`,
    load: { kind: "converge", clients: receivers, senders: 0, blocks: 0, table: MILLION, ebgp: true },
    peers: receivers === 30 ? ["bird2", "frr"] : ["bird2"],
    tooSlow: receivers === 1 ? [] : receivers === 10 ? ["gobgpd"] : ["gobgpd", "openbgpd"],
    rounds: 5,
    quick: { table: QUICK_TABLE },
    targets: [
      ratio("wall_s", "bird2", most(limit)),
      ratio("dut_cpu_s", "bird2", most(limit)),
      ratio("peak_rss_mb", "bird2", most(1.25)),
      ...more,
    ],
  };
}

function calico(clients: number, toBird: number, toFrr: number, more: readonly Target[]): Scenario {
  return {
    name: `calico-${clients}`,
    title: `${clients} clients of the route reflector announce 20 blocks each, all to all`,
    load: { kind: "converge", clients, blocks: 20 },
    peers: ["bird2", "frr"],
    tooSlow: clients === 500 ? ["gobgpd"] : [],
    rounds: 5,
    ...(clients === 500 ? { quick: "skip" as const } : {}),
    targets: [ratio("wall_s", "bird2", most(toBird)), ratio("wall_s", "frr", most(toFrr)), ...more],
  };
}

const MANY: Load = { kind: "converge", clients: 1000, blocks: 10, connectTimeoutSeconds: 180, timeoutSeconds: 240 };

function manyClients(clients: number, targets: readonly Target[]): Scenario {
  return {
    name: `clients-${clients}`,
    title: `${clients} clients announce 10 blocks each, all to all`,
    load: { ...MANY, clients },
    peers: ["bird2", "frr"],
    tooSlow: ["gobgpd", "openbgpd"],
    rounds: clients === 1000 ? 3 : 2,
    quick: "skip",
    targets,
  };
}

function reconnect(clients: number): Scenario {
  return {
    name: `reconnect-${clients}`,
    title: `${clients} clients with 20 blocks each close at once and return at once`,
    load: { kind: "reconnect", clients, blocks: 20 },
    peers: ["bird2", "frr"],
    tooSlow: clients === 500 ? ["gobgpd", "openbgpd"] : [],
    rounds: 5,
    ...(clients === 500 ? { quick: "skip" as const } : {}),
    targets: [ratio("wall_s", "frr", most(1))],
  };
}

function withdrawAll(receivers: number, limit: number): Scenario {
  return {
    name: `withdraw-all-${receivers}`,
    title: `the sender of 1,000,000 prefixes withdraws them, ${receivers} receivers`,
    load: { kind: "withdraw", clients: receivers, senders: 0, blocks: 0, table: MILLION, ebgp: true },
    peers: ["bird2"],
    tooSlow: receivers === 1 ? ["gobgpd"] : ["gobgpd", "openbgpd"],
    rounds: 5,
    quick: { table: QUICK_TABLE },
    targets: [ratio("wall_s", "bird2", most(limit))],
  };
}

function flap(clients: number, blocks: number, toBird: number, p99Ms: number): Scenario {
  return {
    name: `flap-${clients}`,
    title: `single events, 100 a second, among ${clients} clients: from the sender's write to each receiver's read`,
    load: { kind: "flap", clients, blocks, rate: 100, flapSeconds: 5 },
    peers: ["bird2"],
    tooSlow: clients === 500 ? ["gobgpd"] : [],
    rounds: 5,
    ...(clients === 500 ? { quick: "skip" as const } : {}),
    targets: [
      ratio("ann_p50_ms", "bird2", most(toBird)),
      ratio("wd_p50_ms", "bird2", most(toBird)),
      value("ann_p99_ms", most(p99Ms)),
      value("wd_p99_ms", most(p99Ms)),
    ],
  };
}

function ipv6Table(receivers: number, limit: number): Scenario {
  return {
    name: `ipv6-full-table-${receivers}`,
    title: `one external peer announces 200,000 IPv6 prefixes, ${receivers} receive them`,
    load: { kind: "converge", clients: receivers, senders: 0, blocks: 0, table: 200_000, ebgp: true, family: 6 },
    peers: ["bird2"],
    tooSlow: receivers === 1 ? [] : ["gobgpd"],
    rounds: 5,
    quick: { table: 20_000 },
    targets: [
      ratio("wall_s", "bird2", most(limit)),
      ratio("dut_cpu_s", "bird2", most(limit)),
      ratio("peak_rss_mb", "bird2", most(1.25)),
    ],
  };
}

export const SCENARIOS: readonly Scenario[] = [
  fullTable(1, 0.6, []),
  fullTable(10, 0.15, []),
  fullTable(30, 0.1, [ratio("wall_s", "frr", most(0.15))]),
  {
    name: "four-paths",
    title:
      "four external peers announce the same 1,000,000 prefixes with different paths, 10 more receive the best ones",
    load: {
      kind: "converge",
      clients: 10,
      senders: 0,
      blocks: 0,
      table: MILLION,
      paths: 4,
      ebgp: true,
      timeoutSeconds: 240,
    },
    peers: ["bird2"],
    tooSlow: ["gobgpd", "openbgpd"],
    rounds: 5,
    quick: { table: QUICK_TABLE },
    targets: [ratio("wall_s", "bird2", most(0.25)), ratio("peak_rss_mb", "bird2", most(0.6))],
  },
  calico(100, 0.3, 0.6, []),
  calico(250, 0.2, 0.9, []),
  calico(500, 0.1, 0.8, [
    ratio("dut_cpu_s", "frr", most(0.7)),
    ratio("peak_rss_mb", "frr", most(0.3)),
    value("anon_peak_mb", most(60)),
  ]),
  manyClients(1000, []),
  // 2000 · 1999 routes are delivered instead of 1000 · 999.
  manyClients(2000, [growth("wall_s", "clients-1000", most((2000 * 1999) / (1000 * 999)))]),
  reconnect(100),
  reconnect(500),
  {
    name: "reconnect-30-with-table",
    title: "30 clients close and return at once while the reflector holds a table of 100,000 prefixes of another peer",
    load: { kind: "reconnect", clients: 30, blocks: 20, table: 100_000 },
    peers: ["bird2", "frr"],
    tooSlow: ["gobgpd"],
    rounds: 5,
    quick: { table: 10_000 },
    targets: [ratio("wall_s", "best", most(0.2))],
  },
  withdrawAll(1, 1.1),
  withdrawAll(10, 0.6),
  withdrawAll(30, 0.6),
  {
    name: "churn",
    title: "10 clients withdraw and announce 200 blocks each as fast as they are read, a million events in all",
    load: { kind: "churn", clients: 10, blocks: 200, events: MILLION },
    peers: ["bird2", "frr"],
    tooSlow: ["gobgpd"],
    rounds: 5,
    targets: [ratio("tx_events_per_s", "bird2", least(4))],
  },
  flap(10, 200, 2, 3),
  flap(500, 20, 1.2, 20),
  ipv6Table(1, 0.6),
  ipv6Table(10, 0.15),
  {
    name: "kernel-100k",
    title: "one client announces 100,000 blocks over 100 next hops: until all are in the kernel's table, and out of it",
    load: { kind: "kernel", clients: 1, blocks: 100_000, attrs: 100, thirdPartyNextHop: true },
    peers: ["bird2", "frr"],
    rounds: 5,
    quick: { blocks: 10_000 },
    targets: [
      ratio("wall_s", "bird2", most(1)),
      ratio("remove_wall_s", "bird2", most(1)),
      ratio("wall_s", "frr", most(0.5)),
      ratio("remove_wall_s", "frr", most(0.5)),
    ],
  },
  {
    name: "memory",
    title: "1,000,000 prefixes come and go; memory a minute later",
    load: { kind: "withdraw", clients: 1, senders: 0, blocks: 0, table: MILLION, ebgp: true, restSeconds: 60 },
    peers: [],
    tooSlow: ["gobgpd", "openbgpd"],
    rounds: 3,
    quick: { table: QUICK_TABLE, restSeconds: 5 },
    targets: [value("rss_rested_ratio", most(1.5))],
  },
  {
    name: "responsiveness",
    title: "a question to the control socket every 10 ms while 1,000,000 prefixes go to 10 receivers",
    load: { kind: "converge", clients: 10, senders: 0, blocks: 0, table: MILLION, ebgp: true },
    peers: ["bird2", "frr"],
    tooSlow: ["gobgpd", "openbgpd"],
    rounds: 3,
    probesAll: true,
    quick: { table: QUICK_TABLE },
    targets: RESPONSIVENESS,
  },
];
