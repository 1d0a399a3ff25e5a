// Reads whole route tables from the kernel in slices, so that a million routes do not hold up the event loop. A dump is
// not a snapshot: whoever uses it listens to notifications before it begins, and marks and sweeps by generation.

import type { Clock } from "../base/clock.js";
import type { Family } from "../base/family.js";
import { SLICE_MS } from "../base/work-queue.js";
import { describeAnswer, EAGAIN, ENOENT, errnoName } from "./kernel-error.js";
import {
  eachMessage,
  type MessageHeader,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  readAnswer,
  receiveBuffer,
  RequestBuffer,
  RTM_NEWROUTE,
} from "./netlink.js";
import type { NetlinkSocket } from "./netlink-socket.js";
import { decodeRoute, encodeRouteDump, RouteMessage } from "./route-message.js";

const EAFNOSUPPORT = 97;
const EOPNOTSUPP = 95;

/** Whether the dump may be trusted, or in words why not. `interrupted`: the table changed meanwhile, so that routes may be
 *  missing from it. */
export type DumpResult =
  { readonly ok: true } | { readonly ok: false; readonly interrupted: boolean; readonly why: string };

const INTERRUPTED: DumpResult = { ok: false, interrupted: true, why: "the routes changed while they were read" };

export interface RouteDumpDependencies {
  /** Used by this object alone. */
  readonly socket: NetlinkSocket;
  readonly clock: Clock;
}

export class RouteDump {
  readonly #socket: NetlinkSocket;
  readonly #clock: Clock;
  /** One datagram of 32 KB at a time: some 550 routes, so that slices stay short even before the code is compiled. */
  readonly #input = receiveBuffer(64 * 1024);
  readonly #route = new RouteMessage();
  #sequence = 0;
  #interrupted = false;
  #closed = false;

  constructor(dependencies: RouteDumpDependencies) {
    this.#socket = dependencies.socket;
    this.#clock = dependencies.clock;
  }

  /** Hands each route of the tables and families to `onRoute` (reused object), then calls `onEnd` once. One run at a
   *  time. Not called back any more after close(). */
  run(
    families: readonly Family[],
    tables: readonly number[],
    onRoute: (route: RouteMessage) => void,
    onEnd: (result: DumpResult) => void,
  ): void {
    const steps = tables.flatMap((table) => families.map((family) => ({ family, table })));
    const next = (): void => {
      const step = steps.shift();
      if (step === undefined) return onEnd(this.#interrupted ? INTERRUPTED : { ok: true });
      const out = new RequestBuffer(new ArrayBuffer(64));
      encodeRouteDump(out, ++this.#sequence, step.family, step.table);
      const sent = this.#socket.send(out.bytes, out.length);
      if (sent < 0) return onEnd(failed(errnoName(-sent)));
      this.#slice(onRoute, (result) => (result.ok ? next() : onEnd(result)));
    };
    this.#interrupted = false;
    next();
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  #slice(onRoute: (route: RouteMessage) => void, onEnd: (result: DumpResult) => void): void {
    if (this.#closed) return;
    const until = this.#clock.now() + SLICE_MS;
    do {
      const result = this.#receive(onRoute);
      if (result !== undefined) return onEnd(result);
    } while (this.#clock.now() < until);
    this.#clock.soon(() => this.#slice(onRoute, onEnd));
  }

  /** One system call's worth; the result when the dump has ended. */
  #receive(onRoute: (route: RouteMessage) => void): DumpResult | undefined {
    const input = this.#input;
    const end = this.#socket.receive(input);
    // The kernel fills the queue while we read, so an empty one before NLMSG_DONE means that the end got lost.
    if (end < 0) return failed(end === -EAGAIN ? "the answer has no end" : errnoName(-end));
    let result: DumpResult | undefined;
    const whole = eachMessage(input, end, (message) => {
      if (message.sequence !== this.#sequence || result !== undefined) return;
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) this.#interrupted = true;
      if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) result = this.#end(message);
      else if (message.type === RTM_NEWROUTE && decodeRoute(input, message, this.#route)) onRoute(this.#route);
    });
    return whole ? result : failed("a message is cut off");
  }

  #end(message: MessageHeader): DumpResult {
    const answer = readAnswer(this.#input, message);
    // ENOENT: the table does not exist yet. The others: the kernel has no IPv6.
    const isEmpty = answer.errno === ENOENT || answer.errno === EAFNOSUPPORT || answer.errno === EOPNOTSUPP;
    return answer.errno === 0 || isEmpty ? { ok: true } : failed(describeAnswer(answer));
  }
}

function failed(why: string): DumpResult {
  return { ok: false, interrupted: false, why: `cannot read routes: ${why}` };
}
