// Network namespaces for interoperability tests: made with unique names, joined by veth pairs, removed with everything
// started in them when the test ends, fails or the process exits.

import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whatever ends a test: tap's `t`. */
export interface Teardown {
  teardown(cleanUp: () => Promise<void> | void): unknown;
}

let probed: { reason: string | undefined } | undefined;

/** Undefined if namespaces and veth pairs can be made here, else the reason why not, in words for a skipped test. */
export function canUseNetns(): string | undefined {
  probed ??= { reason: probe() };
  return probed.reason;
}

function probe(): string | undefined {
  if (process.platform !== "linux") return "network namespaces need Linux";
  const name = uniqueName("probe");
  const ip = (...words: string[]): string | undefined => {
    const result = spawnSync("ip", words, { encoding: "utf8" });
    if (result.error !== undefined) return `ip (iproute2) cannot be run: ${result.error.message}`;
    return result.status === 0 ? undefined : `ip ${words.join(" ")}: ${result.stderr.trim()}`;
  };
  const problem = ip("netns", "add", name);
  if (problem !== undefined) return `network namespaces cannot be made (root?): ${problem}`;
  const veth = ip("-n", name, "link", "add", "name", "end0", "type", "veth", "peer", "name", "end1");
  ip("netns", "del", name);
  return veth === undefined ? undefined : `veth pairs cannot be made: ${veth}`;
}

let counter = 0;

function uniqueName(name: string): string {
  return `starling-${process.pid.toString(36)}-${(counter++).toString(36)}-${name}`;
}

/** One namespace. lo is up; IPv6 addresses are usable at once (no duplicate address detection). */
export class Namespace {
  /** Name as `ip netns` knows it. */
  readonly name: string;
  readonly #children = new Set<ChildProcess>();

  constructor(name: string) {
    this.name = name;
  }

  /** Runs a command (a shell line or words) inside and gives its output. Rejects with its error output. */
  async exec(command: string | readonly string[]): Promise<string> {
    const words = typeof command === "string" ? ["sh", "-c", command] : command;
    const { stdout } = await run("ip", ["netns", "exec", this.name, ...words], { maxBuffer: 256 << 20 });
    return stdout;
  }

  /** Starts one program (a line with the shell's quoting, or words) inside, with `env` added to ours; ends it when the
   *  laboratory closes. Its standard streams are pipes and the child's process id is the program's own. */
  spawn(
    command: string | readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcessWithoutNullStreams {
    const words = typeof command === "string" ? ["sh", "-c", `exec ${command}`] : command;
    const child = spawn("ip", ["netns", "exec", this.name, ...words], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  /** Ends what was started inside; resolves when it is gone. */
  async killAll(): Promise<void> {
    const gone = [...this.#children].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    this.killNow();
    await Promise.all(gone);
  }

  killNow(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

/** The namespaces of one test. */
export class Lab {
  readonly #namespaces: Namespace[] = [];
  readonly #onExit = (): void => this.#closeNow();
  #closed = false;

  private constructor() {
    process.once("exit", this.#onExit);
  }

  /** Opens a laboratory; with `t` it closes itself when the test ends. */
  static open(t?: Teardown): Promise<Lab> {
    const reason = canUseNetns();
    if (reason !== undefined) return Promise.reject(new Error(reason));
    const lab = new Lab();
    t?.teardown(() => lab.close());
    return Promise.resolve(lab);
  }

  /** Makes a namespace; `name` is for people and becomes part of its real name. */
  async namespace(name: string): Promise<Namespace> {
    const namespace = new Namespace(uniqueName(name));
    await run("ip", ["netns", "add", namespace.name]);
    this.#namespaces.push(namespace);
    await namespace.exec(
      "ip link set lo up; for i in all default; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; done",
    );
    return namespace;
  }

  /** Joins two namespaces (or one with itself) by a veth pair, both ends up. */
  async veth(a: Namespace, interfaceA: string, b: Namespace, interfaceB: string): Promise<void> {
    const peer = ["peer", "name", interfaceB, "netns", b.name];
    await run("ip", ["-n", a.name, "link", "add", "name", interfaceA, "type", "veth", ...peer]);
    await run("ip", ["-n", a.name, "link", "set", interfaceA, "up"]);
    await run("ip", ["-n", b.name, "link", "set", interfaceB, "up"]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    process.removeListener("exit", this.#onExit);
    await Promise.all(this.#namespaces.map((namespace) => namespace.killAll()));
    for (const { name } of this.#namespaces) await run("ip", ["netns", "del", name]);
  }

  #closeNow(): void {
    for (const namespace of this.#namespaces) namespace.killNow();
    for (const { name } of this.#namespaces) spawnSync("ip", ["netns", "del", name]);
  }
}
