// Puts the kernel room together: sockets, writer thread, FibSync and view. Where the process may not write routes the
// view still works, and the words say which privilege is missing.

import { randomInt } from "node:crypto";

import type { Clock } from "../base/clock.js";
import { IPV4_UNICAST } from "../base/family.js";
import type { Log } from "../base/log.js";
import { messageOf } from "../base/error-message.js";
import type { Sys } from "../native/sys.js";
import { FibSync } from "./fib-sync.js";
import { EPERM } from "./kernel-error.js";
import type { KernelOptions } from "./kernel-ports.js";
import { KernelMonitor } from "./kernel-view.js";
import { eachMessage, NLMSG_ERROR, readAnswer, receiveBuffer, RequestBuffer } from "./netlink.js";
import { NetlinkSocket } from "./netlink-socket.js";
import { encodeRoute } from "./route-message.js";
import { openRouteWriter, type RouteWriter } from "./route-writer.js";
import { warmUpRoutes } from "./warm-up.js";

export interface KernelDependencies {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly log: Log;
  /** Receive buffer for notifications; only tests make it small. */
  readonly notifyBufferBytes?: number;
}

/** `fib.close()` first (it may remove routes), then `view.close()`. */
export interface OpenKernel {
  readonly fib: FibSync;
  readonly view: KernelMonitor;
}

export interface UnavailableKernel {
  /** Why routes cannot be written, and what would help. */
  readonly unavailable: string;
  /** Reading works, unless this is undefined too. */
  readonly view: KernelMonitor | undefined;
}

/** Opens the kernel's route table, adopts our routes of an earlier run and reads interfaces and alien routes; resolves
 *  when all that is done. Never rejects for what the kernel refuses. */
export async function openKernel(
  options: KernelOptions,
  dependencies: KernelDependencies,
): Promise<OpenKernel | UnavailableKernel> {
  const { sys, clock, log, notifyBufferBytes } = dependencies;
  const seed = randomInt(0x7fffffff);
  let view: KernelMonitor | undefined;
  try {
    view = new KernelMonitor(notifyBufferBytes === undefined ? options : { ...options, notifyBufferBytes }, {
      sys,
      clock,
      log,
      seed,
    });
    const denied = whyNotWritable(options, sys);
    const writer = denied ?? (await openWarmWriter(clock));
    if (typeof writer === "string") return { unavailable: writer, view: await startedOrClosed(view) };
    const fib = new FibSync(options, { clock, log, writer, surroundings: view, seed });
    const problem = await view.start(fib, writer.portId);
    if (problem === undefined) return { fib, view };
    await fib.close();
    view.close();
    return { unavailable: problem, view: undefined };
  } catch (error) {
    view?.close();
    return { unavailable: messageOf(error), view: undefined };
  }
}

/** The thread starts while we get ready. */
async function openWarmWriter(clock: Clock): Promise<RouteWriter | string> {
  const [writer] = await Promise.all([openRouteWriter(), warmUpRoutes(clock)]);
  return writer;
}

async function startedOrClosed(view: KernelMonitor): Promise<KernelMonitor | undefined> {
  if ((await view.start()) === undefined) return view;
  view.close();
  return undefined;
}

/** Asks the kernel itself, by deleting a route that cannot exist: capabilities in /proc do not tell whether they hold in
 *  this network namespace. Gives undefined, or words. Throws KernelError. */
function whyNotWritable(options: KernelOptions, sys: Sys): string | undefined {
  const socket = new NetlinkSocket({ receiveBufferBytes: 1 << 20 }, sys);
  try {
    const out = new RequestBuffer(new ArrayBuffer(256));
    const broadcast = { w0: -1, w1: 0, w2: 0, w3: 0, length: 32 };
    encodeRoute(out, "delete", 1, options, IPV4_UNICAST, broadcast, 0xffffffff, undefined);
    out.askForAck();
    socket.send(out.bytes, out.length);
    const input = receiveBuffer(65536);
    const end = socket.receive(input);
    let errno = end < 0 ? -end : 0;
    eachMessage(input, Math.max(0, end), (message) => {
      if (message.type === NLMSG_ERROR) errno = readAnswer(input, message).errno;
    });
    return errno === EPERM ? "writing kernel routes needs CAP_NET_ADMIN in this network namespace" : undefined;
  } finally {
    socket.close();
  }
}
