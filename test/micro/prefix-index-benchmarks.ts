// PrefixIndex: what every NLRI costs before anything else, in an index of 20,000 prefixes, visited in no order.

import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../../src/base/family.js";
import { PrefixIndex } from "../../src/base/prefix-index.js";
import { type Benchmark, type Measured, shuffled, sink } from "./benchmark.js";

const HELD = 20_000;
const VISITED = 4096;
const SEED = 0x1234567;

class Stage {
  readonly index: PrefixIndex;
  readonly #isWide: boolean;
  /** Numbers of prefixes, VISITED of them. */
  readonly order = shuffled(VISITED);

  constructor(family: Family) {
    this.#isWide = family === IPV6_UNICAST;
    this.index = new PrefixIndex(family, SEED);
    for (let i = 0; i < HELD; i++) this.insert(i);
  }

  insert(i: number): number {
    if (this.#isWide) return this.index.insert(0x20010db8, i << 8, 0, 0, 64);
    return this.index.insert(0x0a000000 + (i << 8), 0, 0, 0, 24);
  }

  find(i: number): number {
    if (this.#isWide) return this.index.find(0x20010db8, i << 8, 0, 0, 64);
    return this.index.find(0x0a000000 + (i << 8), 0, 0, 0, 24);
  }

  insertAll(): void {
    for (const i of this.order) this.insert(i);
  }

  deleteAll(): void {
    for (const i of this.order) this.index.delete(this.find(i));
  }
}

function find(family: Family): Measured {
  const stage = new Stage(family);
  return {
    operations: VISITED,
    run: () => {
      let sum = 0;
      for (const i of stage.order) sum += stage.find(i);
      sink.value ^= sum;
    },
  };
}

function insert(family: Family): Measured {
  const stage = new Stage(family);
  stage.deleteAll();
  return { operations: VISITED, run: () => stage.insertAll(), restore: () => stage.deleteAll() };
}

/** By row, as the tables do it. */
function remove(family: Family): Measured {
  const stage = new Stage(family);
  const rows = new Int32Array(VISITED);
  const note = (): void => stage.order.forEach((i, at) => (rows[at] = stage.find(i)));
  note();
  return {
    operations: VISITED,
    run: () => {
      for (let at = 0; at < VISITED; at++) stage.index.delete(rows[at]);
    },
    restore: () => {
      stage.insertAll();
      note();
    },
  };
}

function writeNlri(family: Family): Measured {
  const { index } = new Stage(family);
  const out = new Uint8Array(VISITED * 17);
  return {
    operations: VISITED,
    run: () => {
      let at = 0;
      for (let row = 1; row <= VISITED; row++) at = index.writeNlri(row, out, at);
      sink.value ^= at;
    },
  };
}

export const PREFIX_INDEX_BENCHMARKS: readonly Benchmark[] = [
  { name: "PrefixIndex.find, IPv4", budget: 6.1, prepare: () => find(IPV4_UNICAST) },
  { name: "PrefixIndex.find, IPv6", budget: 7.2, prepare: () => find(IPV6_UNICAST) },
  { name: "PrefixIndex.insert, IPv4", budget: 11, prepare: () => insert(IPV4_UNICAST) },
  { name: "PrefixIndex.insert, IPv6", budget: 12, prepare: () => insert(IPV6_UNICAST) },
  { name: "PrefixIndex.delete, IPv4", budget: 14, prepare: () => remove(IPV4_UNICAST) },
  { name: "PrefixIndex.delete, IPv6", budget: 16, prepare: () => remove(IPV6_UNICAST) },
  { name: "PrefixIndex.writeNlri, IPv4", budget: 2.6, prepare: () => writeNlri(IPV4_UNICAST) },
  { name: "PrefixIndex.writeNlri, IPv6", budget: 10, prepare: () => writeNlri(IPV6_UNICAST) },
];
