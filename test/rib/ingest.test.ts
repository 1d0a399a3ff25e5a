// UPDATE octets into the tables: masking, path ids, treat-as-withdraw, import policy, counters.

import t from "tap";
import { fromHex } from "../../src/base/bytes.js";
import { formatPrefix } from "../../src/base/ip.js";
import { NotificationError } from "../../src/packet/notification.js";
import type { IngestContext } from "../../src/rib/ingest.js";
import { prefixOf } from "../../src/rib/prefix-view.js";
import { rejectText, REJECT } from "../../src/rib/reject-reason.js";
import { RELATION, type Source } from "../../src/rib/sources.js";
import { RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { announce, attributesOf, PLAIN_SESSION, prefix, receive, sequence, withdraw } from "./updates.js";

/** Prefixes with paths, and how many. */
function held(stage: RibStage, family: 0 | 1 = 0): Record<string, number> {
  const { routes } = stage.rib.families[family];
  const paths: Record<string, number> = {};
  for (let row = 1; row < routes.prefixes.end; row++) {
    if (!routes.prefixes.isUsed(row)) continue;
    let count = 0;
    for (let route = routes.head(row); route !== 0; route = routes.next(route)) count++;
    paths[formatPrefix(prefixOf(routes.prefixes, row))] = count;
  }
  return paths;
}

function raw(stage: RibStage, source: Source, hex: string, context: IngestContext = PLAIN_SESSION): number {
  const bytes = fromHex(hex);
  return stage.rib.receive(source, bytes, 0, bytes.length, context);
}

const BASIC = "400101 00 400200 400304 c0000201";

t.test("bits behind a prefix's length do not matter (RFC 4271 §4.3)", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  raw(stage, source, `0000 000e ${BASIC} 09 0aff 09 0a80 00 1f 0a010203`);
  t.same(held(stage), { "10.128.0.0/9": 1, "0.0.0.0/0": 1, "10.1.2.2/31": 1 });
  raw(stage, source, "0003 09 0aff 0000");
  t.same(Object.keys(held(stage)).sort(), ["0.0.0.0/0", "10.1.2.2/31"]);
  t.equal(source.received[0], 2);
});

t.test("the same for IPv6, in MP_REACH_NLRI and MP_UNREACH_NLRI", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  const reach = "800e26 0002 01 10 20010db8000000000000000000000001 00 21 20010db8ff 00 41 20010db8 00000000 ff";
  raw(stage, source, `0000 0030 ${reach} 400101 00 400200`);
  t.same(held(stage, 1), { "2001:db8:8000::/33": 1, "::/0": 1, "2001:db8:0:0:8000::/65": 1 });
  raw(stage, source, "0000 000c 800f 09 0002 01 21 20010db8 80");
  t.same(Object.keys(held(stage, 1)).sort(), ["2001:db8:0:0:8000::/65", "::/0"]);
});

t.test(
  "multicast, loopback and link-local prefixes are ignored (RFC 4271 §6.3), what contains them is not",
  async (t) => {
    const stage = new RibStage();
    const source = stage.source(RELATION.ibgpClient, 1);
    const narrow = "04 e0 08 ef 20 e0000005 08 7f 20 7f000001 03 e0 07 7e 08 f0 00";
    raw(stage, source, `0000 000e ${BASIC} ${narrow}`);
    t.same(Object.keys(held(stage)).sort(), ["0.0.0.0/0", "126.0.0.0/7", "224.0.0.0/3", "240.0.0.0/8"]);
    t.equal(stage.rib.attrs.size, 1);
    const wide = `08 ff 10 ff02 0a fe80 80 ${"00".repeat(15)}01 07 fe 09 fe80 80 ${"00".repeat(14)}0101`;
    const reach = `0002 01 10 20010db8000000000000000000000001 00 ${wide}`;
    const length = reach.replaceAll(" ", "").length / 2;
    const octets = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
    raw(stage, source, `0000 ${octets(length + 3 + 7, 4)} 800e${octets(length, 2)} ${reach} 400101 00 400200`);
    t.same(Object.keys(held(stage, 1)).sort(), ["::101/128", "fe00::/7", "fe80::/9"]);
  },
);

t.test("End-of-RIB is told, and changes nothing", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  announce(stage.rib, source, ["10.1.0.0/16"]);
  t.equal(raw(stage, source, "0000 0000"), 0);
  t.equal(raw(stage, source, "0000 0006 800f03 0002 01"), 1);
  t.equal(source.received[0], 1);
});

t.test("withdrawing what was never announced changes nothing", async (t) => {
  const stage = new RibStage();
  const [a, b] = [stage.source(RELATION.ibgpClient, 1), stage.source(RELATION.ibgpClient, 2)];
  announce(stage.rib, a, ["10.1.0.0/16"]);
  withdraw(stage.rib, b, ["10.1.0.0/16", "10.2.0.0/16", "2001:db8::/32"]);
  t.same(held(stage), { "10.1.0.0/16": 1 });
  t.same([a.received[0], b.received[0]], [1, 0]);
  t.equal(stage.rib.families[1].routes.prefixes.size, 0, "no row was made for it");
});

t.test("a prefix both withdrawn and announced in one message is announced (RFC 4271 §4.3)", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  const entry = { prefix: prefix("10.1.0.0/16") };
  receive(stage.rib, source, { announced: [entry], withdrawn: [entry], attributes: attributesOf() });
  t.same(held(stage), { "10.1.0.0/16": 1 });
});

t.test("path ids make paths of their own (RFC 7911)", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  const context = { ...PLAIN_SESSION, addPathReceive: [true, true] as const };
  const entries = (pathIds: readonly number[]) => pathIds.map((pathId) => ({ prefix: prefix("10.1.0.0/16"), pathId }));
  receive(stage.rib, source, { announced: entries([1, 2, 0xffffffff]), attributes: attributesOf() }, context);
  receive(stage.rib, source, { announced: entries([2]), attributes: attributesOf({ med: 5 }) }, context);
  t.same(held(stage), { "10.1.0.0/16": 3 });
  receive(stage.rib, source, { withdrawn: entries([0xffffffff, 3]) }, context);
  t.same(held(stage), { "10.1.0.0/16": 2 });
  t.equal(source.received[0], 2);
});

t.test("malformed attributes withdraw the routes of the message (RFC 7606 §2)", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  const faults: string[] = [];
  stage.rib.attrs.onFault = (_source, reasons) => faults.push(...reasons);
  announce(stage.rib, source, ["10.1.0.0/16", "10.2.0.0/16"]);
  raw(stage, source, "0000 000e 400101 07 400200 400304 c0000201 10 0a01");
  t.same(held(stage), { "10.2.0.0/16": 1 });
  raw(stage, source, "0000 000b 400101 00 400304 c0000201 10 0a02");
  t.same(held(stage), {});
  t.equal(faults.length, 2);
  t.same([stage.rib.attrs.size, stage.rib.attrs.usedBytes], [0, 0], "nothing is kept of faulty sets");
});

t.test("routes of a family that was not negotiated are not let in", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  receive(
    stage.rib,
    source,
    { announced: [{ prefix: prefix("2001:db8::/32") }], attributes: attributesOf() },
    { ...PLAIN_SESSION, families: [0] },
  );
  t.equal(source.received[1], 0);
});

t.test("what resets the session is applied not even in part", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  announce(stage.rib, source, ["10.1.0.0/16"]);
  const sets = stage.rib.attrs.size;
  t.throws(() => raw(stage, source, `0003 10 0a01 0012 ${BASIC} 406301 00 10 0a02`), NotificationError);
  t.same(held(stage), { "10.1.0.0/16": 1 });
  t.equal(stage.rib.attrs.size, sets);
});

t.test("loops are kept, but take no part", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ebgp, 1);
  announce(stage.rib, source, ["10.1.0.0/16"], { asPath: sequence(65010, 65000) });
  const { routes } = stage.rib.families[0];
  const row = stage.rib.find(prefix("10.1.0.0/16"));
  t.equal(stage.rib.families[0].best(row), 0);
  t.match(rejectText(routes.reason(routes.head(row))), /own AS/);
  t.same([source.received[0], source.accepted[0]], [1, 0]);
});

t.test("the import policy may change, refuse, and look at prefixes", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  let asked = 0;
  const judge = (readsPrefix: boolean) =>
    filterOf(
      `med by prefix ${readsPrefix}`,
      (route) => {
        asked++;
        route.med = readsPrefix ? route.prefixLength : 3;
        return route.prefixLength !== 17 || !readsPrefix;
      },
      { readsPrefix },
    );
  const table = ["10.1.0.0/16", "10.1.0.0/17", "10.1.0.0/18"];
  stage.rib.setImportFilter(source, judge(false));
  announce(stage.rib, source, table);
  announce(stage.rib, source, table);
  t.equal(asked, 1, "once for the set");
  stage.rib.setImportFilter(source, judge(true));
  stage.settle();
  t.equal(asked, 4, "once for each prefix");
  const { attrs, families } = stage.rib;
  const best = (text: string): number => families[0].best(stage.rib.find(prefix(text)));
  t.equal(attrs.med(families[0].routes.attrs(best("10.1.0.0/16"))), 16);
  t.equal(attrs.med(families[0].routes.attrs(best("10.1.0.0/18"))), 18);
  t.equal(best("10.1.0.0/17"), 0);
  t.same([source.received[0], source.accepted[0]], [3, 2]);
  withdraw(stage.rib, source, table);
  t.same([attrs.size, attrs.usedBytes], [0, 0]);
});

t.test("a set that a policy makes longer than can be is refused, not a reason to die", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpClient, 1);
  const longer = filterOf("more communities", (route) => {
    route.communities = [...route.communities, ...Array.from({ length: 1000 }, (_, i) => i + 1)];
    return true;
  });
  stage.rib.setImportFilter(source, longer);
  announce(stage.rib, source, ["10.1.0.0/16"], { communities: Array.from({ length: 16000 }, (_, i) => i + 5) });
  const { routes } = stage.rib.families[0];
  t.equal(routes.reason(routes.head(stage.rib.find(prefix("10.1.0.0/16")))), REJECT.importPolicy);
});

t.test("our own mistake over one message costs that session, and the log can repeat it", async (t) => {
  const stage = new RibStage();
  const good = stage.source(RELATION.ibgpClient, 1);
  const doomed = stage.source(RELATION.ibgpClient, 2);
  const faults: string[] = [];
  stage.rib.attrs.onFault = (_source, reasons) => faults.push(...reasons);
  // Nobody may use a source that is gone; here it stands for any broken promise inside.
  stage.rib.sources.remove(doomed.id);
  t.throws(() => raw(stage, doomed, `0000 000e ${BASIC} 08 0a`), { code: 3, subcode: 1, message: /could not handle/ });
  t.match(faults, [/^bug: no source .* UPDATE body 0000000e40010100400200400304c0000201080a$/]);
  raw(stage, good, `0000 000e ${BASIC} 08 0b`);
  t.same(held(stage), { "11.0.0.0/8": 1 });
});
