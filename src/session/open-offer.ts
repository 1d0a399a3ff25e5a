// The OPEN we send: our numbers and the capabilities that the options ask for (RFC 4271 §4.2, RFC 5492).

import { FAMILIES, type Family, IPV4_UNICAST } from "../base/family.js";
import { type Capabilities, NO_CAPABILITIES } from "../packet/capabilities.js";
import { AS_TRANS, BGP_ROLE } from "../packet/codes.js";
import { BGP_VERSION, type OpenMessage } from "../packet/open.js";
import type { SessionOptions } from "./session-options.js";

const AFI_IPV6 = FAMILIES[1].afi;

/** Long-lived graceful restart for no family: the sender helps others with it (RFC 9494 §4.5). */
const LONG_LIVED_AWARE = { code: 71, value: new Uint8Array(0) };

/** Our side of the negotiation, as data. Asks `options.gracefulRestart` once. `plain`: without capabilities, for a peer that
 *  refuses them (RFC 5492 §3). */
export function makeOpen(options: SessionOptions, plain = false): OpenMessage {
  return {
    version: BGP_VERSION,
    myAs: options.localAs > 0xffff ? AS_TRANS : options.localAs,
    holdTimeSeconds: options.holdTimeSeconds,
    bgpIdentifier: options.routerId,
    capabilities: plain ? NO_CAPABILITIES : makeCapabilities(options),
  };
}

function makeCapabilities(options: SessionOptions): Capabilities {
  const { families, birdCapabilities } = options;
  const gracefulRestart = options.gracefulRestart();
  const addPath =
    options.addPathReceive || options.addPathSend ? families.map((family) => offerAddPath(options, family)) : [];
  const extendedNextHop =
    options.extendedNextHop && !birdCapabilities && families.includes(IPV4_UNICAST)
      ? [{ family: IPV4_UNICAST as Family, nextHopAfi: AFI_IPV6 }]
      : [];
  return {
    ...NO_CAPABILITIES,
    families,
    routeRefresh: true,
    enhancedRouteRefresh: true,
    extendedMessage: options.extendedMessage && !birdCapabilities,
    roles: options.role === undefined || birdCapabilities ? [] : [BGP_ROLE[options.role]],
    extendedNextHop,
    gracefulRestart,
    fourOctetAs: options.localAs,
    addPath,
    unknown: birdCapabilities && gracefulRestart !== undefined ? [LONG_LIVED_AWARE] : [],
  };
}

function offerAddPath(options: SessionOptions, family: Family): Capabilities["addPath"][number] {
  return { family, receive: options.addPathReceive, send: options.addPathSend };
}
