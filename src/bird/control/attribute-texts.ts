// Path attributes as `show route all` prints them, in ascending order of their codes.

import { formatBytes, formatIpv4Word } from "../../base/ip.js";
import type { AsPath, ExtendedCommunity, PathAttributes, UnknownAttribute } from "../../packet/attributes/index.js";

const ORIGINS = ["IGP", "EGP", "Incomplete"] as const;

export function originName(origin: number | undefined): (typeof ORIGINS)[number] {
  return ORIGINS[origin ?? 2] ?? "Incomplete";
}

/** `BGP.origin: IGP` …; absent attributes have no line. */
export function attributeLines(attributes: PathAttributes): readonly string[] {
  const { nextHop, med, localPref, aggregator, originatorId } = attributes;
  const lines = [
    `BGP.origin: ${originName(attributes.origin)}`,
    `BGP.as_path: ${asPathWords(attributes.asPath ?? [])}`,
  ];
  if (nextHop !== undefined) lines.push(`BGP.next_hop: ${nextHopWords(nextHop)}`);
  if (med !== undefined) lines.push(`BGP.med: ${med}`);
  if (localPref !== undefined) lines.push(`BGP.local_pref: ${localPref}`);
  if (attributes.atomicAggregate === true) lines.push("BGP.atomic_aggr: ");
  if (aggregator !== undefined) lines.push(`BGP.aggregator: ${formatIpv4Word(aggregator.id)} AS${aggregator.as}`);
  addList(lines, "community", attributes.communities, (value) => `(${value >>> 16},${value & 0xffff})`);
  if (originatorId !== undefined) lines.push(`BGP.originator_id: ${formatIpv4Word(originatorId)}`);
  addList(lines, "cluster_list", attributes.clusterList, formatIpv4Word);
  addList(lines, "ext_community", attributes.extendedCommunities, extendedCommunityText);
  addList(lines, "large_community", attributes.largeCommunities, (value) => `(${value.join(", ")})`);
  if (attributes.onlyToCustomer !== undefined)
    lines.push(unknownText(ONLY_TO_CUSTOMER, word(attributes.onlyToCustomer)));
  for (const { code, value } of attributes.unknown ?? []) lines.push(unknownText(code, value));
  return lines;
}

/** RFC 9234; BIRD 1.6 does not know it. */
const ONLY_TO_CUSTOMER = 35;

function addList<T>(lines: string[], name: string, values: readonly T[] | undefined, text: (value: T) => string): void {
  if (values !== undefined && values.length > 0) lines.push(`BGP.${name}: ${values.map(text).join(" ")}`);
}

/** `65001 65002 { 65003 65004 }`. */
export function asPathWords(path: AsPath): string {
  return path
    .map(({ type, asNumbers }) => (type === AS_SET ? `{ ${asNumbers.join(" ")} }` : asNumbers.join(" ")))
    .join(" ");
}

const AS_SET = 1;

/** The last AS, which originated the route; undefined for an empty path and where the last ones are a set. */
export function originAs(path: AsPath): number | undefined {
  const last = path.at(-1);
  return last === undefined || last.type === AS_SET ? undefined : last.asNumbers.at(-1);
}

/** A link-local address stands behind the global one. */
function nextHopWords(nextHop: Uint8Array): string {
  if (nextHop.length !== 32) return formatBytes(nextHop);
  return `${formatBytes(nextHop, 0, 16)} ${formatBytes(nextHop, 16, 16)}`;
}

const TARGET = 2;
const ORIGIN = 3;

/** `(rt, 65020, 7)`; kinds that are neither target nor origin by their octets. RFC 4360, RFC 5668. */
function extendedCommunityText([high, low]: ExtendedCommunity): string {
  const type = high >>> 24;
  const subtype = (high >>> 16) & 0xff;
  const isTransitive = (type & 0x40) === 0;
  const kind = subtype === TARGET ? "rt" : subtype === ORIGIN ? "ro" : undefined;
  if (kind === undefined || !isTransitive) return generic(high, low);
  switch (type) {
    case 0: // 2-octet AS, 4-octet number
      return `(${kind}, ${high & 0xffff}, ${low >>> 0})`;
    case 1: // IPv4 address, 2-octet number
      return `(${kind}, ${formatIpv4Word(((high << 16) | (low >>> 16)) >>> 0)}, ${low & 0xffff})`;
    case 2: // 4-octet AS, 2-octet number
      return `(${kind}, ${((high << 16) | (low >>> 16)) >>> 0}, ${low & 0xffff})`;
    default:
      return generic(high, low);
  }
}

function generic(high: number, low: number): string {
  return `(generic, 0x${(high >>> 0).toString(16)}, 0x${(low >>> 0).toString(16)})`;
}

/** `BGP.63 [t]: 01 02 03`: only what is transitive is kept of what nobody knows. */
function unknownText(code: UnknownAttribute["code"], value: Uint8Array): string {
  const octets = [...value].map((octet) => octet.toString(16).padStart(2, "0"));
  return `BGP.${code.toString(16).padStart(2, "0")} [t]: ${octets.join(" ")}`;
}

function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
