// Link layer → where the IP packet begins. Ethernet with VLAN tags (802.1Q, 802.1ad), Linux cooked captures, PPP and
// HDLC, loopback, raw IP: numbers of https://www.tcpdump.org/linktypes.html.

import { type Bytes, readU16, readU32 } from "../../base/bytes.js";

const ETHER_TYPE = { IPV4: 0x0800, IPV6: 0x86dd } as const;
/** 802.1Q, 802.1ad and the number used before it. */
const VLAN_TAGS: readonly number[] = [0x8100, 0x88a8, 0x9100];
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
/** AF_INET is 2 everywhere; AF_INET6 is 10 on Linux and differs between the BSDs. */
const LOOPBACK_FAMILIES: readonly number[] = [2, 10, 24, 28, 30];

type Finder = (bytes: Bytes) => number | undefined;

const FINDERS: ReadonlyMap<number, Finder> = new Map<number, Finder>([
  [0, (bytes) => afterLoopback(bytes, true)],
  [1, (bytes) => afterEtherType(bytes, 12)],
  [9, afterPpp],
  [12, () => 0],
  [14, () => 0],
  [50, afterPpp],
  [101, () => 0],
  [104, (bytes) => afterEtherType(bytes, 2)],
  [108, (bytes) => afterLoopback(bytes, false)],
  [113, (bytes) => afterEtherType(bytes, 14)],
  [228, () => 0],
  [229, () => 0],
  [276, afterCookedV2],
]);

/** True if packets of this link type can be read at all. */
export function isKnownLink(link: number): boolean {
  return FINDERS.has(link);
}

/** Offset of the IPv4 or IPv6 header in a frame of link type `link`; undefined if it carries something else. */
export function findIpHeader(link: number, bytes: Bytes): number | undefined {
  const at = FINDERS.get(link)?.(bytes);
  if (at === undefined || at >= bytes.length) return undefined;
  const version = bytes[at] >>> 4;
  return version === 4 || version === 6 ? at : undefined;
}

// `at`: the EtherType, which stands right before the packet unless tags come between.
function afterEtherType(bytes: Bytes, at: number): number | undefined {
  while (at + 2 <= bytes.length) {
    const type = readU16(bytes, at);
    if (type === ETHER_TYPE.IPV4 || type === ETHER_TYPE.IPV6) return at + 2;
    if (!VLAN_TAGS.includes(type)) return undefined;
    at += 4;
  }
  return undefined;
}

// LINKTYPE_LINUX_SLL2: the protocol comes first, tags behind the header of 20 octets.
function afterCookedV2(bytes: Bytes): number | undefined {
  if (bytes.length < 20) return undefined;
  const type = readU16(bytes, 0);
  if (type === ETHER_TYPE.IPV4 || type === ETHER_TYPE.IPV6) return 20;
  return VLAN_TAGS.includes(type) ? afterEtherType(bytes, 22) : undefined;
}

// RFC 1661, RFC 1662: address and control may be left out, and the protocol may have one octet.
function afterPpp(bytes: Bytes): number | undefined {
  let at = bytes[0] === 0xff && bytes[1] === 0x03 ? 2 : 0;
  const isShort = (bytes[at] & 1) === 1;
  const protocol = isShort ? bytes[at] : readU16(bytes, at);
  at += isShort ? 1 : 2;
  return protocol === PPP_IPV4 || protocol === PPP_IPV6 ? at : undefined;
}

// LINKTYPE_NULL has the family in the byte order of the machine, which we do not know; LINKTYPE_LOOP in network order.
function afterLoopback(bytes: Bytes, isHostOrder: boolean): number | undefined {
  if (bytes.length < 4) return undefined;
  const family = readU32(bytes, 0);
  const swapped = readU32(Uint8Array.of(bytes[3], bytes[2], bytes[1], bytes[0]), 0);
  const isIp = LOOPBACK_FAMILIES.includes(family) || (isHostOrder && LOOPBACK_FAMILIES.includes(swapped));
  return isIp ? 4 : undefined;
}
