// One program under test: started, listened to, stopped. Only processes started here are ever signalled.

import { type ChildProcess, execFile } from "node:child_process";

const PATIENCE_MS = 8_000;

export class DaemonProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #output = "";
  #hasEnded = false;

  /** Takes over a child that was just spawned with pipes for its output. */
  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#hasEnded = true;
        resolve(how);
      };
      child.once("exit", (code, signal) => end(signal ?? `exit ${code}`));
      child.once("error", (error) => end(error.message));
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.name} was not started`);
    return pid;
  }

  /** What the program has written to both outputs so far. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  /** Resolves with `exit N` or the signal. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it by SIGTERM, after eight seconds by SIGKILL; gives how it ended. */
  async stop(): Promise<string> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), PATIENCE_MS);
    const how = await this.#ended;
    clearTimeout(timer);
    return how;
  }

  /** SIGKILL: the kernel closes its sockets, the program says nothing to anyone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended;
  }
}

/** What became of a command. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code. Rejects if it cannot be started or takes longer than `timeoutMs`. */
export function execute(command: readonly string[], timeoutMs = 10_000): Promise<Finished> {
  const [program, ...words] = command;
  return new Promise((resolve, reject) => {
    const child = execFile(program, words, { timeout: timeoutMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null || child.exitCode !== null) resolve({ code: child.exitCode ?? 0, stdout, stderr });
      else reject(new Error(`${command.join(" ")}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}

/** Like execute, but a failure of the command rejects with both its outputs. Gives the standard output. */
export async function run(command: readonly string[], timeoutMs = 10_000): Promise<string> {
  const { code, stdout, stderr } = await execute(command, timeoutMs);
  if (code === 0) return stdout;
  throw new Error(`${command.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
}
