// Attribute sets as one group of peers sees them, octet for octet where it matters.

import t from "tap";
import { ByteWriter, fromHex, toHex } from "../../src/base/bytes.js";
import { type PathAttributes, decodeAttributes, encodeAttributes } from "../../src/packet/attributes/index.js";
import { AttributeWriter } from "../../src/rib/attribute-writer.js";
import { CONTEXT } from "../../src/rib/set-context.js";
import { ExportRules, type GroupOptions } from "../../src/rib/export-rules.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { groupOptions, RibStage } from "./rib-stage.js";
import { attributesOf, sequence } from "./updates.js";

const { ebgp, ibgpClient, ibgpNonClient, local } = RELATION;

/** Octets written for a set of that source to that group. */
function written(from: Relation, to: Partial<GroupOptions>, attributes: PathAttributes, context = 0): Uint8Array {
  const { rib } = new RibStage();
  const source = rib.addSource({
    kind: "bgp",
    name: "",
    relation: from,
    localAs: 65000,
    peer: undefined,
    address: undefined,
  });
  rib.sources.describe(source, source.options, 0x0a000001);
  const body = new ByteWriter();
  encodeAttributes(attributes, body);
  const id = rib.attrs.intern(body.bytes, 0, body.length, source.id, context);
  const rules = new ExportRules(groupOptions(to), rib.attrs, rib.nextHops, rib.sources);
  const writer = new AttributeWriter(rules, rib.attrs, rib.sources);
  const out = new Uint8Array(writer.bound(id) + 8).fill(0xaa);
  const end = writer.write(id, out, 4);
  if (end > writer.bound(id) + 4) throw new Error("more octets than bound() promised");
  return out.slice(4, end);
}

function attributes(from: Relation, to: Partial<GroupOptions>, given: PathAttributes, context = 0): PathAttributes {
  const bytes = written(from, to, given, context);
  return decodeAttributes(bytes, 0, bytes.length, to.fourOctetAs ?? true);
}

t.test("iBGP sends what eBGP brought, with LOCAL_PREF", async (t) => {
  const given = attributesOf({ asPath: sequence(65010), med: 5 });
  t.equal(
    toHex(written(ebgp, { relation: ibgpNonClient }, given)),
    toHex(fromHex("400101 00 | 400206 0201 0000fdf2 | 400304 c0000201 | 800404 00000005 | 400504 00000064")),
  );
});

t.test("LOCAL_PREF of iBGP stays as it is, and eBGP never hears it", async (t) => {
  const given = attributesOf({ localPref: 7 });
  t.equal(attributes(ibgpClient, { relation: ibgpNonClient }, given).localPref, 7);
  t.equal(attributes(ibgpClient, { relation: ebgp }, given).localPref, undefined);
});

t.test("reflection adds ORIGINATOR_ID and CLUSTER_LIST in order of type (RFC 4456 §8)", async (t) => {
  const given = attributesOf({ localPref: 100, communities: [1], extendedCommunities: [[2, 3]] });
  t.equal(
    toHex(written(ibgpClient, { relation: ibgpClient }, given)),
    toHex(
      fromHex(
        "400101 00 | 400200 | 400304 c0000201 | 400504 00000064 | c00804 00000001 | 800904 0a000001 | 800a04 0a0000fd | c01008 00000002 00000003",
      ),
    ),
  );
});

t.test("reflection keeps an existing ORIGINATOR_ID and puts our cluster in front", async (t) => {
  const reflected = attributes(
    ibgpNonClient,
    { relation: ibgpClient },
    attributesOf({ originatorId: 99, clusterList: [7, 8] }),
  );
  t.equal(reflected.originatorId, 99);
  t.same(reflected.clusterList, [0x0a0000fd, 7, 8]);
});

t.test("a CLUSTER_LIST that grows beyond 255 octets gets a longer length field", async (t) => {
  const clusterList = Array.from({ length: 63 }, (_, i) => i + 1);
  const reflected = attributes(ibgpClient, { relation: ibgpClient }, attributesOf({ clusterList }));
  t.same(reflected.clusterList, [0x0a0000fd, ...clusterList]);
});

t.test("neither leaves the AS, nor is it made for routes from outside", async (t) => {
  const outside = attributes(ibgpClient, { relation: ebgp }, attributesOf({ originatorId: 99, clusterList: [7] }));
  t.same([outside.originatorId, outside.clusterList], [undefined, undefined]);
  for (const from of [ebgp, local]) {
    const inside = attributes(
      from,
      { relation: ibgpClient },
      attributesOf({ asPath: from === ebgp ? sequence(65010) : [] }),
      from === local ? CONTEXT.normal : 0,
    );
    t.same([inside.originatorId, inside.clusterList], [undefined, undefined]);
  }
});

const full = Array.from({ length: 255 }, (_, i) => 64000 + i);
t.test("our AS goes in front of the path (RFC 4271 §5.1.2)", async (t) => {
  const cases: readonly (readonly [string, PathAttributes["asPath"], PathAttributes["asPath"]])[] = [
    ["an empty path", [], sequence(65000)],
    ["a sequence", sequence(1, 2), sequence(65000, 1, 2)],
    ["a set first", [{ type: 1, asNumbers: [1, 2] }], [...sequence(65000), { type: 1, asNumbers: [1, 2] }]],
    ["a full sequence", sequence(...full), [...sequence(65000), ...sequence(...full)]],
    ["254 in a sequence", sequence(...full.slice(1)), sequence(65000, ...full.slice(1))],
    [
      "63 numbers: the value grows over 255 octets",
      sequence(...full.slice(0, 63)),
      sequence(65000, ...full.slice(0, 63)),
    ],
    [
      "sequence and set",
      [...sequence(1), { type: 1, asNumbers: [2, 3] }],
      [...sequence(65000, 1), { type: 1, asNumbers: [2, 3] }],
    ],
  ];
  for (const [name, asPath = [], wanted] of cases) {
    for (const fourOctetAs of [true, false]) {
      const told = attributes(ibgpClient, { relation: ebgp, fourOctetAs }, attributesOf({ asPath }));
      t.same(told.asPath, wanted, `${name}, ${fourOctetAs ? 4 : 2} octets`);
      t.same(
        attributes(ibgpClient, { relation: ibgpNonClient, fourOctetAs }, attributesOf({ asPath })).asPath,
        asPath,
        "as it is inside the AS",
      );
    }
  }
});

t.test("two-octet peers find AS_TRANS, and the truth in AS4_PATH and AS4_AGGREGATOR (RFC 6793 §4.2.2)", async (t) => {
  const given = attributesOf({ asPath: sequence(400000, 65010), aggregator: { as: 400000, id: 5 } });
  for (const [relation, front] of [
    [ebgp, [65000]],
    [ibgpClient, []],
  ] as const) {
    const told = attributes(ibgpNonClient, { relation, fourOctetAs: false }, given);
    t.same(told.asPath, sequence(...front, 23456, 65010));
    t.same(
      told.as4Path?.flatMap(({ asNumbers }) => asNumbers),
      [...front, 400000, 65010],
    );
    t.same(told.aggregator, { as: 23456, id: 5 });
    t.same(told.as4Aggregator, { as: 400000, id: 5 });
  }
});

t.test("two-octet peers get no AS4 attributes where two octets are enough", async (t) => {
  const given = attributesOf({ asPath: sequence(65010), aggregator: { as: 65010, id: 5 } });
  const told = attributes(ibgpNonClient, { relation: ebgp, fourOctetAs: false }, given);
  t.same([told.as4Path, told.as4Aggregator], [undefined, undefined]);
  t.same([told.asPath, told.aggregator], [sequence(65000, 65010), { as: 65010, id: 5 }]);
});

t.test("a wide AS of our own is AS_TRANS to two-octet peers too", async (t) => {
  const told = attributes(
    ibgpClient,
    { relation: ebgp, fourOctetAs: false, localAs: 400000, globalAs: 400000 },
    attributesOf({ asPath: sequence(1) }),
  );
  t.same(told.asPath, sequence(23456, 1));
  t.same(
    told.as4Path?.flatMap(({ asNumbers }) => asNumbers),
    [400000, 1],
  );
});

t.test("MED of one neighbouring AS does not reach another, unless it is ours (RFC 4271 §5.1.4)", async (t) => {
  const given = attributesOf({ med: 5, asPath: [] });
  const cases: readonly (readonly [Relation, Relation, number, number | undefined])[] = [
    [ibgpClient, ebgp, 0, undefined],
    [ibgpClient, ibgpClient, 0, 5],
    [ebgp, ibgpClient, 0, 5],
    [ebgp, ebgp, CONTEXT.normal | CONTEXT.medIsOurs, 5],
    [local, ebgp, CONTEXT.normal, 5],
  ];
  for (const [from, to, context, med] of cases) t.equal(attributes(from, { relation: to }, given, context).med, med);
});

t.test("IPv6 sets have no NEXT_HOP: it stands in MP_REACH_NLRI", async (t) => {
  t.equal(attributes(ibgpClient, { family: 1 }, attributesOf()).nextHop, undefined);
  t.equal(attributes(ibgpClient, { extendedNextHop: true }, attributesOf()).nextHop, undefined);
});

t.test("unknown transitive attributes go on with the Partial bit, everything else in order of type", async (t) => {
  const unknown = [{ flags: 0xc0, code: 99, value: Uint8Array.of(1) }];
  const given = attributesOf({ unknown, largeCommunities: [[1, 2, 3]], atomicAggregate: true, communities: [5] });
  const bytes = written(ibgpClient, { relation: ibgpNonClient }, given);
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 3 + bytes[at + 2]) types.push(bytes[at + 1]);
  t.same(types, [1, 2, 3, 5, 6, 8, 9, 10, 32, 99]);
  t.equal(bytes.at(-4), 0xe0);
});

t.test("extended communities that are not transitive stay inside the AS (RFC 4360 §6)", async (t) => {
  const both = attributesOf({
    localPref: 100,
    extendedCommunities: [
      [0x00020001, 2],
      [0x40040001, 3],
    ],
  });
  t.same(attributes(ibgpClient, { relation: ebgp }, both).extendedCommunities, [[0x00020001, 2]]);
  t.same(attributes(ibgpClient, { relation: ibgpClient }, both).extendedCommunities, both.extendedCommunities);
  const local = attributesOf({ localPref: 100, extendedCommunities: [[0x40040001, 3]] });
  t.equal(
    attributes(ibgpClient, { relation: ebgp }, local).extendedCommunities,
    undefined,
    "none is left: no attribute",
  );
});

t.test(
  "localAs goes in front with the speaker's own AS behind it, where that is another one (RFC 7705 §3.3)",
  async (t) => {
    const wide = Array.from({ length: 255 }, (_, i) => 1000 + i);
    const set = { type: 1, asNumbers: [1, 2] };
    const cases: readonly (readonly [string, PathAttributes["asPath"], number, PathAttributes["asPath"]])[] = [
      ["a route of our own", [], 64512, sequence(65000, 64512)],
      ["a sequence", sequence(1, 2), 64512, sequence(65000, 64512, 1, 2)],
      ["replace-as", sequence(1, 2), 65000, sequence(65000, 1, 2)],
      ["a set first", [set], 64512, [...sequence(65000, 64512), set]],
      ["253 in a sequence", sequence(...wide.slice(2)), 64512, sequence(65000, 64512, ...wide.slice(2))],
      [
        "254 in a sequence: no room for both",
        sequence(...wide.slice(1)),
        64512,
        [...sequence(65000, 64512), ...sequence(...wide.slice(1))],
      ],
      ["a full sequence", sequence(...wide), 64512, [...sequence(65000, 64512), ...sequence(...wide)]],
    ];
    for (const [name, asPath = [], globalAs, wanted] of cases) {
      for (const fourOctetAs of [true, false]) {
        const told = attributes(ebgp, { relation: ebgp, globalAs, fourOctetAs }, attributesOf({ asPath }));
        t.same(told.asPath, wanted, `${name}, ${fourOctetAs ? 4 : 2} octets`);
        t.same(
          attributes(ebgp, { relation: ibgpClient, globalAs, fourOctetAs }, attributesOf({ asPath })).asPath,
          asPath,
          "inside the AS nothing",
        );
      }
    }
  },
);

t.test("a wide AS behind localAs is in AS4_PATH for old speakers", async (t) => {
  const to = { relation: ebgp, fourOctetAs: false, globalAs: 400000 };
  const told = attributes(ebgp, to, attributesOf({ asPath: sequence(1) }));
  t.same([told.asPath, told.as4Path], [sequence(65000, 23456, 1), sequence(65000, 400000, 1)]);
  const replaced = attributes(ebgp, { ...to, globalAs: 65000 }, attributesOf({ asPath: sequence(1) }));
  t.same([replaced.asPath, replaced.as4Path], [sequence(65000, 1), undefined]);
});

t.test("as-override puts our AS wherever the peers' was", async (t) => {
  const to = { relation: ebgp, overrideAs: 65010 };
  const asPath = [...sequence(65010, 65010, 7, 65010), { type: 1, asNumbers: [65010, 8] }];
  const told = attributes(ebgp, to, attributesOf({ asPath }));
  t.same(told.asPath, [...sequence(65000, 65000, 65000, 7, 65000), { type: 1, asNumbers: [65000, 8] }]);
  const wide = attributes(
    ebgp,
    { relation: ebgp, overrideAs: 400000, fourOctetAs: false },
    attributesOf({ asPath: sequence(400000, 7) }),
  );
  t.same([wide.asPath, wide.as4Path], [sequence(65000, 65000, 7), undefined], "nothing wide is left");
});

t.test("private AS numbers are removed or replaced (RFC 6996 §5)", async (t) => {
  const all = [64511, 64512, 65534, 65535, 4199999999, 4200000000, 4294967294, 4294967295];
  const kept = [64511, 65535, 4199999999, 4294967295];
  const us = 65000; // private itself, and stays
  const cases: readonly (readonly [
    string,
    PathAttributes["asPath"],
    PathAttributes["asPath"],
    PathAttributes["asPath"],
  ])[] = [
    [
      "the ends of the ranges",
      sequence(...all),
      sequence(us, ...kept),
      sequence(us, 64511, us, us, 65535, 4199999999, us, us, 4294967295),
    ],
    ["a path of nothing else", sequence(64512, 64513), sequence(us), sequence(us, us, us)],
    [
      "segments that become empty",
      [{ type: 1, asNumbers: [64512] }, ...sequence(1, 64512)],
      sequence(us, 1),
      [...sequence(us), { type: 1, asNumbers: [us] }, ...sequence(1, us)],
    ],
    ["an empty path", [], sequence(us), sequence(us)],
    [
      "a full segment that shrinks",
      sequence(...full.slice(0, 254), 64512),
      sequence(us, ...full.filter((as) => as < 64512).slice(0, 254)),
      undefined,
    ],
  ];
  for (const [name, asPath = [], removed, replaced] of cases) {
    const told = (removePrivateAs: "remove" | "replace"): PathAttributes["asPath"] =>
      joined(attributes(ebgp, { relation: ebgp, removePrivateAs }, attributesOf({ asPath })).asPath);
    t.same(told("remove"), joined(removed), `${name}: removed`);
    if (replaced !== undefined) t.same(told("replace"), joined(replaced), `${name}: replaced`);
  }
  const narrow = attributes(
    ebgp,
    { relation: ebgp, removePrivateAs: "remove", fourOctetAs: false },
    attributesOf({ asPath: sequence(4200000000, 1) }),
  );
  t.same([narrow.asPath, narrow.as4Path], [sequence(65000, 1), undefined], "no AS4_PATH for what is not there");
});

t.test("removing private numbers comes before overriding, and what overriding puts in stays", async (t) => {
  const asPath = sequence(65010, 7018, 64999);
  const options = { relation: ebgp, removePrivateAs: "remove" } as const;
  const told = (overrideAs: number): PathAttributes["asPath"] =>
    attributes(ebgp, { ...options, overrideAs }, attributesOf({ asPath })).asPath;
  t.same(told(7018), sequence(65000, 65000));
  t.same(told(65010), sequence(65000, 7018));
});

t.test("a peer that is about to lose us is told GRACEFUL_SHUTDOWN (RFC 8326 §4.2)", async (t) => {
  const shutdown = 0xffff0000;
  const cases: readonly (readonly [PathAttributes["communities"], readonly number[]])[] = [
    [undefined, [shutdown]],
    [
      [1, 2],
      [1, 2, shutdown],
    ],
    [
      [shutdown, 5],
      [shutdown, 5],
    ],
    [Array.from({ length: 63 }, (_, i) => i), [...Array.from({ length: 63 }, (_, i) => i), shutdown]],
  ];
  for (const [communities, wanted] of cases) {
    const given = attributesOf({ localPref: 200, ...(communities === undefined ? {} : { communities }) });
    const outside = attributes(ibgpClient, { relation: ebgp, isDraining: true }, given);
    t.same([outside.communities, outside.localPref], [wanted, undefined]);
    for (const from of [local, ibgpClient]) {
      const inside = attributes(from, { relation: ibgpClient, isDraining: true }, given, CONTEXT.normal);
      t.same([inside.communities, inside.localPref], [wanted, 0], "inside the AS also the least LOCAL_PREF");
    }
  }
  t.equal(
    toHex(
      written(ebgp, { relation: ibgpNonClient, isDraining: true }, attributesOf({ largeCommunities: [[1, 2, 3]] })),
    ),
    toHex(
      fromHex(
        "400101 00 | 400200 | 400304 c0000201 | 400504 00000000 | c00804 ffff0000 | c0200c 00000001 00000002 00000003",
      ),
    ),
    "in order of type",
  );
});

t.test("customers, peers and clients of a route server are told OTC (RFC 9234 §5)", async (t) => {
  const roles = ["provider", "peer", "routeServer", "customer", "routeServerClient", undefined] as const;
  for (const role of roles) {
    const marks = role === "provider" || role === "peer" || role === "routeServer";
    const told = (given: PathAttributes): number | undefined =>
      attributes(ebgp, { relation: ebgp, role }, given).onlyToCustomer;
    t.equal(told(attributesOf()), marks ? 65000 : undefined, `we are ${role}`);
    t.equal(told(attributesOf({ onlyToCustomer: 7 })), 7, "what is set stays");
  }
  const unknown = [{ flags: 0xe0, code: 99, value: Uint8Array.of(1) }];
  t.equal(
    toHex(written(ebgp, { relation: ebgp, role: "provider", globalAs: 64512 }, attributesOf({ unknown }))),
    toHex(fromHex("400101 00 | 40020a 0202 0000fde8 0000fc00 | 400304 0a0000fe | c02304 0000fde8 | e06301 01")),
    "in order of type; the AS of the session",
  );
});

/** Touching sequences as one. */
function joined(path: PathAttributes["asPath"] = []): PathAttributes["asPath"] {
  return path.reduce<NonNullable<PathAttributes["asPath"]>>((out, { type, asNumbers }) => {
    const last = out.at(-1);
    if (type !== 2 || last?.type !== 2) return [...out, { type, asNumbers }];
    return [...out.slice(0, -1), { type, asNumbers: [...last.asNumbers, ...asNumbers] }];
  }, []);
}
