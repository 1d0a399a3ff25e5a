// One peer as status shows it.

import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family, familyByName } from "../base/family.js";
import { formatAddress, formatIpv4Word } from "../base/ip.js";
import { capabilityNames } from "../packet/capabilities.js";
import type { Rib } from "../rib/rib.js";
import type { SourceCounts } from "../rib/source-counts.js";
import type { Peer } from "./peer.js";
import type { PeerFamilyStatus, PeerStatus } from "./snapshot.js";

const SLICE_MS = 2;

/** Everything about the peers, in chunks, some of them empty; each next() does a few milliseconds of work at most. */
export function* peerChunks(peers: readonly Peer[], rib: Rib, clock: Clock): Generator<readonly PeerStatus[]> {
  let until = clock.now() + SLICE_MS;
  const counts: SourceCounts[] = [];
  for (const { family } of FAMILIES) {
    const counting = rib.countingBySource(family);
    let step = counting.next();
    for (; step.done !== true; step = counting.next()) {
      if (clock.now() < until) continue;
      yield [];
      until = clock.now() + SLICE_MS;
    }
    counts.push(step.value);
  }
  let chunk: PeerStatus[] = [];
  for (const peer of peers) {
    // One that went away in between has no source any more.
    if (rib.sources.find(peer.source.id) !== peer.source) continue;
    chunk.push(peerStatus(peer, counts, clock));
    if (clock.now() < until) continue;
    yield chunk;
    chunk = [];
    until = clock.now() + SLICE_MS;
  }
  yield chunk;
}

/** Everything about the peer. `counts` by family. */
export function peerStatus(peer: Peer, counts: readonly SourceCounts[], clock: Clock): PeerStatus {
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
    gracefulRestart: peer.restart,
    missingPolicy: config.missingPolicy,
  };
}

function familyStatus(peer: Peer, counts: readonly SourceCounts[], family: Family): PeerFamilyStatus {
  const { best, stale } = counts[family];
  const { config } = peer;
  const { name } = FAMILIES[family];
  return {
    family: name,
    received: peer.source.received[family],
    receivedLimit: config.maxPrefixesIn?.[name],
    accepted: peer.source.accepted[family],
    best: best[peer.source.id] ?? 0,
    advertised: peer.advertisedCount(family),
    advertisedLimit: config.maxPrefixesOut?.[name],
    stale: stale[peer.source.id] ?? 0,
    endOfRibReceived: peer.endOfRib.has(family),
  };
}
