// A laboratory of network namespaces: makes them under names of its own, runs programs inside, and removes everything
// it made, whatever way the process ends (return, exception, exit, Ctrl-C, SIGTERM).
//
// Names are PREFIX-PID-NAME, so that a later run finds and removes what a killed one left behind. Devices are made
// inside namespaces only; the machine's own network is never touched. What is wired inside is up to the caller.

import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Clock } from "../../base/clock.js";

/** Where the names of namespaces appear while they exist. */
const NAMESPACE_FOLDER = "/var/run/netns";

export interface LabOptions {
  /** First part of each name: letters, digits and `-`. */
  readonly prefix: string;
  /** False: no namespaces; programs run side by side on the machine itself. */
  readonly namespaces: boolean;
}

export interface CommandResult {
  /** Exit status; -1 if it was ended by a signal or could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs until it is told to stop. */
export interface LabProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Everything it wrote so far, at most the last 64 KB. */
  readonly output: string;
  /** Resolves with the exit status, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Calls `listener` for each complete line of standard output from now on. */
  onLine(listener: (line: string) => void): void;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** A command that the lab needed has failed: its words, and what it said. */
export class LabError extends Error {
  override readonly name = "LabError";
}

const OUTPUT_LIMIT = 65_536;

class Child implements LabProcess {
  readonly pid: number;
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #process: ChildProcess;
  readonly #listeners: ((line: string) => void)[] = [];
  #output = "";
  #partial = "";

  constructor(process: ChildProcess) {
    this.#process = process;
    this.pid = process.pid ?? -1;
    this.ended = new Promise((resolve) => {
      process.once("error", (error) => {
        this.#output += `${error.message}\n`;
        resolve(-1);
      });
      process.once("close", (code, signal) => resolve(signal ?? code ?? -1));
    });
    process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    process.stderr?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
  }

  get running(): boolean {
    return this.pid > 0 && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get output(): string {
    return this.#output;
  }

  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.running) this.#process.kill(signal);
    await this.ended;
  }

  #read(text: string): void {
    this.#keep(text);
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) for (const listener of this.#listeners) listener(line);
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_LIMIT);
  }
}

export class Lab {
  /** A folder of this run for sockets, configurations and logs; removed with the rest. */
  readonly folder: string;
  readonly clock: Clock;
  readonly #prefix: string;
  readonly #inNamespaces: boolean;
  readonly #namespaces = new Set<string>();
  readonly #children = new Set<Child>();
  /** Commands under way, each with its end. */
  readonly #commands = new Map<ChildProcess, Promise<CommandResult>>();
  readonly #alive: MessagePort;
  readonly #onExit = (): void => this.clearNow();
  #clearing: Promise<void> | undefined;
  #closed = false;

  constructor(options: LabOptions, clock: Clock) {
    this.clock = clock;
    this.#inNamespaces = options.namespaces;
    this.#prefix = `${options.prefix}-${process.pid}`;
    this.folder = mkdtempSync(join(tmpdir(), `${this.#prefix}-`));
    // The clock's alarms do not hold the process; without this it would end in the middle of a wait.
    this.#alive = new MessageChannel().port1;
    this.#alive.on("message", () => undefined);
    process.once("exit", this.#onExit);
  }

  /** The system's name of a namespace of this lab. */
  namespaceName(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  /** Makes an empty namespace with the loopback device up. Throws LabError. */
  async addNamespace(name: string): Promise<void> {
    this.#assertOpen();
    // Noted before it exists: an interrupt in between removes one too many rather than one too few.
    this.#namespaces.add(name);
    await this.#must("ip", ["netns", "add", this.namespaceName(name)]);
    await this.ip(name, ["link set lo up"]);
  }

  /** Runs `ip` commands in a namespace, as one batch that stops at the first failure. Throws LabError with its words. */
  async ip(name: string, commands: readonly string[]): Promise<void> {
    if (commands.length === 0) return;
    const result = await this.#run("ip", ["-n", this.namespaceName(name), "-batch", "-"], commands.join("\n") + "\n");
    if (result.code !== 0) throw new LabError(`${name}: ip: ${result.stderr.trim() || `exit status ${result.code}`}`);
  }

  /** Writes kernel settings below /proc/sys/ of a namespace, such as `net/ipv4/ip_forward=1`. Throws LabError. */
  async settings(name: string, settings: readonly string[]): Promise<void> {
    const script = settings.map(
      (setting) => `echo ${setting.split("=")[1] ?? ""} > /proc/sys/${setting.split("=")[0] ?? ""}`,
    );
    await this.must(name, ["sh", "-ec", script.join("\n")]);
  }

  /** Runs a program in a namespace to its end. Does not throw; the result tells. */
  exec(name: string, command: readonly string[]): Promise<CommandResult> {
    const [program, ...parameters] = this.#inside(name, command);
    return this.#run(program ?? "", parameters, "");
  }

  /** Like `exec`, for commands that have to succeed; gives their output. Throws LabError with what they said. */
  async must(name: string, command: readonly string[]): Promise<string> {
    const result = await this.exec(name, command);
    if (result.code !== 0) throw new LabError(`${name}: ${command.join(" ")}: ${result.stderr.trim()}`);
    return result.stdout;
  }

  /** Starts a program in a namespace; it is ended with the lab at the latest. */
  spawn(name: string, command: readonly string[], environment: Readonly<Record<string, string>> = {}): LabProcess {
    this.#assertOpen();
    const [program, ...parameters] = this.#inside(name, command);
    // A process group of its own: Ctrl-C reaches only us, and we end the children in order.
    const child = new Child(
      spawn(program ?? "", parameters, {
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...environment },
      }),
    );
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  /** Resolves after `delayMs`. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.clock.at(this.clock.now() + delayMs, resolve));
  }

  /** Asks `condition` every `intervalMs` until it holds. Gives the milliseconds it took, or undefined after `limitMs`. */
  async until(condition: () => Promise<boolean>, limitMs: number, intervalMs = 100): Promise<number | undefined> {
    const start = this.clock.now();
    for (;;) {
      if (await condition()) return this.clock.now() - start;
      if (this.clock.now() - start > limitMs) return undefined;
      this.#assertOpen();
      await this.pause(intervalMs);
    }
  }

  /** Ends all programs and removes all namespaces; the lab can be filled anew. */
  async clear(): Promise<void> {
    // Who comes second waits for the first: it would take the first one's commands for leftovers.
    this.#clearing ??= this.#clear().finally(() => (this.#clearing = undefined));
    await this.#clearing;
  }

  async #clear(): Promise<void> {
    // A command that is still making something would make it behind our back.
    for (const command of this.#commands.keys()) command.kill("SIGKILL");
    await Promise.all(this.#commands.values());
    await Promise.all([...this.#children].map((child) => child.end("SIGKILL")));
    for (const name of [...this.#namespaces]) {
      await endInside(this.namespaceName(name));
      // A name is forgotten last: whoever cuts us short must still find it. It may have been faster than we, too.
      if (existsSync(join(NAMESPACE_FOLDER, this.namespaceName(name)))) {
        await this.#must("ip", ["netns", "del", this.namespaceName(name)]);
      }
      this.#namespaces.delete(name);
    }
  }

  /** Removes everything, the folder too. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.clear();
    this.clearNow();
    process.removeListener("exit", this.#onExit);
  }

  /** The same without waiting, for the end of the process: no event loop any more. May be called again. */
  clearNow(): void {
    this.#closed = true;
    for (const command of this.#commands.keys()) command.kill("SIGKILL");
    for (const child of this.#children) if (child.running) signalProcess(child.pid, "SIGKILL");
    for (const name of this.#namespaces) removeNamespaceNow(this.namespaceName(name));
    this.#namespaces.clear();
    rmSync(this.folder, { recursive: true, force: true });
    this.#alive.close();
  }

  #inside(name: string, command: readonly string[]): readonly string[] {
    return this.#inNamespaces ? ["ip", "netns", "exec", this.namespaceName(name), ...command] : command;
  }

  #assertOpen(): void {
    if (this.#closed) throw new LabError("the lab is closed");
  }

  async #must(program: string, parameters: readonly string[]): Promise<void> {
    const result = await this.#run(program, parameters, "");
    if (result.code !== 0) throw new LabError(`${program} ${parameters.join(" ")}: ${result.stderr.trim()}`);
  }

  async #run(program: string, parameters: readonly string[], input: string): Promise<CommandResult> {
    const { promise, resolve } = promiseOf<CommandResult>();
    const child = execFile(program, parameters, { maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr: stderr === "" && error !== null ? error.message : stderr });
    });
    // A program that ends without reading its input closes the pipe: its exit status tells more than the EPIPE.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    this.#commands.set(child, promise);
    const result = await promise;
    this.#commands.delete(child);
    return result;
  }
}

function promiseOf<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolver) => (resolve = resolver));
  return { promise, resolve };
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone in the meantime: that is what we wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Daemons that went to the background are no children of ours; the namespace knows them. */
function endInside(namespace: string): Promise<void> {
  return new Promise((resolve) => {
    execFile("ip", ["netns", "pids", namespace], (_error, stdout) => {
      for (const pid of stdout.split("\n").filter((text) => text !== "")) signalProcess(Number(pid), "SIGKILL");
      resolve();
    });
  });
}

function removeNamespaceNow(namespace: string): void {
  const exists = (): boolean => existsSync(join(NAMESPACE_FOLDER, namespace));
  if (!exists()) return;
  try {
    const pids = execFileSync("ip", ["netns", "pids", namespace], { encoding: "utf8", stdio: "pipe" });
    for (const pid of pids.split("\n").filter((text) => text !== "")) signalProcess(Number(pid), "SIGKILL");
    execFileSync("ip", ["netns", "del", namespace], { stdio: "pipe" });
  } catch (error) {
    // Removed by a command that was already under way: that is what we wanted.
    if (exists()) throw error;
  }
}

/** Whether a run with this process id may still be on. */
function mayBeRunning(pid: number): boolean {
  try {
    // Process ids are used again: only another process of the same program can be a run that is still on.
    return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
  } catch (error) {
    // ENOENT: no such process. Anything else, such as EACCES: not ours to judge.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

/** Ends daemons that outlived a killed run: their command lines name its folder. */
function endUsersOf(folder: string): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let commandLine: string;
    try {
      commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      // Ended since the folder was read, or hidden from us: not ours then.
      continue;
    }
    if (commandLine.includes(`${folder}/`)) signalProcess(Number(pid), "SIGKILL");
  }
}

/** Removes namespaces, programs and folders that earlier runs with this prefix left behind because they were killed.
 *  Runs that are still on are left alone, and so are those of other users. Gives the names that were removed. */
export function removeLeftovers(prefix: string): readonly string[] {
  const user = process.getuid?.();
  const pattern = new RegExp(`^${prefix}-(\\d+)-`);
  const isAbandoned = (name: string): boolean => {
    const pid = Number(pattern.exec(name)?.[1] ?? "0");
    return pid !== 0 && pid !== process.pid && !mayBeRunning(pid);
  };
  const namespaces =
    user === 0 && existsSync(NAMESPACE_FOLDER) ? readdirSync(NAMESPACE_FOLDER).filter(isAbandoned) : [];
  namespaces.forEach(removeNamespaceNow);
  const folders = readdirSync(tmpdir())
    .filter(isAbandoned)
    .map((name) => join(tmpdir(), name))
    .filter((folder) => statSync(folder).uid === user);
  for (const folder of folders) {
    endUsersOf(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  return [...namespaces, ...folders];
}
