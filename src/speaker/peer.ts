// One peer: its session, its place as a source of routes, and its membership in update groups. Where sessions and tables
// meet; the helper side of graceful restart (RFC 4724 §4.2) lives here too.

import type { Bytes } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { type Family, FAMILIES, familyByName, IPV4_UNICAST } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { Capabilities } from "../packet/capabilities.js";
import { CEASE } from "../packet/codes.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import { ACCEPT_ALL, type PeerFacts } from "../policy/route.js";
import type { GroupOptions } from "../rib/export-rules.js";
import type { GroupMember } from "../rib/group-member.js";
import type { IngestContext } from "../rib/ingest.js";
import type { Rib } from "../rib/rib.js";
import { type ImportOptions, RELATION, type Relation, type Source } from "../rib/sources.js";
import type { UpdateGroup } from "../rib/update-group.js";
import type { Negotiated } from "../session/negotiate.js";
import { PeerSession } from "../session/peer-session.js";
import type { Connection, DownReason, SessionHandler, Transport } from "../session/ports.js";
import type { SessionOptions } from "../session/session-options.js";
import { StaleTimers } from "./stale-timers.js";
import { selfNextHop } from "./self-next-hop.js";
import type { KernelView } from "./ports.js";

/** What peers need of the speaker they belong to. */
export interface PeerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  readonly random: () => number;
  readonly rib: Rib;
  readonly view: KernelView | undefined;
  /** Our graceful restart capability towards this peer, asked at each OPEN. */
  readonly gracefulRestart: (peer: Peer) => Capabilities["gracefulRestart"];
  /** The peer came up, went down, or sent its End-of-RIB: recovery may be over. */
  readonly onProgress: (peer: Peer) => void;
  /** The peer is gone for good. */
  readonly onRemoved: (peer: Peer) => void;
}

export class Peer implements SessionHandler {
  config: PeerConfig;
  readonly source: Source;
  readonly session: PeerSession;
  /** AS numbers a dynamic peer may have; undefined for a configured one, which has exactly one. */
  readonly #asNumbers: readonly number[] | undefined;
  readonly #deps: PeerDependencies;
  readonly #log: Log;
  #speaker: SpeakerConfig;
  #negotiated: Negotiated | undefined;
  #context: IngestContext | undefined;
  readonly #members: (GroupMember | undefined)[] = [undefined, undefined];
  readonly #stale: StaleTimers;
  readonly #isDraining = false;
  /** Families whose End-of-RIB has come in this session. */
  readonly endOfRib = new Set<Family>();

  constructor(config: PeerConfig, speaker: SpeakerConfig, deps: PeerDependencies, asNumbers?: readonly number[]) {
    this.config = config;
    this.#speaker = speaker;
    this.#deps = deps;
    this.#asNumbers = asNumbers;
    this.#log = deps.log.child({ peer: config.key, ...(config.name === "" ? {} : { name: config.name }) });
    this.source = deps.rib.addSource(this.#sourceOptions(config.as));
    this.source.importFilter = config.importPolicy;
    this.#stale = new StaleTimers(deps.clock, (family) => this.#dropStale(family, "it did not finish in time"));
    this.session = new PeerSession(this.#sessionOptions(), {
      clock: deps.clock,
      transport: deps.transport,
      log: this.#log,
      handler: this,
      random: deps.random,
    });
    if (config.disabled) this.session.stop(undefined, "disabled in the configuration");
    else this.session.start();
  }

  get isDynamic(): boolean {
    return this.#asNumbers !== undefined;
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  /** Routes are kept because the peer may be restarting. */
  get isKept(): boolean {
    return this.#stale.isRunning(0) || this.#stale.isRunning(1);
  }

  /** The update group of the family, while the session is up. */
  group(family: Family): UpdateGroup | undefined {
    const member = this.#members[family];
    return member === undefined ? undefined : this.#deps.rib.groupOf(member);
  }

  get facts(): PeerFacts {
    const { key, name, group, as } = this.config;
    return { address: key, name, group, as: this.#negotiated?.peerAs ?? as, isEbgp: this.#isEbgp };
  }

  /** Takes an incoming connection from the peer's address. */
  accept(connection: Connection): void {
    this.session.accept(connection);
  }

  // ---- SessionHandler ----

  established(negotiated: Negotiated): void {
    const { rib } = this.#deps;
    this.#negotiated = negotiated;
    this.endOfRib.clear();
    this.#context = {
      addPathReceive: negotiated.addPathReceive,
      fourOctetAs: negotiated.fourOctetAs,
      families: negotiated.families,
      extendedNextHop: negotiated.extendedNextHop[IPV4_UNICAST],
    };
    rib.sources.describe(this.source, this.#sourceOptions(negotiated.peerAs), negotiated.peerBgpIdentifier);
    rib.nextHops.setPeer(this.config.address.bytes, this.source.id);
    this.#reviewStale(negotiated);
    const offersRestart = negotiated.peerCapabilities.gracefulRestart !== undefined;
    for (const family of negotiated.families) {
      this.#members[family] = rib.join(
        this.source,
        this.session,
        this.#groupOptions(negotiated, family),
        offersRestart,
      );
    }
    this.#deps.onProgress(this);
  }

  update(bytes: Bytes, start: number, end: number): void {
    if (this.#context === undefined) return;
    const family = this.#deps.rib.receive(this.source, bytes, start, end, this.#context);
    if (family !== -1) this.#endOfRibCame(family);
  }

  refresh(family: Family, subtype: number): void {
    const member = this.#members[family];
    // RFC 7313 §4: 1 and 2 mark the peer's own refresh; we keep what is not announced again until then anyway.
    if (subtype !== 0 || member === undefined) return;
    if (this.#negotiated?.enhancedRouteRefresh !== true) {
      this.#deps.rib.refresh(member);
      return;
    }
    this.session.sendRouteRefresh(family, 1);
    this.#deps.rib.refresh(member, () => this.session.sendRouteRefresh(family, 2));
  }

  turnEnded(): void {
    this.#deps.rib.requestFlush();
  }

  writable(): void {
    this.#deps.rib.requestFlush();
  }

  down(reason: DownReason): void {
    const { rib } = this.#deps;
    const negotiated = this.#negotiated;
    for (const family of [0, 1] as const) {
      const member = this.#members[family];
      if (member !== undefined) rib.leave(member);
      this.#members[family] = undefined;
    }
    this.#negotiated = undefined;
    this.#context = undefined;
    this.endOfRib.clear();
    rib.nextHops.setPeer(this.config.address.bytes, 0);
    const keep = negotiated !== undefined && reason.mayBeRestart ? this.#restartFamilies(negotiated) : [];
    this.#stale.stopAll();
    rib.sourceDown(this.source, keep);
    if (keep.length > 0 && negotiated?.gracefulRestart !== undefined) {
      const seconds = Math.min(
        negotiated.gracefulRestart.restartTimeSeconds,
        this.#speaker.gracefulRestart.staleTimeSeconds,
      );
      this.#log.info(`routes kept while it restarts, for at most ${seconds} s`);
      for (const family of keep) this.#stale.start(family, seconds * 1000);
    }
    this.#deps.onProgress(this);
  }

  stateChanged(): void {
    this.#deps.onProgress(this);
  }

  // ---- changes ----

  /** Takes a configuration that needs no reset; gives the groups it should be in from now on. */
  reconfigure(config: PeerConfig, speaker: SpeakerConfig): ReadonlyMap<GroupMember, GroupOptions> {
    const enable = this.config.disabled && !config.disabled;
    const disable = !this.config.disabled && config.disabled;
    this.config = config;
    this.#speaker = speaker;
    this.session.updateOptions(this.#sessionOptions());
    this.#deps.rib.sources.describe(
      this.source,
      this.#sourceOptions(this.#negotiated?.peerAs ?? config.as),
      this.#negotiated?.peerBgpIdentifier ?? 0,
    );
    this.#deps.rib.setImportFilter(this.source, config.importPolicy);
    if (disable) this.session.stop(undefined, "disabled in the configuration");
    if (enable) this.session.start();
    const changes = new Map<GroupMember, GroupOptions>();
    if (this.#negotiated === undefined) return changes;
    for (const family of this.#negotiated.families) {
      const member = this.#members[family];
      if (member !== undefined) changes.set(member, this.#groupOptions(this.#negotiated, family));
    }
    return changes;
  }

  /** Ends the session so that the next one is made with the new configuration. */
  resetFor(config: PeerConfig, speaker: SpeakerConfig): void {
    this.reconfigure(config, speaker);
    this.session.reset(CEASE.OTHER_CONFIGURATION_CHANGE);
  }

  /** The peer is no longer configured: session and routes go. */
  remove(): void {
    this.session.stop({ code: 6, subcode: CEASE.PEER_DE_CONFIGURED, data: new Uint8Array(0) });
    this.#stale.stopAll();
    this.#deps.rib.removeSource(this.source);
    this.#deps.onRemoved(this);
  }

  /** Asks the peer to send its routes again, as far as it understands ROUTE-REFRESH; false if it does not. */
  requestRefresh(): boolean {
    const families = this.#negotiated?.families ?? [];
    return families.map((family) => this.session.sendRouteRefresh(family, 0)).some((sent) => sent);
  }

  /** Sends the peer everything again. */
  resend(): void {
    for (const member of this.#members) if (member !== undefined) this.#deps.rib.refresh(member);
  }

  get #isEbgp(): boolean {
    return this.#negotiated?.isEbgp ?? this.config.as !== this.config.localAs;
  }

  #sourceOptions(peerAs: number): Source["options"] {
    const { config } = this;
    let relation: Relation = RELATION.ebgp;
    if (peerAs === config.localAs) {
      relation = config.routeReflectorClient ? RELATION.ibgpClient : RELATION.ibgpNonClient;
    }
    return {
      kind: "bgp",
      name: config.key,
      relation,
      localAs: config.localAs,
      import: this.#importOptions(relation === RELATION.ebgp),
      peer: {
        address: config.key,
        name: config.name,
        group: config.group,
        as: peerAs,
        isEbgp: relation === RELATION.ebgp,
      },
      address: config.address.bytes,
      zone: config.address.zone,
    };
  }

  #importOptions(isEbgp: boolean): ImportOptions {
    const { config } = this;
    return {
      globalAs: this.#speaker.localAs,
      prependsLocalAs: isEbgp && config.localAs !== this.#speaker.localAs && !config.localAsNoPrepend,
      allowAsIn: config.allowAsIn,
      enforcesFirstAs: isEbgp && config.enforceFirstAs,
      weight: config.weight,
      localPref: config.localPref,
      role: isEbgp ? config.role : undefined,
      honoursGracefulShutdown: isEbgp && config.gracefulShutdown,
      honoursBlackhole: config.blackhole,
    };
  }

  #sessionOptions(): SessionOptions {
    const { config } = this;
    const isEbgp = config.as !== config.localAs;
    const direct = isEbgp && config.multihop === 0;
    const hops = Math.max(1, config.multihop);
    return {
      remoteAddress: config.address,
      remotePort: config.port,
      localAddress: config.localAddress,
      localAs: config.localAs,
      peerAsNumbers: this.#asNumbers ?? [config.as],
      routerId: this.#speaker.routerId,
      families: config.families.map(familyByName),
      holdTimeSeconds: config.holdTimeSeconds,
      keepaliveSeconds: config.keepaliveSeconds,
      connectRetrySeconds: config.connectRetrySeconds,
      idleHoldSeconds: config.idleHoldSeconds,
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
      gracefulRestart: () => this.#deps.gracefulRestart(this),
    };
  }

  #groupOptions(negotiated: Negotiated, family: Family): GroupOptions {
    const { config } = this;
    const relation = this.#deps.rib.sources.relation[this.source.id] as Relation;
    const extendedNextHop = family === IPV4_UNICAST && negotiated.extendedNextHop[family];
    return {
      family,
      relation,
      localAs: config.localAs,
      globalAs: config.localAsReplaceAs ? config.localAs : this.#speaker.localAs,
      overrideAs: config.asOverride && relation === RELATION.ebgp ? negotiated.peerAs : 0,
      removePrivateAs: relation === RELATION.ebgp ? config.removePrivateAs : "no",
      role: relation === RELATION.ebgp ? config.role : undefined,
      isDraining: this.#isDraining,
      defaultOriginate: config.defaultOriginate,
      addPathSend: negotiated.addPathSend[family] ? config.addPathSend : 0,
      fourOctetAs: negotiated.fourOctetAs,
      maxMessageLength: negotiated.maxMessageLength,
      nextHop: config.nextHop,
      selfNextHop: selfNextHop(negotiated.localAddress, family, extendedNextHop, this.#deps.view),
      extendedNextHop,
      exportFilter: config.exportPolicy,
      sentTo: config.exportPolicy !== ACCEPT_ALL && config.exportPolicy.readsPeer ? this.facts : undefined,
    };
  }

  // ---- graceful restart, helper side ----

  /** RFC 4724 §4.2: the families whose routes stay while the peer restarts. */
  #restartFamilies(negotiated: Negotiated): readonly Family[] {
    const offered = negotiated.gracefulRestart;
    if (offered === undefined || !this.config.gracefulRestart || !this.#speaker.gracefulRestart.enabled) return [];
    return offered.families.map(({ family }) => family).filter((family) => negotiated.families.includes(family));
  }

  /** The peer is back: what it has not preserved goes at once, the rest when it has told its table again. */
  #reviewStale(negotiated: Negotiated): void {
    for (const { family } of FAMILIES) {
      if (!this.#stale.isRunning(family)) continue;
      const offered = negotiated.gracefulRestart?.families.find((entry) => entry.family === family);
      if (offered === undefined || !offered.forwardingPreserved)
        this.#dropStale(family, "it has not preserved its forwarding state");
      else this.#stale.start(family, this.#speaker.gracefulRestart.staleTimeSeconds * 1000);
    }
  }

  #dropStale(family: Family, why: string): void {
    this.#stale.stop(family);
    if (this.source.received[family] > 0) this.#log.info(`stale ${FAMILIES[family].name} routes removed: ${why}`);
    this.#deps.rib.sweepStale(this.source, family, () => undefined);
  }

  #endOfRibCame(family: Family): void {
    this.endOfRib.add(family);
    this.#log.debug("End-of-RIB received", { family: FAMILIES[family].name });
    if (this.#stale.isRunning(family)) {
      this.#stale.stop(family);
      this.#deps.rib.sweepStale(this.source, family, () => undefined);
    }
    this.#deps.onProgress(this);
  }
}
