// The seams inside this room: what the writer of routes (fib-sync.ts) needs from the reader of the kernel (kernel-view.ts)
// and what the reader tells it. Tests put a simulated kernel on either side.

import type { Family } from "../base/family.js";
import type { DeviceIndexes } from "./path-table.js";
import type { PrefixWords, RouteMessage } from "./route-message.js";

/** The kernel part of the configuration; KernelConfig has the meanings. */
export interface KernelOptions {
  /** Those of other families do not exist for us, whoever made them. */
  readonly families: readonly Family[];
  readonly table: number;
  readonly protocol: number;
  /** Of routes that name none; 0: the kernel's default. */
  readonly metric: number;
  /** 0: no audits. */
  readonly auditSeconds: number;
  readonly removeAtExit: boolean;
  readonly staleSeconds: number;
}

/** What FibSync needs to know of the kernel beside its own routes. */
export interface FibSurroundings {
  readonly devices: DeviceIndexes;
  /** Protocol of the route that is not ours but has this prefix and metric and our table. */
  foreignProtocol(family: Family, prefix: PrefixWords, metric: number): number | undefined;
  /** Reads all routes again; observer calls follow. Asked for while one runs, it runs once more. */
  resync(reason: string): void;
}

/** Told by the one who reads dumps and notifications. Routes are reused objects, valid during the call. */
export interface OwnRouteObserver {
  resyncBegan(): void;
  routeDumped(route: RouteMessage): void;
  /** `complete` false: the dump failed, nothing follows from what was missing in it. */
  resyncEnded(complete: boolean): void;
  /** A route of ours was made, changed or removed by someone else; `byKernel`: by no program. */
  routeChanged(route: RouteMessage, removed: boolean, byKernel: boolean): void;
  /** A route of our table that is not ours. `replaced`: it took the place of what was there. */
  foreignRouteChanged(route: RouteMessage, removed: boolean, replaced: boolean): void;
  /** Links, addresses or other routes changed: what failed may work now. */
  surroundingsChanged(): void;
}
