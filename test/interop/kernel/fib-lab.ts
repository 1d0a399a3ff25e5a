// Namespaces for the tests of the kernel room, the agent that runs inside them, and waiting for facts.

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

import { IPV4_UNICAST, IPV6_UNICAST } from "../../../src/base/family.js";
import { loadSys } from "../../../src/native/load-sys.js";
import type { FibCounts } from "../../../src/speaker/ports.js";
import { canUseNetns, Lab, type Namespace, type Teardown } from "../../support/netns.js";

const AGENT = fileURLToPath(new URL("./fib-agent.js", import.meta.url));

export const OPTIONS = {
  families: [IPV4_UNICAST, IPV6_UNICAST],
  table: 254,
  protocol: 12,
  metric: 0,
  auditSeconds: 0,
  removeAtExit: false,
  staleSeconds: 3600,
};

/** The kernel room running in a namespace. */
export class FibAgent {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Starts it and waits until the kernel's routes have been read; gives also what it says first. */
  static async start(
    namespace: Namespace,
    options: object = {},
    prefix: readonly string[] = [],
  ): Promise<{ agent: FibAgent; hello: Record<string, unknown> }> {
    const child = namespace.spawn([...prefix, process.execPath, AGENT, JSON.stringify({ ...OPTIONS, ...options })]);
    child.stderr.pipe(process.stderr);
    const agent = new FibAgent(child, createInterface({ input: child.stdout }));
    return { agent, hello: await agent.#read() };
  }

  async ask<T = unknown>(command: string, ...words: (string | number)[]): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify([command, ...words.map(String)])}\n`);
    return (await this.#read())["result"] as T;
  }

  counts(): Promise<FibCounts> {
    return this.ask<FibCounts>("counts");
  }

  /** Sets wishes and waits for the kernel's answers. */
  async wish(routes: Readonly<Record<string, string>>): Promise<void> {
    for (const [prefix, route] of Object.entries(routes)) await this.ask("set", prefix, route);
    await this.ask("flushed");
  }

  /** Ends as the daemon does. */
  async close(): Promise<void> {
    const exit = once(this.#child, "exit");
    await this.ask("close");
    await exit;
  }

  /** Stops the process in its tracks while `act` runs, so that the kernel's notifications pile up. */
  async whileStopped(act: () => Promise<unknown>): Promise<void> {
    this.#child.kill("SIGSTOP");
    await act();
    this.#child.kill("SIGCONT");
  }

  /** Ends like a crash. */
  async kill(): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  async #read(): Promise<Record<string, unknown>> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error("the agent ended");
    return JSON.parse(next.value) as Record<string, unknown>;
  }
}

/** Two nodes on one link: `node` runs the agent, `peer` has the gateways .2–.9 and ::2–::9. */
export interface Pair {
  readonly lab: Lab;
  readonly node: Namespace;
  readonly peer: Namespace;
}

export async function openPair(t: Teardown): Promise<Pair> {
  const lab = await Lab.open(t);
  const node = await lab.namespace("node");
  const peer = await lab.namespace("peer");
  await lab.veth(node, "eth0", peer, "eth0");
  await node.exec("ip addr add 192.0.2.1/24 dev eth0; ip addr add 2001:db8:ffff::1/64 dev eth0");
  await peer.exec("ip addr add 192.0.2.2/24 dev eth0; ip addr add 2001:db8:ffff::2/64 dev eth0");
  return { lab, node, peer };
}

/** Our routes as `ip` shows them, one a line, sorted, without trailing blanks. */
export async function ourRoutes(namespace: Namespace): Promise<string[]> {
  const text = await namespace.exec("ip route show proto 12; ip -6 route show proto 12");
  const joined = text.replace(/\s*\n\s+nexthop/g, " nexthop");
  return joined
    .split("\n")
    .map((line) => line.trim().replace(/ +/g, " "))
    .filter((line) => line !== "")
    .sort();
}

/** Asks again until `check` gives true; fails after ten seconds with what it saw last. */
export async function eventually<T>(look: () => Promise<T>, check: (value: T) => boolean): Promise<T> {
  for (const end = performance.now() + 10_000; ;) {
    const value = await look();
    if (check(value)) return value;
    if (performance.now() > end)
      throw new Error(`not within ten seconds; last: ${JSON.stringify(value).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Route events (`ip monitor route`, events of our protocol) seen while `act` runs. Routes of protocol 99 mark the beginning
 *  and the end, so that nothing is missed and nobody has to guess how long to wait. */
export async function routeEvents(namespace: Namespace, act: () => Promise<void>): Promise<string[]> {
  const monitor = namespace.spawn(["ip", "monitor", "route"]);
  let text = "";
  monitor.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const mark = async (prefix: string): Promise<void> => {
    const look = async (): Promise<boolean> => {
      // Replacing a route by itself would tell nobody.
      await namespace.exec(`ip route add blackhole ${prefix} proto 99 && ip route del ${prefix} proto 99`);
      return text.includes(prefix);
    };
    await eventually(look, (seen) => seen);
  };
  await mark("198.18.0.1");
  await act();
  await mark("198.18.0.2");
  monitor.kill("SIGKILL");
  return text.split("\n").filter((line) => line.trim() !== "" && !line.includes("198.18."));
}

/** Options for t.test: why to skip. Where CI or STARLING_NO_SKIPS is set the test runs, and fails. */
export function needsNetns(): { readonly skip?: string } {
  if ((process.env["CI"] ?? "") !== "" || (process.env["STARLING_NO_SKIPS"] ?? "") !== "") return {};
  const loaded = loadSys();
  const reason = "missing" in loaded ? loaded.missing : canUseNetns();
  return reason === undefined ? {} : { skip: reason };
}
