// The netlink codecs on messages recorded from a kernel (little-endian, proto-fixtures/netlink), and on octets no kernel
// would send.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import t from "tap";

import { fromHex, toHex, writeU32 } from "../../src/base/bytes.js";
import type { Family } from "../../src/base/family.js";
import { formatBytes, parseAddress } from "../../src/base/ip.js";
import { decodeAddress, decodeLink } from "../../src/kernel/link-message.js";
import {
  eachMessage,
  LITTLE_ENDIAN,
  type MessageHeader,
  type NetlinkAnswer,
  readAnswer,
  type Received,
  received,
  RequestBuffer,
} from "../../src/kernel/netlink.js";
import { portFilter } from "../../src/kernel/netlink-socket.js";
import { decodeRoute, encodePath, encodeRoute, encodeRouteDump, RouteMessage } from "../../src/kernel/route-message.js";
import type { FibNextHop, FibRoute } from "../../src/speaker/ports.js";
import { ROOT } from "../support/root.js";

const options = LITTLE_ENDIAN ? {} : { skip: "the fixtures are little-endian" };

function fixture(name: string): Received[] {
  const texts = JSON.parse(readFileSync(join(ROOT, "proto-fixtures/netlink", `${name}.json`), "utf8")) as string[];
  return texts.map((text) => received(fromHex(text)));
}

/** Runs `look` on the only message of the octets. */
function onlyMessage<T>(input: Received, look: (message: MessageHeader) => T): T | undefined {
  let result: T | undefined;
  eachMessage(input, input.bytes.length, (message) => (result = look(message)));
  return result;
}

function routeText(route: RouteMessage): string {
  const bytes = new Uint8Array(route.family === 0 ? 4 : 16);
  for (const [i, word] of [route.w0, route.w1, route.w2, route.w3].slice(0, bytes.length / 4).entries())
    writeU32(bytes, 4 * i, word);
  const { type, hops } = route.observedPath();
  const ways = hops.map((hop) => {
    const gateway = hop.gateway === undefined ? "" : `via ${formatBytes(hop.gateway)} `;
    return `${gateway}if ${hop.interfaceIndex}${hop.onlink ? " onlink" : ""} weight ${hop.weight}`;
  });
  const path = type === 1 ? ways.join(" + ") : `type ${type}`;
  return `${formatBytes(bytes)}/${route.length} ${path} table ${route.table} proto ${route.protocol} metric ${route.metric}`;
}

function decodeAll(name: string): string[] {
  const route = new RouteMessage();
  return fixture(name).flatMap((input) => {
    const text = onlyMessage(input, (message) =>
      message.type === 24 && decodeRoute(input, message, route) ? routeText(route) : undefined,
    );
    return text === undefined ? [] : [text];
  });
}

void t.test("decodes every form of route that the kernel tells", options, (t) => {
  t.strictSame(decodeAll("routes-ipv4"), [
    "0.0.0.0/0 via 192.0.2.254 if 2 weight 1 table 254 proto 4 metric 0",
    "10.1.0.0/16 via 192.0.2.2 if 2 weight 1 table 254 proto 12 metric 0",
    "10.2.0.0/24 via 192.0.2.3 if 2 onlink weight 1 table 254 proto 12 metric 1024",
    "10.3.0.0/24 via 192.0.2.2 if 2 weight 1 + via 192.0.2.3 if 2 weight 3 table 254 proto 12 metric 0",
    "10.4.0.0/24 via fe80::1 if 2 weight 1 table 254 proto 12 metric 0",
    "10.5.0.0/24 if 2 weight 1 table 254 proto 80 metric 0",
    "10.6.0.0/24 type 6 table 254 proto 12 metric 0",
    "10.7.0.0/24 type 8 table 254 proto 12 metric 0",
    "192.0.2.0/24 if 2 weight 1 table 254 proto 2 metric 0",
    "198.51.100.2/32 if 2 weight 1 table 254 proto 2 metric 0",
  ]);
  t.strictSame(decodeAll("routes-ipv6"), [
    "2001:db8:1::/48 via 2001:db8:ffff::2 if 2 weight 1 table 254 proto 12 metric 1024",
    "2001:db8:2::/48 via 2001:db8:ffff::2 if 2 weight 1 + via fe80::9 if 2 weight 2 table 254 proto 12 metric 1024",
    "2001:db8:3::/48 type 7 table 254 proto 12 metric 7",
    "2001:db8:ffff::/64 if 2 weight 1 table 254 proto 2 metric 256",
    "fe80::/64 if 2 weight 1 table 254 proto 2 metric 256",
  ]);
  t.strictSame(decodeAll("routes-table-1000"), [
    "10.8.0.0/24 via 192.0.2.2 if 2 weight 1 table 1000 proto 12 metric 0",
  ]);
  t.end();
});

void t.test("decodes links and addresses", options, (t) => {
  const links = fixture("links").flatMap(
    (input) => onlyMessage(input, (message) => (message.type === 16 ? decodeLink(input, message) : undefined)) ?? [],
  );
  t.strictSame(links, [
    { index: 1, name: "lo", adminUp: true, carrier: true },
    { index: 2, name: "eth0", adminUp: true, carrier: true },
    { index: 3, name: "tunl1", adminUp: false, carrier: false },
    { index: 4, name: "tunl0", adminUp: false, carrier: false },
  ]);
  const addresses = fixture("addresses").flatMap(
    (input) => onlyMessage(input, (message) => (message.type === 20 ? decodeAddress(input, message) : undefined)) ?? [],
  );
  const texts = addresses.map(
    (a) => `${formatBytes(a.address)} of ${formatBytes(a.prefix)}/${a.prefixLength} on ${a.interfaceIndex}`,
  );
  t.strictSame(texts.slice(0, 5), [
    "127.0.0.1 of 127.0.0.1/8 on 1",
    "192.0.2.1 of 192.0.2.1/24 on 2",
    "198.51.100.1 of 198.51.100.2/32 on 2",
    "::1 of ::1/128 on 1",
    "2001:db8:ffff::1 of 2001:db8:ffff::1/64 on 2",
  ]);
  t.end();
});

void t.test("reads what the kernel answers, with its own words", options, (t) => {
  const read = (name: string): NetlinkAnswer | undefined => {
    const [input] = fixture(name);
    return onlyMessage(input, (message) => readAnswer(input, message));
  };
  t.strictSame(read("refused-gateway"), { errno: 101, text: "Nexthop has invalid gateway" });
  t.strictSame(read("refused-deletion"), { errno: 3, text: undefined });
  t.strictSame(read("acknowledgement"), { errno: 0, text: undefined });
  t.strictSame(read("dump-of-missing-table"), { errno: 2, text: "ipv4: FIB table does not exist" });
  t.end();
});

void t.test("reads the error that ends a dump in NLMSG_DONE, and words behind a whole echoed request", options, (t) => {
  const done = received(fromHex("14000000 0300 0200 01000000 00000000 eaffffff"));
  t.strictSame(
    onlyMessage(done, (message) => readAnswer(done, message)),
    { errno: 22, text: undefined },
  );
  const echoed = received(
    fromHex(
      "3c000000 0200 0002 01000000 00000000 eaffffff 1c000000 1800 0506 01000000 00000000 020000000000000000000000 0900 0100 6f6f707300 000000",
    ),
  );
  t.strictSame(
    onlyMessage(echoed, (message) => readAnswer(echoed, message)),
    { errno: 22, text: "oops" },
  );
  t.end();
});

const OWNER = { table: 254, protocol: 12, metric: 0 };
const BLOCK = { w0: (10 << 24) | (1 << 16), w1: 0, w2: 0, w3: 0, length: 16 };

function hop(gateway: string | undefined, device?: string, more: Partial<FibNextHop> = {}): FibNextHop {
  return {
    gateway: gateway === undefined ? undefined : parseAddress(gateway)?.bytes,
    device,
    onlink: false,
    weight: 1,
    ...more,
  };
}

function encode(
  request: "add" | "replace" | "delete",
  owner: typeof OWNER,
  family: Family,
  prefix: typeof BLOCK,
  route?: FibRoute,
): string {
  const path = route === undefined ? undefined : encodePath(family, route, (name) => ({ eth0: 2, tunl0: 7 })[name]);
  if (typeof path === "string") return path;
  const out = new RequestBuffer(new ArrayBuffer(65536));
  encodeRoute(out, request, 5, owner, family, prefix, owner.metric, path);
  return toHex(out.bytes, 0, out.length);
}

void t.test("encodes requests as the kernel wants them", options, (t) => {
  const unicast = (...nextHops: FibNextHop[]): FibRoute => ({ kind: "unicast", nextHops });
  const block6 = { w0: 0x20010db8, w1: 0, w2: 0, w3: 0, length: 32 };
  const add = "18000106";
  const replace = "18000105";
  const rest = "0500000000000000";
  const destination = "080001000a010000";
  const rows: readonly (readonly [string, string, string])[] = [
    [
      "gateway alone: add is CREATE|EXCL",
      encode("add", OWNER, 0, BLOCK, unicast(hop("192.0.2.2"))),
      `2c000000${add}${rest}02100000fe0c000100000000${destination}08000500c0000202`,
    ],
    [
      "replace is CREATE|REPLACE; onlink with device; metric",
      encode("replace", { ...OWNER, metric: 1024 }, 0, BLOCK, unicast(hop("192.0.2.2", "tunl0", { onlink: true }))),
      `3c000000${replace}${rest}02100000fe0c000104000000${destination}080006000004000008000500c00002020800040007000000`,
    ],
    [
      "device alone has link scope in IPv4",
      encode("add", OWNER, 0, BLOCK, unicast(hop(undefined, "eth0"))),
      `2c000000${add}${rest}02100000fe0cfd0100000000${destination}0800040002000000`,
    ],
    [
      "table above 255 goes into an attribute",
      encode("add", { ...OWNER, table: 1000 }, 0, BLOCK, { kind: "blackhole", nextHops: [] }),
      `2c000000${add}${rest}02100000000c000600000000${destination}08000f00e8030000`,
    ],
    [
      "IPv4 by an IPv6 gateway: RTA_VIA (RFC 8950)",
      encode("add", OWNER, 0, BLOCK, unicast(hop("fe80::1", "eth0"))),
      `44000000${add}${rest}02100000fe0c000100000000${destination}160012000a00fe80000000000000000000000000000100000800040002000000`,
    ],
    [
      "two next hops, weight 3 and onlink on the second",
      encode("add", OWNER, 0, BLOCK, unicast(hop("192.0.2.2"), hop("192.0.2.3", "eth0", { weight: 3, onlink: true }))),
      `48000000${add}${rest}02100000fe0c000100000000${destination}2400090010000000000000000800 0500c00002021000040202000000 08000500c0000203`.replace(
        / /g,
        "",
      ),
    ],
    [
      "delete names prefix, table, protocol and metric: scope nowhere, any type",
      encode("delete", OWNER, 1, block6),
      `380000001900 0100${rest}0a200000fe0cff0000000000 1400010020010db8000000000000000000000000 0800060000040000`.replace(
        / /g,
        "",
      ),
    ],
  ];
  for (const [name, got, wanted] of rows) t.equal(got, wanted, name);
  t.end();
});

void t.test("says what is wrong with a wish that cannot be encoded", (t) => {
  const route = (...nextHops: FibNextHop[]): FibRoute => ({ kind: "unicast", nextHops });
  const rows: readonly (readonly [Family, FibRoute, string])[] = [
    [0, route(), "the route has no next hop"],
    [0, route(hop(undefined)), "a next hop has neither gateway nor interface"],
    [0, route(hop("192.0.2.1", undefined, { onlink: true })), "an onlink next hop needs an interface"],
    [0, route(hop("192.0.2.1", "nope")), "interface nope does not exist"],
    [1, route(hop("192.0.2.1")), "an IPv6 route cannot have an IPv4 gateway"],
    [0, route(...new Array<FibNextHop>(256).fill(hop("192.0.2.1"))), "the route has more than 255 next hops"],
  ];
  for (const [family, wish, words] of rows)
    t.equal(
      encodePath(family, wish, () => undefined),
      words,
    );
  t.end();
});

void t.test("a dump request names family and table", options, (t) => {
  const out = new RequestBuffer(new ArrayBuffer(64));
  encodeRouteDump(out, 9, 1, 254);
  t.equal(
    toHex(out.bytes, 0, out.length),
    "240000001a0001030900000000000000 0a0000000000000000000000 08000f00fe000000".replace(/ /g, ""),
  );
  t.end();
});

void t.test("decodes scope, preferred source and realm, and forgets them before the next route", options, (t) => {
  const route = new RouteMessage();
  const details = (input: Received): string => {
    onlyMessage(input, (message) => decodeRoute(input, message, route));
    const source = route.preferredSource.subarray(0, route.preferredSourceLength);
    return `scope ${route.scope} realm ${route.realm} from ${source.length === 0 ? "any" : formatBytes(source)}`;
  };
  const make = (octets: readonly number[], realm: number): Received => {
    const out = new RequestBuffer(new ArrayBuffer(256));
    out.begin(24, 0, 1);
    for (const octet of [octets.length === 4 ? 2 : 10, 16, 0, 0, 254, 4, 253, 1, 0, 0, 0, 0]) out.u8(octet);
    out.attributeBytes(
      1,
      Uint8Array.from(octets, (_, i) => i),
    );
    out.attributeU32(4, 2);
    out.attributeBytes(7, Uint8Array.from(octets));
    if (realm !== 0) out.attributeU32(11, realm);
    out.end();
    return received(out.bytes.slice(0, out.length));
  };
  t.equal(details(make([10, 0, 0, 7], 0x00050007)), "scope 253 realm 327687 from 10.0.0.7");
  t.equal(details(make([0xfd, ...Array<number>(14).fill(0), 1], 0)), "scope 253 realm 0 from fd00::1");
  t.equal(details(fixture("routes-ipv4")[0]), "scope 0 realm 0 from any");
  t.end();
});

void t.test("the filter compares the port id in network order", options, (t) => {
  t.equal(
    toHex(portFilter(0x01020304)),
    "20000000 0c000000 15000001 01020304 06000000 00000000 06000000 ffffffff".replace(/ /g, ""),
  );
  t.end();
});

void t.test("an answer that says it echoes more than there is has no text", (t) => {
  // NLMSG_ERROR with attributes; the echoed request claims 2³¹ octets and more.
  const octets = new Uint8Array(40);
  const view = new DataView(octets.buffer);
  view.setUint32(0, octets.length, LITTLE_ENDIAN);
  view.setUint16(4, 2, LITTLE_ENDIAN);
  view.setUint16(6, 0x200, LITTLE_ENDIAN);
  view.setInt32(16, -101, LITTLE_ENDIAN);
  view.setUint32(20, 0x8000_0010, LITTLE_ENDIAN);
  const input = received(octets);
  eachMessage(input, octets.length, (message) => {
    t.same(readAnswer(input, message), { errno: 101, text: undefined });
  });
  t.end();
});

void t.test("any truncation and any octets are survived", (t) => {
  const route = new RouteMessage();
  const decodeEverything = (input: Received): void => {
    eachMessage(input, input.bytes.length, (message) => {
      decodeRoute(input, message, route);
      route.observedPath();
      decodeLink(input, message);
      decodeAddress(input, message);
      readAnswer(input, message);
    });
  };
  const names = ["routes-ipv4", "routes-ipv6", "links", "addresses", "refused-gateway", "dump-of-missing-table"];
  let cut = 0;
  const unnoticed: number[] = [];
  for (const { bytes } of names.flatMap(fixture)) {
    for (let end = 0; end < bytes.length; end++, cut++) {
      const short = bytes.slice(0, end);
      if (eachMessage(received(short), end, () => undefined) !== (end === 0)) unnoticed.push(end);
      if (end >= 4) new DataView(short.buffer).setUint32(0, end, LITTLE_ENDIAN);
      decodeEverything(received(short));
    }
  }
  t.ok(cut > 1000);
  t.strictSame(unnoticed, [], "a message that is cut off is noticed");
  const mutated = fc.tuple(
    fc.constantFrom(...names.flatMap(fixture)),
    fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }),
  );
  fc.assert(
    fc.property(mutated, ([{ bytes }, changes]) => {
      const copy = bytes.slice();
      for (const [at, value] of changes) copy[at % copy.length] = value;
      decodeEverything(received(copy));
    }),
  );
  t.pass("no exception");
  t.end();
});

void t.test("what is encoded is decoded again", (t) => {
  const gateway = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
  const nextHop = (family: Family): fc.Arbitrary<FibNextHop> =>
    fc.record({
      gateway: family === 0 ? fc.oneof(gateway(4), gateway(16)) : gateway(16),
      device: fc.constantFrom("eth0", "tunl0"),
      onlink: fc.boolean(),
      weight: fc.integer({ min: 1, max: 256 }),
    });
  const wish = fc.constantFrom<Family>(0, 1).chain((family) =>
    fc.record({
      family: fc.constant(family),
      hops: fc.array(nextHop(family), { minLength: 1, maxLength: 20 }),
      length: fc.integer({ min: 0, max: family === 0 ? 32 : 128 }),
      words: fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()),
      table: fc.integer({ min: 1, max: 0xffffffff }),
      metric: fc.integer({ min: 1, max: 0xffffffff }),
    }),
  );
  fc.assert(
    fc.property(wish, ({ family, hops, length, words, table, metric }) => {
      const path = encodePath(family, { kind: "unicast", nextHops: hops }, (name) => (name === "eth0" ? 2 : 7));
      if (typeof path === "string") throw new Error(path);
      const [w0, w1, w2, w3] = family === 0 ? [words[0], 0, 0, 0] : words;
      const out = new RequestBuffer(new ArrayBuffer(8192));
      encodeRoute(out, "add", 1, { table, protocol: 12 }, family, { w0, w1, w2, w3, length }, metric, path);
      const input = received(out.bytes.slice(0, out.length));
      const route = new RouteMessage();
      const ok = onlyMessage(input, (message) => decodeRoute(input, message, route));
      const prefix = [route.w0, route.w1, route.w2, route.w3, route.length, route.table, route.metric];
      const wanted = hops.map((each) => ({
        gateway: each.gateway,
        interfaceIndex: each.device === "eth0" ? 2 : 7,
        onlink: each.onlink,
        weight: hops.length === 1 ? 1 : each.weight,
      }));
      assert.equal(ok, true);
      assert.deepEqual(prefix, [w0, w1, w2, w3, length, table, metric]);
      assert.deepEqual(route.observedPath().hops, wanted);
    }),
  );
  t.pass("for any wish");
  t.end();
});

t.test("request buffers side by side in shared memory do not touch each other", (t) => {
  const memory = new SharedArrayBuffer(256);
  const first = new RequestBuffer(memory, 0, 64);
  const second = new RequestBuffer(memory, 64, 64);
  t.equal(second.remaining, 64);
  for (const [i, out] of [first, second].entries()) {
    out.begin(24 + i, 1, 7 + i);
    out.attributeU32(15, 0x01020304);
    out.end();
    out.askForAck();
  }
  const octets = [...new Uint8Array(memory)];
  t.strictSame(octets.slice(0, 24), [...first.bytes.subarray(0, first.length)]);
  t.strictSame(octets.slice(64, 88), [...second.bytes.subarray(0, second.length)]);
  t.strictSame(octets.slice(24, 64), new Array(40).fill(0), "nothing behind the first");
  t.strictSame(octets.slice(88), new Array(168).fill(0), "nothing behind the second");
  const headers: number[][] = [];
  eachMessage(received(second.bytes.slice()), second.length, ({ type, flags, sequence }) =>
    headers.push([type, flags, sequence]),
  );
  t.strictSame(headers, [[25, 1 | 4, 8]]);
  t.end();
});
