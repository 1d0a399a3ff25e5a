// A RIB with a few sources and attribute sets, for the benchmarks of its tables. No sockets, and a clock that stands still.

import type { Bytes } from "../../src/base/bytes.js";
import { ByteWriter } from "../../src/base/bytes.js";
import { VirtualClock } from "../../src/base/virtual-clock.js";
import { encodeAttributes, type PathAttributes } from "../../src/packet/attributes/index.js";
import { ACCEPT_ALL } from "../../src/policy/route.js";
import type { AttrsId } from "../../src/rib/attrs-table.js";
import { type GroupOptions, PLAIN_EXPORT } from "../../src/rib/export-rules.js";
import type { IngestContext } from "../../src/rib/ingest.js";
import type { LocRib } from "../../src/rib/loc-rib.js";
import { Rib } from "../../src/rib/rib.js";
import type { PrefixId } from "../../src/rib/route-table.js";
import { RELATION, type Relation, type Source } from "../../src/rib/sources.js";

const LOCAL_AS = 65000;

export const SESSION: IngestContext = { addPathReceive: [false, false], fourOctetAs: true, families: [0, 1] };

export class RibScene {
  readonly clock = new VirtualClock(0, 1000, 1_000_000);
  readonly rib = new Rib(this.clock, { routerId: 1, clusterId: 1 }, 4096);

  /** The IPv4 table. */
  get table(): LocRib {
    return this.rib.families[0];
  }

  source(relation: Relation, number: number): Source {
    const options = {
      kind: "bgp",
      name: `peer ${number}`,
      relation,
      localAs: LOCAL_AS,
      peer: undefined,
      address: Uint8Array.of(192, 0, 2, number),
    } as const;
    const source = this.rib.addSource(options);
    this.rib.sources.describe(source, options, number);
    return source;
  }

  client(number: number): Source {
    return this.source(RELATION.ibgpClient, number);
  }

  /** A set of the source, held for good. */
  set(source: Source, variant: number, changes: PathAttributes = {}): AttrsId {
    const octets = attributeOctets(variant, changes);
    const id = this.rib.attrs.intern(octets, 0, octets.length, source.id, 0);
    this.rib.attrs.retain(id);
    return id;
  }

  /** Rows of `count` prefixes, held for good. */
  prefixes(count: number): Int32Array {
    const { routes } = this.table;
    return Int32Array.from({ length: count }, (_, i): PrefixId => {
      const prefix = routes.destination(0x0a000000 + (i << 8), 0, 0, 0, 24);
      routes.hold(prefix);
      return prefix;
    });
  }

  /** Works off everything that waits for a later turn. */
  settle(): void {
    this.rib.requestFlush();
    this.clock.settle();
  }
}

export function groupOptions(relation: Relation): GroupOptions {
  return {
    ...PLAIN_EXPORT,
    family: 0,
    relation,
    localAs: LOCAL_AS,
    globalAs: LOCAL_AS,
    fourOctetAs: true,
    maxMessageLength: 4096,
    nextHop: "default",
    selfNextHop: Uint8Array.of(192, 0, 2, 254),
    extendedNextHop: false,
    exportFilter: ACCEPT_ALL,
    sentTo: undefined,
  };
}

/** Attributes of a usual route, other octets for each `variant`. */
export function attributesOf(variant: number, changes: PathAttributes = {}): PathAttributes {
  return {
    origin: 0,
    asPath: [{ type: 2, asNumbers: [65100 + (variant & 15), 4_200_000_000 + (variant >> 4), 65200] }],
    nextHop: Uint8Array.of(198, 51, 100, variant & 127),
    med: variant,
    localPref: 100,
    communities: [(65000 << 16) | (variant & 0xffff), (65001 << 16) | 7],
    ...changes,
  };
}

export function attributeOctets(variant: number, changes: PathAttributes = {}): Bytes {
  const out = new ByteWriter(128);
  encodeAttributes(attributesOf(variant, changes), out);
  return out.finish();
}

/** Body of an UPDATE that announces `count` prefixes of /24 from number `first` on, all with one set. */
export function announcement(variant: number, first: number, count: number): Bytes {
  const attributes = attributeOctets(variant);
  const out = new ByteWriter(256);
  out.u16(0).u16(attributes.length).append(attributes);
  writePrefixes(out, first, count);
  return out.finish();
}

export function withdrawal(first: number, count: number): Bytes {
  const out = new ByteWriter(256);
  out.u16(count * 4);
  writePrefixes(out, first, count);
  out.u16(0);
  return out.finish();
}

function writePrefixes(out: ByteWriter, first: number, count: number): void {
  for (let i = first; i < first + count; i++) {
    out
      .u8(24)
      .u8(10 + (i >> 16))
      .u16(i);
  }
}
