// Reading birdc's answers, which BIRD 1.6 and BIRD 2 write alike: `show route all` and `show protocols all`.

import { type NeighborState, type PeerDescription, type PeerRoute, sortRoutes } from "./real-peer.js";

/** What is shown of a way before its attributes: `10.0.0.0/24 unicast [n0 12:00:00.000 from 10.0.0.1] * (100) [AS1i]`. */
const WAY = /^(?:([0-9a-fA-F.:]+\/\d+)\s+)?\s*(?:.*?)\[(\S+) [^\]]*\](.*)$/;

/** Routes in the output of `show route all`; prefixes are given only on the first way of each.
 *  BIRD does not mark the routes of a restarting neighbour: all of the protocols in `restarting` count as stale. */
export function parseBirdRoutes(text: string, restarting: ReadonlySet<string>): PeerRoute[] {
  const routes: PeerRoute[] = [];
  let prefix = "";
  let way: { readonly protocol: string; readonly marks: string; readonly attributes: Map<string, string> } | undefined;
  const finish = (): void => {
    if (way !== undefined) routes.push(makeRoute(prefix, way.marks, restarting.has(way.protocol), way.attributes));
  };
  for (const line of text.split("\n")) {
    const attribute = /^\s+BGP\.(\w+): ?(.*)$/.exec(line);
    if (attribute !== null) {
      way?.attributes.set(attribute[1], attribute[2].trim());
      continue;
    }
    const match = /^\t/.test(line) && !line.includes("[") ? null : WAY.exec(line);
    if (match === null) continue;
    finish();
    prefix = match[1] ?? prefix;
    way = { protocol: match[2], marks: match[3], attributes: new Map() };
  }
  finish();
  return sortRoutes(routes);
}

function makeRoute(prefix: string, marks: string, stale: boolean, attributes: ReadonlyMap<string, string>): PeerRoute {
  const number = (name: string): number | undefined => {
    const value = attributes.get(name);
    return value === undefined ? undefined : Number(value);
  };
  const words = (name: string): string[] => (attributes.get(name) ?? "").split(" ").filter((word) => word !== "");
  return {
    prefix,
    nextHop: words("next_hop")[0] ?? "",
    asPath: attributes.get("as_path") ?? "",
    localPref: number("local_pref"),
    med: number("med"),
    communities: words("community").map((word) => word.replace(/[()]/g, "").replace(",", ":")),
    largeCommunities: [...(attributes.get("large_community") ?? "").matchAll(/\((\d+), (\d+), (\d+)\)/g)].map(
      ([, global, first, second]) => `${global}:${first}:${second}`,
    ),
    originatorId: attributes.get("originator_id"),
    clusterList: words("cluster_list"),
    best: /^ \*/.test(marks),
    stale,
  };
}

/** Names of the protocols whose neighbour restarts gracefully, in `show protocols all`. */
export function parseRestarting(text: string): Set<string> {
  const blocks = text.split(/\n(?=\S)/).filter((block) => block.includes("Neighbor graceful restart active"));
  return new Set(blocks.map((block) => block.split(/\s/)[0]));
}

/** Lines of a filter that give the announced prefixes, of those in `prefixes`, their attributes. */
export function formatAttributes(description: PeerDescription, prefixes: readonly string[]): string[] {
  const edit = (name: string, text: string): string => `bgp_${name}.add((${text.replaceAll(":", ",")}));`;
  const common = (description.communities ?? []).map((text) => edit("community", text));
  const single = prefixes.map((prefix) => {
    const { localPref, med, communities, largeCommunities } = description.attributes?.[prefix] ?? {};
    const edits = (communities ?? []).map((text) => edit("community", text));
    edits.push(...(largeCommunities ?? []).map((text) => edit("large_community", text)));
    if (localPref !== undefined) edits.push(`bgp_local_pref = ${localPref};`);
    if (med !== undefined) edits.push(`bgp_med = ${med};`);
    return edits.length === 0 ? "" : `if net = ${prefix} then { ${edits.join(" ")} }`;
  });
  return [...common, ...single].filter((line) => line !== "").map((line) => `    ${line}`);
}

/** The state of one protocol in `show protocols all NAME`. */
export function parseBirdState(text: string): NeighborState {
  const state = /BGP state:\s+(\w+)/.exec(text)?.[1] ?? "Idle";
  return { state: state === "Down" ? "Idle" : state, text };
}
