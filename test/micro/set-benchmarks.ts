// Attribute sets: interning a known one (once per UPDATE), judging and storing a new one, writing one for an update group.

import { ByteWriter } from "../../src/base/bytes.js";
import { AttributeFacts, judgeAttributes } from "../../src/packet/attributes/index.js";
import { AttributeWriter } from "../../src/rib/attribute-writer.js";
import type { AttrsId } from "../../src/rib/attrs-table.js";
import { ExportRules } from "../../src/rib/export-rules.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { type Benchmark, type Measured, shuffled, sink } from "./benchmark.js";
import { attributeOctets, groupOptions, RibScene } from "./rib-scene.js";

const SETS = 1024;

function knownSet(): Measured {
  const scene = new RibScene();
  const { attrs } = scene.rib;
  const { id: source } = scene.client(1);
  const sets = shuffled(SETS).map((i) => attributeOctets(i));
  for (const octets of sets) attrs.retain(attrs.intern(octets, 0, octets.length, source, 0));
  return {
    operations: SETS,
    run: () => {
      let sum = 0;
      for (let i = 0; i < SETS; i++) sum += attrs.intern(sets[i], 0, sets[i].length, source, 0);
      sink.value ^= sum;
    },
  };
}

/** With the release, so that the table stays as it was: as much as a set costs that comes and goes. */
function newSet(): Measured {
  const scene = new RibScene();
  const { attrs } = scene.rib;
  const { id: source } = scene.client(1);
  const sets = shuffled(SETS).map((i) => attributeOctets(i));
  const ids = new Int32Array(SETS);
  return {
    operations: SETS,
    run: () => {
      for (let i = 0; i < SETS; i++) {
        ids[i] = attrs.intern(sets[i], 0, sets[i].length, source, 0);
        attrs.retain(ids[i]);
      }
      for (let i = 0; i < SETS; i++) attrs.release(ids[i]);
    },
  };
}

function judging(ebgp: boolean): Measured {
  const facts = new AttributeFacts();
  const out = new ByteWriter(4096);
  const sets = Array.from({ length: SETS }, (_, i) => attributeOctets(i, { aggregator: { as: 65200, id: i + 1 } }));
  const context = { fourOctetAs: true, ebgp };
  return {
    operations: SETS,
    run: () => {
      for (const octets of sets) {
        out.clear();
        judgeAttributes(octets, 0, octets.length, context, facts, out);
        sink.value ^= facts.asPathLength;
      }
    },
  };
}

/** Once per set and batch, never per member. */
function writing(from: Relation, to: Relation): Measured {
  const scene = new RibScene();
  const { attrs, nextHops, sources } = scene.rib;
  const source = scene.source(from, 1);
  const ids = Array.from({ length: SETS }, (_, i): AttrsId => scene.set(source, i));
  const writer = new AttributeWriter(new ExportRules(groupOptions(to), attrs, nextHops, sources), attrs, sources);
  const out = new Uint8Array(4096);
  return {
    operations: SETS,
    run: () => {
      let sum = 0;
      for (const id of ids) sum += writer.write(id, out, 0);
      sink.value ^= sum;
    },
  };
}

const { ebgp, ibgpClient } = RELATION;

export const SET_BENCHMARKS: readonly Benchmark[] = [
  { name: "AttrsTable.intern, known set", budget: 35, prepare: knownSet },
  { name: "AttrsTable.intern, new set, and its release", budget: 159, prepare: newSet },
  { name: "judgeAttributes, 7 attributes from iBGP", budget: 184, prepare: () => judging(false) },
  { name: "judgeAttributes, 7 attributes from eBGP", budget: 184, prepare: () => judging(true) },
  { name: "AttributeWriter.write, reflected", budget: 87, prepare: () => writing(ibgpClient, ibgpClient) },
  { name: "AttributeWriter.write, to eBGP", budget: 65, prepare: () => writing(ebgp, ebgp) },
];
