// What users get wrong: each row is a file and the exact lines they are shown.

import t from "tap";
import { formatConfigErrors } from "../../src/config/config-error.js";
import { parseConfig } from "../../src/config/parse-yaml.js";

const HEAD = "routerId: 192.0.2.1\nas: 65000\n";

interface Row {
  readonly name: string;
  readonly text: string;
  /** `line:column: message (hint)`, without the file. */
  readonly errors: readonly string[];
}

const YAML_ROWS: readonly Row[] = [
  { name: "an empty file", text: "", errors: ['1:1: "the configuration" has no value (a mapping belongs here)'] },
  { name: "a list", text: "- a\n", errors: ["1:1: expected a mapping, not a list"] },
  {
    name: "two documents",
    text: `${HEAD}---\n${HEAD}`,
    errors: ["3:1: a second document begins here (a configuration is one document; remove what is behind ---)"],
  },
  {
    name: "a key written twice",
    text: `${HEAD}as: 65001\n`,
    errors: ["3:1: this key was already there (each key once; put the entries of both under one)"],
  },
  {
    name: "a tab",
    text: "log:\n\tlevel: info\n",
    errors: ["2:1: Tabs are not allowed as indentation (indent with spaces)"],
  },
  {
    name: "an IPv6 endpoint without quotes",
    text: `${HEAD}listen: [[::]:179]\n`,
    errors: ['3:10: a key must be a plain text (texts that begin with "[" or "{" need quotes)'],
  },
  {
    name: "an alias",
    text: `${HEAD}defaults: &d {port: 1}\npeers: *d\n`,
    errors: [
      "4:8: aliases (*name) are not supported (texts that begin with * need quotes; peerGroups can share options)",
    ],
  },
  {
    name: "a merge key",
    text: `${HEAD}log:\n  <<: {level: info}\n`,
    errors: ['4:3: unknown key "<<" (merge keys are not supported; use peerGroups with inherits)'],
  },
  {
    name: "a quote that is closed far away",
    text: `{}\na: x\n'${" far".repeat(200)}'\n`,
    errors: [
      '2:1: Unexpected scalar at node end (texts that begin with "[" or "{" need quotes)',
      `3:1: Unexpected single-quoted-scalar token in YAML stream: "'${" far".repeat(35)} fa… (texts that begin with "[" or "{" need quotes)`,
    ],
  },
  {
    name: "a text nested without end",
    text: `a: ${"[".repeat(100)}${"]".repeat(100)}`,
    errors: ["1:64: nested too deeply (at most 60 levels)"],
  },
];

const SCHEMA_ROWS: readonly Row[] = [
  { name: "a misspelt key", text: `${HEAD}pears: []\n`, errors: ['3:1: unknown key "pears" (did you mean "peers"?)'] },
  {
    name: "a key from elsewhere",
    text: `${HEAD}log: {bandwidth: 5}\n`,
    errors: ['3:7: unknown key "bandwidth" (known here: level, format)'],
  },
  {
    name: "text for a number",
    text: `${HEAD}multipath: {ebgp: "4"}\n`,
    errors: ['3:19: expected a number, not "4" (without quotes)'],
  },
  { name: "a fraction", text: `${HEAD}multipath: {ebgp: 1.5}\n`, errors: ["3:19: expected a whole number, not 1.5"] },
  {
    name: "a number for text",
    text: "routerId: 5\nas: 1\n",
    errors: ["1:11: expected a text, not 5 (put it in quotes)"],
  },
  { name: "a number out of range", text: `${HEAD}defaults: {port: 70000}\n`, errors: ["3:18: must be at most 65535"] },
  {
    name: "a value that is not there",
    text: `${HEAD}peers:\n`,
    errors: ['3:1: "peers" has no value (a list belongs here)'],
  },
  {
    name: "a mapping for a list",
    text: `${HEAD}peers: {address: 192.0.2.2}\n`,
    errors: ["3:8: expected a list, not a mapping (a list has a dash before each entry)"],
  },
  {
    name: "a word that is none of the choices",
    text: `${HEAD}log: {level: inof}\n`,
    errors: ['3:14: expected "error", "warn", "info" or "debug", not "inof" (did you mean "info"?)'],
  },
  {
    name: "a word among numbers",
    text: `${HEAD}kernel: {table: mian}\n`,
    errors: ['3:17: expected "main" or a number, not "mian" (did you mean "main"?)'],
  },
  {
    name: "a mode without quotes",
    text: `${HEAD}control: {mode: 0660}\n`,
    errors: ['3:17: the mode is a text of octal digits (in quotes: "0660")'],
  },
  { name: "a peer without address", text: `${HEAD}peers:\n  - as: 65000\n`, errors: ['4:5: "address" is missing'] },
  {
    name: "AS 0",
    text: "routerId: 192.0.2.1\nas: 0\n",
    errors: ["2:5: AS 0 is reserved (RFC 7607) (1 to 4294967294)"],
  },
  {
    name: "AS_TRANS",
    text: "routerId: 192.0.2.1\nas: 23456\n",
    errors: ["2:5: AS 23456 is AS_TRANS (RFC 6793) (1 to 4294967294)"],
  },
  {
    name: "the last AS",
    text: "routerId: 192.0.2.1\nas: 4294967295\n",
    errors: ["2:5: AS 4294967295 is reserved (RFC 7300) (1 to 4294967294)"],
  },
  {
    name: "MED by order of arrival",
    text: `${HEAD}bestPath: {deterministicMed: false}\n`,
    errors: ["3:30: MED is always compared independently of the order of arrival (leave deterministicMed out)"],
  },
  {
    name: "a word for a number of paths",
    text: `${HEAD}defaults: {addPathSend: some}\n`,
    errors: ['3:25: expected "all" or a number, not "some"'],
  },
  {
    name: "a limit of prefixes with a misspelt action",
    text: `${HEAD}defaults: {maxPrefixesIn: {ipv4: 5, actoin: warn}}\n`,
    errors: ['3:37: unknown key "actoin" (did you mean "action"?)'],
  },
  {
    name: "a limit of no prefixes",
    text: `${HEAD}defaults: {maxPrefixesOut: 0}\n`,
    errors: ["3:28: must be at least 1"],
  },
  {
    name: "a router id of zero",
    text: "routerId: 0.0.0.0\nas: 1\n",
    errors: ["1:11: the BGP Identifier must not be 0 (RFC 6286)"],
  },
  {
    name: "an IPv6 router id",
    text: 'routerId: "::1"\nas: 1\n',
    errors: ['1:11: "::1" is not a BGP Identifier (four numbers as in 192.0.2.1)'],
  },
  {
    name: "host bits",
    text: `${HEAD}node: {blocks: [10.0.0.1/24]}\n`,
    errors: ['3:17: "10.0.0.1/24" has bits set beyond its length (the network is 10.0.0.0/24)'],
  },
  {
    name: "an address with a length",
    text: `${HEAD}peers:\n  - address: 192.0.2.2/24\n`,
    errors: ['4:14: "192.0.2.2/24" is not an IP address (without a length)'],
  },
  {
    name: "octal-looking octets",
    text: `${HEAD}peers:\n  - address: 192.0.2.010\n`,
    errors: ['4:14: "192.0.2.010" is not an IP address (for example 192.0.2.1 or 2001:db8::1)'],
  },
  {
    name: "a multicast peer",
    text: `${HEAD}peers:\n  - {address: 224.0.0.5, as: 1}\n`,
    errors: ["4:15: a peer cannot have this address: it is a multicast address"],
  },
  {
    name: "a link-local peer without interface",
    text: `${HEAD}peers:\n  - {address: "fe80::1", as: 1}\n`,
    errors: ["4:15: a link-local address needs its interface (for example fe80::1%eth0)"],
  },
  {
    name: "a port that is none",
    text: `${HEAD}listen: ["0.0.0.0:0"]\n`,
    errors: ["3:10: 0 is not a port (1 to 65535)"],
  },
  {
    name: "a host name to listen on",
    text: `${HEAD}listen: ["localhost:179"]\n`,
    errors: ['3:10: "localhost:179" is not an address to listen on (for example "0.0.0.0:179" or "[::]:179")'],
  },
  {
    name: "a hold time of one second",
    text: `${HEAD}defaults: {holdTimeSeconds: 1}\n`,
    errors: ["3:29: a hold time is 0 or at least 3 seconds (RFC 4271 §4.2)"],
  },
  {
    name: "pauses in the wrong order",
    text: `${HEAD}defaults: {idleHoldSeconds: [30, 1]}\n`,
    errors: ["3:29: the first pause is longer than the longest ([shortest, longest])"],
  },
  {
    name: "a long password",
    text: `${HEAD}defaults: {password: ${"x".repeat(81)}}\n`,
    errors: ["3:22: the password is too long (TCP-MD5 keys have at most 80 octets)"],
  },
  {
    name: "a name that is none",
    text: `${HEAD}policies:\n  "my policy": []\n`,
    errors: ['4:3: "my policy": not a name (letters, digits, dot, dash and underscore)'],
  },
  {
    name: "several faults, in the order of the file",
    text: "as: x\npeers:\n  - address: 5\n    holdtimeSeconds: 9\nroutreId: a\n",
    errors: [
      '1:5: expected a number, not "x"',
      "3:14: expected a text, not 5 (put it in quotes)",
      '4:5: unknown key "holdtimeSeconds" (did you mean "holdTimeSeconds"?)',
      '5:1: unknown key "routreId" (did you mean "routerId"?)',
    ],
  },
];

const PEER = "peers:\n  - address: 192.0.2.2\n";

const PEER_ROWS: readonly Row[] = [
  {
    name: "no AS and no router id",
    text: "log: {}\n",
    errors: [
      '1:1: "as" is missing (our AS number)',
      '1:1: "routerId" is missing (a dotted quad, unique among all speakers; often an IPv4 address of the node)',
    ],
  },
  {
    name: "a peer without AS",
    text: `${HEAD}${PEER}`,
    errors: ['4:5: the AS number of 192.0.2.2 is missing (set "as" here, in its group or in defaults)'],
  },
  {
    name: "an unknown group",
    text: `${HEAD}peerGroups: {tors: {}}\n${PEER}    as: 1\n    group: tor\n`,
    errors: ['7:12: unknown peer group "tor" (did you mean "tors"?)'],
  },
  {
    name: "no groups at all",
    text: `${HEAD}${PEER}    as: 1\n    group: tor\n`,
    errors: ['6:12: unknown peer group "tor" (there are no peerGroups)'],
  },
  {
    name: "a group that inherits from nobody",
    text: `${HEAD}peerGroups:\n  a:\n    inherits: b\n`,
    errors: ['5:15: unknown peer group "b" (there are a)'],
  },
  {
    name: "groups that inherit in a circle",
    text: `${HEAD}peerGroups:\n  a: {inherits: b}\n  b: {inherits: a}\n`,
    errors: [
      "4:17: the group inherits from itself: b → a → b (break the circle)",
      "5:17: the group inherits from itself: a → b → a (break the circle)",
    ],
  },
  {
    name: "an unknown policy",
    text: `${HEAD}${PEER}    as: 1\n    importPolicy: acept\n`,
    errors: ['6:19: unknown policy "acept" (did you mean "accept"?)'],
  },
  {
    name: "an unknown policy in a list",
    text: `${HEAD}${PEER}    as: 1\n    exportPolicy: [accept, out]\n`,
    errors: ['6:28: unknown policy "out"'],
  },
  {
    name: "an unknown policy in a group that nobody uses",
    text: `${HEAD}peerGroups: {g: {importPolicy: nope}}\n`,
    errors: ['3:32: unknown policy "nope"'],
  },
  {
    name: "a peer twice",
    text: `${HEAD}peers:\n  - {address: "2001:db8::1", as: 1}\n  - {address: "2001:db8:0::1", as: 1}\n`,
    errors: ["5:15: duplicate peer 2001:db8::1 (it is already on line 4)"],
  },
  {
    name: "ourselves as a peer",
    text: `${HEAD}listen: ["192.0.2.2:179"]\n${PEER}    as: 1\n`,
    errors: ["5:14: 192.0.2.2 is our own address"],
  },
  {
    name: "an external client",
    text: `${HEAD}${PEER}    as: 65001\n    routeReflectorClient: true\n`,
    errors: [
      "6:27: 192.0.2.2 is in AS 65001, not in ours (65000), and cannot be our route reflector client (clients are internal peers (RFC 4456))",
    ],
  },
  {
    name: "an external client by its group",
    text: `${HEAD}peerGroups:\n  g:\n    routeReflectorClient: true\n${PEER}    as: 65001\n    group: g\n`,
    errors: [
      "5:27: 192.0.2.2 is in AS 65001, not in ours (65000), and cannot be our route reflector client (clients are internal peers (RFC 4456))",
    ],
  },
  {
    name: "ttlSecurity with multihop",
    text: `${HEAD}${PEER}    as: 65001\n    multihop: 3\n    ttlSecurity: true\n`,
    errors: [
      "7:18: ttlSecurity and multihop exclude each other (write ttlSecurity: 3 for that number of hops, and no multihop)",
    ],
  },
  {
    name: "multihop to a link-local peer",
    text: `${HEAD}peers:\n  - address: fe80::1%eth0\n    as: 1\n    multihop: 2\n`,
    errors: ["6:15: fe80::1%eth0 is link-local and cannot be more than one hop away"],
  },
  {
    name: "keepalives too rare",
    text: `${HEAD}${PEER}    as: 1\n    holdTimeSeconds: 9\n    keepaliveSeconds: 9\n`,
    errors: ["7:23: keepalives every 9 s are too rare for a hold time of 9 s (0 takes a third of the hold time)"],
  },
  {
    name: "a local address of the other family",
    text: `${HEAD}${PEER}    as: 1\n    localAddress: "2001:db8::1"\n`,
    errors: ["6:19: localAddress 2001:db8::1 is of another family than 192.0.2.2"],
  },
  {
    name: "ranges that overlap",
    text: `${HEAD}peerGroups: {g: {as: 1}}\ndynamicPeers:\n  - {prefix: 10.0.0.0/24, group: g}\n  - {prefix: 10.0.0.128/25, group: g}\n`,
    errors: ["6:14: 10.0.0.128/25 overlaps 10.0.0.0/24 (a peer must fall into one range only)"],
  },
  {
    name: "a range with internal and external peers",
    text: `${HEAD}peerGroups: {g: {}}\ndynamicPeers:\n  - {prefix: 10.0.0.0/24, group: g, as: [65000, 65001]}\n`,
    errors: ["5:41: internal and external peers cannot share a range (our AS is 65000) (use two ranges)"],
  },
  {
    name: "a role inside our AS",
    text: `${HEAD}${PEER}    as: 65000\n    role: peer\n`,
    errors: ["6:11: 192.0.2.2 is in our own AS: it has no role (roles are for external peers (RFC 9234))"],
  },
  {
    name: "a send hold time shorter than the hold time",
    text: `${HEAD}${PEER}    as: 65001\n    sendHoldSeconds: 60\n`,
    errors: [
      "6:22: a send hold time of 60 s is shorter than the hold time of 90 s (RFC 9687 §4; without it: the greater of 480 and twice the hold time)",
    ],
  },
  {
    name: "a range without AS",
    text: `${HEAD}peerGroups: {g: {}}\ndynamicPeers:\n  - {prefix: 10.0.0.0/24, group: g}\n`,
    errors: ['5:5: the AS number of 10.0.0.0/24 is missing (set "as" here, in its group or in defaults)'],
  },
];

const MESH = "mesh:\n  nodes:\n    - {name: a, addresses: [192.0.2.1]}\n    - {name: b, addresses: [192.0.2.2]}\n";

const MESH_ROWS: readonly Row[] = [
  {
    name: "a node that does not exist",
    text: `${HEAD}${MESH}  self: c\n`,
    errors: ['7:9: there is no node "c" (one of the names in nodes)'],
  },
  {
    name: "a mesh without us",
    text: `routerId: 192.0.2.9\nas: 1\n${MESH}`,
    errors: [
      '3:1: it is not known which node we are: no node has the address 192.0.2.9 (set "self" to a name in nodes)',
    ],
  },
  {
    name: "a node twice",
    text: `${HEAD}${MESH}    - {name: a, addresses: [192.0.2.3]}\n`,
    errors: ['7:14: duplicate node "a" (each name once)'],
  },
  {
    name: "an address of two nodes",
    text: `${HEAD}${MESH}    - {name: c, addresses: [192.0.2.2]}\n`,
    errors: [
      "7:29: duplicate address 192.0.2.2 (another node has it)",
      "7:29: duplicate peer 192.0.2.2 (it is already on line 6)",
    ],
  },
  {
    name: "two addresses of one family",
    text: `${HEAD}${MESH}    - {name: c, addresses: [192.0.2.3, 192.0.2.4]}\n`,
    errors: ['7:28: node "c" has two addresses of one family (one IPv4 and one IPv6 address at most)'],
  },
  {
    name: "a mesh peer that is listed, too",
    text: `${HEAD}${MESH}${PEER}    as: 65000\n`,
    errors: ["8:14: duplicate peer 192.0.2.2 (it is already on line 6)"],
  },
  {
    name: "an unknown group of the mesh",
    text: `${HEAD}${MESH}  group: m\n`,
    errors: ['7:10: unknown peer group "m" (there are no peerGroups)'],
  },
];

const NODE_ROWS: readonly Row[] = [
  {
    name: "a block outside the pools",
    text: `${HEAD}node:\n  pools: [10.244.0.0/16]\n  blocks: [10.245.0.0/26]\n`,
    errors: ["5:12: 10.245.0.0/26 lies in no pool (the pools are 10.244.0.0/16)"],
  },
  {
    name: "blocks that overlap",
    text: `${HEAD}node:\n  blocks: [10.244.0.0/26, 10.244.0.32/27]\n`,
    errors: ["4:27: 10.244.0.32/27 overlaps 10.244.0.0/26 (blocks of a node are disjoint)"],
  },
  {
    name: "a borrowed block",
    text: `${HEAD}node: {borrowed: [10.0.0.0/31]}\n`,
    errors: ["3:19: 10.0.0.0/31 is not a single address (/32)"],
  },
  {
    name: "a static route to nowhere",
    text: `${HEAD}node:\n  static:\n    - prefix: 10.0.0.0/8\n`,
    errors: ["5:7: where 10.0.0.0/8 leads is missing (via, device or type; type: none only announces it)"],
  },
  {
    name: "a static route with two ends",
    text: `${HEAD}node:\n  static:\n    - {prefix: 10.0.0.0/8, via: 192.0.2.2, type: blackhole}\n`,
    errors: ['5:50: "blackhole" goes with neither via nor device (one or the other)'],
  },
  {
    name: "an IPv6 route through IPv4",
    text: `${HEAD}node:\n  static:\n    - {prefix: "2001:db8::/32", via: 192.0.2.2}\n`,
    errors: ["5:38: an IPv6 route cannot have an IPv4 gateway"],
  },
  {
    name: "a static route twice",
    text: `${HEAD}node:\n  static:\n    - {prefix: 10.0.0.0/8, device: eth0}\n    - {prefix: 10.0.0.0/8, device: eth1}\n`,
    errors: ["6:7: duplicate prefix 10.0.0.0/8"],
  },
  {
    name: "an interface name that is none",
    text: `${HEAD}node:\n  static: [{prefix: 10.0.0.0/8, device: "eth 0"}]\n`,
    errors: ["4:41: not the name of an interface (1 to 15 characters without space, slash, colon or %)"],
  },
  {
    name: "an endpoint twice",
    text: `${HEAD}listen: ["0.0.0.0:179", {address: 0.0.0.0}]\n`,
    errors: ["3:25: duplicate 0.0.0.0 port 179"],
  },
  {
    name: "an unknown kernel policy",
    text: `${HEAD}kernel: {exportPolicy: pods}\n`,
    errors: ['3:24: unknown policy "pods"'],
  },
];

for (const { name, text, errors } of [...YAML_ROWS, ...SCHEMA_ROWS, ...PEER_ROWS, ...MESH_ROWS, ...NODE_ROWS]) {
  t.test(`${name}: the place and the remedy are told`, (t) => {
    const result = parseConfig(text, "node.yaml");
    const lines = "errors" in result ? formatConfigErrors(result.errors).split("\n") : ["accepted"];
    t.same(
      lines,
      errors.map((line) => `node.yaml:${line}`),
    );
    t.end();
  });
}

const WARNINGS: readonly Row[] = [
  {
    name: "IPv4 over an IPv6 session without RFC 8950",
    text: `${HEAD}peers:\n  - address: "2001:db8::2"\n    as: 65000\n    families: [ipv4]\n`,
    errors: [
      "6:15: IPv4 routes over the IPv6 session with 2001:db8::2 have no IPv4 next hop of ours (turn extendedNextHop on (RFC 8950))",
    ],
  },
  {
    name: "multihop on an internal peer",
    text: `${HEAD}${PEER}    as: 65000\n    multihop: 4\n`,
    errors: ["6:15: multihop has no effect on internal peers (they may always be several hops away)"],
  },
  {
    name: "an override of AS numbers inside our AS",
    text: `${HEAD}${PEER}    as: 65000\n    asOverride: true\n`,
    errors: ["6:17: asOverride has no effect on internal peers"],
  },
  {
    name: "a limit larger than its range",
    text: `${HEAD}peerGroups: {g: {as: 1}}\ndynamicPeers:\n  - {prefix: 10.0.0.0/30, group: g, limit: 9}\n`,
    errors: ["5:44: 10.0.0.0/30 has 4 addresses only"],
  },
  {
    name: "a rule that does nothing",
    text: `${HEAD}policies:\n  p:\n    - name: x\n`,
    errors: ["5:7: this rule does nothing (give it an action, set or call)"],
  },
  {
    name: "our own address borrowed",
    text: `${HEAD}node: {blocks: [10.0.0.0/26], borrowed: [10.0.0.1/32]}\n`,
    errors: ["3:42: 10.0.0.1/32 lies in our own block 10.0.0.0/26 (it is not borrowed)"],
  },
];

for (const { name, text, errors } of WARNINGS) {
  t.test(`${name}: accepted with a warning`, (t) => {
    const result = parseConfig(text, "node.yaml");
    if ("errors" in result) throw new Error(formatConfigErrors(result.errors));
    t.same(
      formatConfigErrors(result.warnings).split("\n"),
      errors.map((line) => `node.yaml:${line}`),
    );
    t.end();
  });
}
