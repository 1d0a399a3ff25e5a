// One machine of RFC 4271 §8 with its TCP connection: feeds the FSM with timers, TCP events and messages, and performs
// its actions. A peer has one, and for a while a second one where connections collide (§8.2.1).
//
// What concerns the peer as a whole (collisions, back-off, routes, status) is asked of the owner, peer-session.ts.

import type { Alarm } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import { IPV4_UNICAST } from "../base/family.js";
import { unreachable } from "../base/invariant.js";
import { ERROR_CODE, MESSAGE, OPEN_ERROR } from "../packet/codes.js";
import type { Framer } from "../packet/framing.js";
import { MAX_EXTENDED_MESSAGE_LENGTH } from "../packet/header.js";
import { KEEPALIVE_MESSAGE } from "../packet/keepalive.js";
import {
  decodeNotification,
  encodeNotification,
  type Notification,
  type NotificationError,
} from "../packet/notification.js";
import { decodeOpen, encodeOpen, type OpenMessage } from "../packet/open.js";
import { decodeRouteRefresh, REFRESH } from "../packet/route-refresh.js";
import type { ConnectionDependencies, ConnectionOwner } from "./connection-owner.js";
import { DropWatch } from "./drop-watch.js";
import { downReason, type Ending, endingText } from "./ending.js";
import { transition } from "./fsm.js";
import { type Fsm, type FsmAction, type FsmEvent, type FsmState, type FsmTimer, rank } from "./fsm-types.js";
import { type FailureCause, socketCause } from "./failure-cause.js";
import { MessageReader } from "./message-reader.js";
import { type Negotiated, negotiate } from "./negotiate.js";
import { makeOpen } from "./open-offer.js";
import { type Connection, type DownReason, isFailure, type SocketFailure } from "./ports.js";
import { sendHoldTime } from "./send-hold.js";
import { type ConnectionStatus, endpoint } from "./session-status.js";
import { largeHoldTimeMs, SessionTimers } from "./session-timers.js";

const NO_HOLD_TIMES = { holdTimeSeconds: 0, sendHoldTimeSeconds: 0 };
const UPDATE_RECEIVED: FsmEvent = { type: "UpdateMsg" };
/** How long a session waits for the OPEN of another connection that would win over it: some round trips. */
const RIVAL_WAIT_MS = 500;
const KEEPALIVE_RECEIVED: FsmEvent = { type: "KeepAliveMsg" };
const ROUTE_REFRESH_RECEIVED: FsmEvent = { type: "RouteRefreshMsg" };
const TCP_FAILED: FsmEvent = { type: "TcpConnectionFails" };

export class PeerConnection {
  readonly #owner: ConnectionOwner<PeerConnection>;
  readonly #dependencies: ConnectionDependencies;
  readonly #timers: SessionTimers;
  readonly #fsm: { -readonly [Key in keyof Fsm]: Fsm[Key] };
  #attempt: Alarm | undefined;
  /** Runs while the KEEPALIVE that would make the session is held back because of another connection. */
  #rival: Alarm | undefined;
  #connection: Connection | undefined;
  #reader: MessageReader | undefined;
  #ourOpen: OpenMessage | undefined;
  #negotiated: Negotiated | undefined;
  #sent: Notification | undefined;
  #received: Notification | undefined;
  #failureText: string | undefined;
  #offered: Connection | undefined;
  #down: DownReason | undefined;
  /** Over the latest attempt to connect. */
  readonly #drops: DropWatch;
  /** Who opened the TCP connection. */
  initiator: "local" | "remote" = "local";
  sequence = 0;

  /** `state`: Idle for the peer's own machine, Active for one that was made to take an incoming connection. */
  constructor(state: "Idle" | "Active", owner: ConnectionOwner<PeerConnection>, dependencies: ConnectionDependencies) {
    this.#owner = owner;
    this.#dependencies = dependencies;
    this.#drops = new DropWatch(() => dependencies.transport.segmentDrops());
    this.#timers = new SessionTimers({
      clock: dependencies.clock,
      random: dependencies.random,
      options: () => owner.options,
      idleHold: owner.idleHold,
      hasUnread: () => this.#reader?.hasBacklog === true || this.#connection?.hasUnreadBytes() === true,
      output: () => ({
        progress: this.#connection?.outputProgress ?? 0,
        isWaiting: (this.#connection?.writableLength ?? 0) > 0,
      }),
      expired: (timer) => this.#expired(timer),
    });
    this.#fsm = { state, attributes: owner.attributes, delayOpenTimerRunning: false, ...NO_HOLD_TIMES };
  }

  get state(): FsmState {
    return this.#fsm.state;
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** How the latest TCP connection (or attempt) ended; empty while nothing went wrong. */
  get ending(): Ending {
    const holdTimeSeconds = this.#fsm.holdTimeSeconds || largeHoldTimeMs(this.#owner.options) / 1000;
    const { sendHoldTimeSeconds } = this.#fsm;
    return {
      sent: this.#sent,
      received: this.#received,
      failureText: this.#failureText,
      holdTimeSeconds,
      sendHoldTimeSeconds,
    };
  }

  /** Milliseconds until the timer rings that leads to the next attempt. */
  get waitMs(): number | undefined {
    return this.#timers.remaining(this.state === "Idle" ? "IdleHoldTimer" : "ConnectRetryTimer");
  }

  /** Milliseconds for which our OPEN still waits for the peer's; undefined: it does not wait (DelayOpen). */
  get delayOpenMs(): number | undefined {
    return this.#timers.remaining("DelayOpenTimer");
  }

  status(): ConnectionStatus {
    const { state, initiator } = this;
    return { state, initiator, timers: this.#timers.status() };
  }

  /** Feeds the machine. `failureText` says in words what happened where no NOTIFICATION does, `cause` the same as data. */
  raise(event: FsmEvent, failureText?: string, cause?: FailureCause): void {
    const fsm = this.#fsm;
    const before = fsm.state;
    if (failureText !== undefined) this.#fail(failureText, cause ?? { kind: "error", text: failureText });
    fsm.attributes = this.#owner.attributes;
    fsm.delayOpenTimerRunning = this.#timers.isRunning("DelayOpenTimer");
    const step = transition(fsm, event);
    fsm.state = step.state;
    for (const action of step.actions) {
      this.#perform(action);
      // What an action calls may have stopped this very machine: the rest of the step is void then.
      if (fsm.state !== step.state) return;
    }
    if (before === step.state) return;
    const down = this.#down;
    this.#down = undefined;
    if (down !== undefined) this.#owner.down(this, down);
    this.#owner.changed(this, before);
  }

  /** A TCP connection of the peer came in: this machine takes it, tracks it or refuses it. */
  offer(connection: Connection, sequence: number): void {
    // In Connect our own attempt may succeed any moment. Were it given up here, two peers that connect at the same time
    // would give up each other's connection; so both are kept until the OPENs tell (§6.8).
    const isTaken = this.state === "Connect" || this.#connection !== undefined;
    if (this.state === "Active" && !isTaken) return this.take(connection, "remote", sequence);
    if (isTaken && rank(this.state) < rank("OpenSent")) return this.#owner.track(connection);
    this.#offered = connection;
    this.raise({ type: "TcpConnectionConfirmed" });
    this.#offered = undefined;
  }

  /** Takes over an established TCP connection and tells the machine. */
  take(connection: Connection, initiator: "local" | "remote", sequence: number): void {
    this.#forgetEnding();
    this.#connection = connection;
    this.initiator = initiator;
    this.sequence = sequence;
    const reader = new MessageReader({
      clock: this.#dependencies.clock,
      turns: this.#dependencies.turns,
      deliver: (framer) => this.#deliver(framer),
      fail: (error) => this.#broken(error),
      turnEnded: () => this.#turnEnded(),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
    });
    this.#reader = reader;
    this.raise({ type: initiator === "local" ? "Tcp_CR_Acked" : "TcpConnectionConfirmed" });
    // Set last: the connection may hold octets that came before it had a handler.
    if (this.#connection !== connection) return;
    connection.handler = {
      onBytes: (chunk) => reader.push(chunk),
      onDrain: () => this.#drained(),
      onClosed: (failure) => this.#closed(failure),
    };
  }

  /** Ends without a word and without events: another machine has taken the peer over. */
  discard(): void {
    this.#drop();
    this.#timers.stopAll();
  }

  /** Queues whole messages; see Connection.write. Counts as sign of life (RFC 4271 §8.2.2, KeepaliveTimer). */
  write(bytes: Bytes, onWritten?: () => void): boolean {
    const connection = this.#connection;
    if (connection === undefined) return false;
    this.#timers.sent();
    return connection.write(bytes, onWritten);
  }

  // --- what happens to the connection -------------------------------------------------------------------------------

  #connect(): void {
    const { options } = this.#owner;
    this.#forgetEnding();
    this.#drops.begin();
    this.#attempt = this.#dependencies.transport.connect(options, (result) => {
      this.#attempt = undefined;
      if (isFailure(result))
        this.raise(
          TCP_FAILED,
          result.code === "ETIMEDOUT" ? this.#noAnswerText() : result.message,
          socketCause(result),
        );
      else this.take(result, "local", this.sequence);
    });
  }

  #closed(failure: SocketFailure): void {
    this.#reader?.finish();
    // The peer's own words have ended it.
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.raise(TCP_FAILED, failure.message, socketCause(failure));
  }

  #drained(): void {
    if (this.state === "Established") this.#dependencies.handler.writable();
  }

  #turnEnded(): void {
    if (this.state === "Established") this.#dependencies.handler.turnEnded();
  }

  #broken(error: NotificationError): void {
    switch (error.code) {
      case ERROR_CODE.MESSAGE_HEADER:
        return this.raise({ type: "BGPHeaderErr", notification: error });
      case ERROR_CODE.OPEN_MESSAGE:
        return this.raise({ type: "BGPOpenMsgErr", notification: error });
      default:
        return this.raise({ type: "UpdateMsgErr", notification: error });
    }
  }

  // --- messages -----------------------------------------------------------------------------------------------------

  #deliver(framer: Framer): void {
    const { received } = this.#owner;
    switch (framer.type) {
      case MESSAGE.UPDATE:
        received.update++;
        return this.raise(UPDATE_RECEIVED);
      case MESSAGE.KEEPALIVE:
        received.keepalive++;
        if (this.state === "OpenConfirm" && this.#owner.isContested(this)) return this.#awaitRival();
        return this.raise(KEEPALIVE_RECEIVED);
      case MESSAGE.ROUTE_REFRESH:
        received.routeRefresh++;
        return this.raise(ROUTE_REFRESH_RECEIVED);
      case MESSAGE.OPEN:
        received.open++;
        return this.#openReceived(framer);
      default:
        received.notification++;
        return this.#notificationReceived(framer);
    }
  }

  // The peer may have closed this connection already in favour of the other, whose OPEN is still on its way: each side must
  // find the same winner (RFC 4271 §6.8), or both lose.
  #awaitRival(): void {
    const { clock } = this.#dependencies;
    this.#reader?.hold();
    this.#rival = clock.at(clock.now() + RIVAL_WAIT_MS, () => this.rivalSettled());
  }

  /** The other connection is out of the way, or has said nothing for long enough. */
  rivalSettled(): void {
    const rival = this.#rival;
    if (rival === undefined) return;
    rival.cancel();
    this.#rival = undefined;
    if (this.state !== "OpenConfirm") return;
    this.raise(KEEPALIVE_RECEIVED);
    this.#reader?.release();
  }

  #openReceived(framer: Framer): void {
    const delayed = this.#timers.isRunning("DelayOpenTimer");
    const type = delayed ? "BGPOpen_with_DelayOpenTimer_running" : "BGPOpen";
    const connection = this.#connection;
    // A second OPEN is an error of the machine, whatever it says (RFC 6608).
    if (connection === undefined || (this.state !== "OpenSent" && !delayed)) {
      return this.raise({ type, holdTimeSeconds: 0 });
    }
    const { options } = this.#owner;
    const ours = (this.#ourOpen ??= makeOpen(options, this.#owner.plainOpen));
    const theirs = decodeOpen(framer.bytes, framer.start, framer.end);
    const negotiated = negotiate(ours, theirs, {
      localAs: options.localAs,
      peerAsNumbers: options.peerAsNumbers,
      roleStrict: options.roleStrict,
      keepaliveSeconds: options.keepaliveSeconds,
      fixedKeepalive: options.fixedKeepalive,
      localAddress: connection.localAddress,
      remoteAddress: connection.remoteAddress,
    });
    if (!this.#owner.mayOpen(this, negotiated)) return;
    this.#negotiated = negotiated;
    const { holdTimeSeconds, keepaliveSeconds } = negotiated;
    const times = { holdTimeSeconds, sendHoldTimeSeconds: sendHoldTime(options, holdTimeSeconds) };
    Object.assign(this.#fsm, times);
    Object.assign(this.#timers, times, { keepaliveSeconds });
    // RFC 5492 §3: a capability that either side has not advertised cannot be used.
    if (negotiated.extendedMessage) framer.maxLength = MAX_EXTENDED_MESSAGE_LENGTH;
    this.raise({ type, holdTimeSeconds });
  }

  #notificationReceived(framer: Framer): void {
    const notification = decodeNotification(framer.bytes, framer.start, framer.end);
    this.#received = notification;
    this.#owner.failed(this, endingText(this.ending), { kind: "received", notification });
    const isOfOpen = notification.code === ERROR_CODE.OPEN_MESSAGE;
    const isVersion = isOfOpen && notification.subcode === OPEN_ERROR.UNSUPPORTED_VERSION_NUMBER;
    // RFC 5492 §3: it does not know optional parameters; without any we may speak IPv4.
    const isRefused = isOfOpen && notification.subcode === OPEN_ERROR.UNSUPPORTED_OPTIONAL_PARAMETER;
    this.#owner.plainOpen = isRefused && !this.#owner.plainOpen && this.#owner.options.families.includes(IPV4_UNICAST);
    this.raise({ type: isVersion ? "NotifMsgVerErr" : "NotifMsg" });
  }

  /** Hands the current message over, in Established. */
  #process(): void {
    const framer = this.#reader?.framer;
    const { handler } = this.#dependencies;
    if (framer === undefined) return;
    if (framer.type === MESSAGE.UPDATE) return handler.update(framer.bytes, framer.start, framer.end);
    const { family, subtype } = decodeRouteRefresh(framer.bytes, framer.start, framer.end);
    if (family === undefined || this.#negotiated?.families.includes(family) !== true) return;
    // RFC 7313 §4: the markers count only where the capability was exchanged; unknown subtypes are ignored.
    const isMarker = subtype === REFRESH.BEGINNING || subtype === REFRESH.END;
    if (isMarker ? this.#negotiated.enhancedRouteRefresh : subtype === REFRESH.REQUEST)
      handler.refresh(family, subtype);
  }

  // --- actions ------------------------------------------------------------------------------------------------------

  #perform(action: FsmAction): void {
    const owner = this.#owner;
    switch (action.do) {
      case "process":
        return this.#process();
      case "start":
        return this.#timers.start(action.timer, action.time);
      case "stop":
        return this.#timers.stop(action.timer);
      case "sendKeepalive":
        owner.sent.keepalive++;
        this.#connection?.write(KEEPALIVE_MESSAGE);
        return;
      case "sendOpen":
        owner.sent.open++;
        this.#connection?.write(encodeOpen((this.#ourOpen ??= makeOpen(owner.options, owner.plainOpen))));
        return;
      case "sendNotification":
        return this.#sendNotification(action.notification);
      case "connect":
        return this.#connect();
      case "drop":
        return this.#drop();
      case "release":
        return this.#release();
      case "establish":
        if (this.#negotiated !== undefined) owner.established(this, this.#negotiated);
        return;
      case "deleteRoutes":
        this.#down = downReason(this.ending, this.#negotiated);
        return;
      case "resetConnectRetryCounter":
        owner.connectRetryCounter = 0;
        return;
      case "incrementConnectRetryCounter":
        owner.connectRetryCounter++;
        return;
      case "damp":
        return owner.damp(this);
      case "refuse":
        if (this.#offered !== undefined) owner.refuse(this.#offered);
        return;
      case "track":
        if (this.#offered !== undefined) owner.track(this.#offered);
        return;
      default:
        return unreachable(action);
    }
  }

  #sendNotification(notification: Notification): void {
    if (this.#connection === undefined) return;
    this.#sent = notification;
    this.#owner.failed(this, endingText(this.ending), { kind: "sent", notification });
    this.#owner.sent.notification++;
    this.#connection.write(encodeNotification(notification));
  }

  #drop(): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.#rival?.cancel();
    this.#rival = undefined;
    this.#reader?.stop();
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    connection.handler = undefined;
    connection.close();
  }

  #release(): void {
    this.#timers.stop("HoldTimer");
    this.#timers.stop("KeepaliveTimer");
    this.#timers.stop("DelayOpenTimer");
    this.#timers.stop("SendHoldTimer");
    this.#reader?.stop();
    this.#ourOpen = undefined;
    this.#negotiated = undefined;
  }

  #fail(text: string, cause: FailureCause): void {
    this.#failureText = text;
    this.#owner.failed(this, text, cause);
  }

  #forgetEnding(): void {
    this.#sent = undefined;
    this.#received = undefined;
    this.#failureText = undefined;
    Object.assign(this.#fsm, NO_HOLD_TIMES);
  }

  // --- timers -------------------------------------------------------------------------------------------------------

  #expired(timer: FsmTimer): void {
    const event = `${timer}_Expires` as const;
    const text = timer === "ConnectRetryTimer" ? this.#noAnswerText() : undefined;
    this.raise({ type: event }, text, { kind: "socket", code: "ETIMEDOUT", text: text ?? "" });
  }

  #noAnswerText(): string | undefined {
    if (this.state !== "Connect") return undefined;
    const { options } = this.#owner;
    const text = `no answer from ${endpoint(options.remoteAddress, options.remotePort)}`;
    const drops = this.#drops.text(options);
    if (drops !== "") return `${text}; meanwhile ${drops}`;
    // Where the peer's key differs, it is the peer's kernel that drops our segments and counts them.
    return options.md5Key === undefined ? text : `${text} (a wrong or missing password shows like this)`;
  }
}
