// All micro-benchmarks, in the order of an UPDATE's way through the rooms.
//
// A budget is some 1.6 times what was measured on a quiet machine when it was set. A function that got slower on purpose
// gets a new budget, and the reason stands in the commit.

import type { Benchmark } from "./benchmark.js";
import { GROUP_BENCHMARKS } from "./group-benchmarks.js";
import { MESSAGE_BENCHMARKS } from "./message-benchmarks.js";
import { POLICY_BENCHMARKS } from "./policy-benchmarks.js";
import { PREFIX_INDEX_BENCHMARKS } from "./prefix-index-benchmarks.js";
import { ROUTE_MESSAGE_BENCHMARKS } from "./route-message-benchmarks.js";
import { SET_BENCHMARKS } from "./set-benchmarks.js";
import { TABLE_BENCHMARKS } from "./table-benchmarks.js";

export const BENCHMARKS: readonly Benchmark[] = [
  ...MESSAGE_BENCHMARKS,
  ...SET_BENCHMARKS,
  ...PREFIX_INDEX_BENCHMARKS,
  ...TABLE_BENCHMARKS,
  ...POLICY_BENCHMARKS,
  ...GROUP_BENCHMARKS,
  ...ROUTE_MESSAGE_BENCHMARKS,
];
