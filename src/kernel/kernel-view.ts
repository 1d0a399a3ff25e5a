// What the node's kernel holds beside our routes: interfaces, addresses, alien routes; kept current by notifications, read
// anew when some were lost. It also reads our own routes, for fib-sync.ts, because one dump serves both.
//
// The notification socket drops what our own writer causes (netlink-socket.ts), the dump socket is apart, and work is
// done in slices of 3 ms.

import type { Alarm, Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import type { Family } from "../base/family.js";
import { isLinkLocal } from "../base/ip.js";
import type { Log } from "../base/log.js";
import { SLICE_MS } from "../base/work-queue.js";
import type { Sys } from "../native/sys.js";
import type { AlienRoute, InterfaceAddress, KernelView, Resolution } from "../speaker/ports.js";
import { AlienRoutes } from "./alien-routes.js";
import { Interfaces } from "./interfaces.js";
import { EAGAIN } from "./kernel-error.js";
import type { FibSurroundings, OwnRouteObserver } from "./kernel-ports.js";
import {
  type AddressMessage,
  decodeAddress,
  decodeLink,
  encodeAddressDump,
  encodeLinkDump,
  type LinkMessage,
} from "./link-message.js";
import {
  eachMessage,
  type MessageHeader,
  NLM_F_REPLACE,
  NLMSG_OVERRUN,
  receiveBuffer,
  RequestBuffer,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
} from "./netlink.js";
import {
  dumpNow,
  NetlinkSocket,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_LINK,
} from "./netlink-socket.js";
import { type DumpResult, RouteDump } from "./route-dump.js";
import { decodeRoute, type PrefixWords, RouteMessage, type RouteOwner } from "./route-message.js";

const MAIN_TABLE = 254;
/** Room for some 40,000 route notifications, which cost 832 octets each. */
const NOTIFY_BUFFER_BYTES = 32 << 20;
/** Between two complete readings, whatever asks for them. */
const RESYNC_PAUSE_MS = 100;
/** By family. */
const ROUTE_GROUPS = [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE] as const;
const RESYNC_RETRY_MS = 1000;
/** A table that always changes is taken as it is after so many attempts; the next audit sees what was missed. */
const INTERRUPTED_ATTEMPTS = 3;

export interface KernelMonitorOptions extends RouteOwner {
  /** Whose routes are read; of interfaces all addresses are. */
  readonly families: readonly Family[];
  readonly notifyBufferBytes?: number;
}

export interface KernelMonitorDependencies {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the prefix hash. */
  readonly seed: number;
}

export class KernelMonitor implements KernelView, FibSurroundings {
  readonly devices: Interfaces = new Interfaces();
  readonly #owner: RouteOwner;
  readonly #tables: readonly number[];
  readonly #families: readonly Family[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #aliens: AlienRoutes;
  readonly #notify: NetlinkSocket;
  readonly #request: NetlinkSocket;
  readonly #dump: RouteDump;
  readonly #input = receiveBuffer(96 * 1024);
  readonly #route = new RouteMessage();
  readonly #listeners = new Set<() => void>();
  #observer: OwnRouteObserver | undefined;
  #changeScheduled = false;
  #resync: "idle" | "running" | "again" | "waiting" = "idle";
  #resyncAlarm: Alarm | undefined;
  #interruptions = 0;
  #sequence = 0;
  #firstResult: ((why: string | undefined) => void) | undefined;
  #closed = false;

  /** Opens the sockets. Throws KernelError. */
  constructor(options: KernelMonitorOptions, dependencies: KernelMonitorDependencies) {
    const { sys, clock, log, seed } = dependencies;
    this.#owner = options;
    // Gateways are looked up in the main table too, and connected prefixes stand there.
    this.#tables = options.table === MAIN_TABLE ? [MAIN_TABLE] : [MAIN_TABLE, options.table];
    this.#families = options.families;
    this.#clock = clock;
    this.#log = log;
    this.#aliens = new AlienRoutes(options, seed);
    this.#notify = new NetlinkSocket({ receiveBufferBytes: options.notifyBufferBytes ?? NOTIFY_BUFFER_BYTES }, sys);
    this.#request = new NetlinkSocket({ receiveBufferBytes: 4 << 20 }, sys);
    this.#dump = new RouteDump({ socket: new NetlinkSocket({ receiveBufferBytes: 4 << 20 }, sys), clock });
  }

  /** Subscribes and reads everything; resolves when that is done, with words if it cannot be. `observer` is told of our
   *  routes; `ownPortId` is the socket that writes them. */
  start(observer?: OwnRouteObserver, ownPortId?: number): Promise<string | undefined> {
    this.#observer = observer;
    if (ownPortId !== undefined) this.#notify.ignoreChangesBy(ownPortId);
    const groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR];
    for (const group of [...groups, ...this.#families.map((family) => ROUTE_GROUPS[family])]) this.#notify.join(group);
    this.#notify.watch(() => this.#onReadable());
    return new Promise((resolve) => {
      this.#firstResult = resolve;
      this.#runResync();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#resyncAlarm?.cancel();
    this.#notify.close();
    this.#request.close();
    this.#dump.close();
    this.#listeners.clear();
  }

  // ---- KernelView -----------------------------------------------------------------------------------------------

  resolve(address: Bytes, zone: string | undefined): Resolution | undefined {
    if (isLinkLocal(address)) {
      if (zone === undefined || !this.devices.isUp(zone)) return undefined;
      return { kind: "connected", device: zone, gateway: undefined, cost: 0 };
    }
    const owner = this.devices.ownerOf(address);
    if (owner !== undefined) return { kind: "local", device: owner, gateway: undefined, cost: 0 };
    const match = this.#aliens.match(address, (index) => this.devices.isIndexUp(index));
    if (match === undefined || match.kind === "rejected") return undefined;
    const device = this.devices.nameOf(match.hop.interfaceIndex);
    if (device === undefined) return undefined;
    const { gateway } = match.hop;
    if (gateway === undefined) return { kind: "connected", device, gateway, cost: 0 };
    return { kind: "recursive", device, gateway, cost: match.metric };
  }

  addresses(): readonly InterfaceAddress[] {
    return this.devices.addresses();
  }

  alienRoutes(): readonly AlienRoute[] {
    return this.#aliens.list((index) => this.devices.nameOf(index));
  }

  isUp(device: string): boolean {
    return this.devices.isUp(device);
  }

  hasDevice(device: string): boolean {
    return this.devices.indexOf(device) !== undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ---- FibSurroundings ------------------------------------------------------------------------------------------

  foreignProtocol(family: Family, prefix: PrefixWords, metric: number): number | undefined {
    return this.#aliens.protocolInOurPlace(family, prefix, metric);
  }

  resync(reason: string): void {
    if (this.#closed) return;
    if (this.#log.debugEnabled) this.#log.debug("reading the kernel's routes again", { reason });
    if (this.#resync === "running") this.#resync = "again";
    else if (this.#resync === "idle") this.#scheduleResync(reason === "audit" ? 0 : RESYNC_PAUSE_MS);
  }

  // ---- Reading everything ---------------------------------------------------------------------------------------

  #scheduleResync(delayMs: number): void {
    this.#resync = "waiting";
    this.#resyncAlarm = this.#clock.at(this.#clock.now() + delayMs, () => this.#runResync());
  }

  #runResync(): void {
    if (this.#closed) return;
    this.#resync = "running";
    const problem = this.#readLinks();
    this.#aliens.mark();
    this.#observer?.resyncBegan();
    if (problem !== undefined) {
      this.#endResync({ ok: false, interrupted: false, why: `cannot read interfaces: ${problem}` });
      return;
    }
    const onRoute = (route: RouteMessage): void => this.#onDumpedRoute(route);
    this.#dump.run(this.#families, this.#tables, onRoute, (result) => this.#endResync(result));
  }

  #readLinks(): string | undefined {
    const links: LinkMessage[] = [];
    const addresses: AddressMessage[] = [];
    const out = new RequestBuffer(new ArrayBuffer(64));
    encodeLinkDump(out, ++this.#sequence);
    const collect = (message: MessageHeader): void => {
      const link = message.type === RTM_NEWLINK ? decodeLink(this.#input, message) : undefined;
      const address = message.type === RTM_NEWADDR ? decodeAddress(this.#input, message) : undefined;
      if (link !== undefined) links.push(link);
      if (address !== undefined) addresses.push(address);
    };
    const problem = dumpNow(this.#request, out, this.#input, collect);
    if (problem !== undefined) return problem;
    out.length = 0;
    encodeAddressDump(out, ++this.#sequence);
    const other = dumpNow(this.#request, out, this.#input, collect);
    if (other === undefined && this.devices.replace(links, addresses)) this.#changed();
    return other;
  }

  #onDumpedRoute(route: RouteMessage): void {
    if (!this.#tables.includes(route.table)) return;
    if (this.#isOurs(route)) this.#observer?.routeDumped(route);
    else if (this.#aliens.add(route, false)) this.#changed();
  }

  #endResync(result: DumpResult): void {
    this.#interruptions = !result.ok && result.interrupted ? this.#interruptions + 1 : 0;
    const isComplete = result.ok || this.#interruptions >= INTERRUPTED_ATTEMPTS;
    if (isComplete) {
      // What the dump did not show may just have been removed: learn that before anything is put back.
      while (this.#receive());
      this.#interruptions = 0;
      if (this.#aliens.sweep()) this.#changed();
    } else if (!result.interrupted) this.#log.warn("the kernel's routes cannot be read", { error: result.why });
    this.#observer?.resyncEnded(isComplete);
    const again = this.#resync === "again";
    this.#resync = "idle";
    if (!isComplete) this.#scheduleResync(RESYNC_RETRY_MS);
    else if (again) this.#scheduleResync(RESYNC_PAUSE_MS);
    if (!isComplete && result.interrupted) return;
    this.#firstResult?.(isComplete ? undefined : result.why);
    this.#firstResult = undefined;
  }

  // ---- Notifications --------------------------------------------------------------------------------------------

  #onReadable(): void {
    const until = this.#clock.now() + SLICE_MS;
    // What is left makes the socket readable again at once.
    while (this.#receive() && this.#clock.now() < until);
  }

  /** Handles one system call's worth of notifications; false if there was none. */
  #receive(): boolean {
    if (this.#closed) return false;
    const end = this.#notify.receive(this.#input);
    if (end === -EAGAIN) return false;
    if (end < 0) {
      this.#log.warn("notifications of the kernel were lost", { errno: -end });
      this.resync("notifications were lost");
      return true;
    }
    eachMessage(this.#input, end, (message) => this.#onMessage(message));
    return true;
  }

  #onMessage(message: MessageHeader): void {
    switch (message.type) {
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        return this.#onRoute(message);
      case RTM_NEWLINK:
      case RTM_DELLINK:
        return this.#onLink(message);
      case RTM_NEWADDR:
      case RTM_DELADDR:
        return this.#onAddress(message);
      case NLMSG_OVERRUN:
        return this.resync("notifications were lost");
    }
  }

  #onRoute(message: MessageHeader): void {
    const route = this.#route;
    if (!decodeRoute(this.#input, message, route) || !this.#tables.includes(route.table)) return;
    const removed = message.type === RTM_DELROUTE;
    if (this.#isOurs(route)) {
      // It may have taken the place of an alien one.
      if (!removed && (message.flags & NLM_F_REPLACE) !== 0) this.resync("a route of ours replaced another");
      this.#observer?.routeChanged(route, removed, message.portId === 0);
      return;
    }
    const replaced = (message.flags & NLM_F_REPLACE) !== 0;
    if (!removed) this.#aliens.add(route, replaced);
    else if (this.#aliens.remove(route) === "unclear") this.resync("an alien route lost a next hop");
    if (route.table === this.#owner.table) this.#observer?.foreignRouteChanged(route, removed, replaced);
    this.#changed();
  }

  #onLink(message: MessageHeader): void {
    const link = decodeLink(this.#input, message);
    if (link === undefined) return;
    if (message.type === RTM_DELLINK) {
      this.devices.removeLink(link.index);
      this.resync(`interface ${link.name} went away`);
      return this.#changed();
    }
    const outcome = this.devices.setLink(link);
    if (outcome === "lost") this.resync(`interface ${link.name} went down`);
    if (outcome !== "same") this.#changed();
  }

  #onAddress(message: MessageHeader): void {
    const address = decodeAddress(this.#input, message);
    if (address === undefined) return;
    const removed = message.type === RTM_DELADDR;
    const isNews = removed ? this.devices.removeAddress(address) : this.devices.setAddress(address);
    // With the last IPv4 address of an interface its routes vanish without a word, too.
    if (removed && isNews && address.address.length === 4) this.resync("an address went away");
    if (isNews) this.#changed();
  }

  #isOurs(route: RouteMessage): boolean {
    return route.table === this.#owner.table && route.protocol === this.#owner.protocol;
  }

  /** Tells everyone, once, after the I/O that is already waiting. */
  #changed(): void {
    if (this.#changeScheduled) return;
    this.#changeScheduled = true;
    this.#clock.soon(() => {
      this.#changeScheduled = false;
      if (this.#closed) return;
      this.#observer?.surroundingsChanged();
      for (const listener of this.#listeners) listener();
    });
  }
}
