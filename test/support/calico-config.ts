// The configuration of one node as confd writes it: three files for one IP version, in the shape that calico/node has since
// v3.33 (`today`) or had until v3.31 (`v3.29`: no metrics, protocols without templates, tunnels set by BIRD).

import type { FamilyName } from "../../src/base/family.js";
import { peerFilters } from "./calico-text.js";

export interface CalicoPeer {
  /** `Mesh`, `Global`, `Node` or `Local_Workload`. */
  readonly kind: "Mesh" | "Global" | "Node" | "Local_Workload";
  readonly address: string;
  readonly as: number;
  readonly passive?: boolean;
  /** Further options, each with its semicolon. */
  readonly options?: readonly string[];
}

/** Who programs the routes of a pool: BIRD plainly, BIRD through tunl0 always or for other subnets only, or Felix. */
export type PoolMode = "plain" | "tunnel" | "cross-subnet" | "felix";

export interface CalicoPool {
  readonly prefix: string;
  readonly mode: PoolMode;
  /** `cross-subnet`: the node's own network. */
  readonly subnet?: string;
}

export interface CalicoConfig {
  readonly family?: FamilyName;
  readonly shape?: "today" | "v3.29";
  readonly routerId: string;
  readonly address: string;
  readonly as: number;
  readonly blocks: readonly string[];
  readonly services?: readonly string[];
  /** A reflector passes these on. */
  readonly reflectedServices?: readonly string[];
  readonly pools: readonly CalicoPool[];
  readonly peers: readonly CalicoPeer[];
}

export function calicoPeerName(kind: CalicoPeer["kind"], address: string): string {
  return `${kind}_${address.replaceAll(/[.:]/g, "_")}`;
}

/** File name → text. */
export function formatCalicoConfig(config: CalicoConfig): Readonly<Record<string, string>> {
  const program = config.family === "ipv6" ? "bird6" : "bird";
  return {
    [`${program}.cfg`]: formatMain(config, program),
    [`${program}_aggr.cfg`]: formatAggregation(config),
    [`${program}_ipam.cfg`]: config.shape === "v3.29" ? formatOlderFilters(config) : formatFilters(config),
  };
}

function formatMain(config: CalicoConfig, program: string): string {
  const isOlder = config.shape === "v3.29";
  const kernel = "learn;\n  persist;\n  scan time 2;\n  import all;";
  const kernelUse = "export filter calico_kernel_programming;\n  graceful restart;\n  merge paths on;";
  const interfaces = 'interface -"cali*", -"kube-ipvs*", "*";';
  return [
    "function apply_communities ()\n{\n}",
    isOlder
      ? ""
      : `template kernel kernel_template {\n  ${kernel}\n}\ntemplate direct direct_template {\n  ${interfaces}\n}`,
    `include "${program}_aggr.cfg";\ninclude "${program}_ipam.cfg";`,
    `router id ${config.routerId};`,
    isOlder
      ? `protocol kernel {\n  ${kernel}\n  ${kernelUse}\n}`
      : `protocol kernel from kernel_template {\n  ${kernelUse}\n}`,
    "protocol device {\n  debug { states };\n  scan time 2;\n}",
    isOlder ? `protocol direct {\n  ${interfaces}\n}` : "protocol direct from direct_template {\n}",
    `template bgp bgp_template {
  debug { states };
  description "Connection to BGP peer";
  local as ${config.as};
  gateway recursive;
${isOlder ? "  import all;\n" : ""}  add paths on;
  graceful restart;
  connect delay time 2;
  connect retry time 5;
  error wait time 5,30;
}`,
    ...config.peers.map((peer) => formatPeer(config, peer)),
    "",
  ].join("\n\n");
}

function formatPeer(config: CalicoConfig, peer: CalicoPeer): string {
  const isInternal = peer.as === config.as;
  const filters = config.shape === "v3.29" ? olderPeerFilters(isInternal) : peerFilters(isInternal);
  return [
    `protocol bgp ${calicoPeerName(peer.kind, peer.address)} from bgp_template {`,
    `  neighbor ${peer.address} as ${peer.as};`,
    ...(peer.kind === "Local_Workload" ? [] : [`  source address ${config.address};`]),
    ...(peer.kind === "Mesh" && config.shape === "v3.29" ? [] : ["  ttl security off;\n  multihop;"]),
    filters,
    ...(peer.passive === true ? ["  passive on;"] : []),
    ...(peer.options ?? []).map((option) => `  ${option}`),
    "}",
  ].join("\n");
}

function olderPeerFilters(isInternal: boolean): string {
  return `  export filter {
    calico_export_to_bgp_peers(${isInternal});
    reject;
  };`;
}

function formatAggregation(config: CalicoConfig): string {
  const routes = [...config.blocks.filter((block) => !/\/(32|128)$/.test(block)), ...(config.services ?? [])];
  const list = routes.map((prefix) => `   route ${prefix} blackhole;\n`).join("");
  const head =
    config.shape === "v3.29"
      ? routes.length === 0
        ? ""
        : `protocol static {\n${list}}\n`
      : `template static static_template {\n${list}}\n${routes.length === 0 ? "" : "protocol static from static_template {\n}\n"}`;
  const decisions = config.blocks.flatMap((block) => [
    `      if ( net = ${block} ) then { accept; }`,
    ...(config.shape === "v3.29" ? [] : [`      if ( net ~ ${block} && krt_metric < 1024 ) then { accept; }`]),
    `      if ( net ~ ${block} ) then { reject; }`,
  ]);
  return `${head}\nfunction calico_aggr ()\n{\n${decisions.join("\n")}\n}\n`;
}

const LOCAL_ROUTES = `function reject_local_routes () {
  if (defined(ifname)) then {
     if (ifname ~ "bpf*.cali") then {
        reject;
     }
  }
}
`;

function accepted(prefixes: readonly string[], verdict: "accept" | "reject"): string {
  return prefixes.map((prefix) => `  if (net ~ ${prefix}) then { ${verdict}; }\n`).join("");
}

function formatFilters(config: CalicoConfig): string {
  const services = config.services ?? [];
  const announced = [...services, ...(config.reflectedServices ?? []), ...config.pools.map((pool) => pool.prefix)];
  return `${LOCAL_ROUTES}
function calico_export_to_bgp_peers(bool internal_peer) {
  if (internal_peer) then {
    if (defined(ifname)) then {
      if ((ifname ~ "*.cali") || (ifname ~ "*.calico") || (ifname ~ "tunl0")) then {
        reject;
      }
    }
  }
  reject_local_routes();
  apply_communities();
  calico_aggr();
${accepted(announced, "accept")}}

filter calico_kernel_programming {
${accepted(services, "reject")}  if (defined(source) && (source = RTS_BGP) && !defined(krt_metric)) then {
      krt_metric = 1024;
      if (defined(bgp_local_pref)) then {
          krt_metric = 2147483647 - bgp_local_pref;
      }
      if (krt_metric < 1024) then {
          preference = 200;
      }
  }
${config.pools.map(formatPool).join("")}  accept;
}
`;
}

function formatPool({ prefix, mode, subnet }: CalicoPool): string {
  const actions: Readonly<Record<PoolMode, string>> = {
    plain: "accept;",
    felix: "reject;",
    tunnel: 'krt_tunnel="tunl0"; accept;',
    "cross-subnet": `if (defined(bgp_next_hop)&&(bgp_next_hop ~ ${subnet})) then krt_tunnel=""; else krt_tunnel="tunl0"; accept;`,
  };
  return `  if (net ~ ${prefix}) then { ${actions[mode]} }\n`;
}

function formatOlderFilters(config: CalicoConfig): string {
  const pools = config.pools.map((pool) => pool.prefix);
  return `function reject_disabled_pools ()
{
}
function reject_tunnel_routes () {
  if (defined(ifname)) then {
    if ((ifname ~ "*.cali") || (ifname ~ "*.calico")) then {
      reject;
    }
  }
}
${LOCAL_ROUTES}
function calico_export_to_bgp_peers(bool internal_peer) {
  reject_disabled_pools();
  if (internal_peer) then {
    reject_tunnel_routes();
  }
  reject_local_routes();
  apply_communities();
  calico_aggr();
${accepted(config.services ?? [], "accept")}${accepted(pools, "accept")}}

filter calico_kernel_programming {
${accepted(config.services ?? [], "reject")}${config.pools.map(formatOlderPool).join("")}  accept;
}
`;
}

function formatOlderPool({ prefix, mode, subnet }: CalicoPool): string {
  const choices: Readonly<Record<PoolMode, string>> = {
    plain: "    accept;",
    felix: "    reject;",
    tunnel: '    krt_tunnel = "tunl0";\n    accept;',
    "cross-subnet": `    if defined(bgp_next_hop) && ( bgp_next_hop ~ ${subnet} ) then
      krt_tunnel = "";                     # Destination in ipPool, mode is cross sub-net
    else
      krt_tunnel = "tunl0";
    accept;`,
  };
  return `  if ( net ~ ${prefix} ) then {\n${choices[mode]}\n  }\n`;
}
