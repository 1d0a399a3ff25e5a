// What the options of a peer make of its routes, one at a time: loops, first AS, leaks, LOCAL_PREF, weight, communities
// with an effect; that the user's policy stands in between; and that nothing of it is left behind.

import t from "tap";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { asPathText, decodeAttributes } from "../../src/packet/attributes/index.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../../src/policy/route.js";
import { importNotes, reasonText } from "../../src/rib/route-text.js";
import { type ImportOptions, RELATION, type Relation, type Source } from "../../src/rib/sources.js";
import { LOCAL_AS, RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, prefix, receive, sequence, withdraw } from "./updates.js";

const P = "10.1.0.0/16";
const PEER_AS = 65010;
const GRACEFUL_SHUTDOWN = 0xffff0000;
const BLACKHOLE = 0xffff029a;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;

const NO_OPTIONS: ImportOptions = {
  globalAs: LOCAL_AS,
  prependsLocalAs: false,
  allowAsIn: 0,
  enforcesFirstAs: false,
  weight: 0,
  localPref: undefined,
  role: undefined,
  honoursGracefulShutdown: false,
  honoursBlackhole: false,
  isDraining: false,
  ignoresClusterList: false,
};

interface Case {
  readonly name: string;
  readonly options: Partial<ImportOptions>;
  readonly relation?: Relation;
  readonly localAs?: number;
  readonly filter?: Filter;
  readonly attributes?: PathAttributes;
  /** The effective attributes and weight, as far as told; or why there are none. */
  readonly is?: Partial<Seen>;
  readonly reason?: RegExp;
  readonly notes?: readonly string[];
}

interface Seen {
  readonly asPath: string;
  readonly localPref: number | undefined;
  readonly communities: readonly number[];
  readonly onlyToCustomer: number | undefined;
  readonly weight: number;
  readonly isBlackhole: boolean;
}

function sourceOf(stage: RibStage, each: Pick<Case, "options" | "relation" | "localAs" | "filter">): Source {
  const { options, relation = RELATION.ebgp, localAs = LOCAL_AS, filter = ACCEPT_ALL } = each;
  const source = stage.source(relation, 1, { localAs, import: { ...NO_OPTIONS, ...options } });
  stage.rib.setImportFilter(source, filter);
  return source;
}

/** The effective set of the only path. */
function seen(stage: RibStage): Seen {
  const { attrs, families } = stage.rib;
  const { routes } = families[0];
  const id = routes.attrs(routes.head(stage.rib.find(prefix(P))));
  const at = attrs.bodyOffset(id);
  const body = decodeAttributes(attrs.bodyChunk(id), at, at + attrs.bodyLength(id));
  return {
    asPath: asPathText(body.asPath ?? []),
    localPref: body.localPref,
    communities: body.communities ?? [],
    onlyToCustomer: body.onlyToCustomer,
    weight: attrs.weight(id),
    isBlackhole: attrs.isBlackhole(id),
  };
}

const CASES: readonly Case[] = [
  { name: "without options nothing changes", options: {}, is: { localPref: undefined, weight: 0 }, notes: [] },
  // RFC 7705
  {
    name: "localAs goes in front of the path (RFC 7705 §3.3)",
    options: { prependsLocalAs: true },
    localAs: 64999,
    is: { asPath: "64999 65010 65011" },
    notes: ["AS 64999 in front of AS_PATH: our AS towards the peer (RFC 7705)"],
  },
  {
    name: "localAs goes in front of a set as a sequence of its own",
    options: { prependsLocalAs: true },
    localAs: 64999,
    attributes: { asPath: [{ type: 1, asNumbers: [65010, 65011] }] },
    is: { asPath: "64999 {65010 65011}" },
  },
  {
    name: "the AS of the session is a loop",
    options: {},
    localAs: 64999,
    attributes: { asPath: sequence(PEER_AS, 64999) },
    reason: /own AS in AS_PATH/,
  },
  {
    name: "the speaker's own AS is a loop where the session has another",
    options: { globalAs: 65000, prependsLocalAs: true },
    localAs: 64999,
    attributes: { asPath: sequence(PEER_AS, 65000) },
    reason: /own AS in AS_PATH/,
  },
  {
    name: "allowAsIn lets our AS pass so often",
    options: { allowAsIn: 2 },
    attributes: { asPath: sequence(PEER_AS, LOCAL_AS, 3, LOCAL_AS) },
    is: { asPath: `65010 ${LOCAL_AS} 3 ${LOCAL_AS}` },
  },
  {
    name: "allowAsIn: once more is a loop, in whatever segment",
    options: { allowAsIn: 2 },
    attributes: {
      asPath: [
        { type: 2, asNumbers: [PEER_AS, LOCAL_AS, LOCAL_AS] },
        { type: 1, asNumbers: [7, LOCAL_AS] },
      ],
    },
    reason: /own AS in AS_PATH/,
  },
  {
    name: "allowAsIn counts both of our AS numbers together",
    options: { allowAsIn: 1, globalAs: 65000 },
    localAs: 64999,
    attributes: { asPath: sequence(PEER_AS, 64999, 65000) },
    reason: /own AS in AS_PATH/,
  },
  // Weight and LOCAL_PREF
  { name: "weight", options: { weight: 7 }, is: { weight: 7 }, notes: ["weight 7: the peer's"] },
  {
    name: "the policy sees the weight, and has the last word",
    options: { weight: 7 },
    filter: filterOf("weight + 1", (route) => (route.weight++, true)),
    is: { weight: 8 },
    notes: [],
  },
  {
    name: "localPref",
    options: { localPref: 0xffffffff },
    is: { localPref: 0xffffffff },
    notes: ["LOCAL_PREF 4294967295: the peer's"],
  },
  {
    name: "localPref: an internal peer's own LOCAL_PREF stays",
    options: { localPref: 200 },
    relation: RELATION.ibgpClient,
    attributes: { localPref: 150 },
    is: { localPref: 150 },
    notes: [],
  },
  {
    name: "localPref: an internal peer without LOCAL_PREF gets it",
    options: { localPref: 200 },
    relation: RELATION.ibgpNonClient,
    is: { localPref: 200 },
  },
  {
    name: "localPref: the policy has the last word, by prefix too",
    options: { localPref: 200 },
    filter: filterOf("+ length", (route) => ((route.localPref = (route.localPref ?? 0) + route.prefixLength), true), {
      readsPrefix: true,
    }),
    is: { localPref: 216 },
    notes: [],
  },
  {
    name: "what the policy refuses stays refused, whatever the options",
    options: { localPref: 200, honoursGracefulShutdown: true },
    filter: REJECT_ALL,
    attributes: { communities: [GRACEFUL_SHUTDOWN] },
    reason: /rejected by RFC 8212/,
  },
  // RFC 8326
  {
    name: "GRACEFUL_SHUTDOWN: LOCAL_PREF 0",
    options: { honoursGracefulShutdown: true },
    attributes: { communities: [5, GRACEFUL_SHUTDOWN] },
    is: { localPref: 0, communities: [5, GRACEFUL_SHUTDOWN] },
    notes: ["LOCAL_PREF 0: GRACEFUL_SHUTDOWN (RFC 8326)"],
  },
  {
    name: "GRACEFUL_SHUTDOWN comes after the policy",
    options: { honoursGracefulShutdown: true, localPref: 300 },
    filter: filterOf("localPref 400", (route) => ((route.localPref = 400), true), { readsPrefix: true }),
    attributes: { communities: [GRACEFUL_SHUTDOWN] },
    is: { localPref: 0 },
  },
  {
    name: "GRACEFUL_SHUTDOWN that the policy took away has no effect",
    options: { honoursGracefulShutdown: true },
    filter: filterOf("no communities", (route) => ((route.communities = []), true)),
    attributes: { communities: [GRACEFUL_SHUTDOWN] },
    is: { localPref: undefined, communities: [] },
  },
  {
    name: "GRACEFUL_SHUTDOWN that the policy added has one",
    options: { honoursGracefulShutdown: true },
    filter: filterOf("shut down", (route) => ((route.communities = [GRACEFUL_SHUTDOWN]), true)),
    is: { localPref: 0 },
  },
  {
    name: "GRACEFUL_SHUTDOWN is a community like others where it is not honoured",
    options: {},
    attributes: { communities: [GRACEFUL_SHUTDOWN] },
    is: { localPref: undefined },
    notes: [],
  },
  {
    name: "a peer that we drain: LOCAL_PREF 0 and the community for every route (RFC 8326 §4.2)",
    options: { isDraining: true },
    attributes: { communities: [5] },
    is: { localPref: 0, communities: [5, GRACEFUL_SHUTDOWN] },
    notes: ["LOCAL_PREF 0: we are draining the peer (RFC 8326)"],
  },
  {
    name: "a peer that we drain: the community is not there twice",
    options: { isDraining: true, honoursGracefulShutdown: true },
    attributes: { communities: [GRACEFUL_SHUTDOWN] },
    is: { localPref: 0, communities: [GRACEFUL_SHUTDOWN] },
  },
  // RFC 7999
  {
    name: "BLACKHOLE: packets are dropped, and NO_EXPORT keeps the route inside (§3.2)",
    options: { honoursBlackhole: true },
    attributes: { communities: [BLACKHOLE] },
    is: { isBlackhole: true, communities: [BLACKHOLE, NO_EXPORT] },
    notes: ["packets are dropped: BLACKHOLE (RFC 7999)"],
  },
  ...[NO_EXPORT, NO_ADVERTISE].map((community) => ({
    name: `BLACKHOLE: ${community.toString(16)} is enough`,
    options: { honoursBlackhole: true },
    attributes: { communities: [BLACKHOLE, community] },
    is: { isBlackhole: true, communities: [BLACKHOLE, community] },
  })),
  {
    name: "BLACKHOLE that nobody agreed upon has no effect",
    options: {},
    attributes: { communities: [BLACKHOLE] },
    is: { isBlackhole: false, communities: [BLACKHOLE] },
  },
  {
    name: "BLACKHOLE is looked for after the policy, which may refuse long prefixes",
    options: { honoursBlackhole: true },
    filter: filterOf("no blackholes", (route) => ((route.communities = [1]), true), { readsPrefix: true }),
    attributes: { communities: [BLACKHOLE] },
    is: { isBlackhole: false, communities: [1] },
  },
  // RFC 9234 §5
  ...(["customer", "peer", "routeServerClient"] as const).map((role) => ({
    name: `OTC is added to the routes of one to whom we are ${role}`,
    options: { role },
    is: { onlyToCustomer: PEER_AS },
    notes: ["OTC 65010 added (RFC 9234 §5)"],
  })),
  ...(["provider", "routeServer"] as const).map((role) => ({
    name: `no OTC is added to the routes of one to whom we are ${role}`,
    options: { role },
    is: { onlyToCustomer: undefined },
  })),
  ...(["customer", "routeServerClient"] as const).map((role) => ({
    name: `OTC of one to whom we are ${role} stays as it is`,
    options: { role },
    attributes: { onlyToCustomer: 64496 },
    is: { onlyToCustomer: 64496 },
  })),
  {
    name: "OTC of a peer with its own AS stays",
    options: { role: "peer" },
    attributes: { onlyToCustomer: PEER_AS },
    is: { onlyToCustomer: PEER_AS },
  },
  {
    name: "OTC of a peer with another AS is a leak",
    options: { role: "peer" },
    attributes: { onlyToCustomer: 64496 },
    reason: /^route leak: OTC 64496 from a peer with another AS \(RFC 9234 §5\)$/,
  },
  {
    name: "OTC from a customer is a leak, also with its own AS",
    options: { role: "provider" },
    attributes: { onlyToCustomer: PEER_AS },
    reason: /^route leak: OTC 65010 from a customer \(RFC 9234 §5\)$/,
  },
  {
    name: "OTC from a client of our route server is a leak",
    options: { role: "routeServer" },
    attributes: { onlyToCustomer: PEER_AS },
    reason: /^route leak: OTC 65010 from a client of our route server/,
  },
  {
    name: "OTC means nothing where there are no roles",
    options: {},
    attributes: { onlyToCustomer: 64496 },
    is: { onlyToCustomer: 64496 },
  },
  // RFC 4271 §6.3
  {
    name: "NEXT_HOP is our own address in the session",
    options: { localAddress: address("192.0.2.1") },
    reason: /^own address is NEXT_HOP \(RFC 4271 §6.3\)$/,
  },
  {
    name: "NEXT_HOP is another address",
    options: { localAddress: address("192.0.2.2") },
    is: { isBlackhole: false },
  },
];

for (const each of CASES) {
  t.test(each.name, async (t) => {
    const stage = new RibStage();
    const source = sourceOf(stage, each);
    announce(stage.rib, source, [P], { asPath: sequence(PEER_AS, 65011), ...each.attributes });
    const rib = stage.rib.families[0];
    const row = stage.rib.find(prefix(P));
    const route = rib.routes.head(row);
    if (each.reason === undefined) {
      t.equal(rib.best(row), route, "it takes part");
      for (const [key, value] of Object.entries(each.is ?? {})) t.same(seen(stage)[key as keyof Seen], value, key);
    } else {
      t.equal(rib.best(row), 0, "it takes no part");
      t.match(reasonText(stage.rib, rib, row, route), each.reason);
    }
    if (each.notes !== undefined) t.same(importNotes(stage.rib, rib, route), each.notes);
    withdraw(stage.rib, source, [P]);
    t.same([stage.rib.attrs.size, stage.rib.attrs.usedBytes, stage.rib.nextHops.size], [0, 0, 0], "nothing is left");
  });
}

t.test("an external path must begin with the peer's AS where that is enforced", async (t) => {
  const cases: readonly (readonly [NonNullable<PathAttributes["asPath"]>, boolean])[] = [
    [sequence(PEER_AS), true],
    [sequence(PEER_AS, 5), true],
    [sequence(5, PEER_AS), false],
    [[], false],
    [[{ type: 1, asNumbers: [PEER_AS] }], false],
  ];
  for (const enforcesFirstAs of [true, false]) {
    const stage = new RibStage();
    const faults: string[] = [];
    stage.rib.attrs.onFault = (_source, reasons) => faults.push(...reasons);
    const source = sourceOf(stage, { options: { enforcesFirstAs } });
    for (const [asPath, isRight] of cases) {
      announce(stage.rib, source, [P], { asPath });
      t.equal(source.received[0], isRight || !enforcesFirstAs ? 1 : 0, asPathText(asPath));
    }
    t.equal(faults.length, enforcesFirstAs ? 3 : 0);
    if (enforcesFirstAs) {
      t.equal(
        faults[0],
        "AS_PATH does not begin with the peer's AS 65010 (RFC 4271 §6.3, RFC 7606 §7.2): treated as withdrawn",
      );
    }
  }
});

t.test("a policy is asked once per set, and only looks at prefixes if it says so", async (t) => {
  for (const readsPrefix of [false, true]) {
    const stage = new RibStage();
    let asked = 0;
    const filter = filterOf(`count ${readsPrefix}`, () => ++asked > 0, { readsPrefix });
    const source = sourceOf(stage, { options: { weight: 3, localPref: 4, prependsLocalAs: true }, filter });
    const table = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"];
    announce(stage.rib, source, table);
    announce(stage.rib, source, table);
    t.equal(asked, readsPrefix ? 6 : 1);
    t.equal(stage.rib.attrs.size, 2, "the set as received and the effective one");
    withdraw(stage.rib, source, table);
    t.equal(stage.rib.attrs.size, 0);
  }
});

t.test("other options apply to the routes that are there", async (t) => {
  const stage = new RibStage();
  const filter = filterOf("by prefix", () => true, { readsPrefix: true });
  for (const importFilter of [ACCEPT_ALL, filter]) {
    const source = sourceOf(stage, { options: {}, filter: importFilter });
    announce(stage.rib, source, [P], { communities: [BLACKHOLE, NO_EXPORT] });
    const change = (options: Partial<ImportOptions>): Seen => {
      stage.rib.describeSource(source, { ...source.options, import: { ...NO_OPTIONS, ...options } }, 1);
      stage.settle();
      return seen(stage);
    };
    t.match(change({ weight: 5 }), { weight: 5, isBlackhole: false });
    t.match(change({ weight: 6, localPref: 50 }), { weight: 6, localPref: 50 });
    t.match(change({ honoursBlackhole: true }), { weight: 0, isBlackhole: true });
    t.match(change({ isDraining: true }), { localPref: 0, isBlackhole: false });
    t.match(change({}), { weight: 0, isBlackhole: false });
    t.equal(seen(stage).localPref, undefined);
    t.equal(stage.rib.attrs.size, 1, "what is no longer used is given back");
    stage.rib.removeSource(source);
    stage.settle();
    t.equal(stage.rib.attrs.size, 0);
  }
});

t.test("equal octets are judged anew when what makes a loop or a leak has changed", async (t) => {
  const stage = new RibStage();
  const source = sourceOf(stage, { options: {} });
  const isUsed = (): boolean => {
    announce(stage.rib, source, [P], { asPath: sequence(PEER_AS, LOCAL_AS), onlyToCustomer: PEER_AS });
    return source.accepted[0] === 1;
  };
  const become = (options: Partial<ImportOptions>, as = PEER_AS): void => {
    const peer = { address: "", name: "", group: "", as, isEbgp: true };
    stage.rib.describeSource(source, { ...source.options, peer, import: { ...NO_OPTIONS, ...options } }, 1);
  };
  t.equal(isUsed(), false);
  become({ allowAsIn: 1 });
  t.equal(isUsed(), true);
  become({ allowAsIn: 1, role: "provider" });
  t.equal(isUsed(), false, "a leak");
  become({ allowAsIn: 1, role: "peer" });
  t.equal(isUsed(), true);
  become({ allowAsIn: 1, role: "peer" }, 64496);
  t.equal(isUsed(), false, "another AS is at the other end");
  become({ allowAsIn: 1, localAddress: address("192.0.2.1") });
  t.equal(isUsed(), false, "we are the next hop");
  become({ allowAsIn: 1 });
  t.equal(isUsed(), false, "between sessions the address is the last one");
  become({ allowAsIn: 1, localAddress: address("192.0.2.2") });
  t.equal(isUsed(), true);
});

t.test("a session that comes back with the same options does not make its routes look new", async (t) => {
  const stage = new RibStage();
  const localAddress = address("10.0.0.254");
  const source = sourceOf(stage, { options: { weight: 5, localAddress } });
  announce(stage.rib, source, [P]);
  const { routes } = stage.rib.families[0];
  const set = (): number => routes.attrs(routes.head(stage.rib.find(prefix(P))));
  const before = set();
  stage.rib.sourceDown(source, [0, 1]);
  const { localAddress: _unknown, ...known } = { ...NO_OPTIONS, weight: 5, localAddress };
  stage.rib.describeSource(source, { ...source.options, import: known }, 1);
  stage.rib.describeSource(source, { ...source.options, import: { ...known, localAddress } }, 1);
  announce(stage.rib, source, [P]);
  t.equal(set(), before);
});

t.test("the next hop of a blackhole need not be reachable", async (t) => {
  const stage = new RibStage();
  stage.rib.reresolveNextHops(() => ({ reachable: false, cost: 0, via: "" }));
  const source = sourceOf(stage, { options: { honoursBlackhole: true } });
  const rib = stage.rib.families[0];
  const row = (): number => stage.rib.find(prefix(P));
  announce(stage.rib, source, [P], { communities: [1] });
  t.equal(rib.best(row()), 0);
  announce(stage.rib, source, [P], { communities: [BLACKHOLE] });
  t.not(rib.best(row()), 0);
  stage.rib.reresolveNextHops();
  stage.settle();
  t.not(rib.best(row()), 0, "asking again changes nothing");
  const { nextHops, attrs } = stage.rib;
  t.same([...nextHops.bytes(attrs.nextHop(rib.routes.attrs(rib.best(row()))))], [192, 0, 2, 1], "it is still the same");
});

t.test("IPv6 routes are rewritten alike, with both of their next hops", async (t) => {
  const stage = new RibStage();
  const options = { localPref: 7, weight: 3, honoursBlackhole: true, role: "peer" } as const;
  const source = sourceOf(stage, { options });
  const nextHop6 = Uint8Array.of(...address("2001:db8::1"), ...address("fe80::1"));
  const attributes = { origin: 0, asPath: sequence(PEER_AS), communities: [BLACKHOLE] };
  receive(stage.rib, source, { announced: [{ prefix: prefix("2001:db8:9::/64") }], attributes, nextHop6 });
  const rib = stage.rib.families[1];
  const best = rib.best(stage.rib.find(prefix("2001:db8:9::/64")));
  const { attrs, nextHops } = stage.rib;
  const id = rib.routes.attrs(best);
  t.same([attrs.localPref(id), attrs.weight(id), attrs.isBlackhole(id)], [7, 3, true]);
  t.equal(attrs.hasOnlyToCustomer(id), true);
  t.same(nextHops.bytes(attrs.nextHop(id)), nextHop6);
  t.equal(attrs.isTreatAsWithdraw(id), false);
  const own = sourceOf(stage, { options: { localAddress: address("2001:db8::1") } });
  receive(stage.rib, own, { announced: [{ prefix: prefix("2001:db8:8::/64") }], attributes, nextHop6 });
  t.equal(rib.best(stage.rib.find(prefix("2001:db8:8::/64"))), 0, "the global one of the pair is ours");
});
