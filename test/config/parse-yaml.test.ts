// What files mean: defaults, inheritance, mesh, dynamic peers, policies as they are written. Errors have a file of their own.

import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { formatAddress, formatPrefix } from "../../src/base/ip.js";
import { formatConfigErrors } from "../../src/config/config-error.js";
import { parseConfig, type ParseOptions } from "../../src/config/parse-yaml.js";
import type { PeerConfig, SpeakerConfig } from "../../src/config/speaker-config.js";
import { filtersEqual } from "../../src/policy/compile.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL, type Route } from "../../src/policy/route.js";
import { samplePeer, sampleRoute, sequence } from "../policy/sample-route.js";
import { ROOT } from "../support/root.js";

const HEAD = "routerId: 192.0.2.1\nas: 65000\n";

function load(text: string, options: ParseOptions = {}): SpeakerConfig {
  const result = parseConfig(text, "node.yaml", options);
  if ("errors" in result) throw new Error(formatConfigErrors(result.errors));
  return result.config;
}

function onlyPeer(text: string): PeerConfig {
  const { peers } = load(text);
  t.equal(peers.length, 1, "one peer");
  return peers[0];
}

t.test("the smallest file has every default filled in", (t) => {
  const config = load(HEAD);
  t.match(config, { routerId: 0xc0000201, localAs: 65000, clusterId: 0xc0000201, peers: [], dynamicPeers: [] });
  t.same(
    config.listen.map(({ address, port }) => [formatAddress(address), port]),
    [
      ["0.0.0.0", 179],
      ["::", 179],
    ],
  );
  t.same(config.gracefulRestart, {
    enabled: true,
    restartTimeSeconds: 120,
    deferralSeconds: 60,
    staleTimeSeconds: 300,
    notification: false,
  });
  t.same(config.multipath, { ebgp: 16, ibgp: 16, relaxAsPath: true });
  t.same(config.bestPath, { alwaysCompareMed: false, missingMedAsWorst: false });
  t.same(config.node, {
    blocks: [],
    borrowed: [],
    static: [],
    aggregates: [],
    direct: [],
    kernelRoutes: [],
    learnsAllKernelRoutes: false,
    weights: undefined,
  });
  t.match(config.kernel, {
    enabled: true,
    families: [0, 1],
    table: 254,
    protocol: 12,
    metric: 0,
    readsKernelFacts: false,
    encapsulation: [],
    auditSeconds: 60,
    removeAtExit: false,
    staleSeconds: 120,
  });
  t.equal(config.kernel.exportPolicy, ACCEPT_ALL);
  t.same(config.control, { socket: "/run/starling/starling.sock", mode: 0o660, group: "" });
  t.same(config.log, { level: "info", format: "text" });
  t.end();
});

t.test("an internal peer accepts and sends all by default", (t) => {
  const peer = onlyPeer(`${HEAD}peers: [{address: 192.0.2.2, as: 65000}]`);
  t.equal(peer.importPolicy, ACCEPT_ALL);
  t.equal(peer.exportPolicy, ACCEPT_ALL);
  t.match(peer, {
    key: "192.0.2.2",
    name: "192.0.2.2",
    type: "node specific",
    group: "",
    port: 179,
    families: ["ipv4"],
    holdTimeSeconds: 90,
    keepaliveSeconds: 0,
    connectRetrySeconds: 5,
    idleHoldSeconds: [1, 30],
    nextHop: "default",
    multihop: 0,
    ttlSecurity: false,
    missingPolicy: [],
    addPathReceive: false,
    extendedMessage: true,
    gracefulRestart: true,
  });
  t.equal(peer.password, undefined);
  t.equal(peer.localAddress, undefined);
  t.end();
});

t.test("an external peer without policies exchanges nothing, and says so (RFC 8212)", (t) => {
  const both = onlyPeer(`${HEAD}peers: [{address: "2001:db8::2", as: 65001}]`);
  t.same(both.missingPolicy, ["import", "export"]);
  t.equal(both.importPolicy, REJECT_ALL);
  t.same(both.families, ["ipv6"], "the family of its address");
  const one = onlyPeer(`${HEAD}peers: [{address: 192.0.2.2, as: 65001, importPolicy: accept}]`);
  t.same(one.missingPolicy, ["export"]);
  t.equal(one.importPolicy, ACCEPT_ALL);
  t.end();
});

t.test("localAs decides what is internal", (t) => {
  const peer = onlyPeer(`${HEAD}peers: [{address: 192.0.2.2, as: 65001, localAs: 65001, routeReflectorClient: true}]`);
  t.match(peer, { localAs: 65001, routeReflectorClient: true, missingPolicy: [] });
  t.end();
});

t.test("a number for ttlSecurity is the number of hops", (t) => {
  const peerWith = (option: string): PeerConfig =>
    onlyPeer(`${HEAD}peers: [{address: 192.0.2.2, as: 65001, ${option}}]`);
  t.match(peerWith("ttlSecurity: 3"), { ttlSecurity: true, multihop: 3 });
  t.match(peerWith("ttlSecurity: 1"), { ttlSecurity: true, multihop: 0 });
  t.match(peerWith("ttlSecurity: true"), { ttlSecurity: true, multihop: 0 });
  t.match(peerWith("ttlSecurity: false, multihop: 2"), { ttlSecurity: false, multihop: 2 });
  t.end();
});

t.test("a limit of prefixes is a number for each family, or a mapping", (t) => {
  const peer = onlyPeer(`${HEAD}
peers:
  - address: 192.0.2.2
    as: 65000
    maxPrefixesIn: 1000
    maxPrefixesOut: {ipv6: 10, action: disable, warnPercent: 90}
`);
  const restart = { action: "restart", restartAfterSeconds: 300 };
  t.same(peer.maxPrefixesIn, { ipv4: 1000, ipv6: 1000, warnPercent: 75, ...restart });
  t.same(peer.maxPrefixesOut, {
    ipv4: undefined,
    ipv6: 10,
    warnPercent: 90,
    action: "disable",
    restartAfterSeconds: 300,
  });
  t.end();
});

t.test("what is said about AS numbers, preference and paths arrives", (t) => {
  const peer = onlyPeer(`${HEAD}
bestPath: {alwaysCompareMed: true, deterministicMed: true}
peers:
  - address: 192.0.2.2
    as: 65001
    localAs: 65100
    localAsNoPrepend: true
    allowAsIn: 2
    asOverride: true
    removePrivateAs: replace
    enforceFirstAs: true
    role: customer
    roleStrict: true
    weight: 7
    localPref: 50
    nextHop: unchanged
    addPathSend: all
    sendHoldSeconds: 120
    delayOpenSeconds: 5
    defaultOriginate: true
    gracefulShutdown: false
    blackhole: true
`);
  t.match(peer, {
    localAs: 65100,
    localAsNoPrepend: true,
    localAsReplaceAs: false,
    allowAsIn: 2,
    asOverride: true,
    removePrivateAs: "replace",
    enforceFirstAs: true,
    role: "customer",
    roleStrict: true,
    weight: 7,
    localPref: 50,
    nextHop: "keep",
    addPathSend: "all",
    sendHoldSeconds: 120,
    delayOpenSeconds: 5,
    defaultOriginate: true,
    gracefulShutdown: false,
    blackhole: true,
  });
  t.end();
});

t.test("the nearest place that says something wins, option by option", (t) => {
  const [first, second] = load(`${HEAD}
defaults: {holdTimeSeconds: 30, port: 1790, connectRetrySeconds: 9, localAddress: 192.0.2.1}
peerGroups:
  base: {holdTimeSeconds: 40, as: 65000, port: 1791}
  leaf: {inherits: base, port: 1792}
peers:
  - {address: 192.0.2.2, group: leaf, name: leaf-1}
  - {address: "2001:db8::3", group: leaf, as: 65001, port: 1793, scope: global}
`).peers;
  t.match(first, { name: "leaf-1", group: "leaf", as: 65000, holdTimeSeconds: 40, port: 1792, connectRetrySeconds: 9 });
  t.equal(first.localAddress && formatAddress(first.localAddress), "192.0.2.1");
  t.match(second, { type: "global", as: 65001, port: 1793, holdTimeSeconds: 40 });
  t.equal(second.localAddress, undefined, "an inherited source address of the other family does not apply");
  t.end();
});

const MESH = `as: 65000
mesh:
  nodes:
    - {name: a, addresses: [192.0.2.1, "2001:db8::1"]}
    - {name: b, addresses: [192.0.2.2, "2001:db8::2"]}
    - {name: c, addresses: ["2001:db8::3"], as: 65003}
`;

function sessions(config: SpeakerConfig): readonly string[] {
  return config.peers.map(
    (peer) => `${peer.localAddress && formatAddress(peer.localAddress)} → ${peer.key} ${peer.as}`,
  );
}

t.test("a mesh leaves us out and has a session for each family both have", (t) => {
  const atB = load(MESH, { node: "b" });
  t.same(sessions(atB), [
    "192.0.2.2 → 192.0.2.1 65000",
    "2001:db8::2 → 2001:db8::1 65000",
    "2001:db8::2 → 2001:db8::3 65003",
  ]);
  t.equal(atB.routerId, 0xc0000202);
  const atA = load(`${MESH}  self: a\n`, { node: "b" });
  t.equal(atA.routerId, 0xc0000201, "what the file says goes before the name of the process");
  const atC = load(`routerId: 192.0.2.3\n${MESH}  self: c\n`);
  t.equal(atC.localAs, 65003, "a node's own AS is ours");
  t.same(sessions(atC), ["2001:db8::3 → 2001:db8::1 65000", "2001:db8::3 → 2001:db8::2 65000"]);
  t.same(load(`routerId: 192.0.2.9\n${MESH}  enabled: false\n`).peers, [], "switched off");
  t.end();
});

t.test("both ends of a mesh session agree", (t) => {
  const ends = ["a", "b", "c"].flatMap((node) =>
    sessions(load(`${MESH}${node === "c" ? "routerId: 192.0.2.3\n" : ""}`, { node })),
  );
  const pairs = ends.map((end) => end.split(" ").slice(0, 3).join(" "));
  const turned = pairs.map((pair) => pair.split(" → ").reverse().join(" → "));
  t.same(pairs.sort(), turned.sort());
  t.end();
});

t.test("dynamic peers are passive and take their AS numbers from the range or the group", (t) => {
  const { dynamicPeers } = load(`${HEAD}
peerGroups: {clients: {as: 65000, routeReflectorClient: true, passive: false}, tors: {importPolicy: accept, exportPolicy: accept}}
dynamicPeers:
  - {prefix: 10.0.0.0/24, group: clients}
  - {prefix: "2001:db8::/64", group: tors, as: [65001, 65002, 65001], limit: 8}
`);
  t.same(
    dynamicPeers.map(({ prefix, limit, asNumbers, template }) => [
      formatPrefix(prefix),
      limit,
      asNumbers,
      template.as,
      template.passive,
      template.type,
    ]),
    [
      ["10.0.0.0/24", 256, [], 65000, true, "dynamic"],
      ["2001:db8::/64", 8, [65001, 65002], 65001, true, "dynamic"],
    ],
  );
  t.end();
});

t.test("routes of the node and of the kernel are read", (t) => {
  const { node, kernel, listen } = load(`${HEAD}
listen: [{address: "2001:db8::1"}, "192.0.2.1", "192.0.2.2:1790"]
node:
  static:
    - {prefix: 10.0.0.0/8, via: 192.0.2.254}
    - {prefix: "2001:db8:1::/48", via: "fe80::1%eth0", install: false}
    - {prefix: 10.1.0.0/16, device: eth1}
    - {prefix: 10.2.0.0/16, type: unreachable}
    - {prefix: 10.3.0.0/16, type: none}
    - {prefix: 10.4.0.0/16, via: [192.0.2.253, 192.0.2.254], device: eth0, metric: 4294967295}
  aggregates: [{prefix: 10.244.0.0/16, summaryOnly: true}]
kernel: {table: 100, protocol: bgp, encapsulation: [{prefix: 10.0.0.0/8, mode: always}]}
control: {mode: "600"}
`);
  t.match(
    node.static.map(({ via, install }) => [via.kind, install]),
    [
      ["gateway", true],
      ["gateway", false],
      ["device", true],
      ["unreachable", true],
      ["none", false],
      ["gateways", true],
    ],
  );
  t.match(node.static[5], { via: { gateways: [{ device: "eth0" }, { device: "eth0" }] }, metric: 4294967295 });
  t.match(node.static[1].via, { kind: "gateway", device: "eth0" }, "the interface of a link-local gateway");
  t.match(node.aggregates, [{ summaryOnly: true }]);
  t.match(kernel, { table: 100, protocol: 186, encapsulation: [{ device: "tunl0" }] });
  t.same(
    listen.map(({ port }) => port),
    [179, 179, 1790],
  );
  t.end();
});

function filterOf(policies: string, names = "p", extra = ""): Filter {
  return onlyPeer(
    `${HEAD}${extra}peers: [{address: 192.0.2.2, as: 65001, importPolicy: ${names}}]\npolicies:\n${policies}`,
  ).importPolicy;
}

const CONDITIONS: readonly { match: string; yes: readonly Partial<Route>[]; no: readonly Partial<Route>[] }[] = [
  { match: "prefix: 10.1.0.0/16", yes: [{}], no: [{ prefixLength: 17 }] },
  {
    match: "prefix: [10.0.0.0/8, 10.0.0.0/8 ge 20 le 24]",
    yes: [{ prefixLength: 20 }],
    no: [{}, { prefixLength: 25 }],
  },
  { match: "prefix: {prefix: 10.0.0.0/8, ge: 16}", yes: [{}, { prefixLength: 32 }], no: [{ prefixLength: 15 }] },
  { match: "prefixSet: [ours, none]", yes: [{}], no: [{ prefixLength: 15 }] },
  { match: "prefixLength: {ge: 16, le: 20}", yes: [{}], no: [{ prefixLength: 21 }] },
  { match: "family: ipv4", yes: [{}], no: [{ family: 1 }] },
  { match: "source: [static, kernel]", yes: [{ from: "kernel" }], no: [{}] },
  {
    match: 'community: ["65000:*", blackhole]',
    yes: [{ communities: [0xfde80007] }, { communities: [0xffff029a] }],
    no: [{}, { communities: [0xfde90007] }],
  },
  { match: "community: backup", yes: [{ communities: [0xfde80032] }], no: [{ communities: [0xfde80033] }] },
  {
    match: 'largeCommunity: "65000:1:*"',
    yes: [{ largeCommunities: [[65000, 1, 9]] }],
    no: [{ largeCommunities: [[65000, 2, 9]] }],
  },
  {
    match: 'extendedCommunity: "rt:65000:*"',
    yes: [{ extendedCommunities: [[0x0002fde8, 9]] }],
    no: [{ extendedCommunities: [[0x0003fde8, 9]] }],
  },
  { match: "asPath: 65010", yes: [{ asPath: sequence(1, 65010) }], no: [{ asPath: sequence(1) }] },
  {
    match: 'asPath: [spine, "^7$"]',
    yes: [{ asPath: sequence(7) }, { asPath: sequence(65001, 3) }],
    no: [{ asPath: sequence(7, 7) }],
  },
  { match: "asPathContains: [5, 64512-65534]", yes: [{ asPath: sequence(1, 64512) }], no: [{ asPath: sequence(6) }] },
  { match: "asPathLength: {le: 2}", yes: [{}, { asPath: sequence(1, 2) }], no: [{ asPath: sequence(1, 2, 3) }] },
  { match: "neighborAs: 65001", yes: [{ asPath: sequence(65001, 2) }], no: [{ asPath: sequence(2, 65001) }, {}] },
  { match: "originAs: 65001-65003", yes: [{ asPath: sequence(2, 65001) }], no: [{ asPath: sequence(65001, 2) }, {}] },
  {
    match: "peer: {name: tor-*, type: external}",
    yes: [{ learnedFrom: samplePeer() }],
    no: [{}, { learnedFrom: samplePeer({ isEbgp: false }) }],
  },
  {
    match: "peer: {group: [leafs, tors], as: 65001}",
    yes: [{ sentTo: samplePeer() }],
    no: [{ sentTo: samplePeer({ group: "x" }), learnedFrom: samplePeer() }],
  },
  {
    match: "learnedFrom: {address: 192.0.2.9}",
    yes: [{ learnedFrom: samplePeer() }],
    no: [{}, { sentTo: samplePeer() }],
  },
  {
    match: "learnedFrom: {type: internal}",
    yes: [{ learnedFrom: samplePeer({ isEbgp: false }) }],
    no: [{}, { learnedFrom: samplePeer() }],
  },
  {
    match: "nextHop: [192.0.2.0/24]",
    yes: [{}],
    no: [{ nextHop: Uint8Array.of(192, 0, 3, 1) }, { nextHop: new Uint8Array(0) }],
  },
  { match: "origin: [egp, incomplete]", yes: [{ origin: 2 }], no: [{}] },
  { match: "med: 5", yes: [{ med: 5 }], no: [{}, { med: 6 }] },
  { match: "med: {le: 5}", yes: [{}, { med: 5 }], no: [{ med: 6 }] },
  { match: "localPref: {ge: 100}", yes: [{ localPref: 100 }], no: [{}, { localPref: 99 }] },
  { match: "weight: {ge: 1}", yes: [{ weight: 1 }], no: [{}] },
  { match: "any: [{med: 5}, {med: 6}]", yes: [{ med: 6 }], no: [{ med: 7 }] },
  {
    match: "all: [{med: {ge: 5}}, {med: {le: 6}}], weight: 0",
    yes: [{ med: 6 }],
    no: [{ med: 7 }, { med: 6, weight: 1 }],
  },
  { match: "not: {med: 5}", yes: [{}, { med: 6 }], no: [{ med: 5 }] },
];

const NAMES = `prefixSets: {ours: [10.1.0.0/16], none: []}
asPathPatterns: {spine: ^65001}
communityNames: {backup: "65000:50"}
`;

for (const { match, yes, no } of CONDITIONS) {
  t.test(`{${match}} holds where it should`, (t) => {
    const filter = filterOf(`  p: [{match: {${match}}, action: accept}]\n`, "p", NAMES);
    for (const route of yes) t.equal(filter(sampleRoute(route)).accept, true, JSON.stringify(route));
    for (const route of no) t.equal(filter(sampleRoute(route)).accept, false, JSON.stringify(route));
    t.end();
  });
}

const CHANGES: readonly { set: string; given?: Partial<Route>; then: Partial<Route> }[] = [
  {
    set: "localPref: 200, med: 5, origin: incomplete, weight: 7",
    then: { localPref: 200, med: 5, origin: 2, weight: 7 },
  },
  { set: "med: none", given: { med: 9 }, then: { med: undefined } },
  {
    set: 'nextHop: "2001:db8::1"',
    then: { nextHop: Uint8Array.of(0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1) },
  },
  { set: 'communities: ["65000:1"]', given: { communities: [5] }, then: { communities: [0xfde80001] } },
  { set: "communities: backup", given: { communities: [5] }, then: { communities: [0xfde80032] } },
  {
    set: 'communities: {delete: "65000:*", add: "65000:2"}',
    given: { communities: [5, 0xfde80001] },
    then: { communities: [5, 0xfde80002] },
  },
  { set: "communities: {set: []}", given: { communities: [5] }, then: { communities: [] } },
  { set: 'largeCommunities: {add: ["1:2:3"]}', then: { largeCommunities: [[1, 2, 3]] } },
  { set: 'extendedCommunities: {add: ["rt:65000:1"]}', then: { extendedCommunities: [[0x0002fde8, 1]] } },
  { set: "prepend: 2", given: { asPath: sequence(1) }, then: { asPath: sequence(65000, 65000, 1) } },
  { set: "prepend: {as: 7, times: 2}", given: { asPath: sequence(1) }, then: { asPath: sequence(7, 7, 1) } },
  { set: "prepend: {as: [7, 8]}", given: { asPath: sequence(1) }, then: { asPath: sequence(7, 8, 1) } },
];

for (const { set, given, then } of CHANGES) {
  t.test(`{${set}} changes the route`, (t) => {
    const route = sampleRoute(given);
    t.equal(filterOf(`  p: [{set: {${set}}, action: accept}]\n`, "p", NAMES)(route).accept, true);
    t.same(route, sampleRoute({ ...given, ...then }));
    t.end();
  });
}

t.test("rules go on until one decides; a verdict names its line", (t) => {
  const filter = filterOf(`  p:
    - set: {localPref: 1}
    - match: {med: 1}
      action: next
    - match: {med: 2}
      action: reject
    - match: {med: 3}
      action: nextPolicy
    - action: accept
`);
  const verdict = (med: number): unknown => filter(sampleRoute({ med }));
  t.same(verdict(1), { accept: true, by: "policy p, node.yaml:13" });
  t.same(verdict(2), { accept: false, by: "policy p, node.yaml:10" });
  t.same(verdict(3), { accept: false, by: "policy p, node.yaml:5: no rule decided" });
  t.end();
});

t.test("policies of a list are tried in order, calls come back, defaults end a policy", (t) => {
  const policies = `  tag: [{match: {med: 9}, action: reject}, {set: {weight: 5}, action: nextPolicy}]
  first: [{call: tag, match: {med: {ge: 1}}}]
  second: {description: the end, rules: [{match: {weight: 5}, action: accept}], default: reject}
`;
  const filter = filterOf(policies, "[first, second]");
  t.match(filter(sampleRoute({ med: 1 })), { accept: true, by: /^policy second/ });
  t.match(filter(sampleRoute()), { accept: false, by: "policy second, node.yaml:7" });
  t.match(filter(sampleRoute({ med: 9 })), { accept: false, by: /^policy tag/ });
  t.match(filterOf(policies, "[first, accept]")(sampleRoute()), { accept: true, by: "policy accept" });
  t.match(filterOf(policies, "reject")(sampleRoute()), { accept: false, by: "policy reject" });
  t.end();
});

t.test("peers with the same policies share one filter; a moved policy is an equal one", (t) => {
  const text = `peers: [{address: 192.0.2.2, as: 1, importPolicy: p}, {address: 192.0.2.3, as: 2, importPolicy: [p]}]
policies: {p: [{match: {med: 1}, action: accept}]}
`;
  const [first, second] = load(HEAD + text).peers;
  t.equal(first.importPolicy, second.importPolicy);
  const [moved] = load(`# a comment\n\n${HEAD}${text}`).peers;
  t.not(moved.importPolicy, first.importPolicy);
  t.ok(filtersEqual(moved.importPolicy, first.importPolicy));
  const [changed] = load((HEAD + text).replace("med: 1", "med: 2")).peers;
  t.notOk(filtersEqual(changed.importPolicy, first.importPolicy));
  t.end();
});

const EXAMPLES = readdirSync(join(ROOT, "config"))
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join(ROOT, "config", name), "utf8"));

/** A result is sound if it is a configuration, or errors that lie inside the text. */
function isSound(text: string): boolean {
  const result = parseConfig(text, "x");
  if (!("errors" in result)) return result.config.localAs > 0;
  const lines = text.split(/\r\n|\n|\r/).length;
  return (
    result.errors.length > 0 &&
    result.errors.every(({ line, column, message }) => line >= 1 && line <= lines && column >= 1 && message !== "")
  );
}

t.test("no text makes the parser throw", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."{}[]:,-?&*!|>'\"%@`#\n\t ab01"), maxLength: 60 }), isSound),
    { numRuns: 200 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), isSound), { numRuns: 100 });
  t.pass("300 texts");
  t.end();
});

t.test("no damage to an example makes the parser throw", (t) => {
  const damage = fc.tuple(
    fc.constantFrom(...EXAMPLES),
    fc.nat(),
    fc.nat(12),
    fc.constantFrom("", "\n", ": ", "- ", "[", "}", "*x", "null", "-1", '""', "0", "__proto__: 1\n"),
  );
  fc.assert(
    fc.property(damage, ([text, at, length, insert]) => {
      const start = at % text.length;
      return isSound(text.slice(0, start) + insert + text.slice(start + length));
    }),
    { numRuns: 150 },
  );
  t.pass("damaged examples");
  t.end();
});

t.test("no value in any place makes the parser throw", (t) => {
  const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json));
  const key = fc.constantFrom(
    "listen",
    "defaults",
    "peerGroups",
    "mesh",
    "peers",
    "dynamicPeers",
    "prefixSets",
    "policies",
    "node",
    "kernel",
    "communityNames",
  );
  fc.assert(
    fc.property(key, value, (name, json) => isSound(`${HEAD}${name}: ${json}\n`)),
    { numRuns: 150 },
  );
  t.pass("random values");
  t.end();
});
