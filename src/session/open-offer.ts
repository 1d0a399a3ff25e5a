// The OPEN we send: our numbers and the capabilities that the options ask for (RFC 4271 §4.2, RFC 5492).

import { FAMILIES, type Family, IPV4_UNICAST } from "../base/family.js";
import { type Capabilities, NO_CAPABILITIES } from "../packet/capabilities.js";
import { AS_TRANS, BGP_ROLE } from "../packet/codes.js";
import { BGP_VERSION, type OpenMessage } from "../packet/open.js";
import type { SessionOptions } from "./session-options.js";

const AFI_IPV6 = FAMILIES[1].afi;

/** Our side of the negotiation, as data. Asks `options.gracefulRestart` once. */
export function makeOpen(options: SessionOptions): OpenMessage {
  return {
    version: BGP_VERSION,
    myAs: options.localAs > 0xffff ? AS_TRANS : options.localAs,
    holdTimeSeconds: options.holdTimeSeconds,
    bgpIdentifier: options.routerId,
    capabilities: makeCapabilities(options),
  };
}

function makeCapabilities(options: SessionOptions): Capabilities {
  const { families } = options;
  const addPath =
    options.addPathReceive || options.addPathSend ? families.map((family) => offerAddPath(options, family)) : [];
  const extendedNextHop =
    options.extendedNextHop && families.includes(IPV4_UNICAST)
      ? [{ family: IPV4_UNICAST as Family, nextHopAfi: AFI_IPV6 }]
      : [];
  return {
    ...NO_CAPABILITIES,
    families,
    routeRefresh: true,
    enhancedRouteRefresh: true,
    extendedMessage: options.extendedMessage,
    roles: options.role === undefined ? [] : [BGP_ROLE[options.role]],
    extendedNextHop,
    gracefulRestart: options.gracefulRestart(),
    fourOctetAs: options.localAs,
    addPath,
  };
}

function offerAddPath(options: SessionOptions, family: Family): Capabilities["addPath"][number] {
  return { family, receive: options.addPathReceive, send: options.addPathSend };
}
