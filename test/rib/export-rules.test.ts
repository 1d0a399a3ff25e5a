// Who hears whose routes: source relation × group relation, well-known communities, next hops.

import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { type GroupOptions, groupKey } from "../../src/rib/export-rules.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { groupOptions, type Joined, RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, prefix, sequence } from "./updates.js";

const P = "10.1.0.0/16";
const { local, ebgp, ibgpClient, ibgpNonClient } = RELATION;
const NAMES = ["local", "eBGP", "iBGP client", "iBGP non-client"] as const;

/** What a member in a group with these options is told of a route of such a source. */
function told(
  from: Relation,
  to: Partial<GroupOptions>,
  changes: PathAttributes = {},
  text = P,
): PathAttributes | undefined {
  const stage = new RibStage();
  const member: Joined = stage.join(9, to);
  const source = stage.source(from, 1);
  if (from === local) stage.rib.announceLocal(source, prefix(text), { origin: 0, asPath: [], ...changes });
  else announce(stage.rib, source, [text], { asPath: from === ebgp ? sequence(65010) : [], ...changes });
  stage.settle();
  return member.inbox.view.get(text);
}

const HEARS: readonly (readonly [Relation, Relation, boolean])[] = [
  [local, ebgp, true],
  [local, ibgpClient, true],
  [local, ibgpNonClient, true],
  [ebgp, ebgp, true],
  [ebgp, ibgpClient, true],
  [ebgp, ibgpNonClient, true],
  [ibgpClient, ebgp, true],
  [ibgpClient, ibgpClient, true],
  [ibgpClient, ibgpNonClient, true],
  [ibgpNonClient, ebgp, true],
  [ibgpNonClient, ibgpClient, true],
  [ibgpNonClient, ibgpNonClient, false], // RFC 4271 §9.2.1, RFC 4456 §6
];
for (const [from, to, hears] of HEARS) {
  t.test(`routes from ${NAMES[from]} ${hears ? "go" : "do not go"} to ${NAMES[to]}`, async (t) => {
    t.equal(told(from, { relation: to }) !== undefined, hears);
    t.equal(told(from, { relation: to }, { communities: [0xffffff02] }), undefined, "NO_ADVERTISE");
    for (const community of [0xffffff01, 0xffffff03]) {
      const isTold = told(from, { relation: to }, { communities: [community] }) !== undefined;
      t.equal(isTold, hears && to !== ebgp, `NO_EXPORT${community === 0xffffff03 ? "_SUBCONFED" : ""}`);
    }
  });
}

const SELF = "0a0000fe";
const OWN = "c0000201";
t.test("next hops", async (t) => {
  const cases: readonly (readonly [Relation, Partial<GroupOptions>, string])[] = [
    [local, { relation: ebgp }, SELF],
    [local, { relation: ibgpClient }, SELF],
    [local, { relation: ibgpClient, nextHop: "keep" }, SELF],
    [ebgp, { relation: ebgp }, SELF],
    [ebgp, { relation: ebgp, nextHop: "keep" }, OWN],
    [ebgp, { relation: ibgpClient }, OWN],
    [ebgp, { relation: ibgpClient, nextHop: "self" }, SELF],
    [ibgpClient, { relation: ibgpNonClient }, OWN],
    [ibgpClient, { relation: ibgpNonClient, nextHop: "self" }, SELF],
    [ibgpNonClient, { relation: ebgp }, SELF],
    [ibgpNonClient, { relation: ebgp, nextHop: "keep" }, OWN],
    [local, { relation: ibgpClient, nextHop: "selfExternal" }, SELF],
    [ebgp, { relation: ibgpClient, nextHop: "selfExternal" }, SELF],
    [ebgp, { relation: ibgpNonClient, nextHop: "selfExternal" }, SELF],
    [ibgpClient, { relation: ibgpNonClient, nextHop: "selfExternal" }, OWN],
    [ibgpNonClient, { relation: ibgpClient, nextHop: "selfExternal" }, OWN],
    // Another AS need not know the way inside ours.
    [ebgp, { relation: ebgp, nextHop: "selfExternal" }, SELF],
    [ibgpClient, { relation: ebgp, nextHop: "selfExternal" }, SELF],
  ];
  for (const [from, to, nextHop] of cases) {
    const seen = told(from, to)?.nextHop ?? new Uint8Array(0);
    t.equal(toHex(seen), nextHop, `${NAMES[from]} to ${NAMES[to.relation ?? local]}, ${to.nextHop ?? "default"}`);
  }
});

t.test("a route with OTC goes to customers and clients only (RFC 9234 §5)", async (t) => {
  const roles = [
    ["provider", true],
    ["routeServer", true],
    ["customer", false],
    ["peer", false],
    ["routeServerClient", false],
    [undefined, true],
  ] as const;
  for (const [role, hears] of roles) {
    const to = { relation: ebgp, role };
    t.equal(told(ebgp, to, { onlyToCustomer: 65010 }) !== undefined, hears, `we are ${role}`);
    t.not(told(ebgp, to), undefined, "without it everybody");
  }
});

t.test("a route that cannot be expressed is not announced", async (t) => {
  const empty = new Uint8Array(0);
  t.equal(told(ebgp, { relation: ebgp, selfNextHop: empty }), undefined, "no address of our own");
  t.equal(
    told(ebgp, { relation: ebgp, selfNextHop: address("2001:db8::1") }),
    undefined,
    "IPv6 next hop without RFC 8950",
  );
  t.not(told(ebgp, { relation: ebgp, selfNextHop: address("2001:db8::1"), extendedNextHop: true }), undefined);
  t.equal(told(local, { relation: ebgp, family: 1, selfNextHop: address("10.0.0.1") }, {}, "2001:db8::/32"), undefined);
  const communities = Array.from({ length: 990 }, (_, i) => i + 1);
  t.equal(told(ebgp, { relation: ebgp }, { communities }), undefined, "longer than a message");
  t.not(told(ebgp, { relation: ebgp, maxMessageLength: 65535 }, { communities }), undefined);
});

t.test("that a set cannot be told is logged once, also where the policy is asked for every prefix", async (t) => {
  const stage = new RibStage();
  const faults: string[] = [];
  stage.rib.attrs.onFault = (_source, reasons) => faults.push(...reasons);
  const exportFilter = filterOf("all by prefix", () => true, { readsPrefix: true });
  const member = stage.join(9, { exportFilter });
  const source = stage.source(ibgpClient, 1);
  const communities = Array.from({ length: 990 }, (_, i) => i + 1);
  announce(stage.rib, source, ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"], { communities });
  stage.settle();
  t.equal(member.inbox.view.size, 0);
  t.same(faults, ["route withheld: its attributes do not fit into messages of 4096 octets"]);
});

t.test("of a global and a link-local next hop the global one is passed on", async (t) => {
  const both = Uint8Array.of(...address("2001:db8::7"), ...address("fe80::7"));
  const stage = new RibStage();
  const member = stage.join(9, { family: 1 });
  const source = stage.source(ibgpClient, 1);
  announce(stage.rib, source, ["2001:db8:1::/48"], {});
  stage.settle();
  t.equal(toHex(member.inbox.view.get("2001:db8:1::/48")?.nextHop ?? both), toHex(address("2001:db8::1")));
});

t.test("every option of a group is part of its key", async (t) => {
  const base = groupOptions();
  const changes: readonly Partial<GroupOptions>[] = [
    { family: 1 },
    { relation: ebgp },
    { localAs: 1 },
    { globalAs: 1 },
    { overrideAs: 1 },
    { removePrivateAs: "remove" },
    { role: "peer" },
    { isDraining: true },
    { defaultOriginate: true },
    { addPathSend: 2 },
    { fourOctetAs: false },
    { maxMessageLength: 65535 },
    { nextHop: "self" },
    { selfNextHop: address("10.0.0.1") },
    { extendedNextHop: true },
    { zeroesMed: true },
    { announcesGateways: true },
    { separatesLocalAs: true },
    { checksClusterList: true },
    { preparesExport: true },
    {
      exportFilter: Object.assign(() => ({ accept: true, by: "" }), {
        readsPrefix: false,
        readsPeer: false,
        identity: "x",
      }),
    },
    { sentTo: { address: "", name: "", group: "", as: 1, isEbgp: true } },
  ];
  const keys = [base, ...changes.map((change) => ({ ...base, ...change }))].map(groupKey);
  t.equal(new Set(keys).size, Object.keys(base).length + 1);
});
