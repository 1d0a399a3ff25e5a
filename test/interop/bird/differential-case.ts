// What a differential test runs: configuration files, the network around the node, peers with routes and routes of the
// kernel. All of it is derived from the text of the files, without our parser: sessions by their options, and for each
// prefix, community, path and preference that a filter mentions routes that are within, at, around and beside it.

import { formatBytes, makePrefix, parsePrefix, prefixContains } from "../../../src/base/ip.js";
import type { IpVersion, PeerScript, Probe } from "./peer-wire.js";

export interface DifferentialCase {
  readonly name: string;
  readonly ipVersion: IpVersion;
  /** By name; the main file is bird.cfg or bird6.cfg. */
  readonly files: Readonly<Record<string, string>>;
  /** Of the node, with length, on eth0. */
  readonly addresses: readonly string[];
  /** Of others on the segment, without length. */
  readonly others: readonly string[];
  /** Words after `ip route add`. */
  readonly kernelRoutes: readonly string[];
  readonly peers: readonly PeerScript[];
  /** External peers on the segment: BIRD tells them next hops of others there, we ourselves (docs/bird-compatibility.md). */
  readonly directPeers: readonly string[];
  /** Names of the BGP protocols. */
  readonly protocols: readonly string[];
}

interface Session {
  readonly name: string;
  readonly address: string;
  readonly as: number;
  readonly localAs: number;
  readonly source: string;
  readonly isDirect: boolean;
}

/** Interfaces of pods and tunnels; all of them are there. */
export const DEVICES = ["cali1", "cali2", "tunl0", "vxlan.calico", "wireguard.cali", "bpfin.cali"] as const;

/** Without what a namespace without keys and BIRD without Calico's changes cannot follow, and with other addresses where the
 *  file has multicast ones for its peers. */
export function withoutForeignLines(text: string): string {
  return text
    .replace(/\bffee:/g, "fdee:")
    .replace(/^\s*password .*;\s*$/gm, "")
    .replace(/if\s[^{};]*then\s+krt_tunnel = "";\s*(#.*)?\s+else\s+krt_tunnel = "[^"]*";/g, "")
    .replace(
      /if\s[^{};]*then\s+\{\s*krt_tunnel = "";\s*(#.*)?\s*\}\s+else\s+\{\s*krt_tunnel = "[^"]*";\s*(#.*)?\s*\}/g,
      "",
    )
    .replace(/krt_tunnel\s*=\s*"[^"]*";/g, "")
    .replace(/\bif\b[^{};]*\bthen\s+else\s+accept;/g, "accept;");
}

export function makeCase(
  name: string,
  ipVersion: IpVersion,
  given: Readonly<Record<string, string>>,
): DifferentialCase {
  const files = Object.fromEntries(Object.entries(given).map(([file, text]) => [file, withoutForeignLines(text)]));
  const text = Object.values(files).join("\n").replace(/#.*$/gm, "");
  const sessions = readSessions(text, ipVersion);
  const sources = [...new Set(sessions.map(({ source }) => source))];
  const gateways = [...text.matchAll(/route \S+ via ([0-9a-f.:]+);/g)].map(([, gateway]) => gateway);
  const length = ipVersion === 4 ? 24 : 64;
  const nodes = [...sources, ...gateways.map((gateway) => beside(gateway, 200))].map((own) => `${own}/${length}`);
  const addresses = nodes.filter(
    (own, i) => nodes.findIndex((other) => sameNet(own, other)) === i || i < sources.length,
  );
  const router = beside(sources[0] ?? (ipVersion === 4 ? "10.192.0.2" : "fd00::2"), 251);
  const port = Number(/listen bgp [^;]*port (\d+)/.exec(text)?.[1] ?? 179);
  const prefixes = probePrefixes(text, ipVersion);
  // The way to a peer is not a probe.
  const isOfPeer = (prefix: string): boolean => sessions.some(({ address }) => prefix.split("/")[0] === address);
  const free = prefixes.filter((prefix) => !isOfPeer(prefix));
  return {
    name,
    ipVersion,
    files,
    addresses: addresses.length === 0 ? [`${beside(router, 2)}/${length}`] : addresses,
    others: [router, ...gateways, ...sessions.map(({ address }) => address)],
    kernelRoutes: [
      ...hostRoutes(sessions, addresses, router, ipVersion),
      ...kernelRoutes(free, router, ipVersion, Object.values(files).join("\n").length),
    ],
    // Of several sessions with one address (and ports of their own) only the first is there.
    peers: sessions.filter(isFirst).map((session, i) => ({
      name: session.name,
      address: session.address,
      speaker: session.source,
      port,
      as: session.as,
      identifier: ipVersion === 4 ? session.address : `10.99.0.${i + 1}`,
      ipVersion,
      addPaths: i % 2 === 1,
      probes: probesOf(session, i, text, prefixes, ipVersion, [router]),
    })),
    directPeers: sessions.filter(({ isDirect }) => isDirect).map(({ name }) => name),
    protocols: sessions.map(({ name }) => name),
  };
}

function readSessions(text: string, ipVersion: IpVersion): Session[] {
  const templateAs = Number(/template bgp [^}]*?local as (\d+);/.exec(text)?.[1]);
  const hasMultihop = /template bgp [^}]*?\n\s*multihop/.test(text);
  const routerId = /router id ([\d.]+);/.exec(text)?.[1];
  const listening = /listen bgp address ([0-9a-f.:]+)/.exec(text)?.[1];
  const firstSource = /source address ([0-9a-f.:]+);/.exec(text)?.[1];
  const blocks = text.split(/^protocol bgp /m).slice(1);
  return blocks.flatMap((block) => {
    const name = /^\S+/.exec(block)?.[0] ?? "";
    const [, address, as] = /neighbor ([0-9a-f.:]+)(?: port \d+)? as (\d+);/.exec(block) ?? [];
    if (address === undefined) return [];
    const source = /source address ([0-9a-f.:]+);/.exec(block)?.[1];
    const localAs = Number(/local as (\d+);/.exec(block.slice(0, block.indexOf("\n}")))?.[1] ?? templateAs);
    const fallback =
      listening ?? firstSource ?? (ipVersion === 4 && routerId !== undefined ? routerId : beside(address, 77));
    const own = block.slice(0, block.indexOf("\n}"));
    const isMultihop = /^\s*multihop/m.test(own) || (hasMultihop && !/^\s*direct;/m.test(own));
    const isDirect = Number(as) !== localAs && !isMultihop;
    return [{ name, address, as: Number(as), localAs, source: source ?? fallback, isDirect }];
  });
}

function isFirst({ address }: Session, index: number, all: readonly Session[]): boolean {
  return all.findIndex((other) => other.address === address) === index;
}

/** An address of the same segment. */
function beside(address: string, last: number): string {
  const prefix = parsePrefix(`${address}/${address.includes(":") ? 128 : 32}`);
  if (prefix === undefined) throw new RangeError(`not an address: ${address}`);
  const bytes = Uint8Array.from(prefix.bytes);
  bytes[bytes.length - 1] = last;
  return formatBytes(bytes);
}

function sameNet(a: string, b: string): boolean {
  const [address, length] = a.split("/");
  const net = parsePrefix(`${address}/${address.includes(":") ? 128 : 32}`);
  const other = parsePrefix(`${b.split("/")[0]}/${address.includes(":") ? 128 : 32}`);
  if (net === undefined || other === undefined) return false;
  return prefixContains(makePrefix(net.bytes, Number(length)), other.bytes);
}

/** Prefixes that decide something: within, at, around and beside those of the text. */
function probePrefixes(text: string, ipVersion: IpVersion): string[] {
  const pattern = ipVersion === 4 ? /\b(\d+\.\d+\.\d+\.\d+)\/(\d+)/g : /([0-9a-f]*:[0-9a-f:]+)\/(\d+)/g;
  const full = ipVersion === 4 ? 32 : 128;
  const found = new Set<string>();
  const add = (bytes: Uint8Array, length: number): void => {
    const prefix = makePrefix(bytes, length);
    found.add(`${formatBytes(prefix.bytes)}/${length}`);
  };
  for (const [, address, words] of text.matchAll(pattern)) {
    const prefix = parsePrefix(`${address}/${full}`);
    const length = Number(words);
    if (prefix === undefined || length === 0) continue;
    add(prefix.bytes, length);
    const inside = Uint8Array.from(prefix.bytes);
    inside[inside.length - 1] |= length < full ? 1 : 0;
    add(inside, full);
    if (length < full - 6) add(inside, full - 6);
    if (length < full - 1) add(inside, length + 1);
    add(prefix.bytes, length - 1);
    const next = Uint8Array.from(prefix.bytes);
    next[(length - 1) >> 3] ^= 1 << (7 - ((length - 1) & 7));
    add(next, length);
  }
  return [...found];
}

/** Ways to peers that are not on the segment, whatever else there is for their addresses. */
function hostRoutes(
  sessions: readonly Session[],
  addresses: readonly string[],
  router: string,
  ipVersion: IpVersion,
): string[] {
  const remote = sessions.filter(({ address }) => !addresses.some((own) => sameNet(own, address)));
  return remote.map(({ address }) => `${address}/${ipVersion === 4 ? 32 : 128} via ${router} dev eth0 proto static`);
}

function kernelRoutes(prefixes: readonly string[], router: string, ipVersion: IpVersion, seed: number): string[] {
  const routes = [`default via ${router} dev eth0 proto static metric 77`];
  routes.push(...(ipVersion === 4 ? ["203.0.113.0/25 dev cali2 proto 80"] : ["2001:db8:113::/65 dev cali2 proto 80"]));
  for (const [i, prefix] of prefixes.entries()) {
    const metric = (i + seed) % 2 === 0 ? 512 : 1024;
    const device = DEVICES[(i + seed) % DEVICES.length];
    const form = (i * 7 + seed) % 8;
    if (form === 0) routes.push(`blackhole ${prefix} proto 80 metric ${metric}`);
    else if (form === 1) routes.push(`${prefix} via ${router} dev eth0 proto 80 metric ${metric}`);
    else if (form < 5) routes.push(`${prefix} dev ${device} proto 80 metric ${metric}`);
    // The others are only announced.
  }
  return routes;
}

interface Vocabulary {
  readonly communities: readonly (readonly [number, number])[];
  readonly large: readonly (readonly [number, number, number])[];
  readonly paths: readonly (readonly number[])[];
  readonly preferences: readonly number[];
}

function vocabularyOf(text: string): Vocabulary {
  const numbers = (found: readonly string[]): number[] => found.slice(1).map(Number);
  const pairs = [...text.matchAll(/\((\d+), ?(\d+)\)/g)].map((found) => numbers(found) as [number, number]);
  const triples = [...text.matchAll(/\((\d+), ?(\d+), ?(\d+)\)/g)].map((f) => numbers(f) as [number, number, number]);
  const paths = [...text.matchAll(/\[= ([\d ]+)\* =\]/g)].map(([, list]) => list.trim().split(/\s+/).map(Number));
  const found = [...text.matchAll(/bgp_local_pref [=<>]+ (\d+)/g)].map(([, value]) => Number(value));
  const near = found.flatMap((value) => [value - 1, value, value + 1]);
  return {
    communities: [...pairs.filter(([a, b]) => a < 65536 && b < 65536), [64999, 9]],
    large: [...triples, [64999, 8, 7]],
    paths: [...paths, [], [64999], [64999, 64998, 64997, 64996]],
    preferences: [...new Set([...near, 100, 0, 2147482623, 2147483135, 4294967295])],
  };
}

const WELL_KNOWN = [0xff01, 0xff02, 0xff03] as const;

/** About half of the prefixes, with what the filters look at; the same from several peers with different attributes. */
function probesOf(
  session: Session,
  index: number,
  text: string,
  prefixes: readonly string[],
  ipVersion: IpVersion,
  hops: readonly string[],
): Probe[] {
  const { communities, large, paths, preferences } = vocabularyOf(text);
  const isInternal = session.as === session.localAs;
  // Between a static route and one by BGP of the same preference BIRD has no rule that could be compared.
  const ownPrefixes = new Set([...text.matchAll(/\broute (\S+\/\d+) /g)].map(([, prefix]) => prefix));
  const outside =
    ipVersion === 4
      ? ["0.0.0.0/0", "203.0.113.0/24", "203.0.113.7/32"]
      : ["::/0", "2001:db8:113::/64", "2001:db8:113::7/128"];
  const chosen = [...outside, ...prefixes.filter((_, i) => (i + index) % 3 !== 0)];
  return chosen.map((prefix, i) => {
    const turn = i * 5 + index * 3;
    const path = paths[turn % paths.length];
    return {
      prefix,
      pathId: 1 + (i % 3),
      nextHop: turn % 7 === 3 ? hops[turn % hops.length] : session.address,
      asPath: isInternal ? path : [session.as, ...path],
      origin: turn % 11 === 0 ? 2 : turn % 13 === 0 ? 1 : 0,
      ...(isInternal
        ? { localPref: ownPrefixes.has(prefix) ? 100 : preferences[(i * 7 + index) % preferences.length] }
        : {}),
      ...(turn % 4 === 1 ? { med: turn * 10 } : {}),
      ...(turn % 3 === 0 ? { communities: [communities[turn % communities.length]] } : {}),
      ...(turn % 17 === 5 ? { communities: [[65535, WELL_KNOWN[turn % 3]]] } : {}),
      ...(turn % 5 === 2 ? { largeCommunities: [large[turn % large.length]] } : {}),
      ...(isInternal && turn % 9 === 4 ? { originatorId: "192.0.2.99", clusterList: ["192.0.2.98"] } : {}),
      ...(turn % 19 === 6 ? { unknown: "0102" } : {}),
    } satisfies Probe;
  });
}
