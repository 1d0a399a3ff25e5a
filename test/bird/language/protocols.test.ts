// Protocols and their options: what each option of the language becomes in the declarations.

import t from "tap";
import { formatAddress, formatPrefix } from "../../../src/base/ip.js";
import type { BgpDeclaration } from "../../../src/bird/language/declarations.js";
import { read, readBgp } from "./read.js";

const BGP_OPTIONS: readonly (readonly [option: string, expected: Partial<BgpDeclaration>])[] = [
  ["local as 65000;", { localAs: 65000 }],
  ["multihop;", { multihop: 64 }],
  ["multihop 3;", { multihop: 3 }],
  ["multihop 3; direct;", { multihop: 0 }],
  ["ttl security on;", { ttlSecurity: true }],
  ["ttl security off;", { ttlSecurity: false }],
  ["passive;", { passive: true }],
  ["passive no;", { passive: false }],
  ["next hop self;", { nextHop: "self" }],
  ["next hop keep;", { nextHop: "keep" }],
  ["missing lladdr drop;", { missingNextHop: "drop" }],
  ["gateway recursive;", { gateway: "recursive" }],
  ["add paths on;", { addPaths: "both" }],
  ["add paths off;", { addPaths: "off" }],
  ["add paths rx;", { addPaths: "rx" }],
  ["add paths tx;", { addPaths: "tx" }],
  ["graceful restart;", { gracefulRestart: "on" }],
  ["graceful restart off;", { gracefulRestart: "off" }],
  ["graceful restart aware;", { gracefulRestart: "aware" }],
  ["graceful restart time 45;", { gracefulRestart: undefined, gracefulRestartTimeSeconds: 45 }],
  ["local as 2; rr client;", { rrClient: true }],
  ["rr cluster id 1.0.0.1;", { rrClusterId: 0x01000001 }],
  ["rr cluster id 224.0.0.1;", { rrClusterId: 0xe0000001 }],
  ["rs client;", { rsClient: true }],
  ['password "a secret";', { password: "a secret" }],
  ['password "";', { password: "" }],
  ["allow local as;", { allowLocalAs: Infinity }],
  ["allow local as 2;", { allowLocalAs: 2 }],
  ["connect delay time 2;", { connectDelaySeconds: 2 }],
  ["start delay time 2;", { connectDelaySeconds: 2 }],
  ["connect retry time 5;", { connectRetrySeconds: 5 }],
  ["error wait time 5,30;", { errorWaitSeconds: [5, 30] }],
  ["error forget time 300;", { errorForgetSeconds: 300 }],
  ["disable after error;", { disableAfterError: true }],
  ["hold time 90;", { holdTimeSeconds: 90 }],
  ["startup hold time 60;", { startupHoldTimeSeconds: 60 }],
  ["keepalive time 30;", { keepaliveTimeSeconds: 30 }],
  ["default bgp_med 7;", { defaultMed: 7 }],
  ["default bgp_local_pref 200;", { defaultLocalPref: 200 }],
  ["med metric;", { medMetric: true }],
  ["igp metric off;", { igpMetric: false }],
  ["prefer older;", { preferOlder: true }],
  ["deterministic med;", { deterministicMed: true }],
  ["path metric 0;", { comparePathLengths: false }],
  ["enable route refresh off;", { enableRouteRefresh: false }],
  ["enable as4 off;", { enableAs4: false }],
  ["enable extended messages;", { enableExtendedMessages: true }],
  ["capabilities off;", { capabilities: false }],
  ["advertise ipv4 off;", { advertiseIpv4: false }],
  ["interpret communities off;", { interpretCommunities: false }],
  ["secondary no;", { secondary: false }],
  ['interface "eth0";', { interface: "eth0" }],
  // Common to all protocols
  ['description "a peer";', { description: "a peer" }],
  ["disabled;", { disabled: true }],
  ["preference 0x10;", { preference: 16 }],
  ["router id 10.0.0.1;", { routerId: 0x0a000001 }],
  ["import all;", { import: { kind: "all" } }],
  ["export none;", { export: { kind: "none" } }],
  ["import filter f;", { import: { kind: "filter", script: "f", isInline: false } }],
  ["export filter { accept; };", { export: { kind: "filter", script: "export of p1", isInline: true } }],
  ["import where net = 10.0.0.0/8;", { import: { kind: "filter", script: "import of p1", isInline: true } }],
  ["import keep filtered;", { importKeepFiltered: true }],
  ["receive limit 10;", { receiveLimit: { count: 10, action: "disable" } }],
  ["import limit 10 action warn;", { importLimit: { count: 10, action: "warn" } }],
  ["export limit 10 action restart; export limit off;", { exportLimit: undefined }],
  ["debug { states, routes };", { debug: ["states", "routes"] }],
  ["debug off;", { debug: [] }],
  ["debug all;", { debug: ["states", "routes", "filters", "interfaces", "events", "packets"] }],
  ["mrtdump all; setkey no; bfd off; check link off; table master; igp table master;", {}],
  // The last one wins
  ["hold time 90; hold time 180;", { holdTimeSeconds: 180 }],
];

void t.test("options of BGP", (t) => {
  for (const [option, expected] of BGP_OPTIONS) {
    const declaration = readBgp(option, "filter f { accept; }");
    for (const [name, value] of Object.entries(expected)) {
      t.same(declaration[name as keyof BgpDeclaration], value, `${option} ${name}`);
    }
  }
  t.end();
});

void t.test("neighbor and addresses", (t) => {
  const peer = readBgp("source address 192.0.2.9;");
  t.equal(formatAddress(peer.neighbor.address), "192.0.2.1");
  t.match(peer, { neighbor: { port: undefined, as: 2 } });
  t.equal(peer.localAddress && formatAddress(peer.localAddress), "192.0.2.9");
  const { protocols } = read(
    "router id 1.1.1.1; protocol bgp { local fd00::9 as 1; neighbor fe80::2%eth0 port 1790 as 2; }",
    6,
  );
  t.match(protocols, [{ name: "bgp1", neighbor: { port: 1790, as: 2 }, interface: "eth0", localAs: 1 }]);
  t.end();
});

void t.test("what a template says is copied when it is named, and may be said anew", (t) => {
  const { protocols } = read(`
    template bgp a { local as 1; hold time 90; import none; export filter { reject; }; }
    template bgp b from a { hold time 60; multihop; }
    protocol bgp c from b { neighbor 192.0.2.1 as 2; import all; }
    protocol bgp d from c { }
    protocol bgp from a { neighbor 192.0.2.2 as 1; }`);
  t.match(protocols, [
    {
      name: "c",
      localAs: 1,
      holdTimeSeconds: 60,
      multihop: 64,
      import: { kind: "all" },
      export: { kind: "filter", script: "export of a" },
    },
    { name: "d", holdTimeSeconds: 60, neighbor: { as: 2 }, import: { kind: "all" } },
    { name: "bgp1", holdTimeSeconds: 90, multihop: undefined, import: { kind: "none" } },
  ]);
  t.end();
});

void t.test("kernel, device, direct", (t) => {
  const { protocols } = read(`
    protocol kernel { learn; persist; scan time 2; graceful restart; merge paths on; device routes; kernel table 100;
      metric 32; import all; }
    protocol device { scan time 5; }
    protocol direct { interface -"cali*", "dmz*" 192.0.2.0/24; interface "*"; }`);
  t.match(protocols, [
    {
      name: "kernel1",
      learn: true,
      persist: true,
      scanTimeSeconds: 2,
      gracefulRestart: true,
      mergePaths: 16,
      deviceRoutes: true,
      table: 100,
      metric: 32,
    },
    { name: "device1", scanTimeSeconds: 5 },
    {
      name: "direct1",
      interfaces: [
        [
          { excludes: true, pattern: "cali*", prefix: undefined },
          { excludes: false, pattern: "dmz*", prefix: { length: 24 } },
        ],
        [{ excludes: false, pattern: "*" }],
      ],
    },
  ]);
  t.match(read("protocol kernel { merge paths off; }").protocols, [{ mergePaths: 0 }]);
  t.match(read("protocol kernel { merge paths on limit 4; }").protocols, [{ mergePaths: 4 }]);
  t.end();
});

void t.test("routes of a template are copied, not shared", (t) => {
  const { protocols } = read(`template static routes_of { route 10.1.0.0/16 blackhole; }
    protocol static a from routes_of { route 10.2.0.0/16 blackhole; } protocol static b from routes_of { }`);
  t.same(
    protocols.map((each) => (each.kind === "static" ? each.routes.length : 0)),
    [2, 1],
  );
  t.end();
});

void t.test("static routes", (t) => {
  const { protocols } = read(`protocol static {
    route 10.1.0.0/16 blackhole;
    route 10.2.0.0/16 unreachable;
    route 10.3.0.0/16 prohibit;
    route 10.4.0.0/16 via 192.0.2.1;
    route 10.5.0.0:255.255.0.0 via "eth0";
    route 10.6.0.0/(8 + 8) recursive 192.0.2.9;
    route 10.7.0.0/16 multipath via 192.0.2.1 weight 3 via 192.0.2.2;
  }`);
  const [declaration] = protocols;
  if (declaration.kind !== "static") return t.fail("no static protocol");
  t.same(
    declaration.routes.map(({ prefix, to }) => `${formatPrefix(prefix)} ${to.kind}`),
    [
      "10.1.0.0/16 blackhole",
      "10.2.0.0/16 unreachable",
      "10.3.0.0/16 prohibit",
      "10.4.0.0/16 via",
      "10.5.0.0/16 device",
      "10.6.0.0/16 recursive",
      "10.7.0.0/16 via",
    ],
  );
  t.match(declaration.routes[6].to, { gateways: [{ weight: 3 }, { weight: 1 }] });
  t.match(declaration.routes[3].at, { line: 5, column: 5 });
  t.end();
});

void t.test("statements of the whole file", (t) => {
  const config = read(`
    log syslog all; debug protocols { states }; timeformat base iso long; mrtdump "file"; watchdog warning 5 s;
    router id 198.51.100.11; listen bgp address 198.51.100.11 port 1790; graceful restart wait 90; table spare;
    define PORT = 179 + 1; eval PORT; function f() { }
    filter g { accept; } template bgp t { } protocol device { debug off; } protocol static { }`);
  t.equal(config.routerId, 0xc633640b);
  t.match(config.listen, { address: { bytes: [198, 51, 100, 11] }, port: 1790 });
  t.equal(config.gracefulRestartWaitSeconds, 90);
  t.match(config.protocols, [{ debug: [] }, { debug: ["states"] }]);
  t.same(
    config.symbols.map(({ name, kind }) => `${name} ${kind}`),
    [
      ...["master routing table", "spare routing table", "PORT constant", "f function", "g filter", "t template"],
      ...["device1 protocol", "static1 protocol"],
    ],
  );
  t.end();
});

t.test("an empty protocol bfd is nothing", async (t) => {
  const names = ["protocol bfd { } ", "protocol bfd watch { } "].map((text) =>
    read(`${text} protocol device { }`).protocols.map(({ name }) => name),
  );
  t.strictSame(names, [["device1"], ["device1"]]);
});
