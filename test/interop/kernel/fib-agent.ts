// A process inside a network namespace that runs the kernel room and obeys commands, one JSON value a line. The tests
// talk to it through fib-lab.ts. Started as: node fib-agent.js OPTIONS (JSON of KernelOptions and more).

import { createInterface } from "node:readline";

import { SystemClock } from "../../../src/base/clock.js";
import type { Family } from "../../../src/base/family.js";
import { formatBytes, parseAddress, parsePrefix } from "../../../src/base/ip.js";
import { readI32 } from "../../../src/base/bytes.js";
import { type LogFields, SILENT_LOG } from "../../../src/base/log.js";
import type { KernelOptions } from "../../../src/kernel/kernel-ports.js";
import { openKernel, type OpenKernel } from "../../../src/kernel/open-kernel.js";
import { loadSys } from "../../../src/native/load-sys.js";
import type { FibNextHop, FibRoute } from "../../../src/speaker/ports.js";

/** A wish as text: `via 192.0.2.1 dev a onlink weight 2 + via … metric 5`, or a kind: `blackhole metric 5`. `none` takes
 *  back. */
function parseRoute(text: string): FibRoute | undefined {
  if (text === "none") return undefined;
  const [way, number] = text.split(" metric ");
  const metric = number === undefined ? undefined : Number(number);
  if (way === "blackhole" || way === "unreachable" || way === "prohibit") return { kind: way, nextHops: [], metric };
  return { kind: "unicast", nextHops: way.split(" + ").map(parseHop), metric };
}

function parseHop(text: string): FibNextHop {
  const words = text.split(" ");
  const after = (word: string): string | undefined =>
    words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
  const via = after("via");
  return {
    gateway: via === undefined ? undefined : parseAddress(via)?.bytes,
    device: after("dev"),
    onlink: words.includes("onlink"),
    weight: Number(after("weight") ?? 1),
  };
}

function wish(kernel: OpenKernel, prefixText: string, route: FibRoute | undefined): void {
  const prefix = parsePrefix(prefixText);
  if (prefix === undefined) throw new Error(`no prefix: ${prefixText}`);
  const word = (i: number): number => (4 * i < prefix.bytes.length ? readI32(prefix.bytes, 4 * i) : 0);
  kernel.fib.set(prefix.family, word(0), word(1), word(2), word(3), prefix.length, route);
}

/** `count` prefixes 20.0.0.0/24, 20.0.1.0/24 … or 2001:db8:0:N::/64, all by one route. */
function wishMany(kernel: OpenKernel, family: Family, from: number, count: number, route: FibRoute | undefined): void {
  for (let i = from; i < from + count; i++) {
    if (family === 0) kernel.fib.set(0, ((20 << 24) + i * 256) | 0, 0, 0, 0, 24, route);
    else kernel.fib.set(1, 0x20010db8, i, 0, 0, 64, route);
  }
}

/** The longest time the event loop stood still since the last call. */
class StallMeter {
  #last = performance.now();
  #longest = 0;

  constructor() {
    setInterval(() => this.#tick(), 1).unref();
  }

  #tick(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last - 1);
    this.#last = now;
  }

  take(): number {
    this.#tick();
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2]) as KernelOptions & { notifyBufferBytes?: number };
  const loaded = loadSys();
  if ("missing" in loaded) throw new Error(loaded.missing);
  const lines: string[] = [];
  const record = (message: string, fields?: LogFields): void =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log = { ...SILENT_LOG, info: record, warn: record, error: record, debug: record, debugEnabled: true };
  const meter = new StallMeter();
  const { notifyBufferBytes } = options;
  const kernel = await openKernel(options, {
    sys: loaded.sys,
    clock: new SystemClock(),
    log,
    ...(notifyBufferBytes === undefined ? {} : { notifyBufferBytes }),
  });
  if ("unavailable" in kernel) {
    const resolves = kernel.view?.resolve(Uint8Array.of(127, 0, 0, 1), undefined) !== undefined;
    process.stdout.write(`${JSON.stringify({ unavailable: kernel.unavailable, resolves })}\n`);
    kernel.view?.close();
    return;
  }
  let changes = 0;
  kernel.view.onChange(() => changes++);

  const commands: Record<string, (...words: string[]) => unknown> = {
    set: (prefix, route) => wish(kernel, prefix, parseRoute(route)),
    many: (family, from, count, route) =>
      wishMany(kernel, Number(family) as Family, Number(from), Number(count), parseRoute(route)),
    flushed: async () => {
      const start = performance.now();
      await kernel.fib.flushed();
      return { milliseconds: performance.now() - start, stall: meter.take() };
    },
    counts: () => kernel.fib.counts(),
    entries: () => [...kernel.fib.entries()].map(({ prefix, state, error }) => ({ prefix, state, error })),
    failed: () =>
      [...kernel.fib.entries()]
        .filter(({ state }) => state === "failed")
        .map(({ prefix, error }) => ({ prefix, error })),
    hold: (held) => kernel.fib.holdAdopted(held === "true"),
    sweep: () => kernel.fib.sweepStale(),
    resync: () => kernel.view.resync("asked for"),
    stall: () => meter.take(),
    changes: () => changes,
    log: () => lines,
    resolve: (address, zone) => {
      const found = kernel.view.resolve(parseAddress(address)?.bytes ?? new Uint8Array(0), zone);
      return found === undefined
        ? null
        : { ...found, gateway: found.gateway === undefined ? null : formatBytes(found.gateway) };
    },
    addresses: () => kernel.view.addresses().map(({ device, address }) => `${formatBytes(address.bytes)} ${device}`),
    aliens: () =>
      kernel.view.alienRoutes().map(({ prefix, kind, nextHops, metric, protocol }) => {
        const devices = nextHops.map(({ device }) => device).join("+");
        const way = kind === "unicast" ? devices : kind;
        return `${formatBytes(prefix.bytes)}/${prefix.length} ${way} ${protocol}${metric === 0 ? "" : ` metric ${metric}`}`;
      }),
    isUp: (device) => kernel.view.isUp(device),
    close: async () => {
      await kernel.fib.close();
      kernel.view.close();
    },
  };
  process.stdout.write(`${JSON.stringify({ open: true, stall: meter.take() })}\n`);
  const input = createInterface({ input: process.stdin });
  for await (const line of input) {
    const [command, ...words] = JSON.parse(line) as string[];
    const result = await commands[command](...words);
    process.stdout.write(`${JSON.stringify({ result: result ?? null })}\n`);
    if (command === "close") input.close();
  }
}

await main();
