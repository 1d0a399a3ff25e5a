// Runs the hot functions on a scratch RIB before the first session comes up: V8 compiles what has run often, and a table
// that arrives in the first second would otherwise be taken in by the interpreter. Costs some tenths of a second.
//
// What is met later in another shape (a kind of array, an object made elsewhere, a branch) makes V8 throw the compiled code
// away. So octets come as they do from sockets, in both families, with prefixes of all lengths, and to all kinds of members;
// and what a peer is to the RIB is made by the functions that make it for the peers of the configuration.

import { type Bytes, ByteWriter } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { encodeAttributes } from "../packet/attributes/index.js";
import { MESSAGE } from "../packet/codes.js";
import { TurnBudget } from "../base/turn-budget.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import { ACCEPT_ALL } from "../policy/route.js";
import type { MemberSink } from "../rib/group-member.js";
import type { IngestContext } from "../rib/ingest.js";
import { Rib } from "../rib/rib.js";
import type { Source } from "../rib/sources.js";
import { MessageReader } from "../session/message-reader.js";
import { groupOptions, sourceOptions } from "./peer-translation.js";

const ROUNDS = 2;
const UPDATES = 384;
const PREFIXES = 8;
const HEADER_LENGTH = 19;
/** Sixteen from here on: nobody's own (RFC 5398), or the routes would be loops. */
const DOCUMENTATION_AS = 65536;
/** Beyond 31 bits numbers have another form inside V8. */
const LARGE = 0xfffe_0000;
/** Octets that come at a time: messages lie whole in a chunk, or straddle two. */
const CHUNK_LENGTH = 1500;

const OWN_ADDRESS = Uint8Array.of(192, 0, 2, 1);
const NEGOTIATED = {
  peerAs: 64513,
  addPathReceive: [false, false],
  addPathSend: [false, false],
  fourOctetAs: true,
  families: [IPV4_UNICAST, IPV6_UNICAST],
  extendedNextHop: [false, false],
  maxMessageLength: 4096,
  localAddress: { bytes: OWN_ADDRESS },
} as const;
const CONTEXT: IngestContext = {
  addPathReceive: NEGOTIATED.addPathReceive,
  fourOctetAs: NEGOTIATED.fourOctetAs,
  families: NEGOTIATED.families,
  extendedNextHop: NEGOTIATED.extendedNextHop[IPV4_UNICAST],
};

/** Writes nowhere. */
const NOWHERE: MemberSink = { write: () => true, cork: () => undefined, uncork: () => undefined, writableLength: 0 };

/** Resolves when the hot path has been taken a few ten thousand times; at once without peers, whose kind is not known then. */
export async function warmUp(clock: Clock, speaker: SpeakerConfig): Promise<void> {
  const [peer] = speaker.peers;
  if (peer === undefined) return;
  const strict: PeerConfig = { ...peer, enforceFirstAs: false };
  // Policies might let nothing through, so those who send and are told have none, and others have them beside.
  const open: PeerConfig = { ...strict, importPolicy: ACCEPT_ALL, exportPolicy: ACCEPT_ALL };
  const rib = new Rib(clock, { routerId: 1, clusterId: 1 });
  const { localAs } = peer;
  const add = (config: PeerConfig, as: number, number: number): Source => addSource(rib, config, speaker, as, number);
  const senders = [add(open, localAs + 1, 2), add(open, localAs, 3), add(strict, peer.as, 4)];
  add(open, localAs, 5);
  add(open, localAs + 1, 6);
  const turns = new TurnBudget(clock);
  const readers = senders.map((source) => readerOf(clock, turns, rib, source));
  for (const family of [IPV4_UNICAST, IPV6_UNICAST] as const) {
    const versions = [0, 1].map((version) => messages((i) => announcement(family, version, i)));
    const withdrawals = messages((i) => withdrawal(family, i));
    for (let round = 0; round < ROUNDS; round++) {
      // Replaced before they are withdrawn: both happen.
      for (const octets of [...versions, withdrawals]) {
        for (const reader of readers) {
          feed(reader, octets);
          await settle(clock);
        }
      }
    }
  }
}

function addSource(rib: Rib, config: PeerConfig, speaker: SpeakerConfig, peerAs: number, number: number): Source {
  const options = sourceOptions(config, speaker, peerAs, false, OWN_ADDRESS);
  const source = rib.addSource(options);
  rib.sources.describe(source, options, number);
  const relation = options.relation;
  const facts = {
    relation,
    negotiated: NEGOTIATED,
    isDraining: false,
    isMultihop: false,
    address: config.address,
    view: undefined,
  };
  const { peer } = options;
  if (peer === undefined) return source;
  for (const family of NEGOTIATED.families) {
    rib.join(source, NOWHERE, groupOptions(config, speaker, { ...facts, family, peer }), false);
  }
  return source;
}

function readerOf(clock: Clock, turns: TurnBudget, rib: Rib, source: Source): MessageReader {
  return new MessageReader({
    clock,
    turns,
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

/** UPDATEs one behind another. */
function messages(bodyOf: (i: number) => Bytes): Bytes {
  const out = new ByteWriter(1 << 17);
  for (let i = 0; i < UPDATES; i++) {
    const body = bodyOf(i);
    for (let octet = 0; octet < 16; octet++) out.u8(0xff);
    out.u16(HEADER_LENGTH + body.length).u8(MESSAGE.UPDATE);
    out.append(body);
  }
  return out.finish();
}

/** The octets as a socket gives them: pieces of one array. */
function feed(reader: MessageReader, octets: Bytes): void {
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
        {
          type: 2,
          asNumbers: [
            DOCUMENTATION_AS + (i & 7),
            23_456_000 + (i >> 3),
            (i & 4) === 0 ? LARGE + version : DOCUMENTATION_AS + 8 + version,
          ].slice(0, 1 + (i % 3)),
        },
        ...((i & 15) === 0 ? [{ type: 1, asNumbers: [DOCUMENTATION_AS, DOCUMENTATION_AS + 15] }] : []),
      ],
      ...(family === IPV4_UNICAST ? { nextHop: Uint8Array.of(192, 0, 2, 2 + (i & 3)) } : {}),
      ...((i & 1) === 0 ? { med: (i & 2) === 0 ? i : LARGE + i } : {}),
      ...((i & 2) === 0 ? { communities: [100 * DOCUMENTATION_AS + (i & 255), LARGE + version] } : {}),
      ...((i & 7) === 3 ? { aggregator: { as: DOCUMENTATION_AS, id: i }, atomicAggregate: true } : {}),
      ...((i & 7) === 5 ? { largeCommunities: [[DOCUMENTATION_AS, 1, i] as const] } : {}),
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
    out.u8(length);
    for (let bit = 0; bit < length; bit += 8) {
      const octet = bit === 0 ? 10 + (n & 63) : bit === 8 ? n >> 6 : bit < 40 ? n >> (bit & 7) : 0;
      out.u8(length - bit >= 8 ? octet & 255 : octet & 255 & (0xff << (8 - (length - bit))));
    }
  }
}
