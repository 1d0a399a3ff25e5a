// A simulated kernel with FibSync and KernelMonitor on it, a clock whose hands the test turns, and wishes as text.

import { readI32 } from "../../src/base/bytes.js";
import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/base/family.js";
import { parseAddress, parsePrefix } from "../../src/base/ip.js";
import { type LogFields, SILENT_LOG } from "../../src/base/log.js";
import { FibSync } from "../../src/kernel/fib-sync.js";
import type { KernelOptions } from "../../src/kernel/kernel-ports.js";
import { KernelMonitor } from "../../src/kernel/kernel-view.js";
import type { FibNextHop, FibRoute } from "../../src/speaker/ports.js";
import { FakeClock } from "../support/fake-clock.js";
import { SimulatedKernel, SimulatedWriter } from "./simulated-kernel.js";

export const OPTIONS: KernelOptions = {
  families: [IPV4_UNICAST, IPV6_UNICAST],
  table: 254,
  protocol: 12,
  metric: 0,
  auditSeconds: 60,
  removeAtExit: false,
  staleSeconds: 300,
};
/** Owners as the simulated kernel's `write` takes them. */
export const OURS = { table: 254, protocol: 12, metric: 0 };
export const STATIC = { table: 254, protocol: 4, metric: 0 };

export function via(address: string, device?: string): FibNextHop {
  return { gateway: parseAddress(address)?.bytes, device, onlink: false, weight: 1 };
}

export function through(...hops: readonly FibNextHop[]): FibRoute {
  return { kind: "unicast", nextHops: hops };
}

/** The same with a metric of its own. */
export function withMetric(metric: number, route: FibRoute): FibRoute {
  return { ...route, metric };
}

export const BLACKHOLE: FibRoute = { kind: "blackhole", nextHops: [] };

export class FibWorld {
  readonly clock = new FakeClock();
  readonly kernel = new SimulatedKernel(this.clock);
  readonly log: string[] = [];
  readonly writer: SimulatedWriter;
  readonly view: KernelMonitor;
  readonly fib: FibSync;

  constructor(options: Partial<KernelOptions> = {}, kernel?: (kernel: SimulatedKernel) => void) {
    kernel?.(this.kernel);
    const all = { ...OPTIONS, ...options };
    const record = (message: string, fields?: LogFields): void =>
      void this.log.push(`${message} ${JSON.stringify(fields ?? {})}`);
    const log = { ...SILENT_LOG, warn: record, info: record };
    const { clock } = this;
    this.writer = new SimulatedWriter(this.kernel, clock);
    this.view = new KernelMonitor(all, { sys: this.kernel, clock, log, seed: 7 });
    this.fib = new FibSync(all, { clock, log, writer: this.writer, surroundings: this.view, seed: 7 });
  }

  /** Reads the kernel; a failure is thrown. */
  async start(): Promise<this> {
    const started = this.view.start(this.fib, this.writer.portId);
    this.clock.settle();
    const problem = await started;
    if (problem !== undefined) throw new Error(problem);
    this.clock.settle();
    return this;
  }

  /** Records a wish without letting time pass. */
  wish(prefixText: string, route: FibRoute | undefined): void {
    const prefix = parsePrefix(prefixText);
    if (prefix === undefined) throw new Error(prefixText);
    const word = (i: number): number => (4 * i < prefix.bytes.length ? readI32(prefix.bytes, 4 * i) : 0);
    this.fib.set(prefix.family, word(0), word(1), word(2), word(3), prefix.length, route);
  }

  /** Wishes and lets everything that follows at once happen. */
  put(prefixText: string, route: FibRoute | undefined): void {
    this.wish(prefixText, route);
    this.clock.settle();
  }

  /** State and words of a wish. */
  stateOf(prefix: string): string {
    const entry = [...this.fib.entries()].find((candidate) => candidate.prefix === prefix);
    if (entry === undefined) return "not wished";
    return entry.error === undefined ? entry.state : `${entry.state}: ${entry.error}`;
  }

  /** Requests since the last call. */
  takeRequests(): string[] {
    return this.kernel.requests.splice(0);
  }
}
