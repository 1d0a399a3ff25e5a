// Each option of bird.cfg in the SpeakerConfig, BIRD's defaults, and what is refused.

import t from "tap";
import { formatAddress, formatPrefix } from "../../../src/base/ip.js";
import { NO_FILTERS } from "../../../src/bird/config/filter-source.js";
import { FilterChoices } from "../../../src/bird/config/filter-choices.js";
import { toSpeakerConfig } from "../../../src/bird/config/to-speaker-config.js";
import { filesOf } from "../../../src/bird/language/config-files.js";
import { readBirdConfig } from "../../../src/bird/language/read-bird-config.js";
import type { PeerConfig, SpeakerConfig } from "../../../src/config/speaker-config.js";
import { ACCEPT_ALL, REJECT_ALL } from "../../../src/policy/route.js";

const ROUTER_ID = 0x0a000001;

function convert(text: string, ipVersion: 4 | 6 = 4): SpeakerConfig {
  const files = filesOf({ "bird.cfg": text });
  const declared = readBirdConfig("bird.cfg", { ipVersion, files });
  const filters = new FilterChoices({ scripts: declared.scripts, log: () => undefined });
  return toSpeakerConfig(declared, { routerId: ROUTER_ID, controlSocket: "/run/bird.ctl", filters });
}

const peer = (options: string, as = 64512): PeerConfig =>
  convert(`protocol bgp one { local as 64512; neighbor 10.0.0.2 as ${as}; ${options} }`).peers[0];

t.test("a peer of which nothing is said has BIRD's defaults", async (t) => {
  const internal = peer("");
  t.match(internal, {
    key: "one",
    name: "one",
    port: 179,
    as: 64512,
    localAs: 64512,
    localAddress: undefined,
    passive: false,
    disabled: false,
    families: ["ipv4"],
    holdTimeSeconds: 240,
    keepaliveSeconds: 0,
    connectRetrySeconds: 120,
    idleHoldSeconds: [60, 300],
    routeReflectorClient: false,
    nextHop: "default",
    multihop: 64,
    ttlSecurity: false,
    password: undefined,
    missingPolicy: [],
    weight: 100,
    localPref: 100,
    allowAsIn: 0,
    enforceFirstAs: false,
    maxPrefixesIn: undefined,
    maxPrefixesOut: undefined,
    addPathReceive: false,
    addPathSend: 0,
    extendedMessage: false,
    gracefulRestart: "aware",
    restartTimeSeconds: undefined,
  });
  t.equal(internal.importPolicy, ACCEPT_ALL);
  t.equal(internal.exportPolicy, REJECT_ALL);
  t.equal(peer("", 65001).multihop, 0, "an external peer is on the link");
});

t.test("options of a peer", async (t) => {
  const cases: readonly (readonly [string, Partial<PeerConfig>])[] = [
    ["multihop;", { multihop: 64 }],
    ["multihop 3; ttl security on;", { multihop: 3, ttlSecurity: true }],
    ["direct;", { multihop: 0 }],
    ["ttl security off;", { ttlSecurity: false }],
    ["passive;", { passive: true }],
    ["disabled;", { disabled: true }],
    ["next hop self;", { nextHop: "self" }],
    ["next hop keep;", { nextHop: "keep" }],
    ["add paths on;", { addPathReceive: true, addPathSend: "all" }],
    ["add paths rx;", { addPathReceive: true, addPathSend: 0 }],
    ["add paths tx;", { addPathReceive: false, addPathSend: "all" }],
    ["rr client;", { routeReflectorClient: true }],
    ['password "secret";', { password: "secret" }],
    ["allow local as;", { allowAsIn: 0x7fffffff }],
    ["allow local as 2;", { allowAsIn: 2 }],
    ["hold time 90; keepalive time 10;", { holdTimeSeconds: 90, keepaliveSeconds: 10 }],
    ["connect retry time 5; connect delay time 2;", { connectRetrySeconds: 5 }],
    ["error wait time 5,30; error forget time 60;", { idleHoldSeconds: [5, 30] }],
    ["preference 150;", { weight: 150 }],
    ["default bgp_local_pref 7;", { localPref: 7 }],
    ["graceful restart;", { gracefulRestart: true }],
    ["graceful restart off;", { gracefulRestart: false }],
    ["graceful restart aware;", { gracefulRestart: "aware" }],
    ["graceful restart; graceful restart time 45;", { gracefulRestart: true, restartTimeSeconds: 45 }],
    ["enable extended messages on;", { extendedMessage: true }],
    ["gateway recursive;", {}],
  ];
  for (const [options, want] of cases) t.match(peer(options), want, options);
});

t.test("addresses, ports and numbers of a peer", async (t) => {
  const text = "local 10.0.0.1 as 64513; neighbor 10.0.0.2 port 1790 as 65001;";
  const [one] = convert(`protocol bgp one { ${text} }`).peers;
  t.equal(formatAddress(one.address), "10.0.0.2");
  t.equal(one.localAddress === undefined ? "" : formatAddress(one.localAddress), "10.0.0.1");
  t.match(one, { port: 1790, as: 65001, localAs: 64513 });
  const source = peer("source address 10.0.0.9;").localAddress;
  t.equal(source === undefined ? "" : formatAddress(source), "10.0.0.9");
  const linkLocal = "router id 10.0.0.1; protocol bgp one { local as 1; neighbor fe80::2%eth0 as 2; }";
  t.match(convert(linkLocal, 6).peers[0], { address: { zone: "eth0" }, families: ["ipv6"] });
});

t.test("pauses and patience", async (t) => {
  const defaults = { connectDelaySeconds: 5, errorForgetSeconds: 300, startupHoldSeconds: 240 };
  t.same(peer("").birdWaits, defaults);
  t.same(peer("connect delay time 2; error forget time 30; startup hold time 7;").birdWaits, {
    connectDelaySeconds: 2,
    errorForgetSeconds: 30,
    startupHoldSeconds: 7,
  });
});

t.test("limits", async (t) => {
  const base = { ipv4: 10, ipv6: 10, warnPercent: 100, restartAfterSeconds: 60 };
  t.equal(peer("import limit 10;").maxPrefixesIn, undefined);
  t.same(peer("import limit 10;").maxPrefixesAccepted, { ...base, action: "disable" });
  t.same(peer("receive limit 10 action warn;").maxPrefixesIn, { ...base, action: "warn" });
  t.same(peer("export limit 10 action restart;").maxPrefixesOut, { ...base, action: "restart" });
  t.throws(() => peer("import limit 10 action block;"), {
    message: "bird.cfg:1:1 A limit with action block is not supported (protocol one)",
  });
});

t.test("several protocols may have one neighbour", async (t) => {
  const bgp = (name: string): string => `protocol bgp ${name} { local as 1; neighbor 10.0.0.2 as 1; }`;
  const { peers } = convert(`${bgp("Mesh_10_0_0_2")} ${bgp("Global_10_0_0_2")} ${bgp("Node_10_0_0_2")}`);
  t.same(
    peers.map(({ key, type }) => [key, type]),
    [
      ["Mesh_10_0_0_2", "node-to-node mesh"],
      ["Global_10_0_0_2", "global"],
      ["Node_10_0_0_2", "node specific"],
    ],
  );
});

t.test("filters: named, written in place, and equal ones are one", async (t) => {
  const bgp = (n: number): string =>
    `protocol bgp p${n} { local as 1; neighbor 10.0.0.${n} as 1; import filter f; export filter { accept; }; }`;
  const { peers, kernel } = convert(`filter f { reject; } ${bgp(2)} ${bgp(3)} protocol kernel { export filter f; }`);
  t.equal(peers[0].exportPolicy, peers[1].exportPolicy);
  t.equal(peers[0].importPolicy, kernel.exportPolicy);
  t.not(peers[0].importPolicy, peers[0].exportPolicy);
  t.equal(peers[0].importPolicy.script, "f");
});

t.test("the speaker", async (t) => {
  const bgp = "protocol bgp one { local as 64512; neighbor 10.0.0.2 as 64512;";
  const config = convert(`${bgp} graceful restart; }`);
  t.match(config, {
    routerId: ROUTER_ID,
    localAs: 64512,
    clusterId: ROUTER_ID,
    listen: [{ port: 179 }],
    dynamicPeers: [],
    gracefulRestart: {
      enabled: true,
      restartTimeSeconds: 120,
      deferralSeconds: 240,
      staleTimeSeconds: 4095,
      notification: false,
    },
    multipath: { ebgp: 1, ibgp: 1 },
    bestPath: { alwaysCompareMed: false, missingMedAsWorst: false },
    control: { socket: "/run/bird.ctl", mode: 0o660 },
  });
  t.ok(Object.values(config.compatibility).every(Boolean), "all of BIRD's ways");
  t.same(
    config.listen.map(({ address }) => formatAddress(address)),
    ["0.0.0.0"],
  );
  t.equal(convert(`router id 1.2.3.4; ${bgp} }`).routerId, 0x01020304);
  t.equal(convert(`${bgp} rr client; rr cluster id 1.1.1.1; }`).clusterId, 0x01010101);
  t.equal(convert(`${bgp} rr cluster id 1.1.1.1; }`).clusterId, ROUTER_ID, "without clients it means nothing");
  t.equal(convert(`graceful restart wait 100; ${bgp} }`).gracefulRestart.deferralSeconds, 100);
  t.equal(convert(`${bgp} med metric on; }`).bestPath.alwaysCompareMed, true);
});

t.test("where it listens", async (t) => {
  const bgp = "protocol bgp one { local as 1; neighbor 10.0.0.2 as 1; }";
  const listenOf = (text: string, ipVersion: 4 | 6 = 4): readonly string[] =>
    convert(text, ipVersion).listen.map(({ address, port }) => `${formatAddress(address)} ${port}`);
  t.same(listenOf("protocol device { }"), [], "without peers nothing listens");
  t.same(listenOf(`listen bgp address 10.0.0.1 port 1790; ${bgp}`), ["10.0.0.1 1790"]);
  t.same(listenOf(`listen bgp port 1790; ${bgp}`), ["0.0.0.0 1790"]);
  t.same(listenOf("router id 1.1.1.1; protocol bgp a { local as 1; neighbor fd00::2 as 1; }", 6), [":: 179"]);
});

t.test("kernel", async (t) => {
  t.match(convert("protocol kernel { }").kernel, {
    families: [0],
    enabled: true,
    table: 254,
    protocol: 12,
    metric: 0,
    readsKernelFacts: true,
    encapsulation: [],
    auditSeconds: 60,
    removeAtExit: true,
  });
  // `bird` and `bird6` share a kernel.
  t.same(convert("router id 1.1.1.1; protocol kernel { }", 6).kernel.families, [1]);
  const config = convert(
    "protocol kernel { learn; persist; scan time 2; kernel table 100; metric 7; merge paths on; export all; }",
  );
  t.match(config.kernel, { table: 100, metric: 7, auditSeconds: 2, removeAtExit: false });
  t.equal(config.kernel.exportPolicy, ACCEPT_ALL);
  t.match(config.multipath, { ebgp: 16, ibgp: 16, relaxAsPath: true });
  t.equal(config.node.learnsAllKernelRoutes, true);
  t.equal(convert("protocol kernel { }").node.learnsAllKernelRoutes, false);
  t.equal(convert("protocol kernel { learn; import none; }").node.learnsAllKernelRoutes, false);
  t.equal(convert("protocol kernel { merge paths on limit 4; }").multipath.ibgp, 4);
  t.equal(config.kernel.writes, true);
  for (const text of ["protocol device { }", "protocol kernel { disabled; learn; export all; }"]) {
    const { kernel, node } = convert(text);
    // It is read all the same, and nothing is removed at the end.
    t.match(kernel, { enabled: true, writes: false, removeAtExit: false }, text);
    t.equal(kernel.exportPolicy, REJECT_ALL);
    t.equal(node.learnsAllKernelRoutes, false);
  }
});

t.test("direct", async (t) => {
  const patterns = (options: string): readonly string[] => convert(`protocol direct { ${options} }`).node.direct;
  t.same(patterns(""), ["*"]);
  t.same(patterns('interface -"cali*", "*";'), ["!cali*", "*", "!*"]);
  t.same(patterns('interface "eth*" 10.0.0.0/8, -10.1.0.0/16;'), ["eth* 10.0.0.0/8", "!* 10.1.0.0/16", "!*"]);
  t.same(patterns("import none;"), []);
  t.same(convert("protocol device { }").node.direct, []);
});

t.test("static", async (t) => {
  const { node } = convert(`protocol static {
    route 10.1.0.0/16 blackhole; route 10.2.0.0/16 unreachable; route 10.3.0.0/16 prohibit;
    route 10.4.0.0/16 via 10.0.0.1; route 10.5.0.0/16 via "eth0";
    route 10.6.0.0/16 multipath via 10.0.0.1 via 10.0.0.2; }`);
  t.same(
    node.static.map(({ prefix, via, install }) => [formatPrefix(prefix), via.kind, install]),
    [
      ["10.1.0.0/16", "blackhole", true],
      ["10.2.0.0/16", "unreachable", true],
      ["10.3.0.0/16", "prohibit", true],
      ["10.4.0.0/16", "gateway", true],
      ["10.5.0.0/16", "device", true],
      ["10.6.0.0/16", "gateways", true],
    ],
  );
  t.same(node.weights, { static: 200, direct: 240, kernel: 10 });
  const two = convert(
    "protocol static { route 10.1.0.0/16 blackhole; } protocol static { route 10.2.0.0/16 blackhole; }",
  );
  t.equal(two.node.static.length, 2);
  t.equal(convert("protocol static { preference 5; }").node.weights?.static, 5);
  t.same(convert("protocol static { disabled; route 10.1.0.0/16 blackhole; }").node.static, []);
});

t.test("what cannot be done is refused with its place", async (t) => {
  const bgp = (name: string, options: string, as = 1): string =>
    `protocol bgp ${name} { local as 1; neighbor 10.0.0.2 as ${as}; ${options} }`;
  const cases: readonly (readonly [string, string])[] = [
    [bgp("a", "rs client;", 2), "rs client is not supported (protocol a)"],
    [bgp("a", "disable after error;"), "disable after error is not supported (protocol a)"],
    [bgp("a", "interpret communities off;"), "interpret communities off is not supported (protocol a)"],
    [
      bgp("a", "rr client; rr cluster id 1.1.1.1;") + bgp("b", "rr client;"),
      "Different cluster ids (1.1.1.1, none) are not supported (protocol b)",
    ],
    [bgp("a", "router id 9.9.9.9;"), "A router id other than that of the daemon is not supported (protocol a)"],
    [bgp("a", "med metric;") + bgp("b", ""), "med metric in some protocols only is not supported (protocol b)"],
    ["protocol direct { } protocol direct { }", "A second protocol direct is not supported (protocol direct2)"],
    [
      "protocol static { import filter { accept; }; }",
      "An import filter of protocol static is not supported (protocol static1)",
    ],
    // A command may enable it.
    ["protocol kernel { disabled; device routes; }", "device routes is not supported (protocol kernel1)"],
    [
      "protocol static { route 10.0.0.0/8 recursive 10.1.1.1; }",
      "Recursive static routes are not supported (protocol static1)",
    ],
    [
      "protocol static { } protocol static { preference 3; }",
      "Static protocols with different preferences are not supported (protocol static2)",
    ],
  ];
  for (const [text, want] of cases) {
    let message = "";
    try {
      convert(text);
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    t.match(message, /^bird\.cfg:1:\d+ /, text);
    t.equal(message.replace(/^\S+ /, ""), want, text);
  }
});

t.test("a check makes no filters", async (t) => {
  const files = filesOf({ "bird.cfg": "filter f { accept; } protocol kernel { export filter f; }" });
  const declared = readBirdConfig("bird.cfg", { ipVersion: 4, files });
  const config = toSpeakerConfig(declared, { routerId: 1, controlSocket: "", filters: NO_FILTERS });
  t.equal(config.kernel.exportPolicy, REJECT_ALL);
});

t.test("the node's own routes have the names of their protocols", async (t) => {
  const { node } = convert(
    `protocol static { route 10.1.0.0/16 blackhole; } protocol static two { route 10.2.0.0/16 blackhole; }
     protocol kernel { learn; } protocol direct links { }`,
  );
  t.same(
    node.static.map(({ protocolName }) => protocolName),
    ["static1", "two"],
  );
  t.same(node.protocolNames, { direct: "links", kernel: "kernel1" });
});

t.test("interface options of direct", async (t) => {
  const direct = (options: string): readonly string[] => convert(`protocol direct { ${options} }`).node.direct;
  t.same(direct('interface -"cali*", "*";'), ["!cali*", "*", "!*"]);
  t.same(direct('interface "-cali*", "*";'), ["!cali*", "*", "!*"], "the dash in the quotes");
  t.same(direct('interface -"-cali*";'), ["cali*", "!*"]);
  // One list each, as BIRD does it: the second takes what the first excludes.
  t.same(direct('interface -"cali*"; interface "*";'), ["*", "!cali*", "!*"]);
  t.same(direct('interface "eth*"; interface -"cali*", "*";'), ["eth*", "!cali*", "*", "!*"]);
  t.throws(() => direct('interface -"a*", "*"; interface -"b*", "*";'), {
    message: /Several interface options with exclusions are not supported/,
  });
});
