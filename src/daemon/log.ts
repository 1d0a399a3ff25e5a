// The log of the daemon: winston behind the Log port, one line per event on standard error, as text or as JSON.
//
//   2026-11-21T10:00:00.000Z info peer 10.0.0.2: Established families=ipv4
//   {"time":"2026-11-21T10:00:00.000Z","level":"info","message":"Established","peer":"10.0.0.2","families":"ipv4"}
//
// winston's own level check costs microseconds and its callers' fields more: a level that is off is sorted out before.

import type { Writable } from "node:stream";
import { createLogger, format, type Logger, transports } from "winston";
import type { Clock } from "../base/clock.js";
import type { Log, LogFields, LogLevel } from "../base/log.js";
import type { LogConfig } from "../config/speaker-config.js";

/** Shared by a log and all its children, so that a reload changes every one of them. */
interface Sink {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly color: boolean;
  threshold: number;
  json: boolean;
}

const RANKS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

const LEVEL_COLORS: Readonly<Record<LogLevel, string>> = {
  error: "\u001b[31m",
  warn: "\u001b[33m",
  info: "\u001b[32m",
  debug: "\u001b[2m",
};
const COLOR_END = "\u001b[0m";

export interface DaemonLogOptions extends LogConfig {
  /** Usually standard error. Never ended by the log. */
  readonly stream: Writable;
  readonly color: boolean;
}

export class DaemonLog implements Log {
  readonly #sink: Sink;
  readonly #fields: LogFields;

  private constructor(sink: Sink, fields: LogFields) {
    this.#sink = sink;
    this.#fields = fields;
  }

  static create(options: DaemonLogOptions, clock: Clock): DaemonLog {
    // A reader that went away (`2>&1 | head`) is no reason to stop routing, and there is nobody left to tell.
    options.stream.on("error", () => undefined);
    const logger = createLogger({
      levels: RANKS,
      level: "debug",
      format: format.printf((info) => String(info.message)),
      transports: [new transports.Stream({ stream: options.stream, eol: "\n" })],
    });
    const sink = {
      logger,
      clock,
      color: options.color,
      threshold: RANKS[options.level],
      json: options.format === "json",
    };
    return new DaemonLog(sink, {});
  }

  get debugEnabled(): boolean {
    return this.#sink.threshold >= RANKS.debug;
  }

  /** Takes over another level and format, here and in all children. */
  configure(config: LogConfig): void {
    this.#sink.threshold = RANKS[config.level];
    this.#sink.json = config.format === "json";
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  child(fields: LogFields): Log {
    return new DaemonLog(this.#sink, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const sink = this.#sink;
    if (RANKS[level] > sink.threshold) return;
    const all = fields === undefined ? this.#fields : { ...this.#fields, ...fields };
    const time = new Date(sink.clock.wallTime()).toISOString();
    const line = sink.json
      ? JSON.stringify({ time, level, message, ...all })
      : formatText(time, level, message, all, sink.color);
    sink.logger.log(level, line);
  }
}

/** One line for people. A `peer` field becomes the subject, others follow as name=value. */
export function formatText(time: string, level: LogLevel, message: string, fields: LogFields, color: boolean): string {
  const { peer, ...others } = fields;
  const subject = peer === undefined ? "" : `peer ${oneLine(String(peer))}: `;
  let tail = "";
  for (const [name, value] of Object.entries(others)) if (value !== undefined) tail += ` ${name}=${fieldText(value)}`;
  const shownLevel = color ? `${LEVEL_COLORS[level]}${level}${COLOR_END}` : level;
  return `${time} ${shownLevel} ${subject}${oneLine(message)}${tail}`;
}

function fieldText(value: string | number | boolean): string {
  return typeof value === "string" && /[\s"=]|^$/.test(value) ? JSON.stringify(value) : oneLine(String(value));
}

/** What a peer says (RFC 9003) is logged: it must not be able to write lines of its own, or to the terminal. */
function oneLine(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}|[\u2028\u2029]/gu, escapeCharacter).replace(/\n\s*/g, " | ");
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
