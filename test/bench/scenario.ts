// What a scenario of the benchmark is: a load, the peers it is compared with, and the targets it is judged by.

/** What the generator does once all sessions are up; load/phases.c tells the details. */
export type LoadKind = "converge" | "withdraw" | "reconnect" | "flap" | "churn" | "kernel";

/** Parameters of the load generator. What is absent has the default of load/main.c. */
export interface Load {
  readonly kind: LoadKind;
  /** Sessions; the senders of a full table come on top. */
  readonly clients: number;
  /** How many clients announce blocks; default: all. */
  readonly senders?: number;
  /** Prefixes that each sender announces. */
  readonly blocks?: number;
  /** Attribute sets over which a sender spreads its blocks. */
  readonly attrs?: number;
  /** Prefixes of the synthetic full table. */
  readonly table?: number;
  /** Senders of the whole table, each with its own attributes. */
  readonly paths?: number;
  readonly family?: 4 | 6;
  /** Every peer is external; otherwise all are clients of the route reflector. */
  readonly ebgp?: true;
  /** Another next hop for each attribute set. */
  readonly thirdPartyNextHop?: true;
  /** Route events that go in at full speed (churn). */
  readonly events?: number;
  /** Single events a second, and for how long (flap). */
  readonly rate?: number;
  readonly flapSeconds?: number;
  /** Waiting after the withdrawal, before memory is read again. */
  readonly restSeconds?: number;
  /** Waiting after the sessions are up. */
  readonly settleSeconds?: number;
  /** Limits of a measured phase and of bringing all sessions up. */
  readonly timeoutSeconds?: number;
  readonly connectTimeoutSeconds?: number;
}

/** A number that a run yields; METRICS has the words for it. */
export type Metric =
  | "wall_s"
  | "dut_cpu_s"
  | "peak_rss_mb"
  | "anon_peak_mb"
  | "tx_events_per_s"
  | "rx_events_per_s"
  | "ann_p50_ms"
  | "ann_p99_ms"
  | "wd_p50_ms"
  | "wd_p99_ms"
  | "cpu_percent"
  | "after_last_up_s"
  | "remove_wall_s"
  | "remove_cpu_s"
  | "announce_wall_s"
  | "rss_before_mb"
  | "rss_full_mb"
  | "rss_rested_mb"
  | "rss_rested_ratio"
  | "answer_p50_ms"
  | "answer_p99_ms"
  | "answer_max_ms";

export interface MetricWords {
  readonly words: string;
  readonly unit: string;
}

export const METRICS: Readonly<Record<Metric, MetricWords>> = {
  wall_s: { words: "wall", unit: "s" },
  dut_cpu_s: { words: "CPU", unit: "s" },
  peak_rss_mb: { words: "peak RSS", unit: "MB" },
  anon_peak_mb: { words: "anonymous RSS", unit: "MB" },
  tx_events_per_s: { words: "events in", unit: "/s" },
  rx_events_per_s: { words: "events out", unit: "/s" },
  ann_p50_ms: { words: "announcement p50", unit: "ms" },
  ann_p99_ms: { words: "announcement p99", unit: "ms" },
  wd_p50_ms: { words: "withdrawal p50", unit: "ms" },
  wd_p99_ms: { words: "withdrawal p99", unit: "ms" },
  cpu_percent: { words: "CPU", unit: "%" },
  after_last_up_s: { words: "after the last is up", unit: "s" },
  remove_wall_s: { words: "removal, wall", unit: "s" },
  remove_cpu_s: { words: "removal, CPU", unit: "s" },
  announce_wall_s: { words: "table in, wall", unit: "s" },
  rss_before_mb: { words: "RSS before", unit: "MB" },
  rss_full_mb: { words: "RSS with the table", unit: "MB" },
  rss_rested_mb: { words: "RSS after the rest", unit: "MB" },
  rss_rested_ratio: { words: "RSS after the rest ÷ before", unit: "×" },
  answer_p50_ms: { words: "answer p50", unit: "ms" },
  answer_p99_ms: { words: "answer p99", unit: "ms" },
  answer_max_ms: { words: "answer max", unit: "ms" },
};

/** What the tables show of each kind of load, beside what its targets speak of. */
export const SHOWN: Readonly<Record<LoadKind, readonly Metric[]>> = {
  converge: ["wall_s", "dut_cpu_s", "peak_rss_mb", "anon_peak_mb"],
  withdraw: ["wall_s", "dut_cpu_s", "peak_rss_mb"],
  reconnect: ["wall_s", "after_last_up_s", "dut_cpu_s", "peak_rss_mb"],
  flap: ["ann_p50_ms", "ann_p99_ms", "wd_p50_ms", "wd_p99_ms", "cpu_percent"],
  churn: ["tx_events_per_s", "rx_events_per_s", "wall_s", "dut_cpu_s", "peak_rss_mb"],
  kernel: ["wall_s", "remove_wall_s", "dut_cpu_s", "remove_cpu_s", "peak_rss_mb"],
};

/** Limits of a number: at most, at least. */
export type Limit =
  { readonly most: number; readonly least?: undefined } | { readonly least: number; readonly most?: undefined };

export type Target =
  /** Ours divided by a peer's, median over pairs; `best`: the best peer of each round. */
  | { readonly kind: "ratio"; readonly metric: Metric; readonly peer: string; readonly limit: Limit }
  /** Our own number, median over rounds. */
  | { readonly kind: "value"; readonly metric: Metric; readonly limit: Limit }
  /** Our number here divided by our number in another scenario. */
  | { readonly kind: "growth"; readonly metric: Metric; readonly from: string; readonly limit: Limit };

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  /** Peers that run in every round; the others run in the first only. */
  readonly peers: readonly string[];
  /** Peers that would need many minutes. */
  readonly tooSlow?: readonly string[];
  readonly rounds: number;
  /** Every speaker is probed, not only ours. */
  readonly probesAll?: true;
  /** What is smaller with --quick; "skip": left out. */
  readonly quick?: Partial<Load> | "skip";
  readonly targets: readonly Target[];
}
