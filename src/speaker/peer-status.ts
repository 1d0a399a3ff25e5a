// One peer as status shows it.

import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family, familyByName } from "../base/family.js";
import { formatAddress, formatIpv4Word } from "../base/ip.js";
import { capabilityNames } from "../packet/capabilities.js";
import type { Rib } from "../rib/rib.js";
import type { Peer } from "./peer.js";
import type { PeerFamilyStatus, PeerStatus } from "./snapshot.js";

/** Counts by SourceId, per family: see Rib.countBySource. */
export type SourceCounts = readonly ReturnType<Rib["countBySource"]>[];

/** Everything about the peer. */
export function peerStatus(peer: Peer, counts: SourceCounts, clock: Clock): PeerStatus {
  const { config } = peer;
  const session = peer.session.status();
  const { negotiated, heldText: held } = peer;
  const families = negotiated?.families ?? config.families.map(familyByName);
  return {
    address: config.key,
    name: config.name,
    type: peer.isDynamic ? "dynamic" : config.type,
    group: config.group,
    as: negotiated?.peerAs ?? config.as,
    localAs: config.localAs,
    routerId: negotiated === undefined ? undefined : formatIpv4Word(negotiated.peerBgpIdentifier),
    state: session.state,
    // Nobody wished it to be down where a limit was exceeded.
    adminDown: session.adminDown && held === undefined,
    draining: peer.isDraining,
    since: new Date(session.sinceWallTime).toISOString(),
    info: held ?? session.info,
    routeReflectorClient: config.routeReflectorClient,
    passive: config.passive,
    localAddress: session.localAddress === undefined ? undefined : formatAddress(session.localAddress),
    remotePort: session.remotePort,
    holdTimeSeconds: negotiated?.holdTimeSeconds ?? config.holdTimeSeconds,
    keepaliveSeconds: negotiated?.keepaliveSeconds ?? config.keepaliveSeconds,
    uptimeSeconds:
      session.state === "Established" ? Math.floor((clock.wallTime() - session.sinceWallTime) / 1000) : undefined,
    capabilities: negotiated === undefined ? [] : capabilityNames(negotiated.peerCapabilities),
    families: families.map((family) => familyStatus(peer, counts, family)),
    messages: { received: session.received, sent: session.sent },
    lastError: session.lastError,
    transitions: session.transitions,
    outputQueueBytes: session.writableLength,
    missingPolicy: config.missingPolicy,
  };
}

function familyStatus(peer: Peer, counts: SourceCounts, family: Family): PeerFamilyStatus {
  const { best, stale } = counts[family];
  const { config } = peer;
  const { name } = FAMILIES[family];
  return {
    family: name,
    received: peer.source.received[family],
    receivedLimit: config.maxPrefixesIn?.[name],
    accepted: peer.source.accepted[family],
    best: best[peer.source.id],
    advertised: peer.advertisedCount(family),
    advertisedLimit: config.maxPrefixesOut?.[name],
    stale: stale[peer.source.id],
    endOfRibReceived: peer.endOfRib.has(family),
  };
}
