// One peer: its session, its place as a source of routes, and its membership in update groups. Where sessions and tables
// meet. What it is told about itself is peer-translation.ts; routes that outlive their session stale-routes.ts; limits of
// prefixes peer-limits.ts.

import type { Bytes } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { type Family, FAMILIES, IPV4_UNICAST } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { TurnBudget } from "../base/turn-budget.js";
import type { Capabilities } from "../packet/capabilities.js";
import { CEASE } from "../packet/codes.js";
import { REFRESH } from "../packet/route-refresh.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { PeerFacts } from "../policy/route.js";
import type { GroupOptions } from "../rib/export-rules.js";
import type { GroupMember } from "../rib/group-member.js";
import type { IngestContext } from "../rib/ingest.js";
import type { Rib } from "../rib/rib.js";
import type { Relation, Source } from "../rib/sources.js";
import type { UpdateGroup } from "../rib/update-group.js";
import type { Negotiated } from "../session/negotiate.js";
import { PeerSession } from "../session/peer-session.js";
import type { Connection, DownReason, SessionHandler, Transport } from "../session/ports.js";
import type { SessionOptions } from "../session/session-options.js";
import { noticeOf } from "./limit-hold.js";
import type { LocalAddresses } from "./local-addresses.js";
import { PeerLimits } from "./peer-limits.js";
import { groupOptions, sessionOptions, sourceOptions } from "./peer-translation.js";
import type { KernelView } from "./ports.js";
import { excessWords } from "./prefix-limits.js";
import type { PeerRestart } from "./snapshot.js";
import { StaleRoutes } from "./stale-routes.js";

/** What peers need of the speaker they belong to. */
export interface PeerDependencies {
  readonly clock: Clock;
  readonly turns: TurnBudget;
  readonly log: Log;
  readonly transport: Transport;
  readonly random: () => number;
  readonly rib: Rib;
  readonly view: KernelView | undefined;
  readonly localAddresses: LocalAddresses;
  /** Our graceful restart capability towards this peer, asked at each OPEN. */
  readonly gracefulRestart: (peer: Peer) => Capabilities["gracefulRestart"];
  /** How the peer stands in our own restart. */
  readonly recovery: (peer: Peer) => PeerRestart["recovery"];
  /** Every peer drains, also those that come later (RFC 8326). */
  readonly drainsAll: () => boolean;
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
  /** Of the session at hand or the last one: routes that are kept came from there. */
  #lastNegotiated: Negotiated | undefined;
  #context: IngestContext | undefined;
  readonly #members: (GroupMember | undefined)[] = [undefined, undefined];
  readonly #stale: StaleRoutes;
  readonly #limits: PeerLimits;
  #isDraining: boolean;
  /** UPDATEs of this session. */
  #updates = 0;
  /** Families whose End-of-RIB has come in this session. */
  readonly endOfRib = new Set<Family>();

  constructor(config: PeerConfig, speaker: SpeakerConfig, deps: PeerDependencies, asNumbers?: readonly number[]) {
    this.config = config;
    this.#speaker = speaker;
    this.#deps = deps;
    this.#asNumbers = asNumbers;
    this.#isDraining = deps.drainsAll();
    const { clock, rib } = deps;
    const log = deps.log.child({ peer: config.key, ...(config.name === "" ? {} : { name: config.name }) });
    this.#log = log;
    this.source = rib.addSource(sourceOptions(config, speaker, config.as, this.#isDraining));
    this.source.importFilter = config.importPolicy;
    const { source } = this;
    this.#stale = new StaleRoutes({ clock, log, rib, source, onSwept: () => this.#reviewReceived() });
    this.#limits = new PeerLimits(config, {
      clock,
      log,
      source,
      onExceeded: (excess) => this.session.stop(noticeOf(excess), excessWords(excess)),
      onOver: () => this.session.start(),
    });
    this.session = new PeerSession(this.#sessionOptions(), {
      clock,
      turns: deps.turns,
      transport: deps.transport,
      log,
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
    return this.#stale.isKept;
  }

  /** The peer's restart, and how it stands in ours. */
  get restart(): PeerRestart {
    const recovery = this.#deps.recovery(this);
    const { keptMs } = this.#stale;
    return {
      ...(recovery === undefined ? {} : { recovery }),
      ...(keptMs === undefined ? {} : { secondsLeft: Math.ceil(keptMs / 1000) }),
    };
  }

  /** Told that its session is about to go down (RFC 8326). */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Why the peer is kept down because of a limit, and for how long; undefined: it is not. */
  get heldText(): string | undefined {
    return this.#limits.heldText;
  }

  /** The update group of the family, while the session is up. */
  group(family: Family): UpdateGroup | undefined {
    const member = this.#members[family];
    return member === undefined ? undefined : this.#deps.rib.groupOf(member);
  }

  /** Prefixes of the family that the peer is told. */
  advertisedCount(family: Family): number {
    const member = this.#members[family];
    return member === undefined ? 0 : (this.#deps.rib.groupOf(member)?.countFor(member) ?? 0);
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
    this.#negotiated = this.#lastNegotiated = negotiated;
    this.#updates = 0;
    this.endOfRib.clear();
    this.#limits.sessionUp();
    this.#context = {
      addPathReceive: negotiated.addPathReceive,
      fourOctetAs: negotiated.fourOctetAs,
      families: negotiated.families,
      extendedNextHop: negotiated.extendedNextHop[IPV4_UNICAST],
    };
    this.#describe();
    rib.nextHops.setPeer(this.config.address.bytes, this.source.id);
    this.#deps.localAddresses.add(negotiated.localAddress.bytes);
    this.#stale.up(negotiated, this.#speaker.gracefulRestart.staleTimeSeconds);
    for (const family of negotiated.families) {
      const options = this.#groupOptions(negotiated, family);
      const member = rib.join(this.source, this.session, options, this.#owesEndOfRib(negotiated));
      this.#members[family] = member;
      this.#limitMember(member, family);
    }
    this.#deps.onProgress(this);
  }

  update(bytes: Bytes, start: number, end: number): void {
    if (this.#context === undefined) return;
    this.#updates++;
    const family = this.#deps.rib.receive(this.source, bytes, start, end, this.#context);
    this.#limits.reviewReceived();
    if (family !== -1 && this.#negotiated !== undefined) this.#endOfRibCame(family);
  }

  refresh(family: Family, subtype: number): void {
    switch (subtype) {
      case REFRESH.REQUEST:
        return this.#resend(family);
      case REFRESH.BEGINNING:
        return this.#refreshBegan(family);
      case REFRESH.END:
        return this.#stale.refreshEnded(family);
    }
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
    if (negotiated !== undefined) this.#deps.localAddresses.remove(negotiated.localAddress.bytes);
    const keep = negotiated !== undefined && reason.mayBeRestart ? this.#restartFamilies(negotiated) : [];
    const restartSeconds = negotiated?.gracefulRestart?.restartTimeSeconds ?? 0;
    this.#stale.down(keep, Math.min(restartSeconds, this.#speaker.gracefulRestart.staleTimeSeconds));
    this.#deps.onProgress(this);
  }

  stateChanged(): void {
    this.#deps.onProgress(this);
  }

  // ---- what an administrator does ----

  /** Ends what keeps the peer down, whether somebody wished it or a limit was exceeded. */
  enable(): void {
    this.#limits.lift();
    this.session.start();
  }

  disable(reason: string): void {
    this.#limits.lift();
    this.session.stop(undefined, reason);
    // Who is taken out of service is not waited for.
    if (this.#stale.isKept) this.#stale.down([], 0);
  }

  /** A new session, now. A peer that waits because of a limit waits no longer. */
  reset(reason: string): void {
    if (this.#limits.isWaiting) this.enable();
    else this.session.reset(CEASE.ADMINISTRATIVE_RESET, reason);
  }

  /** RFC 8326: routes go out, and are taken, as those of a session that is about to go down. Gives the groups it should be
   *  in from now on. */
  drain(isDraining: boolean): ReadonlyMap<GroupMember, GroupOptions> {
    if (this.#isDraining === isDraining) return new Map();
    this.#isDraining = isDraining;
    this.#log.info(isDraining ? "draining (RFC 8326)" : "no longer draining");
    this.#describe();
    return this.#wantedGroups();
  }

  /** Asks the peer to send its routes again, as far as it understands ROUTE-REFRESH; false if it does not. */
  requestRefresh(): boolean {
    const families = this.#negotiated?.families ?? [];
    return families.map((family) => this.session.sendRouteRefresh(family, REFRESH.REQUEST)).some((sent) => sent);
  }

  /** Sends the peer everything again. */
  resend(): void {
    for (const { family } of FAMILIES) this.#resend(family);
  }

  // ---- changes ----

  /** Takes a configuration that needs no reset; gives the groups it should be in from now on. */
  reconfigure(config: PeerConfig, speaker: SpeakerConfig): ReadonlyMap<GroupMember, GroupOptions> {
    const before = this.config;
    this.config = config;
    this.#speaker = speaker;
    this.session.updateOptions(this.#sessionOptions());
    this.#describe();
    this.#deps.rib.setImportFilter(this.source, config.importPolicy);
    if (!before.disabled && config.disabled) this.disable("disabled in the configuration");
    const isWanted = before.disabled || (speaker.compatibility.reloadEnables && this.#isDisabledByHand);
    if (isWanted && !config.disabled) this.enable();
    this.#reconfigureLimits(before);
    return this.#wantedGroups();
  }

  /** Ends the session so that the next one is made with the new configuration. */
  resetFor(config: PeerConfig, speaker: SpeakerConfig): void {
    this.reconfigure(config, speaker);
    this.session.reset(CEASE.OTHER_CONFIGURATION_CHANGE);
  }

  /** The peer is no longer configured: session and routes go. */
  remove(): void {
    this.#limits.lift();
    this.session.stop({ code: 6, subcode: CEASE.PEER_DE_CONFIGURED, data: new Uint8Array(0) });
    this.#stale.stop();
    this.#deps.rib.removeSource(this.source);
    this.#deps.onRemoved(this);
  }

  /** Or by a limit whose action is `disable`. */
  get #isDisabledByHand(): boolean {
    return this.session.isAdminDown && !this.#limits.isWaiting;
  }

  get #isEbgp(): boolean {
    return this.#negotiated?.isEbgp ?? this.config.as !== this.config.localAs;
  }

  /** Tells the table of sources what we know of the peer. */
  #describe(): void {
    const options = sourceOptions(
      this.config,
      this.#speaker,
      this.#lastNegotiated?.peerAs ?? this.config.as,
      this.#isDraining,
      this.#negotiated?.localAddress.bytes,
    );
    this.#deps.rib.describeSource(this.source, options, this.#lastNegotiated?.peerBgpIdentifier ?? 0);
  }

  #sessionOptions(): SessionOptions {
    const asNumbers = this.#asNumbers ?? [this.config.as];
    return sessionOptions(this.config, this.#speaker, asNumbers, () => this.#deps.gracefulRestart(this));
  }

  #groupOptions(negotiated: Negotiated, family: Family): GroupOptions {
    const relation = this.#deps.rib.sources.relation[this.source.id] as Relation;
    const { facts: peer } = this;
    const { address, multihop } = this.config;
    const facts = {
      family,
      relation,
      negotiated,
      isDraining: this.#isDraining,
      isMultihop: multihop > 0,
      address,
      peer,
      view: this.#deps.view,
    };
    return groupOptions(this.config, this.#speaker, facts);
  }

  #wantedGroups(): ReadonlyMap<GroupMember, GroupOptions> {
    const wanted = new Map<GroupMember, GroupOptions>();
    const negotiated = this.#negotiated;
    for (const family of negotiated?.families ?? []) {
      const member = this.#members[family];
      if (negotiated !== undefined && member !== undefined) wanted.set(member, this.#groupOptions(negotiated, family));
    }
    return wanted;
  }

  // ---- limits of prefixes ----

  #reviewReceived(): void {
    if (this.#negotiated !== undefined) this.#limits.reviewReceived();
  }

  #limitMember(member: GroupMember, family: Family): void {
    const isCurrent = (): boolean => this.#members[family] === member;
    this.#deps.rib.setLimit(member, this.#limits.announcements(family, isCurrent));
  }

  #reconfigureLimits(before: PeerConfig): void {
    if (this.#limits.reconfigure(before, this.config)) this.enable();
    this.#reviewReceived();
    for (const { family } of FAMILIES) {
      const member = this.#members[family];
      if (member !== undefined) this.#limitMember(member, family);
    }
  }

  // ---- refresh and graceful restart ----

  /** Tells the peer the family's routes again, between markers if it knows them (RFC 7313 §4). */
  #resend(family: Family): void {
    const member = this.#members[family];
    if (member === undefined) return;
    if (this.#negotiated?.enhancedRouteRefresh !== true) {
      this.#deps.rib.refresh(member);
      return;
    }
    if (member.wantsEndOfRib) {
      // RFC 7313 §4: no BoRR before End-of-RIB.
      member.onEndOfRib = () => this.#resend(family);
      return;
    }
    this.session.sendRouteRefresh(family, REFRESH.BEGINNING);
    this.#deps.rib.refresh(member, () => this.session.sendRouteRefresh(family, REFRESH.END));
  }

  #refreshBegan(family: Family): void {
    // RFC 7313 §4: before End-of-RIB the stale routes are those of a restart.
    if (this.#negotiated?.peerCapabilities.gracefulRestart !== undefined && !this.endOfRib.has(family)) {
      this.#log.error("beginning of a route refresh ignored: the peer has not sent its End-of-RIB (RFC 7313 §4)", {
        family: FAMILIES[family].name,
      });
      return;
    }
    this.#stale.refreshBegan(family, this.#updates, this.#speaker.gracefulRestart.staleTimeSeconds);
  }

  #owesEndOfRib({ peerCapabilities }: Negotiated): boolean {
    if (this.#speaker.compatibility.birdCapabilities) return this.config.gracefulRestart !== false;
    return peerCapabilities.gracefulRestart !== undefined;
  }

  /** RFC 4724 §4.2: the families whose routes stay while the peer restarts. */
  #restartFamilies(negotiated: Negotiated): readonly Family[] {
    const offered = negotiated.gracefulRestart;
    if (offered === undefined || !this.config.gracefulRestart || !this.#speaker.gracefulRestart.enabled) return [];
    return offered.families.map(({ family }) => family).filter((family) => negotiated.families.includes(family));
  }

  #endOfRibCame(family: Family): void {
    this.endOfRib.add(family);
    this.#log.debug("End-of-RIB received", { family: FAMILIES[family].name });
    this.#stale.endOfRib(family);
    this.#deps.onProgress(this);
  }
}
