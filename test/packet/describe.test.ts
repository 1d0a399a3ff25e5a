import t from "tap";
import { describeBytes, describeMessage } from "../../src/packet/describe.js";
import { PLAIN_CONTEXT } from "../../src/packet/message.js";
import { loadFixtures, type MessageFixture, octetsOf } from "./json-form.js";

const FILES = ["open.json", "update.json", "notification.json", "keepalive.json", "route-refresh.json"];
const FIXTURES = FILES.flatMap((file) => loadFixtures<MessageFixture>(file));

// Fixture → lines.
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "OPEN with every capability we speak, in one parameter": [
    "OPEN version 4 AS65536 hold time 90 s id 10.0.0.1",
    "  ipv4 unicast",
    "  ipv6 unicast",
    "  route refresh",
    "  ipv4 with ipv6 next hop",
    "  extended message",
    "  graceful restart (120 s)",
    "  4-octet AS",
    "  add-path ipv4 (receive)",
    "  add-path ipv6 (receive, send)",
    "  enhanced route refresh",
  ],
  "UPDATE with path identifiers in every section": [
    "UPDATE",
    "  withdraw 192.0.2.0/24 path 7",
    "  withdraw 2001:db8:3::/48 path 4294967295",
    "  announce 2001:db8:1::/48 path 1",
    "  announce 2001:db8:1::/48 path 2",
    "  next hop 2001:db8::1",
    "  announce 10.0.0.0/8 path 0",
    "  ORIGIN: IGP",
    "  AS_PATH: 65001 65536",
    "  NEXT_HOP: 192.0.2.1",
  ],
  "UPDATE with attributes out of order, MP_REACH_NLRI last and of a family we do not speak": [
    "UPDATE",
    "  announce AFI 25 SAFI 70 0xdeadbeef",
    "  next hop 192.0.2.1",
    "  announce 10.0.0.0/8",
    "  ORIGIN: IGP",
    "  AS_PATH: 65001 65536",
    "  NEXT_HOP: 192.0.2.1",
  ],
  "UPDATE whose last attribute overruns is treated as withdrawn, its prefixes still found": [
    "UPDATE",
    "  announce 10.0.0.0/8",
    "  ORIGIN: IGP",
    "  AS_PATH: 65001 65536",
    "  NEXT_HOP: 192.0.2.1",
    "  fault: path attribute runs over Total Attribute Length (RFC 7606 §4)",
  ],
  "UPDATE that is empty ends the initial update of IPv4": ["UPDATE End-of-RIB ipv4"],
  "UPDATE with empty MP_UNREACH_NLRI ends the initial update of IPv6": ["UPDATE End-of-RIB ipv6"],
  "Cease with a shutdown communication": ['NOTIFICATION 6/2 Cease/Administrative Shutdown: "upgrade at 22:00"'],
  "KEEPALIVE is a header": ["KEEPALIVE"],
  "ROUTE-REFRESH asks for IPv4 again": ["ROUTE-REFRESH request ipv4"],
  "ROUTE-REFRESH ends the answer for a family we do not speak": ["ROUTE-REFRESH end AFI 25 SAFI 70"],
};

for (const [name, lines] of Object.entries(EXPECTED)) {
  t.test(`${name} in lines`, async (t) => {
    const fixture = FIXTURES.find((candidate) => candidate.name === name);
    t.ok(fixture, "there is such a fixture");
    if (fixture !== undefined)
      t.strictSame(describeBytes(octetsOf(fixture.hex), fixture.context ?? PLAIN_CONTEXT), lines);
  });
}

t.test("every fixture has lines, none of them empty or broken", async (t) => {
  for (const fixture of FIXTURES) {
    const lines = describeBytes(octetsOf(fixture.hex), fixture.context ?? PLAIN_CONTEXT);
    t.ok(lines.length > 0 && lines.every((line) => line.trim() !== "" && !line.includes("\n")), fixture.name);
  }
});

t.test("a ROUTE-REFRESH subtype nobody knows is told by number", async (t) => {
  t.strictSame(describeMessage({ type: "ROUTE-REFRESH", afi: 1, safi: 1, subtype: 255 }), [
    "ROUTE-REFRESH subtype 255 ipv4",
  ]);
});
