// A peer's configuration in the words of those who act on it: the session, the table of sources, the update groups. Pure
// functions; which change of an option costs what stands in peer-options.ts.

import type { Bytes } from "../base/bytes.js";
import { type Family, familyByName, IPV4_UNICAST } from "../base/family.js";
import type { IpAddress } from "../base/ip.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import { ACCEPT_ALL, type PeerFacts } from "../policy/route.js";
import type { GroupOptions } from "../rib/export-rules.js";
import { type ImportOptions, RELATION, type Relation, type SourceOptions } from "../rib/sources.js";
import type { Negotiated } from "../session/negotiate.js";
import type { SessionOptions } from "../session/session-options.js";
import type { SplittingOption } from "./peer-options.js";
import { selfNextHop } from "./self-next-hop.js";
import type { KernelView } from "./ports.js";

/** The peer as a source of routes. `peerAs`: as it said itself, or as configured while it is not there; `localAddress`: our
 *  address in the session, while there is one. */
export function sourceOptions(
  config: PeerConfig,
  speaker: SpeakerConfig,
  peerAs: number,
  isDraining: boolean,
  localAddress?: Bytes,
): SourceOptions {
  let relation: Relation = RELATION.ebgp;
  if (peerAs === config.localAs) {
    relation = config.routeReflectorClient ? RELATION.ibgpClient : RELATION.ibgpNonClient;
  }
  const isEbgp = relation === RELATION.ebgp;
  return {
    kind: "bgp",
    name: config.key,
    relation,
    localAs: config.localAs,
    import: { ...importOptions(config, speaker, isEbgp, isDraining), localAddress },
    peer: { address: config.key, name: config.name, group: config.group, as: peerAs, isEbgp },
    address: config.address.bytes,
    zone: config.address.zone,
  };
}

function importOptions(
  config: PeerConfig,
  speaker: SpeakerConfig,
  isEbgp: boolean,
  isDraining: boolean,
): ImportOptions {
  const { separatesLocalAs, clusterLoopOnlyWithClients } = speaker.compatibility;
  return {
    globalAs: separatesLocalAs ? config.localAs : speaker.localAs,
    prependsLocalAs: isEbgp && config.localAs !== speaker.localAs && !config.localAsNoPrepend && !separatesLocalAs,
    allowAsIn: config.allowAsIn,
    enforcesFirstAs: isEbgp && config.enforceFirstAs,
    weight: config.weight,
    localPref: config.localPref,
    role: isEbgp ? config.role : undefined,
    honoursGracefulShutdown: isEbgp && config.gracefulShutdown,
    honoursBlackhole: config.blackhole,
    // RFC 8326, appendix C.1: for an internal session nothing needs to be done.
    isDraining: isEbgp && isDraining,
    ignoresClusterList: clusterLoopOnlyWithClients && !config.routeReflectorClient,
  };
}

/** What the session is told. `asNumbers`: those the peer may have. */
export function sessionOptions(
  config: PeerConfig,
  speaker: SpeakerConfig,
  asNumbers: readonly number[],
  gracefulRestart: SessionOptions["gracefulRestart"],
): SessionOptions {
  const isEbgp = config.as !== config.localAs;
  const direct = isEbgp && config.multihop === 0;
  const hops = Math.max(1, config.multihop);
  return {
    remoteAddress: config.address,
    remotePort: config.port,
    localAddress: config.localAddress,
    localAs: config.localAs,
    peerAsNumbers: asNumbers,
    routerId: speaker.routerId,
    families: config.families.map(familyByName),
    holdTimeSeconds: config.holdTimeSeconds,
    keepaliveSeconds: config.keepaliveSeconds,
    connectRetrySeconds: config.connectRetrySeconds,
    idleHoldSeconds: config.idleHoldSeconds,
    birdWaits: config.birdWaits,
    delayOpenSeconds: config.delayOpenSeconds,
    sendHoldSeconds: config.sendHoldSeconds,
    role: isEbgp ? config.role : undefined,
    roleStrict: config.roleStrict,
    passive: config.passive,
    // RFC 5082 §3: with GTSM both sides send 255.
    ttl: config.ttlSecurity ? 255 : direct ? 1 : config.multihop > 0 ? config.multihop : 64,
    minTtl: config.ttlSecurity ? 256 - hops : undefined,
    md5Key: config.password,
    device: config.address.zone,
    addPathReceive: config.addPathReceive,
    addPathSend: config.addPathSend !== 0,
    extendedMessage: config.extendedMessage,
    extendedNextHop: config.extendedNextHop,
    birdCapabilities: speaker.compatibility.birdCapabilities,
    fixedKeepalive: speaker.compatibility.fixedKeepalive,
    refusesSilently: speaker.compatibility.refusesSilently,
    gracefulRestart,
  };
}

/** What decides the update group of a session's family, beside the configuration. */
export interface GroupFacts {
  readonly family: Family;
  readonly relation: Relation;
  readonly negotiated: Pick<
    Negotiated,
    "peerAs" | "addPathSend" | "fourOctetAs" | "maxMessageLength" | "localAddress" | "extendedNextHop"
  >;
  readonly isDraining: boolean;
  /** The session may cross routers, whether it does or not. */
  readonly isMultihop: boolean;
  /** Of the peer: our own next hop towards it may depend on the link. */
  readonly address: IpAddress;
  readonly peer: PeerFacts;
  readonly view: KernelView | undefined;
}

/** The update group the peer belongs in. Which options take part is said in GROUP_EFFECTS; another one does not compile. */
export function groupOptions(
  config: Pick<PeerConfig, SplittingOption>,
  speaker: SpeakerConfig,
  facts: GroupFacts,
): GroupOptions {
  const { family, relation, negotiated } = facts;
  const extendedNextHop = family === IPV4_UNICAST && negotiated.extendedNextHop[family];
  const isEbgp = relation === RELATION.ebgp;
  const ownNextHop = selfNextHop(negotiated.localAddress, facts.address, family, extendedNextHop, facts.view);
  const { separatesLocalAs, zeroMedToExternal, announcesGateways, clusterLoopOnlyWithClients } = speaker.compatibility;
  return {
    family,
    relation,
    localAs: config.localAs,
    globalAs: config.localAsReplaceAs || separatesLocalAs ? config.localAs : speaker.localAs,
    overrideAs: config.asOverride && isEbgp ? negotiated.peerAs : 0,
    removePrivateAs: isEbgp ? config.removePrivateAs : "no",
    role: isEbgp ? config.role : undefined,
    isDraining: facts.isDraining,
    defaultOriginate: config.defaultOriginate,
    addPathSend: negotiated.addPathSend[family] ? config.addPathSend : 0,
    fourOctetAs: negotiated.fourOctetAs,
    maxMessageLength: negotiated.maxMessageLength,
    nextHop: config.nextHop,
    selfNextHop:
      facts.isMultihop && speaker.compatibility.globalNextHopOverMultihop ? ownNextHop.subarray(0, 16) : ownNextHop,
    extendedNextHop,
    zeroesMed: zeroMedToExternal && isEbgp,
    announcesGateways: announcesGateways && (!isEbgp || config.nextHop === "keep"),
    separatesLocalAs: separatesLocalAs && !isEbgp,
    checksClusterList: clusterLoopOnlyWithClients && relation === RELATION.ibgpClient,
    preparesExport: speaker.compatibility.preparedExport,
    exportFilter: config.exportPolicy,
    sentTo: config.exportPolicy !== ACCEPT_ALL && config.exportPolicy.readsPeer ? facts.peer : undefined,
  };
}
