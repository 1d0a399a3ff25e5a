// Routes and peers as literal objects, for tests of policies.

import { type IpPrefix, parsePrefix } from "../../src/base/ip.js";
import { readI32 } from "../../src/base/bytes.js";
import type { PeerFacts, Route } from "../../src/policy/route.js";

/** A mutable route for 10.1.0.0/16 from nobody, with `changes`. */
export function sampleRoute(changes: Partial<Route> = {}, prefix = "10.1.0.0/16"): Route {
  return {
    ...prefixWords(prefixOf(prefix)),
    from: "bgp",
    learnedFrom: undefined,
    sentTo: undefined,
    origin: 0,
    asPath: [],
    nextHop: Uint8Array.of(192, 0, 2, 1),
    med: undefined,
    localPref: undefined,
    communities: [],
    extendedCommunities: [],
    largeCommunities: [],
    weight: 0,
    isBare: false,
    originatorId: undefined,
    clusterList: undefined,
    atomicAggregate: false,
    aggregator: undefined,
    protocolName: "tor-1",
    fromAddress: new Uint8Array(0),
    destination: "router",
    gateway: new Uint8Array(0),
    interfaceName: "",
    kernelMetric: undefined,
    kernelSource: undefined,
    kernelTunnel: undefined,
    ...changes,
  };
}

export function samplePeer(changes: Partial<PeerFacts> = {}): PeerFacts {
  return { address: "192.0.2.9", name: "tor-1", group: "tors", as: 65001, isEbgp: true, ...changes };
}

/** The prefix of a text that is one. */
export function prefixOf(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new RangeError(`not a prefix: ${text}`);
  return prefix;
}

/** A path of one AS_SEQUENCE. */
export function sequence(...asNumbers: number[]): Route["asPath"] {
  return asNumbers.length === 0 ? [] : [{ type: 2, asNumbers }];
}

export function prefixWords(prefix: IpPrefix): Pick<Route, "family" | "w0" | "w1" | "w2" | "w3" | "prefixLength"> {
  const [w0, w1, w2, w3] = [0, 4, 8, 12].map((at) => (at < prefix.bytes.length ? readI32(prefix.bytes, at) : 0));
  return { family: prefix.family, w0, w1, w2, w3, prefixLength: prefix.length };
}
