// UPDATEs octet by octet, as BIRD 1.6 sends them in Calico's network; where we differ (RFC 7606 §5.1) the test says so.

import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import { Rib } from "../../src/rib/rib.js";
import { RELATION } from "../../src/rib/sources.js";
import { FakeClock } from "../support/fake-clock.js";
import { groupOptions, sourceOptions } from "./rib-stage.js";
import { address, announce, prefix, sequence } from "./updates.js";

const OWN = "10.192.0.2";
const OWN_IPV6 = "fd00:10:192::2";
const ELEVATED = 0x7ffffdff;
const ORDINARY = 0x7ffffbff;
const { local, ebgp, ibgpNonClient } = RELATION;

/** What a member of a group with these options is sent when the table has been filled; one text per message. */
function sent(changes: Partial<GroupOptions>, fill: (rib: Rib) => void): string[] {
  const clock = new FakeClock();
  const rib = new Rib(clock, { routerId: 0x0ac00002, clusterId: 0x0ac00002 }, 64);
  const octets: number[] = [];
  const sink = {
    write: (bytes: Uint8Array) => octets.push(...bytes) > 0,
    cork: () => undefined,
    uncork: () => undefined,
    writableLength: 0,
  };
  fill(rib);
  const options = groupOptions({
    localAs: 64512,
    globalAs: 64512,
    selfNextHop: address(changes.family === 1 ? OWN_IPV6 : OWN),
    ...changes,
  });
  rib.join(rib.addSource(sourceOptions(options.relation)), sink, options, true);
  clock.settle();
  const messages: string[] = [];
  for (let at = 0; at < octets.length;) {
    const length = (octets[at + 16] << 8) | octets[at + 17];
    messages.push(toHex(Uint8Array.from(octets.slice(at + 16, at + length))));
    at += length;
  }
  // Which set of attributes goes first is nobody's business; End-of-RIB is the shortest and comes last.
  t.equal(messages.at(-1)?.length, Math.min(...messages.map(({ length }) => length)));
  return messages.sort((a, b) => a.length - b.length);
}

/** The NLRI behind the first `head`, one text each, in order. */
function entries(message: string, head: string, digits: number): string[] {
  t.ok(message.startsWith(head), `${message} begins with ${head}`);
  return (message.slice(head.length).match(new RegExp(`.{${digits}}`, "g")) ?? []).sort();
}

function ownRoutes(rib: Rib): void {
  const own = rib.addSource(sourceOptions(local));
  rib.announceLocal(own, prefix("192.168.221.71/32"), { origin: 0, asPath: [], localPref: ELEVATED });
  for (const block of ["192.168.221.192/26", "192.168.221.64/26"]) {
    rib.announceLocal(own, prefix(block), { origin: 0, asPath: [], localPref: ORDINARY });
  }
}

t.test("to an internal peer: ORIGIN, empty AS_PATH, NEXT_HOP, LOCAL_PREF; then End-of-RIB", async (t) => {
  const messages = sent({ relation: ibgpNonClient }, ownRoutes);
  t.equal(messages.length, 3);
  t.equal(messages[0], "00170200000000");
  t.equal(messages[1], "0031020000001540010100400200" + "4003040ac000024005047ffffdff" + "20c0a8dd47");
  const blocks = "0036020000001540010100400200" + "4003040ac000024005047ffffbff";
  t.same(entries(messages[2] ?? "", blocks, 10), ["1ac0a8dd40", "1ac0a8ddc0"]);
});

t.test("with ADD-PATH every prefix has a path identifier in front, never 0", async (t) => {
  const messages = sent({ relation: ibgpNonClient, addPathSend: "all" }, ownRoutes);
  t.equal(messages.length, 3);
  t.match(messages[1], /^0035020000001540010100400200.*20c0a8dd47$/);
  const blocks = "003e020000001540010100400200" + "4003040ac000024005047ffffbff";
  for (const entry of entries(messages[2] ?? "", blocks, 18)) t.notOk(entry.startsWith("00000000"), entry);
});

t.test("to an external peer: our AS in front, no LOCAL_PREF; all in one UPDATE", async (t) => {
  const messages = sent({ relation: ebgp }, (rib) => {
    const own = rib.addSource(sourceOptions(local));
    for (const text of ["192.168.221.71/32", "192.168.221.192/26"]) {
      rib.announceLocal(own, prefix(text), { origin: 0, asPath: [] });
    }
  });
  const head = "0035020000001440010100" + "40020602010000fc00" + "4003040ac00002";
  t.same(entries(messages[1] ?? "", head, 10), ["1ac0a8ddc0", "20c0a8dd47"]);
});

t.test(
  "IPv6: a next hop of 16 octets; MP_REACH_NLRI first (RFC 7606 §5.1) and with a length of two octets, where BIRD has it last",
  async (t) => {
    const nextHop = toHex(address(OWN_IPV6));
    const reach = (to: string, nlri: string): string => `900e002600020110${to}00${nlri}`;
    const own = sent({ family: 1, relation: ibgpNonClient }, (rib) => {
      const source = rib.addSource(sourceOptions(local));
      rib.announceLocal(source, prefix("fd00:192:168:a::/122"), { origin: 0, asPath: [], localPref: ORDINARY });
    });
    const nlri = "7afd0001920168000a0000000000000000";
    t.equal(own[1], `004f0200000038${reach(nextHop, nlri)}400101004002004005047ffffbff`);
    t.equal(own[0], "001d0200000006800f03000201");
    const passedOn = sent({ family: 1, relation: ibgpNonClient }, (rib) => {
      const source = rib.addSource(sourceOptions(ebgp));
      announce(rib, source, ["fd00:192:168:c::/122"], { asPath: sequence(65001) });
    });
    const far = toHex(address("2001:db8::1"));
    const tail = "40010100" + "40020602010000fde9" + "40050400000064";
    t.equal(passedOn[1], `0055020000003e${reach(far, nlri.replace("000a", "000c"))}${tail}`);
  },
);
