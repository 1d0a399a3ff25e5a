// What the commands of the command line share: where they write, how they reach the daemon, exit codes.

import type { Clock } from "../base/clock.js";
import { ControlClient } from "./client.js";
import type { ColumnOptions } from "./render.js";

/** sysexits(3) where it has a number that scripts know. */
export const EXIT_OK = 0;
/** The daemon, a peer or a file needs attention; or the daemon refused. */
export const EXIT_DEGRADED = 1;
export const EXIT_UNREACHABLE = 2;
export const EXIT_USAGE = 64;
export const EXIT_SOFTWARE = 70;

export const OUTPUT_FORMATS = ["table", "wide", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Options of every command. */
export interface GlobalOptions {
  readonly socket: string;
  readonly output: OutputFormat;
  readonly headers: boolean;
  readonly color: boolean;
}

/** Somewhere to write text. */
export interface CliOutput {
  readonly isTTY: boolean;
  /** Resolves when more may be written. Rejects with OutputClosedError when the reader is gone (`| head`). */
  write(text: string): Promise<void>;
}

export class OutputClosedError extends Error {
  constructor() {
    super("the reader of the output is gone");
    this.name = "OutputClosedError";
  }
}

/** Wrong words on the command line: exit code 64. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

export interface RunOptions {
  readonly config: string;
  readonly node: string | undefined;
  readonly version: string;
}

export interface DemoOptions {
  /** Only this act; undefined: all. */
  readonly act: number | undefined;
  /** Without network namespaces, even where they could be had. */
  readonly plain: boolean;
  readonly color: boolean;
}

/** Rooms above this one, loaded when a command needs them. */
export interface Programs {
  runDaemon(options: RunOptions): Promise<number>;
  runDemo(options: DemoOptions): Promise<number>;
}

export interface CliEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly version: string;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly programs: Programs;
}

/** Silence of the daemon after which it counts as unreachable. */
const ANSWER_TIMEOUT_MS = 10_000;
/** A new configuration may mean work on a million routes. */
export const RELOAD_TIMEOUT_MS = 120_000;

export class CommandContext {
  readonly environment: CliEnvironment;
  /** Of the command that ran last. */
  exitCode = EXIT_OK;

  constructor(environment: CliEnvironment) {
    this.environment = environment;
  }

  /** Runs the body of a command; its result becomes the exit code. */
  async run(body: () => Promise<number>): Promise<void> {
    this.exitCode = await body();
  }

  /** Connects to the daemon for the time of `talk`. */
  async withDaemon<T>(
    options: GlobalOptions,
    talk: (client: ControlClient) => Promise<T>,
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<T> {
    const client = await ControlClient.connect(options.socket, { clock: this.environment.clock, timeoutMs });
    try {
      return await talk(client);
    } finally {
      client.close();
    }
  }

  print(text: string): Promise<void> {
    return this.environment.stdout.write(text);
  }

  printError(text: string): Promise<void> {
    return this.environment.stderr.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  columnOptions(options: GlobalOptions): ColumnOptions & { readonly nowMs: number; readonly wide: boolean } {
    return {
      headers: options.headers,
      color: options.color,
      nowMs: this.environment.clock.wallTime(),
      wide: options.output === "wide",
    };
  }

  /** Prints `value` as JSON or YAML, or what `toText` makes of it. */
  async printAs(options: GlobalOptions, value: unknown, toText: () => string): Promise<void> {
    switch (options.output) {
      case "json":
        return this.print(`${JSON.stringify(value, undefined, 2)}\n`);
      case "yaml":
        return this.print(await toYaml(value));
      case "table":
      case "wide":
        return this.print(toText());
    }
  }
}

/** YAML text; the library is loaded only when asked for. */
export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
