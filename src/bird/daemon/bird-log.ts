// The log as BIRD writes it with -d: `bird: ` (for bird6 too), the protocol, the words; no time, runit's logger adds one.
// Control sockets may listen in (`echo`).
//
// Some events have words of BIRD that people and tests look for. They are known here by the speaker's own words.

import type { Log, LogFields } from "../../base/log.js";
import type { LastFailure } from "../../session/failure-cause.js";
import { CONNECTION_FAILED } from "../../session/peer-session.js";
import { RECOVERY_BEGINS, RECOVERY_SETTLED } from "../../speaker/recovery.js";
import { notificationText } from "../control/bird-errors.js";
import type { LogClass, LogLine } from "../control/bird-view.js";

const PREFIX = "bird: ";
const CEASE = 6;
const BAD_PEER_AS = [2, 2] as const;

/** Shared by a log and all its children. */
interface Sink {
  readonly write: (text: string) => void;
  readonly listeners: Set<(line: LogLine) => void>;
  lastFailure: (peer: string) => LastFailure | undefined;
}

export class BirdLog implements Log {
  readonly debugEnabled = false;
  readonly #sink: Sink;
  readonly #fields: LogFields;

  private constructor(sink: Sink, fields: LogFields) {
    this.#sink = sink;
    this.#fields = fields;
  }

  /** `write` is given whole lines. */
  static create(write: (text: string) => void): BirdLog {
    return new BirdLog({ write, listeners: new Set(), lastFailure: () => undefined }, {});
  }

  /** Who knows why the session of a protocol ended. */
  askFailures(lastFailure: (protocol: string) => LastFailure | undefined): void {
    this.#sink.lastFailure = lastFailure;
  }

  /** Lines from now on; gives the way to stop. */
  watch(listener: (line: LogLine) => void): () => void {
    this.#sink.listeners.add(listener);
    return () => void this.#sink.listeners.delete(listener);
  }

  /** BIRD's level and format are what they are. */
  configure(): void {
    return;
  }

  error(message: string, fields?: LogFields): void {
    this.#say("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#say("warning", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    if (message === RECOVERY_BEGINS) this.#write("info", "Graceful restart started");
    else if (message.startsWith(RECOVERY_SETTLED)) this.#write("info", "Graceful restart done");
    else this.#say("info", message, fields);
  }

  debug(message: string): void {
    if (message !== CONNECTION_FAILED) return;
    const protocol = subjectOf(this.#fields);
    const text = failureText(this.#sink.lastFailure(protocol));
    if (text !== undefined) this.#write("remote", `${protocol}: ${text}`);
  }

  child(fields: LogFields): Log {
    return new BirdLog(this.#sink, { ...this.#fields, ...fields });
  }

  #say(logClass: LogClass, message: string, fields: LogFields | undefined): void {
    const { peer, name, ...others } = { ...this.#fields, ...fields };
    const subject = subjectOf({ peer, name });
    let text = subject === "" ? message : `${subject}: ${message}`;
    for (const [key, value] of Object.entries(others)) if (value !== undefined) text += `, ${key} ${value}`;
    this.#write(logClass, text);
  }

  #write(logClass: LogClass, text: string): void {
    const line = oneLine(text);
    this.#sink.write(`${PREFIX}${line}\n`);
    for (const listener of this.#sink.listeners) listener({ logClass, text: line });
  }
}

function subjectOf({ peer, name }: LogFields): string {
  return String(name ?? peer ?? "");
}

/** `Received: Administrative shutdown`, `Error: Bad peer AS: 65001`; undefined where BIRD says nothing. */
function failureText(failure: LastFailure | undefined): string | undefined {
  if (failure === undefined) return undefined;
  const { kind, code, subcode, data, text } = failure;
  if (kind !== "received" && (kind !== "sent" || code === CEASE)) return undefined;
  const words = text === "" ? dataText(code, subcode, data) : text;
  const tail = data.length === 0 ? "" : `: ${words}`;
  return `${kind === "received" ? "Received" : "Error"}: ${notificationText(code, subcode)}${tail}`;
}

function dataText(code: number, subcode: number, data: readonly number[]): string {
  const isAs = code === BAD_PEER_AS[0] && subcode === BAD_PEER_AS[1] && (data.length === 2 || data.length === 4);
  if (isAs) return String(data.reduce((sum, octet) => sum * 256 + octet, 0));
  return data.map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** What a peer says (RFC 9003) is logged: it must not be able to write lines of its own, or to the terminal. */
function oneLine(text: string): string {
  return text.replace(/\n\s*/g, " | ").replace(/[\p{Cc}\u2028\u2029]/gu, "?");
}
