// Texts of bird.cfg for tests: the files of node 1 of the mesh (proto-fixtures/bird/mesh/node1) with other peers, for IPv4 or,
// with its prefixes replaced, for IPv6.

/** One `protocol bgp` in the shape that calico/node writes. */
export interface PeerText {
  readonly name: string;
  readonly address: string;
  readonly as: number;
  readonly port?: number;
  /** Its AS is that of our side of the session. */
  readonly isInternal?: boolean;
  /** Absent: no `source address`. */
  readonly source?: string;
  /** Lines in the place of `ttl security off; multihop;`. */
  readonly hops?: string;
  /** Further options, in BIRD's words. */
  readonly more?: readonly string[];
  /** Runs before Calico's own part of the export filter. */
  readonly exportRules?: string;
}

const REPLACED: readonly (readonly [string, string])[] = [
  ["192.0.2.0/26", "2001:db8:2::/122"],
  ["192.0.2.0/24", "2001:db8:2::/64"],
];

/** What Calico's peers import and export. `exportRules` run before Calico's own part. */
export function peerFilters(isInternal: boolean, exportRules = ""): string {
  return `  import filter {
    if (defined(bgp_local_pref)&&(bgp_local_pref > 2147482623)) then
      preference = 200;
    accept;
  };
  export filter {
    if (defined(source) && source = RTS_BGP && defined(bgp_local_pref)) then {
      krt_metric = 2147483647 - bgp_local_pref;
    } else {
      if (!defined(krt_metric)) then { krt_metric = 1024; }
      bgp_local_pref = 2147483647 - krt_metric;
    }
    ${exportRules}
    calico_export_to_bgp_peers(${isInternal});
    reject;
  };`;
}

export function peerText(peer: PeerText): string {
  const { name, address, as, port, isInternal = false, source, exportRules = "", more = [] } = peer;
  return `
protocol bgp ${name} from bgp_template {
  ${peer.hops ?? "ttl security off;\n  multihop;"}
  neighbor ${address}${port === undefined ? "" : ` port ${port}`} as ${as};
  ${source === undefined ? "" : `source address ${source};`}
${peerFilters(isInternal, exportRules)}
  ${more.join("\n  ")}
}
`;
}

/** The text of node 1's bird.cfg with these peers in the place of its own. */
export function withPeers(text: string, peers: readonly PeerText[]): string {
  const end = text.indexOf("protocol bgp ");
  return `${text.slice(0, end)}${peers.map(peerText).join("")}`;
}

/** One of node 1's files, for `bird6`. */
export function forIpv6(text: string): string {
  const renamed = text.replace(/"bird_(aggr|ipam)\.cfg"/g, `"bird6_$1.cfg"`);
  return REPLACED.reduce((now, [from, to]) => now.replaceAll(from, to), renamed);
}
