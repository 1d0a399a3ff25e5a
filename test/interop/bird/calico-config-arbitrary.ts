// Configurations in the shape that Calico writes today, with whatever its resources can ask for: pools, blocks, services,
// filters of users, route reflection and the options of sessions. What a configuration says is drawn, how it says it is not.

import fc from "fast-check";
import type { IpVersion } from "./peer-wire.js";

const AS = 64512;

interface Names {
  readonly pool: (n: number) => string;
  readonly block: (pool: number, n: number) => string;
  readonly service: (n: number) => string;
  readonly node: (n: number) => string;
  readonly narrow: number;
}

const IPV4: Names = {
  pool: (n) => `10.${60 + n}.0.0/16`,
  block: (pool, n) => `10.${60 + pool}.${n}.${64 * (n % 4)}/26`,
  service: (n) => (n % 2 === 0 ? `10.9${n}.0.0/16` : `198.18.0.${n}/32`),
  node: (n) => `192.0.2.${n}`,
  narrow: 32,
};

const IPV6: Names = {
  pool: (n) => `fd00:60:${n + 1}::/48`,
  block: (pool, n) => `fd00:60:${pool + 1}:${n + 1}::/122`,
  service: (n) => (n % 2 === 0 ? `fd00:9${n}::/112` : `2001:db8:18::${n}/128`),
  node: (n) => `2001:db8::${n}`,
  narrow: 128,
};

/** One line of a user's filter. */
function rule({ pool, block, service, narrow }: Names): fc.Arbitrary<string> {
  const cidr = fc.oneof(
    fc.nat(2).map(pool),
    fc.nat(2).map((n) => block(n, n + 1)),
    fc.nat(3).map(service),
  );
  const operator = fc.constantFrom("=", "!=", "~", "!~");
  const plain = fc.tuple(operator, cidr).map(([sign, net]) => `(net ${sign} ${net})`);
  const ranged = fc.tuple(operator, cidr, fc.nat(20), fc.nat(20)).map(([sign, net, more, less]) => {
    const least = Math.min(narrow, Number(net.split("/")[1]) + more);
    return `(net ${sign} [ ${net}{${least},${Math.max(least, narrow - less)}} ])`;
  });
  const others = fc.constantFrom(
    "((defined(source))&&(source ~ [ RTS_BGP ]))",
    '((defined(ifname))&&(ifname ~ "cali*"))',
    '((defined(ifname))&&(ifname ~ "eth?"))',
    "((65000, 100) ~ bgp_community)",
    "((65000, 7, 100) ~ bgp_large_community)",
    "(bgp_path ~ [= 65001 65002 * =])",
    "((defined(bgp_local_pref))&&(bgp_local_pref = 2147483135))",
  );
  const conditions = fc.uniqueArray(fc.oneof(plain, ranged, others), { maxLength: 3 });
  const operations = fc.uniqueArray(
    fc.constantFrom(
      "bgp_community.add((65000, 200));",
      "bgp_large_community.add((65000, 7, 200));",
      "bgp_path.prepend(65009); bgp_path.prepend(65008);",
      "bgp_local_pref = 2147483135;",
    ),
    { maxLength: 2 },
  );
  const action = fc.constantFrom("accept;", "reject;", "");
  const type = fc.constantFrom("", "is_same_as", "!is_same_as");
  return fc.tuple(conditions, operations, action, type).map(([all, changes, verdict, kind]) => {
    const deeds = [...changes, verdict].filter((deed) => deed !== "").join(" ");
    const line = all.length === 0 ? deeds : `if (${all.join("&&")}) then { ${deeds} }`;
    return kind === "" ? line : `if (${kind}) then { ${line} }`;
  });
}

const flag = fc.boolean();

interface PeerDraft {
  readonly as: number;
  readonly isClient: boolean;
  readonly nextHop: string;
  readonly isPassive: boolean;
  readonly ttl: boolean;
  readonly localAs: number | undefined;
  readonly allowLocalAs: boolean;
  readonly imports: boolean;
  readonly exports: boolean;
}

const peerDraft: fc.Arbitrary<PeerDraft> = fc.record({
  as: fc.constantFrom(AS, AS, 65001, 4200000001),
  isClient: flag,
  nextHop: fc.constantFrom("", "", "next hop self;", "next hop keep;"),
  isPassive: flag,
  ttl: flag,
  localAs: fc.constantFrom(undefined, undefined, undefined, 64599),
  allowLocalAs: flag,
  imports: flag,
  exports: flag,
});

function peerText(names: Names, version: string, draft: PeerDraft, index: number, hasTemplateImport: boolean): string {
  const { as, isClient, nextHop, isPassive, ttl, localAs, allowLocalAs, imports, exports } = draft;
  const address = names.node(index + 11);
  const isInternal = as === (localAs ?? AS);
  return [
    `protocol bgp Node_${address.replace(/[.:]/g, "_")} from bgp_template {`,
    localAs === undefined ? "" : `  local as ${localAs};`,
    `  neighbor ${address} as ${as};`,
    `  source address ${names.node(2)};`,
    ttl ? "  ttl security on;\n  multihop 1;" : "  ttl security off;\n  multihop;",
    "  import filter {",
    imports ? `    'bgp_user_importFilter${version}'(${isInternal});` : "",
    hasTemplateImport
      ? "    if (defined(bgp_local_pref)&&(bgp_local_pref > 2147482623)) then\n      preference = 200;"
      : "",
    "    accept;\n  };",
    "  export filter {",
    "    if (defined(source) && source = RTS_BGP && defined(bgp_local_pref)) then {",
    "      krt_metric = 2147483647 - bgp_local_pref;",
    "    } else {",
    "      if (!defined(krt_metric)) then { krt_metric = 1024; }",
    "      bgp_local_pref = 2147483647 - krt_metric;\n    }",
    exports ? `    'bgp_user_exportFilter${version}'(${isInternal});` : "",
    `    calico_export_to_bgp_peers(${isInternal});\n    reject;\n  };`,
    isPassive ? "  passive on;" : "",
    isClient && isInternal ? "  rr client;\n  rr cluster id 10.0.0.1;" : "",
    nextHop,
    allowLocalAs ? "  allow local as 2;" : "",
    "}",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

/** The three files of a node by name. */
export function calicoConfigs(ipVersion: IpVersion): fc.Arbitrary<Readonly<Record<string, string>>> {
  const names = ipVersion === 4 ? IPV4 : IPV6;
  const version = `V${ipVersion}`;
  const stem = ipVersion === 4 ? "bird" : "bird6";
  const draft = fc.record({
    disabled: flag,
    kernel: fc.array(fc.constantFrom("accept", "reject", "both"), { minLength: 3, maxLength: 3 }),
    blocks: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
    services: fc.uniqueArray(fc.nat(3), { maxLength: 3 }),
    communities: flag,
    felixTunnels: flag,
    wireguard: flag,
    raises: flag,
    merges: flag,
    addPaths: flag,
    imports: fc.array(rule(names), { minLength: 1, maxLength: 3 }),
    exports: fc.array(rule(names), { minLength: 1, maxLength: 3 }),
    peers: fc.array(peerDraft, { minLength: 3, maxLength: 4 }),
  });
  return draft.map((drawn) => {
    const { pool, block, service, node } = names;
    const own = drawn.blocks.map((n) => block(n % 3, n));
    const services = drawn.services.map(service);
    const advertised = services[0] ?? service(0);
    const main = [
      "function apply_communities ()\n{",
      drawn.communities
        ? `  if ( net ~ ${advertised} ) then {\n    bgp_community.add((65000, 300));\n    bgp_large_community.add((65000, 300, 7));\n  }`
        : "",
      "}",
      "template kernel kernel_template { learn; persist; scan time 2; import all; }",
      'template direct direct_template { interface -"cali*", -"kube-ipvs*", "*"; }',
      `include "${stem}_aggr.cfg";\ninclude "${stem}_ipam.cfg";`,
      "router id 192.0.2.2;",
      "protocol kernel from kernel_template {\n  export filter calico_kernel_programming;\n  graceful restart;",
      drawn.merges ? "  merge paths on;\n}" : "}",
      "protocol device { scan time 2; }",
      "protocol direct from direct_template { }",
      `template bgp bgp_template {\n  local as ${AS};\n  gateway recursive;\n${drawn.addPaths ? "  add paths on;\n" : ""}  graceful restart;`,
      "  connect delay time 2;\n  connect retry time 5;\n  error wait time 5,30;\n}",
      `function 'bgp_user_importFilter${version}'(bool is_same_as) {\n${drawn.imports.join("\n")}\n}`,
      `function 'bgp_user_exportFilter${version}'(bool is_same_as) {\n${drawn.exports.join("\n")}\n}`,
      ...drawn.peers.map((peer, i) => peerText(names, version, peer, i, drawn.raises)),
    ];
    const aggregates = [
      "template static static_template {",
      ...[...own, ...services].map((net) => `  route ${net} blackhole;`),
      "}\nprotocol static from static_template { }",
      "function calico_aggr ()\n{",
      ...own.flatMap((net) => [
        `  if ( net = ${net} ) then { accept; }`,
        `  if ( net ~ ${net} && krt_metric < 1024 ) then { accept; }`,
        `  if ( net ~ ${net} ) then { reject; }`,
      ]),
      "}",
    ];
    const programming = drawn.kernel.flatMap((kind, n) => {
      if (kind === "accept") return [`  if (net ~ ${pool(n)}) then { accept; }`];
      return kind === "reject" ? [`  if (net ~ ${pool(n)}) then { reject; }`] : [];
    });
    const pools = [
      'function reject_local_routes () {\n  if (defined(ifname)) then { if (ifname ~ "bpf*.cali") then { reject; } }\n}',
      "function calico_export_to_bgp_peers(bool internal_peer) {",
      drawn.disabled ? `  if (net ~ ${pool(2)}) then { reject; }` : "",
      `  if (internal_peer) then { if (defined(ifname)) then { if ((ifname ~ "*.cali") || (ifname ~ "*.calico")${drawn.felixTunnels ? ' || (ifname ~ "tunl0")' : ""}) then { reject; } } }`,
      "  reject_local_routes();\n  apply_communities();\n  calico_aggr();",
      ...services.map((net) => `  if (net ~ ${net}) then { accept; }`),
      `  if (net ~ ${pool(0)}) then { accept; }\n  if (net ~ ${pool(1)}) then { accept; }\n}`,
      "filter calico_kernel_programming {",
      ...services.map((net) => `  if (net ~ ${net}) then { reject; }`),
      "  if (defined(source) && (source = RTS_BGP) && !defined(krt_metric)) then {\n    krt_metric = 1024;",
      "    if (defined(bgp_local_pref)) then { krt_metric = 2147483647 - bgp_local_pref; }",
      "    if (krt_metric < 1024) then { preference = 200; }\n  }",
      drawn.wireguard ? `  if (defined(bgp_next_hop) && bgp_next_hop = ${node(11)}) then { reject; }` : "",
      ...programming,
      "  accept;\n}",
    ];
    const text = (lines: readonly string[]): string => `${lines.filter((line) => line !== "").join("\n")}\n`;
    return { [`${stem}.cfg`]: text(main), [`${stem}_aggr.cfg`]: text(aggregates), [`${stem}_ipam.cfg`]: text(pools) };
  });
}
