// Batches: how prefixes share messages, how members are spared segments, and that no message is too long.

import t from "tap";
import { ByteWriter, readU16 } from "../../src/base/bytes.js";
import { encodeAttributes, type PathAttributes } from "../../src/packet/attributes/index.js";
import { decodeMessage, type UpdateMessage } from "../../src/packet/message.js";
import { AttributeWriter } from "../../src/rib/attribute-writer.js";
import { BatchEncoder } from "../../src/rib/batch-encoder.js";
import { ExportRules, type GroupOptions } from "../../src/rib/export-rules.js";
import { type Batch, BatchPool } from "../../src/rib/group-batches.js";
import { RELATION } from "../../src/rib/sources.js";
import { groupOptions, RibStage } from "./rib-stage.js";
import { address, attributesOf } from "./updates.js";

/** A member that has no routes of its own. */
const NOBODY = 0xfffff;

class Stage {
  readonly #rib = new RibStage().rib;
  readonly #options: GroupOptions;
  readonly encoder: BatchEncoder;

  constructor(options: Partial<GroupOptions> = {}, pool = new BatchPool()) {
    this.#options = groupOptions(options);
    const { routes } = this.#rib.families[this.#options.family];
    this.encoder = new BatchEncoder(routes, this.#rib.attrs, pool);
    this.begin();
  }

  begin(): void {
    const rules = new ExportRules(this.#options, this.#rib.attrs, this.#rib.nextHops, this.#rib.sources);
    this.encoder.begin(rules, new AttributeWriter(rules, this.#rib.attrs, this.#rib.sources));
  }

  source(): number {
    return this.#rib.addSource({
      kind: "bgp",
      name: "",
      relation: RELATION.ibgpClient,
      localAs: 65000,
      peer: undefined,
      address: undefined,
    }).id;
  }

  set(source: number, attributes: PathAttributes = {}): number {
    const out = new ByteWriter();
    const nextHop = this.#options.family === 1 ? { nextHop: address("2001:db8::9") } : {};
    encodeAttributes(attributesOf({ ...nextHop, ...attributes }), out);
    return this.#rib.attrs.intern(out.bytes, 0, out.length, source, 0);
  }

  row(i: number): number {
    const { routes } = this.#rib.families[this.#options.family];
    return this.#options.family === 0
      ? routes.destination(i, 0, 0, 0, 32)
      : routes.destination(0x20010db8, i, i, i, 128);
  }

  /** Messages for the member, decoded. */
  messages(batch: Batch, member = NOBODY): readonly UpdateMessage[] {
    const messages: UpdateMessage[] = [];
    const hasPathIds = this.#options.addPathSend !== 0;
    batch.pieces(member, (bytes) => {
      for (let at = 0; at < bytes.length; at += readU16(bytes, at + 16)) {
        const length = readU16(bytes, at + 16);
        if (length > this.#options.maxMessageLength) throw new Error(`a message of ${length} octets`);
        const message = decodeMessage(Uint8Array.from(bytes.subarray(at, at + length)), {
          addPathReceive: [hasPathIds, hasPathIds],
          fourOctetAs: this.#options.fourOctetAs,
          extendedMessage: true,
        });
        if (message.type !== "UPDATE") throw new Error(message.type);
        messages.push(message);
      }
    });
    return messages;
  }
}

const prefixCount = (messages: readonly UpdateMessage[]): number =>
  messages.reduce(
    (sum, { nlri, withdrawn, mpReach, mpUnreach }) =>
      sum + nlri.length + withdrawn.length + (mpReach?.prefixes.length ?? 0) + (mpUnreach?.prefixes.length ?? 0),
    0,
  );

t.test("prefixes of one set share messages, full up to the limit", async (t) => {
  for (const family of [0, 1] as const) {
    for (const maxMessageLength of [4096, 65535]) {
      for (const what of ["announced", "withdrawn"]) {
        const stage = new Stage({ family, maxMessageLength });
        const source = stage.source();
        const attrs = stage.set(source);
        for (let i = 0; i < 9000; i++) {
          if (what === "announced") stage.encoder.announce(stage.row(i + 1), attrs, 0);
          else stage.encoder.withdraw(stage.row(i + 1), source, 0);
        }
        const messages = stage.messages(stage.encoder.finish());
        t.equal(prefixCount(messages), 9000);
        const octets = 9000 * (family === 0 ? 5 : 17);
        t.ok(
          messages.length <= Math.ceil(octets / (maxMessageLength - 140)),
          `${messages.length} messages, ${what}, IPv${family === 0 ? 4 : 6}, ${maxMessageLength}`,
        );
      }
    }
  }
});

t.test("sets almost as long as a message still carry at least one prefix each time", async (t) => {
  for (const family of [0, 1] as const) {
    for (const maxMessageLength of [4096, 65535]) {
      const stage = new Stage({ family, maxMessageLength });
      // As much as ExportRules.fits lets through: 128 octets are kept for header, next hop and what is added.
      const communities = Array.from({ length: (maxMessageLength - 128 - 48) >> 2 }, (_, i) => i + 1);
      const attrs = stage.set(stage.source(), { communities });
      for (let i = 0; i < 20; i++) stage.encoder.announce(stage.row(i + 1), attrs, 0);
      const messages = stage.messages(stage.encoder.finish());
      t.equal(prefixCount(messages), 20);
      t.ok(messages.every(({ attributes }) => attributes.communities?.length === communities.length));
    }
  }
});

t.test("withdrawals of a segment come before its announcements", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  const attrs = stage.set(source);
  stage.encoder.announce(stage.row(1), attrs, 0);
  stage.encoder.withdraw(stage.row(2), source, 0);
  const messages = stage.messages(stage.encoder.finish());
  t.same(
    messages.map(({ withdrawn, nlri }) => [withdrawn.length, nlri.length]),
    [
      [1, 0],
      [0, 1],
    ],
  );
});

t.test("a member is spared what comes from it, and what has it as next hop", async (t) => {
  const stage = new Stage();
  const [a, b, c] = [stage.source(), stage.source(), stage.source()];
  stage.encoder.announce(stage.row(1), stage.set(a), 0);
  stage.encoder.announce(stage.row(2), stage.set(b), 0);
  stage.encoder.announce(stage.row(3), stage.set(b, { med: 3 }), a);
  stage.encoder.withdraw(stage.row(4), a, 0);
  stage.encoder.withdrawFrom(c, stage.row(1));
  const batch = stage.encoder.finish();
  t.equal(prefixCount(stage.messages(batch)), 4, "somebody else");
  t.equal(prefixCount(stage.messages(batch, a)), 1);
  t.equal(prefixCount(stage.messages(batch, b)), 2);
  t.equal(prefixCount(stage.messages(batch, c)), 5, "everything, and a withdrawal of its own");
});

t.test("thousands of sets in one batch, and the scratch is clean for the next", async (t) => {
  const stage = new Stage();
  const sources = Array.from({ length: 50 }, () => stage.source());
  for (const round of [0, 1]) {
    for (let i = 0; i < 5000; i++)
      stage.encoder.announce(stage.row(i + 1), stage.set(sources[i % 50], { med: i >> 1, origin: round }), 0);
    const batch = stage.encoder.finish();
    const messages = stage.messages(batch);
    t.equal(prefixCount(messages), 5000);
    t.ok(messages.every(({ attributes }) => attributes.origin === round));
    t.equal(prefixCount(stage.messages(batch, sources[7])), 4900);
    t.equal(batch.prefixCount, 5000);
    stage.begin();
    t.ok(stage.encoder.isEmpty);
  }
});

t.test("a batch is full by its octets, not by its prefixes", async (t) => {
  const stage = new Stage();
  const source = stage.source();
  const attrs = stage.set(source);
  let count = 0;
  for (; !stage.encoder.isFull; count++) stage.encoder.announce(stage.row(count + 1), attrs, 0);
  const length = stage.encoder.finish().commonLength;
  t.ok(length > 60_000 && length < 80_000, `${length} octets`);
});

t.test(
  "path identifiers stand in front of the prefixes, announced and withdrawn, in both forms (RFC 7911)",
  async (t) => {
    for (const family of [0, 1] as const) {
      const stage = new Stage({ family, addPathSend: "all" });
      const [a, b] = [stage.source(), stage.source()];
      stage.encoder.announce(stage.row(1), stage.set(a), 0, 11);
      stage.encoder.announce(stage.row(1), stage.set(b), 0, 0x7ffffffe);
      stage.encoder.withdraw(stage.row(2), a, 0, 12);
      stage.encoder.withdrawFrom(b, stage.row(1), 13);
      const batch = stage.encoder.finish();
      const idsFor = (member: number): (readonly (number | undefined)[])[] => {
        const messages = stage.messages(batch, member);
        const announced = messages.flatMap(({ nlri, mpReach }) => [...nlri, ...(mpReach?.prefixes ?? [])]);
        const withdrawn = messages.flatMap(({ withdrawn: old, mpUnreach }) => [...old, ...(mpUnreach?.prefixes ?? [])]);
        return [announced, withdrawn].map((entries) => entries.map(({ pathId }) => pathId));
      };
      t.same(idsFor(NOBODY), [[11, 0x7ffffffe], [12]]);
      t.same(idsFor(a), [[0x7ffffffe], []]);
      t.same(idsFor(b), [[11], [12, 13]]);
      t.same(
        Array.from({ length: batch.prefixCount }, (_, i) => [batch.prefixes[i], batch.pathId(i)]),
        [
          [stage.row(1), 11],
          [stage.row(1), 0x7ffffffe],
          [stage.row(2), 12],
        ],
        "the batch knows which paths it speaks of",
      );
    }
  },
);

t.test("messages with path identifiers are full up to the limit, and a batch by its octets", async (t) => {
  for (const family of [0, 1] as const) {
    for (const maxMessageLength of [4096, 65535]) {
      const stage = new Stage({ family, maxMessageLength, addPathSend: 2 });
      const source = stage.source();
      const attrs = stage.set(source);
      for (let i = 0; i < 5000; i++) {
        stage.encoder.announce(stage.row(i + 1), attrs, 0, i);
        stage.encoder.withdraw(stage.row(i + 6001), source, 0, i);
      }
      t.ok(stage.encoder.isFull);
      const messages = stage.messages(stage.encoder.finish());
      t.equal(prefixCount(messages), 10_000);
      const octets = 10_000 * (family === 0 ? 9 : 21);
      t.ok(messages.length <= Math.ceil(octets / (maxMessageLength - 140)) + 1, `${messages.length} messages`);
      // As much as ExportRules.misfit lets through.
      stage.begin();
      const communities = Array.from({ length: (maxMessageLength - 128 - 48) >> 2 }, (_, i) => i + 1);
      const long = stage.set(source, { communities });
      for (let i = 0; i < 20; i++) stage.encoder.announce(stage.row(i + 1), long, 0, i);
      t.equal(prefixCount(stage.messages(stage.encoder.finish())), 20);
    }
  }
});

t.test("a batch that was used for paths is used for prefixes again, and the other way round", async (t) => {
  const pool = new BatchPool();
  for (const addPathSend of [0, 3, 0, 3] as const) {
    const stage = new Stage({ addPathSend }, pool);
    const attrs = stage.set(stage.source());
    for (let i = 0; i < 3000; i++) stage.encoder.announce(stage.row(i + 1), attrs, 0, i + addPathSend);
    const batch = stage.encoder.finish();
    t.equal(prefixCount(stage.messages(batch)), 3000);
    if (addPathSend !== 0) t.equal(batch.pathId(2999), 2999 + addPathSend);
    pool.give(batch);
  }
});
