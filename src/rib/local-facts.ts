// What is known of the node's own routes beside BGP: where they lead, the kernel's metric, and which protocol of the
// configuration made them, of which a source may have several. Scripts read it, nobody is sent it.
//
// It travels inside the attribute set, as an attribute of a code that is reserved (RFC 2042 §2), so that routes that differ
// in it have different sets and whatever is remembered of a set stays right. Only sets of local sources are asked for it:
// a peer that sends such an attribute says nothing by it.

import type { Bytes } from "../base/bytes.js";
import { readU32, writeU32 } from "../base/bytes.js";
import type { UnknownAttribute } from "../packet/attributes/index.js";
import type { RouteDestination } from "../policy/route.js";

export interface LocalFacts {
  readonly destination: RouteDestination;
  /** Empty: none. */
  readonly gateway: Bytes;
  /** "": none. */
  readonly interfaceName: string;
  /** Of routes learned from the kernel, with their rtm_protocol. */
  readonly kernelMetric: number | undefined;
  readonly kernelSource: number | undefined;
  /** ASCII, at most 255 characters. "": the name of the source. */
  readonly protocolName: string;
}

export const LOCAL_FACTS_CODE = 255;
/** Optional, transitive and partial: the normal form of an attribute that nobody knows. */
const FLAGS = 0xe0;

const DESTINATIONS: readonly RouteDestination[] = [
  "router",
  "device",
  "blackhole",
  "unreachable",
  "prohibit",
  "multipath",
];
const HAS_METRIC = 1;
const HAS_SOURCE = 2;
const HEADER = 12;

/** The facts as an attribute. Destination, which numbers there are, metric, source, lengths of the
 *  gateway and the protocol's name, these two, the interface. */
export function localFactsAttribute(facts: LocalFacts): UnknownAttribute {
  const { destination, gateway, interfaceName, kernelMetric, kernelSource, protocolName } = facts;
  const name = new TextEncoder().encode(interfaceName);
  const protocol = new TextEncoder().encode(protocolName);
  const value = new Uint8Array(HEADER + gateway.length + protocol.length + name.length);
  value[0] = DESTINATIONS.indexOf(destination);
  value[1] = (kernelMetric === undefined ? 0 : HAS_METRIC) | (kernelSource === undefined ? 0 : HAS_SOURCE);
  writeU32(value, 2, kernelMetric ?? 0);
  writeU32(value, 6, kernelSource ?? 0);
  value[10] = gateway.length;
  value[11] = protocol.length;
  value.set(gateway, HEADER);
  value.set(protocol, HEADER + gateway.length);
  value.set(name, HEADER + gateway.length + protocol.length);
  return { flags: FLAGS, code: LOCAL_FACTS_CODE, value };
}

/** The facts among the unknown attributes of a local route; undefined: it was announced without. */
export function localFactsOf(unknown: readonly UnknownAttribute[] | undefined): LocalFacts | undefined {
  const value = unknown?.find(({ code }) => code === LOCAL_FACTS_CODE)?.value;
  if (value === undefined) return undefined;
  const protocolAt = HEADER + value[10];
  const nameAt = protocolAt + value[11];
  return {
    destination: DESTINATIONS[value[0]],
    gateway: value.slice(HEADER, protocolAt),
    protocolName: new TextDecoder().decode(value.subarray(protocolAt, nameAt)),
    interfaceName: new TextDecoder().decode(value.subarray(nameAt)),
    kernelMetric: (value[1] & HAS_METRIC) === 0 ? undefined : readU32(value, 2),
    kernelSource: (value[1] & HAS_SOURCE) === 0 ? undefined : readU32(value, 6),
  };
}
