import t from "tap";
import { ByteWriter, fromHex, toHex } from "../../src/base/bytes.js";
import { encodeAttributes, type PathAttributes } from "../../src/packet/attributes/index.js";
import { NotificationError } from "../../src/packet/notification.js";
import { AttrsTable } from "../../src/rib/attrs-table.js";
import { CONTEXT } from "../../src/rib/set-context.js";
import { NextHopTable } from "../../src/rib/next-hop-table.js";
import { REJECT } from "../../src/rib/reject-reason.js";
import { RELATION, type Relation, SourceTable } from "../../src/rib/sources.js";
import { IDENTITY, sourceOptions } from "./rib-stage.js";
import { attributesOf, sequence } from "./updates.js";

class Stage {
  readonly sources = new SourceTable();
  readonly nextHops = new NextHopTable();
  readonly table = new AttrsTable(this.sources, this.nextHops, IDENTITY, 1, 4);

  source(relation: Relation = RELATION.ibgpClient): number {
    const source = this.sources.add(sourceOptions(relation));
    this.sources.describe(source, source.options, 0x0a000001);
    return source.id;
  }

  intern(attributes: PathAttributes, source: number, context = 0): number {
    const out = new ByteWriter();
    encodeAttributes(attributes, out);
    return this.table.intern(out.bytes, 0, out.length, source, context);
  }

  raw(hex: string, source: number, context = 0): number {
    const bytes = fromHex(hex);
    return this.table.intern(bytes, 0, bytes.length, source, context);
  }
}

t.test("equal octets of one source and context are one set", async (t) => {
  const stage = new Stage();
  const [a, b] = [stage.source(), stage.source()];
  const id = stage.intern(attributesOf({ med: 1 }), a);
  t.equal(stage.intern(attributesOf({ med: 1 }), a), id);
  t.not(stage.intern(attributesOf({ med: 2 }), a), id);
  t.not(stage.intern(attributesOf({ med: 1 }), b), id);
  t.not(stage.intern(attributesOf({ med: 1 }), a, 5), id);
  t.equal(stage.table.size, 4);
  t.equal(stage.table.source(id), a);
});

t.test("a set tells what the decision process asks for", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  const asPath = [...sequence(65001, 65002), { type: 1, asNumbers: [1, 2, 3] }];
  const id = stage.intern(
    attributesOf({ origin: 1, asPath, med: 0xffffffff, localPref: 0x80000000, originatorId: 9, clusterList: [1, 2] }),
    source,
    77,
  );
  const { table } = stage;
  t.same(
    [
      table.origin(id),
      table.asPathLength(id),
      table.neighborAs(id),
      table.med(id),
      table.localPref(id),
      table.originator(id),
      table.clusterCount(id),
      table.weight(id),
    ],
    [1, 3, 65001, -1, 0x80000000 | 0, 9, 2, 77],
  );
  const plain = stage.intern(attributesOf(), source);
  t.same(
    [
      table.asPathLength(plain),
      table.neighborAs(plain),
      table.med(plain),
      table.hasMed(plain),
      table.localPref(plain),
      table.hasLocalPref(plain),
      table.originator(plain),
      table.clusterCount(plain),
    ],
    [0, 0, 0, false, 100, false, 0x0a000001, 0],
  );
});

t.test("loops", async (t) => {
  const stage = new Stage();
  const [inside, outside] = [stage.source(), stage.source(RELATION.ebgp)];
  const cases: readonly (readonly [string, number, PathAttributes, number])[] = [
    ["none", inside, { asPath: sequence(1, 2) }, REJECT.none],
    ["own AS", inside, { asPath: sequence(1, 65000) }, REJECT.asLoop],
    ["own AS in a set", outside, { asPath: [...sequence(1), { type: 1, asNumbers: [2, 65000] }] }, REJECT.asLoop],
    ["own router id", inside, { originatorId: IDENTITY.routerId }, REJECT.originatorLoop],
    ["own cluster", inside, { clusterList: [1, IDENTITY.clusterId] }, REJECT.clusterLoop],
    [
      "from outside neither is looked at",
      outside,
      { asPath: sequence(1), originatorId: IDENTITY.routerId, clusterList: [IDENTITY.clusterId] },
      REJECT.none,
    ],
  ];
  for (const [name, source, changes, loop] of cases)
    t.equal(stage.table.rejectReason(stage.intern(attributesOf(changes), source)), loop, name);
});

t.test("well-known communities", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  for (const [community, noExport, noAdvertise] of [
    [0xffffff01, true, false],
    [0xffffff02, false, true],
    [0xffffff03, true, false],
    [0xffffff04, false, false],
  ] as const) {
    const id = stage.intern(attributesOf({ communities: [1, community] }), source);
    t.same(
      [stage.table.isNoExport(id), stage.table.isNoAdvertise(id)],
      [noExport, noAdvertise],
      community.toString(16),
    );
  }
});

t.test("what is malformed makes its routes count as withdrawn, and is told once", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  const told: string[] = [];
  stage.table.onFault = (from, reasons) => told.push(`${from}: ${reasons.join()}`);
  const id = stage.raw("400101 07 | 400200 | 400304 c0000201", source);
  t.equal(stage.table.isTreatAsWithdraw(id), true);
  stage.raw("400101 07 | 400200 | 400304 c0000201", source);
  t.equal(told.length, 1);
  t.match(told[0], /ORIGIN/);
  t.same(stage.table.faults(id).length, 1);
  stage.table.discard(id);
  t.same(stage.table.faults(id), []);
});

t.test("an unrecognized well-known attribute resets the session and leaves nothing behind", async (t) => {
  const stage = new Stage();
  t.throws(() => stage.raw("400101 00 | 400200 | 400304 c0000201 | 406301 00", stage.source()), NotificationError);
  t.same([stage.table.size, stage.table.usedBytes, stage.nextHops.size], [0, 0, 0]);
});

t.test("the normal form shares its octets with the key where it can", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  const body = (id: number): string => {
    const at = stage.table.bodyOffset(id);
    return toHex(stage.table.bodyChunk(id), at, at + stage.table.bodyLength(id));
  };
  const sorted = stage.raw("400101 00 | 400200 | 400304 c0000201", source);
  const used = stage.table.usedBytes;
  t.equal(used, 16, "14 octets, once");
  const unsorted = stage.raw("400304 c0000201 | 400101 00 | 400200", source);
  t.equal(body(unsorted), body(sorted));
  t.equal(stage.table.usedBytes, used * 3, "key and body differ");
});

t.test("two-octet paths are widened, AS4_PATH is merged (RFC 6793)", async (t) => {
  const stage = new Stage();
  const id = stage.raw(
    "400101 00 | 400206 0202 5ba0 fde9 | 400304 c0000201 | c0110a 0202 00061a80 0000fde9",
    stage.source(),
    CONTEXT.oldSpeaker,
  );
  t.equal(stage.table.neighborAs(id), 400000);
  t.equal(stage.table.asPathLength(id), 2);
});

t.test("a set too long for the store counts as withdrawn instead of breaking it", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  // 118 sequences of 255 numbers fit an extended message in two octets each, but not the store in four.
  const segments = "02ff" + "fde9".repeat(255);
  const path = segments.repeat(118);
  const length = (path.length / 2).toString(16).padStart(4, "0");
  const id = stage.raw(`400101 00 | 5002 ${length} ${path} | 400304 c0000201`, source, CONTEXT.oldSpeaker);
  t.equal(stage.table.isTreatAsWithdraw(id), true);
  t.match(stage.table.faults(id).join(), /too long/);
  stage.table.discard(id);
  t.same([stage.table.size, stage.table.usedBytes, stage.nextHops.size], [0, 0, 0]);
});

t.test("rows and buckets grow, and everything is given back", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  const freed: number[] = [];
  stage.table.onFree.push((id) => freed.push(id));
  const ids = Array.from({ length: 5000 }, (_, i) =>
    stage.intern(attributesOf({ med: i, nextHop: Uint8Array.of(10, 0, i >> 8, (i & 127) + 1) }), source),
  );
  for (const id of ids) stage.table.retain(id);
  t.equal(new Set(ids).size, 5000);
  t.ok(
    ids.every(
      (id, i) =>
        stage.table.med(id) === i &&
        stage.intern(attributesOf({ med: i, nextHop: Uint8Array.of(10, 0, i >> 8, (i & 127) + 1) }), source) === id,
    ),
  );
  for (const id of ids) stage.table.release(id);
  t.same(freed, ids);
  t.same([stage.table.size, stage.table.usedBytes, stage.nextHops.size], [0, 0, 0]);
  t.equal(stage.intern(attributesOf({ med: 1 }), source), ids[4999], "the row freed last is used first");
});

t.test("a reference keeps a set from being discarded", async (t) => {
  const stage = new Stage();
  const id = stage.intern(attributesOf(), stage.source());
  stage.table.retain(id);
  stage.table.discard(id);
  t.equal(stage.table.size, 1);
  stage.table.release(id);
  t.equal(stage.table.size, 0);
});
