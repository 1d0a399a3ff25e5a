// Runs the hot functions on a scratch RIB before the first session comes up: V8 compiles what has run often, and a table
// that arrives in the first second would otherwise be taken in by the interpreter. Costs some tenths of a second.

import type { Bytes } from "../base/bytes.js";
import { ByteWriter } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { encodeAttributes } from "../packet/attributes/index.js";
import { ACCEPT_ALL } from "../policy/route.js";
import { type GroupOptions, PLAIN_EXPORT } from "../rib/export-rules.js";
import type { MemberSink } from "../rib/group-member.js";
import type { IngestContext } from "../rib/ingest.js";
import { Rib } from "../rib/rib.js";
import { RELATION, type Relation, type Source } from "../rib/sources.js";

const ROUNDS = 2;
const UPDATES = 512;
const PREFIXES = 8;

const CONTEXT: IngestContext = { addPathReceive: [false, false], fourOctetAs: true, families: [0] };

/** Writes nowhere. */
const NOWHERE: MemberSink = { write: () => true, cork: () => undefined, uncork: () => undefined, writableLength: 0 };

/** Resolves when the hot path has been taken a few ten thousand times. */
export async function warmUp(clock: Clock): Promise<void> {
  const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
  const sources = [RELATION.ebgp, RELATION.ibgpClient, RELATION.ibgpClient].map((relation, i) =>
    addSource(rib, relation, i + 2),
  );
  for (const source of sources) rib.join(source, NOWHERE, groupOptions(source.options.relation), false);
  for (let round = 0; round < ROUNDS; round++) {
    for (const source of sources.slice(0, 2)) {
      for (let i = 0; i < UPDATES; i++) receive(rib, source, announcement(round, i));
      await settle(clock);
    }
    for (const source of sources.slice(0, 2)) {
      for (let i = 0; i < UPDATES; i++) receive(rib, source, withdrawal(i));
      await settle(clock);
    }
  }
}

function addSource(rib: Rib, relation: Relation, number: number): Source {
  const source = rib.addSource({
    kind: "bgp",
    name: "warm-up",
    relation,
    localAs: 64512,
    peer: undefined,
    address: Uint8Array.of(192, 0, 2, number),
  });
  rib.sources.describe(source, source.options, number);
  return source;
}

function groupOptions(relation: Relation): GroupOptions {
  return {
    ...PLAIN_EXPORT,
    globalAs: 64512,
    family: 0,
    relation,
    localAs: 64512,
    fourOctetAs: true,
    maxMessageLength: 4096,
    nextHop: "default",
    selfNextHop: Uint8Array.of(192, 0, 2, 1),
    extendedNextHop: false,
    exportFilter: ACCEPT_ALL,
    sentTo: undefined,
  };
}

function receive(rib: Rib, source: Source, body: Bytes): void {
  rib.receive(source, body, 0, body.length, CONTEXT);
  rib.requestFlush();
}

/** A few turns: flushes ask for further ones. */
async function settle(clock: Clock): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise<void>((resolve) => clock.soon(resolve));
}

/** Body of an UPDATE; a few attribute sets out of many, all of the usual attributes. */
function announcement(round: number, i: number): Bytes {
  const out = new ByteWriter(256);
  out.u16(0);
  const lengthAt = out.reserve(2);
  const attributesAt = out.length;
  encodeAttributes(
    {
      origin: 0,
      asPath: [{ type: 2, asNumbers: [64600 + (i & 7), 64700 + (i >> 3), 4_200_000_000 + round] }],
      nextHop: Uint8Array.of(192, 0, 2, 2 + (i & 1)),
      med: i & 15,
      localPref: 100 + (round & 1),
      communities: [(64600 << 16) | (i & 255), (64700 << 16) | round],
    },
    out,
  );
  out.patchU16(lengthAt, out.length - attributesAt);
  writePrefixes(out, i);
  return out.finish();
}

function withdrawal(i: number): Bytes {
  const out = new ByteWriter(64);
  const lengthAt = out.reserve(2);
  writePrefixes(out, i);
  out.patchU16(lengthAt, out.length - lengthAt - 2);
  out.u16(0);
  return out.finish();
}

function writePrefixes(out: ByteWriter, i: number): void {
  for (let n = i * PREFIXES; n < (i + 1) * PREFIXES; n++) {
    out
      .u8(24)
      .u8(10 + (n >> 16))
      .u16(n);
  }
}
