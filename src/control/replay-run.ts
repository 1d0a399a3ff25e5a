// Carries out `starling replay`: plays the file, writes messages as they come and the tables at the end.

import type { BgpSession, SessionNote, SessionObserver } from "../replay/bgp/bgp-session.js";
import type { ReplayedMessage } from "../replay/bgp/replayed-message.js";
import { CaptureReadError, playFile } from "../replay/capture-file.js";
import { isInTime, isOfPeer } from "../replay/capture-filter.js";
import { messageJson } from "../replay/message-json.js";
import { messageLines, timeText, wayText } from "../replay/message-text.js";
import type { Direction } from "../replay/network/tcp-connections.js";
import { endpointText } from "../replay/network/tcp-segment.js";
import type { Stamp } from "../replay/network/tcp-stream.js";
import { type ReceiverTable, ReceiverTables } from "../replay/receiver-table.js";
import { Replay } from "../replay/replay.js";
import { type CommandContext, EXIT_DEGRADED, EXIT_OK, type GlobalOptions, toYaml } from "./command-context.js";
import { printable } from "./render.js";
import { runSpeakerFeed } from "./replay-feed.js";
import { type ReplayRequest, tellFault } from "./replay-request.js";
import { jsonRows, routeLines } from "./replay-routes.js";

/** Replays the file; gives the exit code. */
export async function runReplay(
  context: CommandContext,
  request: ReplayRequest,
  format: GlobalOptions,
): Promise<number> {
  try {
    if (request.speaker !== undefined) return await runSpeakerFeed(context, request, request.speaker, format);
    return await showCapture(context, request, format);
  } catch (error) {
    if (!(error instanceof CaptureReadError)) throw error;
    await context.printError(`starling: ${error.message}`);
    return EXIT_DEGRADED;
  }
}

async function showCapture(context: CommandContext, request: ReplayRequest, format: GlobalOptions): Promise<number> {
  const printer = new CapturePrinter(context, request, format);
  const replay = new Replay(request.options, printer);
  const fault = await playFile(request.file, replay, () => printer.flush());
  await printer.printTables();
  for (const remark of replay.remarks) if (fault === undefined) await tellRemark(context, request.file, remark);
  return fault === undefined ? EXIT_OK : tellFault(context, request.file, fault);
}

async function tellRemark(context: CommandContext, file: string, remark: string): Promise<void> {
  await context.printError(`starling: ${file}: ${remark}`);
}

/** Writes what sessions say in the form that was asked for. */
class CapturePrinter implements SessionObserver {
  readonly #context: CommandContext;
  readonly #request: ReplayRequest;
  readonly #format: GlobalOptions;
  readonly #tables: ReceiverTables;
  readonly #messages: ReplayedMessage[] = [];
  #text = "";
  #errors = "";

  constructor(context: CommandContext, request: ReplayRequest, format: GlobalOptions) {
    this.#context = context;
    this.#request = request;
    this.#format = format;
    this.#tables = new ReceiverTables(context.environment.clock);
  }

  message(session: BgpSession, direction: Direction, message: ReplayedMessage): void {
    const { filter, ribOnly } = this.#request;
    if (!isOfPeer(filter, ...session.ends) || message.stamp.timeMicros > filter.toMicros) return;
    if (this.#showsTables) this.#tables.receive(session, direction, message);
    const isShown = filter.types.length === 0 || filter.types.includes(message.type);
    if (ribOnly || !isShown || !isInTime(filter, message.stamp)) return;
    if (this.#format.output === "json") this.#text += `${JSON.stringify(messageJson(message))}\n`;
    else if (this.#format.output === "yaml") this.#messages.push(message);
    else this.#text += `${messageLines(message).map(printable).join("\n")}\n`;
  }

  note({ stamp, from, to, text }: SessionNote): void {
    const { filter, ribOnly } = this.#request;
    if (!isOfPeer(filter, from, to) || !isInTime(filter, stamp)) return;
    const line = `${wayText(stamp.timeMicros, from, to)} … ${text}\n`;
    // Among the messages where people read them; programs get nothing but messages.
    if (this.#isText && !ribOnly) this.#text += line;
    else this.#errors += `starling: ${line}`;
  }

  ended(session: BgpSession, why: string, stamp: Stamp): void {
    if (stamp.timeMicros <= this.#request.filter.toMicros) this.#tables.ended(session, why, stamp);
  }

  async flush(): Promise<void> {
    if (this.#messages.length > 0) this.#text += await toYaml(this.#messages.splice(0).map(messageJson));
    const [text, errors] = [this.#text, this.#errors];
    this.#text = "";
    this.#errors = "";
    if (text !== "") await this.#context.print(text);
    if (errors !== "") await this.#context.printError(errors);
  }

  async printTables(): Promise<void> {
    if (!this.#showsTables) return;
    if (this.#isText) {
      for (const table of this.#tables) await this.#printTable(table);
      return;
    }
    const values = [...this.#tables].map(tableJson);
    if (this.#format.output === "yaml") await this.#context.print(await toYaml(values));
    else await this.#context.print(jsonRows(values));
  }

  async #printTable(table: ReceiverTable): Promise<void> {
    await this.#context.print(`${this.#request.ribOnly ? "" : "\n"}${printable(tableTitle(table))}\n`);
    for (const lines of routeLines(table.routes(), this.#context.columnOptions(this.#format))) {
      await this.#context.print(lines);
    }
    if (this.#request.ribOnly) await this.#context.print("\n");
  }

  get #isText(): boolean {
    return this.#format.output === "table" || this.#format.output === "wide";
  }

  /** One line a message is what programs want; they ask for the tables by themselves. */
  get #showsTables(): boolean {
    return this.#request.ribOnly || this.#isText;
  }
}

function tableTitle({ from, to, count, end }: ReceiverTable): string {
  const routes = `${count} route${count === 1 ? "" : "s"} from ${endpointText(from)} at ${endpointText(to)}`;
  return end === undefined
    ? routes
    : `${routes} when the session ended at ${timeText(end.stamp.timeMicros)}: ${end.why}`;
}

function tableJson(table: ReceiverTable): Readonly<Record<string, unknown>> {
  const { from, to, end } = table;
  return {
    from: endpointText(from),
    to: endpointText(to),
    ended: end === undefined ? null : { time: end.stamp.timeMicros / 1e6, why: end.why },
    routes: [...table.routes()].flat(),
  };
}
