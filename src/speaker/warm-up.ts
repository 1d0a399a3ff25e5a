// Runs the hot functions on a scratch RIB before the first session comes up: V8 compiles what has run often, and a table
// that arrives in the first second would otherwise be taken in by the interpreter. Costs some tenths of a second.
//
// What is met later in another shape (a kind of array, a branch, a class) makes V8 throw the compiled code away: so octets
// come as they do from sockets, in both families, with prefixes of all lengths, and to all kinds of members.

import { type Bytes, ByteWriter } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { encodeAttributes } from "../packet/attributes/index.js";
import { MESSAGE } from "../packet/codes.js";
import { ACCEPT_ALL } from "../policy/route.js";
import { type GroupOptions, PLAIN_EXPORT } from "../rib/export-rules.js";
import type { MemberSink } from "../rib/group-member.js";
import type { IngestContext } from "../rib/ingest.js";
import { Rib } from "../rib/rib.js";
import { RELATION, type Relation, type Source } from "../rib/sources.js";
import { MessageReader } from "../session/message-reader.js";

const ROUNDS = 3;
const UPDATES = 384;
const PREFIXES = 8;
const HEADER_LENGTH = 19;
/** Octets that come at a time: messages lie whole in a chunk, or straddle two. */
const CHUNK_LENGTH = 1500;

const CONTEXT: IngestContext = { addPathReceive: [false, false], fourOctetAs: true, families: [0, 1] };

/** Writes nowhere. */
const NOWHERE: MemberSink = { write: () => true, cork: () => undefined, uncork: () => undefined, writableLength: 0 };

/** Resolves when the hot path has been taken a few ten thousand times. */
export async function warmUp(clock: Clock): Promise<void> {
  const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
  const sources = [RELATION.ebgp, RELATION.ibgpClient, RELATION.ibgpClient, RELATION.ebgp].map((relation, i) =>
    addSource(rib, relation, i + 2),
  );
  for (const source of sources) {
    for (const family of [IPV4_UNICAST, IPV6_UNICAST] as const) {
      rib.join(source, NOWHERE, groupOptions(source.options.relation as Relation, family), false);
    }
  }
  const readers = sources.slice(0, 2).map((source) => readerOf(clock, rib, source));
  for (let round = 0; round < ROUNDS; round++) {
    for (const family of [IPV4_UNICAST, IPV6_UNICAST] as const) {
      // Replaced before they are withdrawn: both happen.
      for (const version of [round, round + 1]) {
        for (const reader of readers) {
          feed(reader, (i) => announcement(family, version, i));
          await settle(clock);
        }
      }
      for (const reader of readers) {
        feed(reader, (i) => withdrawal(family, i));
        await settle(clock);
      }
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

function readerOf(clock: Clock, rib: Rib, source: Source): MessageReader {
  return new MessageReader({
    clock,
    deliver: ({ bytes, start, end }) => {
      rib.receive(source, bytes, start, end, CONTEXT);
    },
    fail: (error) => {
      throw error;
    },
    turnEnded: () => rib.requestFlush(),
    pause: () => undefined,
    resume: () => undefined,
  });
}

function groupOptions(relation: Relation, family: Family): GroupOptions {
  const own = new Uint8Array(family === IPV4_UNICAST ? 4 : 16);
  own.set([192, 0, 2, 1]);
  return {
    ...PLAIN_EXPORT,
    globalAs: 64512,
    family,
    relation,
    localAs: 64512,
    fourOctetAs: true,
    maxMessageLength: 4096,
    nextHop: "default",
    selfNextHop: own,
    extendedNextHop: false,
    exportFilter: ACCEPT_ALL,
    sentTo: undefined,
  };
}

/** The messages as a socket gives them: pieces of one array. */
function feed(reader: MessageReader, bodyOf: (i: number) => Bytes): void {
  const out = new ByteWriter(1 << 16);
  for (let i = 0; i < UPDATES; i++) {
    const body = bodyOf(i);
    for (let octet = 0; octet < 16; octet++) out.u8(0xff);
    out.u16(HEADER_LENGTH + body.length).u8(MESSAGE.UPDATE);
    out.append(body);
  }
  const octets = out.finish();
  for (let at = 0; at < octets.length; at += CHUNK_LENGTH) reader.push(octets.subarray(at, at + CHUNK_LENGTH));
}

/** A few turns: flushes ask for further ones. */
async function settle(clock: Clock): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => clock.soon(resolve));
}

/** Body of an UPDATE; a few attribute sets out of many, all of the usual attributes. */
function announcement(family: Family, version: number, i: number): Bytes {
  const out = new ByteWriter(512);
  out.u16(0);
  const lengthAt = out.reserve(2);
  const attributesAt = out.length;
  if (family === IPV6_UNICAST) writeReach(out, i);
  encodeAttributes(
    {
      origin: i % 3,
      asPath: [
        { type: 2, asNumbers: [64600 + (i & 7), 64700 + (i >> 3), 4_200_000_000 + version].slice(0, 1 + (i % 3)) },
        ...((i & 15) === 0 ? [{ type: 1, asNumbers: [64800, 64801] }] : []),
      ],
      ...(family === IPV4_UNICAST ? { nextHop: Uint8Array.of(192, 0, 2, 2 + (i & 3)) } : {}),
      ...((i & 1) === 0 ? { med: i & 15 } : {}),
      ...((i & 2) === 0 ? { communities: [(64600 << 16) | (i & 255), (64700 << 16) | version] } : {}),
      ...((i & 7) === 3 ? { aggregator: { as: 64600, id: i }, atomicAggregate: true } : {}),
      ...((i & 7) === 5 ? { largeCommunities: [[64600, 1, i] as const] } : {}),
    },
    out,
  );
  out.patchU16(lengthAt, out.length - attributesAt);
  if (family === IPV4_UNICAST) writePrefixes(out, family, i);
  return out.finish();
}

function withdrawal(family: Family, i: number): Bytes {
  const out = new ByteWriter(512);
  const withdrawnAt = out.reserve(2);
  if (family === IPV4_UNICAST) {
    writePrefixes(out, family, i);
    out.patchU16(withdrawnAt, out.length - withdrawnAt - 2);
    out.u16(0);
    return out.finish();
  }
  const lengthAt = out.reserve(2);
  out.u8(0x90).u8(15);
  const valueLengthAt = out.reserve(2);
  out.u16(2).u8(1);
  writePrefixes(out, family, i);
  out.patchU16(valueLengthAt, out.length - valueLengthAt - 2);
  out.patchU16(lengthAt, out.length - lengthAt - 2);
  return out.finish();
}

/** MP_REACH_NLRI (RFC 4760 §3). */
function writeReach(out: ByteWriter, i: number): void {
  out.u8(0x90).u8(14);
  const lengthAt = out.reserve(2);
  out.u16(2).u8(1).u8(16);
  out.append(Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 + (i & 3)));
  out.u8(0);
  writePrefixes(out, IPV6_UNICAST, i);
  out.patchU16(lengthAt, out.length - lengthAt - 2);
}

/** Prefixes of all lengths that are met. */
function writePrefixes(out: ByteWriter, family: Family, i: number): void {
  for (let n = i * PREFIXES; n < (i + 1) * PREFIXES; n++) {
    const length = family === IPV4_UNICAST ? 8 + (n % 25) : 16 + (n % 113);
    const octets = new Uint8Array((length + 7) >> 3);
    octets.set(Uint8Array.of(10 + (n & 63), n >> 6, n, n >> 3, n >> 1).subarray(0, octets.length));
    if (length % 8 !== 0) octets[octets.length - 1] &= 0xff << (8 - (length % 8));
    out.u8(length).append(octets);
  }
}
