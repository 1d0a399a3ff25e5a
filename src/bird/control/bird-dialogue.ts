// The dialogue with one client: greeting, commands in order, replies in pieces that wait while the client does not read.

import type { Log } from "../../base/log.js";
import type { Dialogue, LineConnection } from "../../control/line-connection.js";
import type { BirdView, LogLine } from "./bird-view.js";
import { parseCommand } from "./parse-command.js";
import { oneLine, type Reply, ReplyError, ReplyFramer } from "./reply.js";
import { type ClientState, runCommand } from "./run-command.js";

/** Longest command, without its line feed. */
export const MAX_COMMAND_BYTES = 4095;

/** What came over the log while the client did not read is not kept. */
const MAX_ECHO_BACKLOG_BYTES = 65_536;

export class BirdDialogue implements Dialogue, ClientState {
  readonly maxLineBytes = MAX_COMMAND_BYTES;
  readonly keepsEmptyLines = true;
  isRestricted = false;
  readonly #connection: LineConnection;
  readonly #ready: Promise<BirdView>;
  readonly #log: Log;
  #stopEcho: (() => void) | undefined;

  /** Commands wait until `ready` gives the daemon. */
  constructor(connection: LineConnection, ready: Promise<BirdView>, version: string, log: Log) {
    this.#connection = connection;
    this.#ready = ready;
    this.#log = log;
    connection.socket.once("close", () => this.#stopEcho?.());
    void connection.write(oneLineText(1, `BIRD ${version} ready.`));
  }

  tooLong(): string {
    return oneLineText(9000, "Command too long");
  }

  crowdedOut(): string {
    return "";
  }

  echo(view: BirdView, classes: readonly string[] | "all" | "off"): void {
    this.#stopEcho?.();
    this.#stopEcho = undefined;
    if (classes === "off" || this.#connection.isGone) return;
    this.#stopEcho = view.watchLog((line) => this.#echoLine(line, classes));
  }

  async answer(line: string): Promise<void> {
    const framer = new ReplyFramer();
    try {
      const view = await this.#ready;
      const command = parseCommand(line, view.ipVersion);
      const reply = runCommand(command, view, this);
      // What changes something is carried out to its end, whether or not somebody listens.
      await this.#write(reply, framer, command.kind.startsWith("show "));
    } catch (error) {
      const known = error instanceof ReplyError ? error : this.#explain(error, line);
      await this.#connection.write(framer.frame([{ code: known.code, text: known.message, isLast: true }]));
    }
  }

  async #write(reply: Reply, framer: ReplyFramer, mayStop: boolean): Promise<void> {
    // One turn was waited for already, when the command came.
    let isFirst = true;
    for await (const lines of reply) {
      if (!isFirst) await this.#connection.turn();
      isFirst = false;
      const text = framer.frame(lines);
      if (text !== "") await this.#connection.write(text);
      if (mayStop && this.#connection.isGone) return;
    }
    const end = framer.end();
    if (end !== "") await this.#connection.write(end);
  }

  #explain(error: unknown, line: string): ReplyError {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.error(`control: ${JSON.stringify(line.slice(0, 80))} failed: ${text}`);
    return new ReplyError(8008, "internal error");
  }

  #echoLine({ logClass, text }: LogLine, classes: readonly string[] | "all"): void {
    if (classes !== "all" && !classes.includes(logClass)) return;
    const { socket } = this.#connection;
    if (this.#connection.isGone || socket.writableLength > MAX_ECHO_BACKLOG_BYTES) return;
    socket.write(`+${text.replaceAll("\n", " ")}\n`);
  }
}

function oneLineText(code: number, text: string): string {
  return oneLine(code, text).map((lines) => new ReplyFramer().frame(lines))[0];
}
