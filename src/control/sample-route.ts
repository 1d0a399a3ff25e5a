// A route put together from words of the command line, to run a policy on. RFC 4271 §5 names, one option an attribute.

import { readI32 } from "../base/bytes.js";
import { formatBytes, formatPrefix, type IpPrefix, parseAddress, parsePrefix } from "../base/ip.js";
import { asPathText, communityText, extendedCommunityText, largeCommunityText } from "../packet/attributes/index.js";
import { parseCommunity, parseExtendedCommunity, parseLargeCommunity } from "../policy/community.js";
import type { AsPath, AsPathSegment, PeerFacts, Route, RouteOrigin } from "../policy/route.js";
import { UsageError } from "./command-context.js";

/** What the command line says of the route; everything but the prefix may be left out. */
export interface RouteWords {
  readonly prefix: string;
  readonly source: RouteOrigin;
  readonly asPath: string | undefined;
  readonly nextHop: string | undefined;
  readonly origin: "igp" | "egp" | "incomplete";
  readonly med: string | undefined;
  readonly localPref: string | undefined;
  readonly weight: string | undefined;
  readonly community: readonly string[];
  readonly largeCommunity: readonly string[];
  readonly extendedCommunity: readonly string[];
}

const ORIGINS = ["igp", "egp", "incomplete"] as const;
const AS_SET = 1;
const AS_SEQUENCE = 2;

/** The route; throws UsageError naming the word that is none. */
export function sampleRoute(
  words: RouteWords,
  learnedFrom: PeerFacts | undefined,
  sentTo: PeerFacts | undefined,
): Route {
  const prefix = prefixOf(words.prefix);
  const word = (at: number): number => (at < prefix.bytes.length ? readI32(prefix.bytes, at) : 0);
  return {
    family: prefix.family,
    w0: word(0),
    w1: word(4),
    w2: word(8),
    w3: word(12),
    prefixLength: prefix.length,
    from: words.source,
    learnedFrom,
    sentTo,
    origin: ORIGINS.indexOf(words.origin),
    asPath: words.asPath === undefined ? [] : parsePath(words.asPath),
    nextHop: nextHopOf(words, learnedFrom),
    med: numberOf("med", words.med, 0xffffffff),
    localPref: numberOf("local-pref", words.localPref, 0xffffffff),
    communities: words.community.map((text) => valueOf("community", text, parseCommunity(text))),
    largeCommunities: words.largeCommunity.map((text) => valueOf("large-community", text, parseLargeCommunity(text))),
    extendedCommunities: words.extendedCommunity.map((text) =>
      valueOf("extended-community", text, parseExtendedCommunity(text)),
    ),
    weight: numberOf("weight", words.weight, 0xffff) ?? 0,
    isBare: false,
    originatorId: undefined,
    clusterList: undefined,
    atomicAggregate: false,
    aggregator: undefined,
    protocolName: learnedFrom?.name ?? words.source,
    fromAddress: new Uint8Array(0),
    destination: "unreachable",
    gateway: new Uint8Array(0),
    interfaceName: "",
    kernelMetric: undefined,
    kernelSource: undefined,
    kernelTunnel: undefined,
  };
}

/** The attributes of a route in the texts of status; absent ones are undefined. */
export interface RouteTexts {
  readonly asPath: string;
  readonly nextHop: string | undefined;
  readonly origin: string;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly weight: number;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly extendedCommunities: readonly string[];
}

export function routeTexts(route: Route): RouteTexts {
  return {
    asPath: asPathText(route.asPath),
    nextHop: route.nextHop.length === 0 ? undefined : formatBytes(route.nextHop),
    origin: ORIGINS[route.origin],
    med: route.med,
    localPref: route.localPref,
    weight: route.weight,
    communities: route.communities.map(communityText),
    largeCommunities: route.largeCommunities.map(largeCommunityText),
    extendedCommunities: route.extendedCommunities.map(extendedCommunityText),
  };
}

function prefixOf(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new UsageError(`"${text}" is not a prefix, as 10.244.0.0/26`);
  return prefix;
}

/** An imported route comes from the peer itself where nothing else is said. */
function nextHopOf({ nextHop }: RouteWords, learnedFrom: PeerFacts | undefined): Route["nextHop"] {
  const address = parseAddress(nextHop ?? learnedFrom?.address ?? "");
  if (address !== undefined) return address.bytes;
  if (nextHop === undefined) return new Uint8Array(0);
  throw new UsageError(`--next-hop: "${nextHop}" is not an address`);
}

/** `65001 65002 {65003,65004}`: numbers in sequence, sets in braces. */
function parsePath(text: string): AsPath {
  const segments: AsPathSegment[] = [];
  let sequence: number[] = [];
  const flush = (): void => {
    if (sequence.length > 0) segments.push({ type: AS_SEQUENCE, asNumbers: sequence });
    sequence = [];
  };
  for (const part of text.match(/\{[^}]*\}|\S+/g) ?? []) {
    if (!part.startsWith("{")) {
      sequence.push(asNumber(part, text));
      continue;
    }
    flush();
    const asNumbers = part
      .slice(1, -1)
      .split(/[\s,]+/)
      .filter((word) => word !== "");
    segments.push({ type: AS_SET, asNumbers: asNumbers.map((word) => asNumber(word, text)) });
  }
  flush();
  return segments;
}

function asNumber(word: string, text: string): number {
  const as = /^\d{1,10}$/.test(word) ? Number(word) : Infinity;
  if (as > 0xffffffff) throw new UsageError(`--as-path: "${word}" in "${text}" is not an AS number`);
  return as;
}

function numberOf(option: string, text: string | undefined, greatest: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
  if (value > greatest) throw new UsageError(`--${option}: "${text}" is not a number from 0 to ${greatest}`);
  return value;
}

function valueOf<Value>(option: string, text: string, value: Value | undefined): Value {
  if (value === undefined) throw new UsageError(`--${option}: "${text}" is not one`);
  return value;
}

/** The prefix of the route as text. */
export function routePrefixText(text: string): string {
  return formatPrefix(prefixOf(text));
}
