// Faulty configurations, all in the file x.cfg, and their errors: the words and places of BIRD 1.6.8, which test/interop/bird
// compares, and our own words for what is not supported.

const BGP = "protocol bgp { local as 1; neighbor 192.0.2.1 as 1;";

/** A text and the error it gives, for `bird`. */
export const ERRORS: readonly (readonly [config: string, error: string])[] = [
  // Declarations
  ["protocol bgp { neighbor 192.0.2.1 as 1; }", "x.cfg:1:41 Local AS number must be set"],
  ["protocol bgp {\n local as 1;\n}\n\n", "x.cfg:3:1 Neighbor must be configured"],
  ["protocol bgp { local as 1; neighbor 192.0.2.1; }", "x.cfg:1:48 Remote AS number must be set"],
  [`${BGP} neighbor 192.0.2.2 as 1; }`, "x.cfg:1:76 Only one neighbor per BGP instance is allowed"],
  [
    "protocol bgp { local as 1; neighbor 192.0.2.1 as 2; rr client; }",
    "x.cfg:1:64 Only internal neighbor can be RR client",
  ],
  [`${BGP} rs client; }`, "x.cfg:1:64 Only external neighbor can be RS client"],
  [`${BGP} gateway direct; }`, "x.cfg:1:69 Multihop BGP cannot use direct gateway mode"],
  [`${BGP} interface "eth0"; }`, "x.cfg:1:71 Multihop BGP cannot be bound to interface"],
  [`${BGP} secondary; }`, "x.cfg:1:64 BGP with secondary option requires sorted table"],
  [
    "protocol bgp { local as 1; neighbor 192.0.2.1 as 70000; enable as4 off; }",
    "x.cfg:1:73 Neighbor AS number out of range (AS4 not available)",
  ],
  ["protocol bgp { multihop 0; }", "x.cfg:1:26 Multihop must be in range 1-255"],
  ["protocol bgp { multihop 256; }", "x.cfg:1:28 Multihop must be in range 1-255"],
  ["protocol bgp { neighbor 192.0.2.1 port 0 as 1; }", "x.cfg:1:40 Invalid port number"],
  ["protocol bgp { neighbor 192.0.2.1 port 65536 as 1; }", "x.cfg:1:40 Invalid port number"],
  ["protocol device { }\nprotocol device { }", "x.cfg:2:10 Kernel device protocol already defined"],
  ["protocol kernel { } protocol kernel { }", "x.cfg:1:39 Kernel syncer (kernel1) already attached to table master"],
  ["protocol kernel { learn all; }", "x.cfg:1:25 syntax error"],
  ["protocol kernel { merge paths on limit 256; }", "x.cfg:1:40 Merge paths limit must be in range 1-255"],
  [
    "protocol static { route 10.0.0.0/8 multipath via 192.0.2.1 weight 0; }",
    "x.cfg:1:67 Weight must be in range 1-256",
  ],
  ["protocol static { route 10.0.0.1/8 blackhole; }", "x.cfg:1:34 Invalid prefix"],
  ["protocol static { route 10.0.0.0/33 blackhole; }", "x.cfg:1:34 Invalid prefix length 33"],
  ["protocol static { preference 65536; }", "x.cfg:1:30 Invalid preference"],
  ["protocol static { preference x; }", "x.cfg:1:30 Number expected"],
  ["protocol static { description x; }", "x.cfg:1:31 String expected"],
  ["protocol static { table x; }", "x.cfg:1:25 Table name expected"],
  ["protocol static { import filter x; }", "x.cfg:1:33 No such filter."],
  ["protocol bgp { source address x; }", "x.cfg:1:31 IP address expected"],
  ["router id x;", "x.cfg:1:11 Number or IPv4 address constant expected"],
  // Symbols
  ["define a = 1; define a = 2;", "x.cfg:1:27 Symbol already defined"],
  [`define ${"a".repeat(65)} = 1;`, "x.cfg:1:8 Symbol too long"],
  ["protocol direct from x { }", "x.cfg:1:22 Template or protocol name expected"],
  [
    "template bgp a { } protocol device from a { }",
    "x.cfg:1:41 Can't copy configuration from a different protocol type",
  ],
  ["define a = 1 / 0;", "x.cfg:1:17 Runtime error"],
  ["define a = b;", "x.cfg:1:13 b: variable expected."],
  // Filters
  ["filter f { g(1); }", "x.cfg:1:15 You can't call something which is not a function. Really."],
  ["function g(int a) { } filter f { g(1, 2); }", "x.cfg:1:40 Wrong number of arguments for function g."],
  ["function g(int a) { g(1); }", "x.cfg:1:24 Wrong number of arguments for function g."],
  ["filter f { g = 1; }", "x.cfg:1:17 You may set only variables."],
  ["filter f { net = 1; }", "x.cfg:1:19 This static attribute is read-only."],
  ["filter f { bgp_med.empty; }", "x.cfg:1:25 Can't empty that attribute"],
  ["filter f int a; int a; { }", "x.cfg:1:21 Symbol already defined"],
  ["filter f string set a; { }", "x.cfg:1:17 You can't create sets of this type."],
  ["filter f { if net = 10.0.0.1/8 then accept; }", "x.cfg:1:30 Invalid network prefix: 10.0.0.1/8."],
  ["filter f { if net ~ [ 10.0.0.0/8{9,7} ] then accept; }", "x.cfg:1:37 Invalid prefix pattern range: {9, 7}."],
  ["filter f { if net ~ [ 10.0.0.0/8{9,33} ] then accept; }", "x.cfg:1:38 Invalid prefix pattern range: {9, 33}."],
  ["filter f { if 1 ~ [ x ] then accept; }", "x.cfg:1:21 x: constant expected"],
  ['define x = "x"; filter f { if 1 ~ [ x ] then accept; }', "x.cfg:1:37 x: set-incompatible type"],
  ['filter f { if 1 ~ [ ("x") ] then accept; }', "x.cfg:1:25 Set-incompatible type"],
  ["filter f { if 1 ~ [ (true, 1) ] then accept; }", "x.cfg:1:26 Integer expression expected"],
  [
    "filter f { if 1 ~ [ (5..2, 1) ] then accept; }",
    "x.cfg:1:29 From value cannot be higher that To value in pair sets",
  ],
  ["filter f { if (1, 70000) ~ bgp_community then accept; }", "x.cfg:1:24 Value 70000 out of range (0-65535)"],
  [
    "filter f { if (1, true) = 1 then accept; }",
    "x.cfg:1:23 Can't operate with value of non-integer type in pair constructor",
  ],
  [
    "filter f { if (1, 2, true) = 1 then accept; }",
    "x.cfg:1:26 LC - Can't operate with value of non-integer type in tuple constructor",
  ],
  [
    "filter f { if (rt, true, 2) = 1 then accept; }",
    "x.cfg:1:27 Can't operate with key of non-integer/IPv4 type in EC constructor",
  ],
  [
    "filter f { if (rt, 1, true) = 1 then accept; }",
    "x.cfg:1:27 Can't operate with value of non-integer type in EC constructor",
  ],
  ["filter f { case bgp_med { ((1,2)): accept; } }", "x.cfg:1:33 Integer expression expected"],
  ["filter f { case source { RTS_BGP..(RTS_BGP): accept; } }", "x.cfg:1:43 Integer expression expected"],
  ["function g() { g(); }", "x.cfg:1:18 a function that calls itself is not supported"],
  ["function g(int a) { g(); }", "x.cfg:1:23 a function that calls itself is not supported"],
  [`filter f { if ${"(".repeat(600)}`, "x.cfg:1:514 nesting as deep as this is not supported"],
  [`filter f { ${"if true then ".repeat(1001)}`, "x.cfg:1:12986 nesting as deep as this is not supported"],
  [`filter f { if ${"!".repeat(2001)} true then accept; }`, "x.cfg:1:2035 nesting as deep as this is not supported"],
  [`define a = ${"1 + ".repeat(2001)} 1;`, "x.cfg:1:8018 nesting as deep as this is not supported"],
  ["filter f { if 1 = 2 = 3 then accept; }", "x.cfg:1:21 syntax error"],
  ["filter f { if 1 = 2 then accept; else: reject; }", "x.cfg:1:34 syntax error"],
  // Characters
  ['protocol device { description "abc\n; }', "x.cfg:1:31 Unterminated string"],
  ["protocol device { } /* abc", "x.cfg:1:26 Unterminated comment"],
  ["/* a /* b */", "x.cfg:1:6 Comment nesting not supported"],
  ["protocol device { } @", "x.cfg:1:21 Unknown character"],
  ["protocol device { }\r\n", "x.cfg:1:20 Unknown character"],
  ["router id 300.0.0.1;", "x.cfg:1:11 Invalid IPv4 address 300.0.0.1"],
  ["router id 4294967296;", "x.cfg:1:11 Number out of range"],
  [
    "protocol bgp { neighbor fd00::1 as 1; }",
    "x.cfg:1:25 This is an IPv4 router, therefore IPv6 addresses are not supported",
  ],
  ['protocol device { description "\u00fc\u20ac"; x; }', "x.cfg:1:40 syntax error"],
  // Includes
  ['include "y.cfg";', "x.cfg:1:1 Unable to open included file ./y.cfg: No such file or directory"],
  ['include "";', "x.cfg:1:1 Include with empty argument"],
  [';include "y.cfg";', "x.cfg:1:2 syntax error"],
  // The end: BIRD has forgotten the line by then
  ["", "x.cfg:1:1 No protocol is specified in the config file"],
  ["template bgp a { }\n\n", "x.cfg:1:0 No protocol is specified in the config file"],
  ["\n\nprotocol device {\n", "x.cfg:1:0 syntax error"],
  // What BIRD knows, but we do not
  ["protocol ospf { }", "x.cfg:1:10 protocol ospf is not supported"],
  ["protocol rip { }", "x.cfg:1:10 protocol rip is not supported"],
  ["protocol pipe { }", "x.cfg:1:10 protocol pipe is not supported"],
  ["roa table r { }", "x.cfg:1:1 roa table is not supported"],
  ["table t; protocol static { table t; }", "x.cfg:1:34 a routing table beside master (t) is not supported"],
  ["filter f { ospf_metric1 = 5; }", "x.cfg:1:12 attribute ospf_metric1 is not supported"],
  ["filter f { if roa_check(x) = 1 then accept; }", "x.cfg:1:15 roa_check is not supported"],
  ['protocol bfd { interface "eth0" { }; }', "x.cfg:1:16 protocol bfd is not supported"],
  [`${BGP} bfd on; }`, "x.cfg:1:57 bfd is not supported"],
];

/** For `bird6`. */
export const IPV6_ERRORS: readonly (readonly [config: string, error: string])[] = [
  ["protocol device { }", "x.cfg:1:19 Router ID must be configured manually on IPv6 routers"],
  ["protocol bgp { neighbor 192.0.2.1 as 1; }", "x.cfg:1:25 syntax error"],
  ["protocol bgp { neighbor fd00::1::2 as 1; }", "x.cfg:1:25 Invalid IPv6 address fd00::1::2"],
  [
    "router id fd00::1;",
    "x.cfg:1:11 Router IDs must be entered as hexadecimal numbers or IPv4 addresses in IPv6 version",
  ],
  [
    "protocol bgp { local as 1; neighbor fe80::1 as 2; }",
    "x.cfg:1:51 Link-local neighbor address requires specified interface",
  ],
  [
    "protocol bgp { local as 1; neighbor fe80::1%eth0 as 1; }",
    "x.cfg:1:56 Multihop BGP cannot be used with link-local addresses",
  ],
  [
    "protocol bgp { local as 1; neighbor fd00::1 as 1; source address fe80::1; }",
    "x.cfg:1:75 Multihop BGP cannot be used with link-local addresses",
  ],
  ["filter f { if net = fd00::1/64 then accept; }", "x.cfg:1:29 Invalid network prefix: fd00::1/64."],
];
