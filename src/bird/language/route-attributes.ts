// The words by which filters speak of a route's attributes, and what may be done with each.

import type { ScriptAttribute } from "../../policy/script-ast.js";

/** What every route has. Those that may be set are said so; `cast` BIRD knows, but it means nothing here. */
export const STATIC_ATTRIBUTES: ReadonlyMap<string, { readonly attribute: ScriptAttribute; readonly maySet: boolean }> =
  new Map([
    ["from", { attribute: "from", maySet: true }],
    ["gw", { attribute: "gateway", maySet: true }],
    ["net", { attribute: "prefix", maySet: false }],
    ["proto", { attribute: "protocolName", maySet: false }],
    ["source", { attribute: "source", maySet: false }],
    ["scope", { attribute: "scope", maySet: true }],
    ["dest", { attribute: "destination", maySet: true }],
    ["ifname", { attribute: "interfaceName", maySet: true }],
    ["ifindex", { attribute: "interfaceIndex", maySet: false }],
  ]);

/** What a route may lack. */
export const DYNAMIC_ATTRIBUTES: ReadonlyMap<string, ScriptAttribute> = new Map([
  ["bgp_origin", "origin"],
  ["bgp_path", "asPath"],
  ["bgp_next_hop", "nextHop"],
  ["bgp_med", "med"],
  ["bgp_local_pref", "localPref"],
  ["bgp_atomic_aggr", "atomicAggregate"],
  ["bgp_aggregator", "aggregator"],
  ["bgp_community", "communities"],
  ["bgp_originator_id", "originatorId"],
  ["bgp_cluster_list", "clusterList"],
  ["bgp_ext_community", "extendedCommunities"],
  ["bgp_large_community", "largeCommunities"],
  ["krt_metric", "kernelMetric"],
  ["krt_source", "kernelSource"],
  ["krt_prefsrc", "kernelPreferredSource"],
  ["krt_realm", "kernelRealm"],
  ["krt_tunnel", "kernelTunnel"],
  ["igp_metric", "igpMetric"],
]);

/** Attributes of lists, which `.empty` empties. */
export const LIST_ATTRIBUTES: ReadonlySet<ScriptAttribute> = new Set([
  "asPath",
  "communities",
  "clusterList",
  "extendedCommunities",
  "largeCommunities",
]);

/** Attributes of other protocols and of the kernel's details, which exist in BIRD only. */
export function isForeignAttribute(word: string): boolean {
  return word === "cast" || /^(krt|ospf|rip|ra|babel)_/.test(word);
}
