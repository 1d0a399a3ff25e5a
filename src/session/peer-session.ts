// A peer: keeps its session up. Owns the peer's machine and, while connections collide, a second one; settles which of
// them stays (RFC 4271 §6.8), starts again after failures, and says in words how things are.
//
// Routes are the handler's business, TCP the transport's; one connection and its timers are peer-connection.ts.

import type { Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import { FAMILIES, type Family } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { TurnBudget } from "../base/turn-budget.js";
import { CEASE, ERROR_CODE } from "../packet/codes.js";
import { encodeNotification, type Notification, shutdownData } from "../packet/notification.js";
import { encodeRouteRefresh } from "../packet/route-refresh.js";
import { type CollisionIdentity, collisionWinner, judgeCollision } from "./collision.js";
import type { ConnectionOwner } from "./connection-owner.js";
import { DROPPED, DropWatch } from "./drop-watch.js";
import { blamesPeer, ceaseFor, type Ending, isError } from "./ending.js";
import { type FailureCause, type LastFailure, lastFailure } from "./failure-cause.js";
import { type FsmEvent, type FsmState, rank, type SessionAttributes } from "./fsm-types.js";
import { IdleHold } from "./idle-hold.js";
import type { Negotiated } from "./negotiate.js";
import { PeerConnection } from "./peer-connection.js";
import type { Connection, DownReason, SessionHandler, Transport } from "./ports.js";
import type { SessionOptions } from "./session-options.js";
import { describeSituation, type MessageCounters, type SessionStatus, zeroCounters } from "./session-status.js";

export interface SessionDependencies {
  readonly clock: Clock;
  /** What all peers' connections share of a turn; absent: each has its own. */
  readonly turns?: TurnBudget | undefined;
  readonly transport: Transport;
  readonly log: Log;
  readonly handler: SessionHandler;
  /** Uniform in [0, 1): for the jitter of RFC 4271 §10. */
  readonly random: () => number;
}

const NO_DATA = new Uint8Array(0);
const SHUTDOWN: Notification = cease(CEASE.ADMINISTRATIVE_SHUTDOWN);
const COLLISION: FsmEvent = {
  type: "OpenCollisionDump",
  notification: cease(CEASE.CONNECTION_COLLISION_RESOLUTION),
};
const REJECTED = encodeNotification(cease(CEASE.CONNECTION_REJECTED));

/** Logged (debug) whenever lastFailure of the status changes, with `reason`. */
export const CONNECTION_FAILED = "connection failed";

export class PeerSession {
  readonly #dependencies: SessionDependencies;
  readonly #idleHold: IdleHold;
  readonly #owner: ConnectionOwner<PeerConnection>;
  readonly #received: MessageCounters = zeroCounters();
  readonly #sent: MessageCounters = zeroCounters();
  #options: SessionOptions;
  #attributes: SessionAttributes;
  /** The peer's machine; the only one unless connections collide. */
  #main: PeerConnection;
  #second: PeerConnection | undefined;
  /** #second was accepted while a session with graceful restart was Established. */
  #secondMayBeRestart = false;
  #sequence = 0;
  #adminDown = true;
  #adminText = "";
  #lastError: string | undefined;
  #lastFailure: LastFailure | undefined;
  /** Why the last session ended: later attempts may fail for less telling reasons. */
  #lastEnd: string | undefined;
  /** The peer is refused while the idle hold lasts. */
  #refusing = false;
  /** Since the start: what a peer that connects to us is not told. */
  readonly #waitingDrops: DropWatch;
  #transitions = 0;
  #establishedAt = 0;
  #sinceWallTime: number;
  #changedWallTime: number;

  /** The session starts administratively down: nothing happens before start(). */
  constructor(options: SessionOptions, dependencies: SessionDependencies) {
    this.#options = options;
    this.#attributes = attributesOf(options);
    this.#dependencies = dependencies;
    this.#idleHold = new IdleHold(options.idleHoldSeconds, options.birdWaits, () => dependencies.clock.now());
    this.#sinceWallTime = this.#changedWallTime = dependencies.clock.wallTime();
    this.#waitingDrops = new DropWatch(() => dependencies.transport.segmentDrops());
    this.#owner = this.#makeOwner();
    this.#main = new PeerConnection("Idle", this.#owner, dependencies);
  }

  /** The state of the connection that got furthest. */
  get state(): FsmState {
    return this.#foremost().state;
  }

  get negotiated(): Negotiated | undefined {
    return this.#foremost().negotiated;
  }

  get options(): SessionOptions {
    return this.#options;
  }

  /** Stopped by its administrator, or not started yet. */
  get isAdminDown(): boolean {
    return this.#adminDown;
  }

  get isEstablished(): boolean {
    return this.#main.state === "Established";
  }

  /** ManualStart of RFC 4271 §8.1.2: connects at once, or waits for the peer where it is passive. */
  start(): void {
    if (!this.#adminDown) return;
    this.#adminDown = false;
    this.#adminText = "";
    this.#refusing = false;
    this.#lastEnd = undefined;
    this.#idleHold.reset();
    this.#changedWallTime = this.#dependencies.clock.wallTime();
    if (this.#isDemanding) this.#waitingDrops.begin();
    const { birdWaits, passive } = this.#options;
    if (passive) this.#main.raise({ type: "ManualStart_with_PassiveTcpEstablishment" });
    else
      this.#main.raise({ type: birdWaits === undefined ? "ManualStart" : "AutomaticStart_with_DampPeerOscillations" });
  }

  /** ManualStop: ends the session with `notification` (default: Cease/Administrative Shutdown carrying `reason`, RFC 9003)
   *  and stays down until start(). Where the peer would take it for a graceful restart, it goes as a Hard Reset. */
  stop(notification?: Notification, reason = ""): void {
    if (this.#adminDown) {
      this.#adminText = reason;
      return;
    }
    this.#adminDown = true;
    this.#adminText = reason;
    const told =
      notification ?? (reason === "" ? SHUTDOWN : cease(CEASE.ADMINISTRATIVE_SHUTDOWN, shutdownData(reason)));
    this.#endSecond({ type: "ManualStop", notification: told });
    this.#main.raise({ type: "ManualStop", notification: ceaseFor(this.#main.negotiated, told) });
    // The RFC ignores ManualStop in Idle: an idle hold that runs there ends here.
    this.#main.discard();
    this.#changedWallTime = this.#dependencies.clock.wallTime();
    this.#dependencies.handler.stateChanged();
  }

  /** Closes the connection without a NOTIFICATION and stays down: a peer that helps with graceful restart keeps our routes
   *  (RFC 4724 §4.1). For the moment before this process ends. */
  abandon(reason = ""): void {
    this.#adminDown = true;
    this.#adminText = reason;
    this.#second?.discard();
    this.#second = undefined;
    this.#main.raise({ type: "TcpConnectionFails" }, "closed for our own restart");
    this.#main.raise({ type: "ManualStop", notification: SHUTDOWN });
    this.#main.discard();
  }

  /** Ends the session with Cease/`subcode` and starts again after the idle hold. `text` goes along where RFC 9003 allows. */
  reset(subcode: number, text = ""): void {
    const carriesText = subcode === CEASE.ADMINISTRATIVE_RESET || subcode === CEASE.ADMINISTRATIVE_SHUTDOWN;
    const notification = cease(subcode, carriesText ? shutdownData(text) : NO_DATA);
    // Someone's wish is no fault of the peer: the shortest pause is enough.
    if (subcode === CEASE.ADMINISTRATIVE_RESET || subcode === CEASE.OTHER_CONFIGURATION_CHANGE) this.#idleHold.reset();
    this.#endSecond({ type: "AutomaticStop", notification });
    if (this.#main.state === "Idle") return;
    this.#main.raise({ type: "AutomaticStop", notification: ceaseFor(this.#main.negotiated, notification) });
  }

  /** Takes an incoming connection from this peer's address; refuses it where the FSM would (RFC 4271 §8.2.2, Idle). */
  accept(connection: Connection): void {
    const failure = connection.setHops(this.#options.ttl, this.#options.minTtl);
    if (failure !== undefined && this.#options.minTtl !== undefined) {
      // RFC 5082 protects nothing if it is off where the peer opens the connection.
      this.#failed(this.#main, failure.message, { kind: "error", text: failure.message });
      return this.#refuse(connection);
    }
    const isWaiting = this.#main.state === "Idle" && !this.#adminDown && !this.#refusing;
    // The peer has come back before our pause was over: wait for it as a passive peer would, from this moment on.
    if (isWaiting) this.#main.raise({ type: "AutomaticStart_with_PassiveTcpEstablishment" });
    this.#main.offer(connection, ++this.#sequence);
  }

  /** New options; what was agreed in the OPENs stays until the next session. */
  updateOptions(options: SessionOptions): void {
    this.#options = options;
    this.#attributes = attributesOf(options);
    this.#idleHold.setBounds(options.idleHoldSeconds, options.birdWaits);
  }

  /** Queues whole UPDATEs, `messages` of them, without copying; see Connection.write for ownership and result. Outside
   *  Established nothing is sent and the answer is false. */
  write(bytes: Bytes, onWritten?: () => void, messages = 1): boolean {
    if (!this.isEstablished) return false;
    this.#sent.update += messages;
    return this.#main.write(bytes, onWritten);
  }

  cork(): void {
    this.#main.connection?.cork();
  }

  uncork(): void {
    this.#main.connection?.uncork();
  }

  get writableLength(): number {
    return this.#main.connection?.writableLength ?? 0;
  }

  /** Sends ROUTE-REFRESH (RFC 2918) or a marker of RFC 7313. False where the peer has not offered to understand it. */
  sendRouteRefresh(family: Family, subtype: number): boolean {
    const negotiated = this.isEstablished ? this.#main.negotiated : undefined;
    const understood = subtype === 0 ? negotiated?.routeRefresh : negotiated?.enhancedRouteRefresh;
    if (understood !== true || negotiated?.families.includes(family) !== true) return false;
    const { afi, safi } = FAMILIES[family];
    this.#sent.routeRefresh++;
    this.#main.write(encodeRouteRefresh(afi, safi, subtype));
    return true;
  }

  status(): SessionStatus {
    const foremost = this.#foremost();
    const { connection } = foremost;
    return {
      state: foremost.state,
      adminDown: this.#adminDown,
      info: this.#info(foremost),
      sinceWallTime: this.#sinceWallTime,
      changedWallTime: this.#changedWallTime,
      connections: [foremost, foremost === this.#main ? this.#second : this.#main].flatMap(
        (each) => each?.status() ?? [],
      ),
      isErrorWait: foremost.state === "Idle" && this.#isErrorWait,
      lastError: this.#lastError,
      lastFailure: this.#lastFailure,
      transitions: this.#transitions,
      negotiated: foremost.negotiated,
      received: { ...this.#received },
      sent: { ...this.#sent },
      localAddress: connection?.localAddress,
      localPort: connection?.localPort,
      remotePort: connection?.remotePort,
      writableLength: this.writableLength,
      connectRetryCounter: this.#owner.connectRetryCounter,
    };
  }

  get #isErrorWait(): boolean {
    if (this.#options.birdWaits !== undefined) return this.#idleHold.isError;
    return this.#lastFailure !== undefined && this.#lastFailure.kind !== "socket";
  }

  #info(foremost: PeerConnection): string {
    return describeSituation({
      state: foremost.state,
      adminDown: this.#adminDown,
      adminText: this.#adminText,
      passive: this.#options.passive,
      remoteAddress: this.#options.remoteAddress,
      remotePort: this.#options.remotePort,
      waitMs: foremost.waitMs,
      delayOpenMs: foremost.delayOpenMs,
      drops: this.#dropsOf(foremost),
      lastError: this.#lastError,
      lastEnd: this.#lastEnd,
    });
  }

  /** Why a peer that may well be talking is not heard; "" where that is not the question. */
  #dropsOf({ state }: PeerConnection): string {
    if (state === "Established" || !this.#isDemanding || this.#transitions > 0) return "";
    // What came before GTSM was set on an accepted connection passed: even its OPEN may have.
    const isWaiting = (state === "Active" && this.#options.passive) || state === "OpenSent" || state === "OpenConfirm";
    const drops = this.#waitingDrops.text(this.#options);
    // A peer repeats a refused SYN more and more seldom: what it was stays told through the attempts that saw none.
    return isWaiting || this.#lastError?.includes(DROPPED) !== true ? drops : "";
  }

  get #isDemanding(): boolean {
    return this.#options.md5Key !== undefined || this.#options.minTtl !== undefined;
  }

  #foremost(): PeerConnection {
    const second = this.#second;
    return second !== undefined && rank(second.state) > rank(this.#main.state) ? second : this.#main;
  }

  // --- two connections ----------------------------------------------------------------------------------------------

  #track(connection: Connection): void {
    // Who opens twice has given up on the first: only the latest is worth tracking.
    this.#endSecond(COLLISION);
    const main = this.#main;
    const offered = main.state === "Established" ? main.negotiated?.gracefulRestart : undefined;
    this.#secondMayBeRestart = offered !== undefined && offered.families.length > 0;
    this.#second = new PeerConnection("Active", this.#owner, this.#dependencies);
    this.#second.take(connection, "remote", this.#sequence);
  }

  #endSecond(event: FsmEvent): void {
    const second = this.#second;
    if (second === undefined) return;
    this.#second = undefined;
    second.raise(event);
    second.discard();
  }

  /** `connection` got a valid OPEN. False: it lost a collision and is closed. */
  #mayOpen(opened: PeerConnection, negotiated: Negotiated): boolean {
    const other = opened === this.#main ? this.#second : this.#main;
    if (other === undefined) return true;
    const verdict = judgeCollision({
      opened,
      other,
      ...this.#identities(negotiated),
      openedAfterGracefulSession: opened === this.#second && this.#secondMayBeRestart,
    });
    switch (verdict) {
      case "keepOld":
        opened.raise(COLLISION);
        return false;
      case "keepNew":
        other.raise(COLLISION);
        return true;
      case "restarted":
        // RFC 4724 §4.2: no NOTIFICATION, the previous session is simply closed.
        other.raise({ type: "TcpConnectionFails" }, "peer opened a new connection: it has restarted");
        return true;
      case "both":
        // The peer has proved to be there: an attempt of our own that got nowhere yet would only collide.
        if (rank(other.state) < rank("OpenSent")) this.#promote(opened);
        return true;
    }
  }

  #identities(negotiated: Negotiated): { readonly local: CollisionIdentity; readonly remote: CollisionIdentity } {
    return {
      local: { bgpIdentifier: this.#options.routerId, as: negotiated.localAs },
      remote: { bgpIdentifier: negotiated.peerBgpIdentifier, as: negotiated.peerAs },
    };
  }

  /** The other connection is up, would win by its initiator, and its OPEN has not come yet. */
  #isContested(connection: PeerConnection): boolean {
    const other = connection === this.#main ? this.#second : this.#main;
    const { negotiated } = connection;
    if (other?.state !== "OpenSent" || negotiated === undefined || other.initiator === connection.initiator)
      return false;
    const { local, remote } = this.#identities(negotiated);
    return collisionWinner(local, remote) === other.initiator;
  }

  /** `connection` becomes the peer's machine; the other one ends. */
  #promote(connection: PeerConnection): void {
    if (connection === this.#main) return this.#endSecond(COLLISION);
    const former = this.#main;
    this.#main = connection;
    this.#second = undefined;
    former.raise(COLLISION);
    former.discard();
  }

  // --- what the connections report ----------------------------------------------------------------------------------

  #makeOwner(): ConnectionOwner<PeerConnection> {
    // The connections see the session through this object, its users do not see these doors.
    const options = (): SessionOptions => this.#options;
    const attributes = (): SessionAttributes => this.#attributes;
    return {
      get options() {
        return options();
      },
      get attributes() {
        return attributes();
      },
      idleHold: this.#idleHold,
      received: this.#received,
      sent: this.#sent,
      connectRetryCounter: 0,
      plainOpen: false,
      mayOpen: (connection, negotiated) => this.#mayOpen(connection, negotiated),
      isContested: (connection) => this.#isContested(connection),
      established: (connection, negotiated) => this.#established(connection, negotiated),
      down: (_connection, reason) => this.#down(reason),
      damp: (connection) => this.#damp(connection),
      track: (connection) => this.#track(connection),
      refuse: (connection) => this.#refuse(connection),
      failed: (connection, text, cause) => this.#failed(connection, text, cause),
      changed: (connection, before) => this.#changed(connection, before),
    };
  }

  #established(connection: PeerConnection, negotiated: Negotiated): void {
    const { clock, log, handler } = this.#dependencies;
    this.#promote(connection);
    this.#transitions++;
    this.#lastFailure = undefined;
    this.#owner.plainOpen = false;
    this.#establishedAt = clock.now();
    this.#sinceWallTime = clock.wallTime();
    log.info("session established", { peerAs: negotiated.peerAs, holdTimeSeconds: negotiated.holdTimeSeconds });
    handler.established(negotiated);
  }

  #down(reason: DownReason): void {
    const { clock, log, handler } = this.#dependencies;
    this.#idleHold.sessionEnded(clock.now() - this.#establishedAt);
    this.#sinceWallTime = clock.wallTime();
    this.#lastEnd = reason.text;
    log.warn("session down", { reason: reason.text });
    handler.down(reason);
  }

  #damp(connection: PeerConnection): void {
    if (this.#options.birdWaits === undefined && this.#isAlone(connection)) this.#idleHold.damp();
  }

  /** Why there is a pause now. True: the peer is refused while it lasts. */
  #pause(ending: Ending): boolean {
    if (this.#options.birdWaits === undefined) return blamesPeer(ending.sent);
    this.#idleHold.pause(isError(ending));
    return this.#idleHold.isError;
  }

  #failed(connection: PeerConnection, text: string, cause: FailureCause): void {
    // The loser of a collision is no news while the winner lives.
    if (!this.#isAlone(connection)) return;
    this.#lastError = text;
    this.#lastFailure = lastFailure(cause);
    this.#dependencies.log.debug(CONNECTION_FAILED, { reason: text });
  }

  #refuse(connection: Connection): void {
    if (!this.#options.refusesSilently) connection.write(REJECTED);
    connection.close();
  }

  #isAlone(connection: PeerConnection): boolean {
    const other = connection === this.#main ? this.#second : this.#main;
    return other === undefined || rank(other.state) < rank("OpenSent");
  }

  #changed(connection: PeerConnection, before: FsmState): void {
    const { clock, handler, log } = this.#dependencies;
    this.#changedWallTime = clock.wallTime();
    if (log.debugEnabled) log.debug("state", { from: before, to: connection.state });
    const isOver = rank(connection.state) < rank("OpenSent") && rank(connection.state) < rank(before);
    if (isOver && connection === this.#second) {
      this.#second = undefined;
      connection.discard();
    } else if (isOver && connection === this.#main && this.#second !== undefined) {
      this.#main = this.#second;
      this.#second = undefined;
      connection.discard();
    } else if (connection === this.#main && connection.state === "Idle" && !this.#adminDown) {
      this.#refusing = this.#pause(connection.ending);
      connection.raise({
        type: this.#options.passive
          ? "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment"
          : "AutomaticStart_with_DampPeerOscillations",
      });
    }
    for (const waiting of [this.#main, this.#second]) {
      if (waiting !== undefined && !this.#adminDown && !this.#isContested(waiting)) waiting.rivalSettled();
    }
    handler.stateChanged();
  }
}

function cease(subcode: number, data: Bytes = NO_DATA): Notification {
  return { code: ERROR_CODE.CEASE, subcode, data };
}

function attributesOf(options: SessionOptions): SessionAttributes {
  return {
    passiveTcpEstablishment: options.passive,
    dampPeerOscillations: true,
    delayOpen: options.delayOpenSeconds > 0,
    sendNotificationWithoutOpen: true,
  };
}
