// Link layers and IP: where TCP is found, and that nothing else is taken for it.

import t from "tap";
import { type Bytes, toHex } from "../../src/base/bytes.js";
import { IpFragments } from "../../src/replay/network/ip-fragments.js";
import { type IpPacket, readIpPacket } from "../../src/replay/network/ip-packet.js";
import { findIpHeader, isKnownLink } from "../../src/replay/network/link.js";
import { endpointText, readTcpSegment, type TcpSegment } from "../../src/replay/network/tcp-segment.js";
import { ethernet, frameOf, ipAround, packetOf, type Segment, tcpOf, withU16 } from "./synthetic-capture.js";

const PAYLOAD = Uint8Array.from({ length: 40 }, (_, i) => i);
const V4: Segment = { from: "192.0.2.1 4000", to: "192.0.2.2 179", sequence: 77, acknowledgement: 9, payload: PAYLOAD };
const V6: Segment = { ...V4, from: "2001:db8::1 4000", to: "2001:db8::2 179" };

function segmentIn(link: number, frame: Bytes, missing = 0): TcpSegment | undefined {
  const at = findIpHeader(link, frame);
  const packet = at === undefined ? undefined : readIpPacket(frame, at, missing);
  return packet === undefined ? undefined : readTcpSegment(packet);
}

function summary(segment: TcpSegment | undefined): unknown {
  if (segment === undefined) return undefined;
  const { from, to, sequence, acknowledgement, payload, payloadLength } = segment;
  return [endpointText(from), endpointText(to), sequence, acknowledgement, toHex(payload), payloadLength];
}

const EXPECTED_V4 = ["192.0.2.1:4000", "192.0.2.2:179", 77, 9, toHex(PAYLOAD), 40];
const EXPECTED_V6 = ["[2001:db8::1]:4000", "[2001:db8::2]:179", 77, 9, toHex(PAYLOAD), 40];

t.test("every link type carries both versions of IP", async (t) => {
  for (const link of [0, 1, 9, 12, 50, 101, 104, 108, 113, 276]) {
    t.ok(isKnownLink(link), `link ${link}`);
    t.strictSame(summary(segmentIn(link, frameOf(link, packetOf(V4)))), EXPECTED_V4, `link ${link}: IPv4`);
    t.strictSame(summary(segmentIn(link, frameOf(link, packetOf(V6)))), EXPECTED_V6, `link ${link}: IPv6`);
  }
  t.notOk(isKnownLink(127), "a link type that is not known");
  t.equal(findIpHeader(127, frameOf(1, packetOf(V4))), undefined);
});

t.test("VLAN tags: one, two, and before the cooked header's packet", async (t) => {
  for (const tags of [[0x8100], [0x88a8, 0x8100], [0x9100, 0x8100, 0x8100]]) {
    t.strictSame(summary(segmentIn(1, ethernet(packetOf(V6), tags))), EXPECTED_V6, `${tags.length} tags`);
  }
  const tagged = ethernet(packetOf(V4), [0x8100]).subarray(12);
  const cooked = Uint8Array.from([...new Array<number>(14).fill(0), ...tagged]);
  t.strictSame(summary(segmentIn(113, cooked)), EXPECTED_V4, "SLL");
  const cookedV2 = Uint8Array.from([0x81, 0x00, ...new Array<number>(18).fill(0), ...tagged.subarray(2)]);
  t.strictSame(summary(segmentIn(276, cookedV2)), EXPECTED_V4, "SLL2");
});

t.test("IP headers with more in them, padding behind them, or cut off", async (t) => {
  t.strictSame(summary(segmentIn(101, packetOf(V4, { extra: 8 }))), EXPECTED_V4, "IPv4 options");
  t.strictSame(summary(segmentIn(101, packetOf(V6, { extra: 16 }))), EXPECTED_V6, "IPv6 destination options");
  t.strictSame(summary(segmentIn(101, packetOf({ ...V4, options: 12 }))), EXPECTED_V4, "TCP options");
  const padded = Uint8Array.from([...packetOf({ ...V4, payload: new Uint8Array(0) }), 0, 0, 0, 0, 0, 0]);
  t.strictSame(
    summary(segmentIn(101, padded)),
    [...EXPECTED_V4.slice(0, 4), "", 0],
    "padding of a short Ethernet frame is no payload",
  );
  const cut = packetOf(V4).subarray(0, 20 + 20 + 10);
  t.strictSame(
    summary(segmentIn(101, cut, 30)),
    [...EXPECTED_V4.slice(0, 4), toHex(PAYLOAD.subarray(0, 10)), 40],
    "snapshot length",
  );
  t.strictSame(
    summary(segmentIn(101, withU16(packetOf(V4), 2, 0))),
    EXPECTED_V4,
    "total length 0: segmentation offload",
  );
  t.strictSame(summary(segmentIn(101, withU16(packetOf(V6), 4, 0))), EXPECTED_V6, "payload length 0");
});

t.test("octets that are no TCP over IP are passed over", async (t) => {
  const arp = withU16(ethernet(packetOf(V4)), 12, 0x0806);
  t.equal(findIpHeader(1, arp), undefined, "ARP");
  const udp = packetOf(V4);
  udp[9] = 17;
  t.equal(segmentIn(101, udp), undefined, "UDP");
  const whole = packetOf(V6, { extra: 8 });
  for (let length = 0; length < 40 + 8 + 20; length++) {
    t.equal(segmentIn(101, whole.subarray(0, length)), undefined, `IPv6, ${length} octets`);
  }
  for (const link of [0, 1, 9, 50, 104, 108, 113, 276]) {
    for (let length = 0; length < 24; length++) {
      const bytes = new Uint8Array(length).fill(link === 9 ? 0x21 : 0);
      t.equal(segmentIn(link, bytes), undefined, `link ${link}, ${length} octets`);
    }
  }
});

function fragmentsOf(segment: Segment, sizes: readonly number[]): IpPacket[] {
  const tcp = tcpOf(segment);
  let offset = 0;
  return sizes.map((size) => {
    const end = Math.min(tcp.length, offset + size);
    const fragment = { id: 5, offset, isLast: end === tcp.length };
    const packet = readIpPacket(ipAround(tcp.subarray(offset, end), segment, { fragment }), 0, 0);
    offset = end;
    if (packet === undefined) throw new Error("the fragment does not read");
    return packet;
  });
}

t.test("fragments in any order make the packet", async (t) => {
  for (const [name, segment, expected] of [
    ["IPv4", V4, EXPECTED_V4],
    ["IPv6", V6, EXPECTED_V6],
  ] as const) {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const fragments = new IpFragments();
      const parts = fragmentsOf(segment, [16, 24, 100]);
      const results = order.map((i) => fragments.add(parts[i]));
      t.strictSame(results.slice(0, 2), [undefined, undefined], `${name} ${order.join("")}: not yet`);
      const [whole] = results.slice(2);
      t.strictSame(
        whole === undefined ? undefined : summary(readTcpSegment(whole)),
        expected,
        `${name} ${order.join("")}`,
      );
      t.equal(fragments.lost, 0);
    }
  }
});

t.test("fragments that overlap, are cut, or never end are told as lost, and memory is bounded", async (t) => {
  const overlapping = new IpFragments();
  const [first, second] = fragmentsOf(V4, [24, 100]);
  overlapping.add(first);
  overlapping.add(first);
  t.equal(overlapping.lost, 0, "a duplicate is no overlap");
  t.equal(overlapping.add({ ...second, fragment: { id: 5, offset: 16, isLast: true } }), undefined);
  t.equal(overlapping.lost, 1, "overlapping (RFC 5722)");
  const many = new IpFragments();
  for (let id = 0; id < 100; id++) many.add({ ...first, fragment: { id, offset: 0, isLast: false } });
  t.equal(many.lost, 36, "64 are kept");
  many.end();
  t.equal(many.lost, 100, "the others were never finished");
});
