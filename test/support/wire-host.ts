// Scripted BGP speakers in a network namespace: what they send is said octet by octet, what they receive is kept as it came
// and when. One host may have many addresses, each of them a peer. The wire is test/vectors/wire.ts, none of it ours.

import { createInterface } from "node:readline";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as wire from "../vectors/wire.js";
import { eventually } from "./eventually.js";
import type { Namespace } from "./netns.js";
import type { WireCommand, WireEvent } from "./wire-agent.js";

const AGENT = fileURLToPath(new URL("./wire-agent.js", import.meta.url));
export const OPEN = 1;
export const UPDATE = 2;
export const NOTIFICATION = 3;
export const KEEPALIVE = 4;
export const ROUTE_REFRESH = 5;
/** An UPDATE without anything (RFC 4724 §2). */
export const END_OF_RIB = "00000000";
const RETRY_MS = 300;
const PATIENCE_MS = 45_000;

/** A message that came: its body in hexadecimal, and when. */
export interface WireMessage {
  readonly type: number;
  readonly body: string;
  readonly at: number;
}

/** One TCP connection. */
export class WireSession {
  readonly id: number;
  readonly local: string;
  readonly remote: string;
  readonly messages: WireMessage[] = [];
  openedAt: number | undefined;
  closedAt: number | undefined;
  /** `end`, or the error's code. */
  closedBy: string | undefined;
  /** Sent, and a KEEPALIVE behind it, when the other side's OPEN has come. */
  answer: string | undefined;
  readonly #tell: (command: WireCommand) => void;

  constructor(id: number, local: string, remote: string, tell: (command: WireCommand) => void) {
    this.id = id;
    this.local = local;
    this.remote = remote;
    this.#tell = tell;
  }

  /** It is up as far as this side can know. */
  get isEstablished(): boolean {
    return this.closedAt === undefined && this.answer !== undefined && this.count(KEEPALIVE) > 0;
  }

  /** Bodies of the messages of a type, in the order they came. */
  bodies(type: number): readonly string[] {
    return this.messages.filter((message) => message.type === type).map(({ body }) => body);
  }

  count(type: number): number {
    return this.bodies(type).length;
  }

  first(type: number): WireMessage | undefined {
    return this.messages.find((message) => message.type === type);
  }

  send(...messages: readonly string[]): void {
    this.#tell(["send", this.id, messages.join("")]);
  }

  /** The connection ends in order (FIN), or by a reset. */
  close(how: "close" | "reset" = "close"): void {
    this.#tell([how, this.id]);
  }

  took(event: WireEvent): void {
    if (event[0] === "open") this.openedAt = event[2];
    else if (event[0] === "closed") [, , this.closedBy, this.closedAt] = event;
    else if (event[0] === "message") {
      const [, , type, body, at] = event;
      this.messages.push({ type, body, at });
      if (type === OPEN && this.answer !== undefined) this.send(this.answer, wire.KEEPALIVE);
    }
  }
}

export interface Dialling {
  readonly local: string;
  readonly remote: string;
  readonly port?: number;
  /** The OPEN it answers with; without one it says nothing. */
  readonly open?: string;
}

export class WireHost {
  readonly namespace: Namespace;
  /** Connections that were accepted, in their order. */
  readonly accepted: WireSession[] = [];
  /** The OPEN of whom accepts a connection, by its address. */
  readonly answers = new Map<string, string>();
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #sessions = new Map<number, WireSession>();
  readonly #listening = new Set<string>();
  #dialled = -1;
  #errors = "";

  constructor(namespace: Namespace) {
    this.namespace = namespace;
    this.#child = namespace.spawn(["env", "-u", "NODE_OPTIONS", process.execPath, "--enable-source-maps", AGENT]);
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#took(JSON.parse(line) as WireEvent));
  }

  /** One attempt to connect. */
  dial({ local, remote, port = 179, open }: Dialling): WireSession {
    const session = new WireSession((this.#dialled += 2), local, remote, (command) => this.#tell(command));
    session.answer = open;
    this.#sessions.set(session.id, session);
    this.#tell(["dial", session.id, local, remote, port]);
    return session;
  }

  /** Connects again and again until a session is up. */
  async establish(dialling: Dialling & { readonly open: string }): Promise<WireSession> {
    let session = this.dial(dialling);
    let endedAt = Infinity;
    return eventually(
      `a session of ${dialling.local} with ${dialling.remote}`,
      () => {
        if (session.isEstablished) return session;
        if (session.closedAt === undefined) return undefined;
        endedAt = Math.min(endedAt, performance.now());
        if (performance.now() - endedAt > RETRY_MS) {
          session = this.dial(dialling);
          endedAt = Infinity;
        }
        throw new Error(`${session.closedBy ?? "no end"}, ${session.bodies(NOTIFICATION).join()}${this.#errors}`);
      },
      PATIENCE_MS,
    );
  }

  /** Accepts connections to the address, and answers with the OPEN. */
  async listen(local: string, open: string, port = 179): Promise<void> {
    this.answers.set(local, open);
    this.#tell(["listen", local, port]);
    await eventually(`a listener of ${local}`, () => this.#listening.has(local));
  }

  /** The next session that was accepted at the address after `seen` of them. */
  acceptedBy(local: string, seen = 0): Promise<WireSession> {
    const find = (): WireSession | undefined => this.accepted.filter((session) => session.local === local)[seen];
    return eventually(`a connection to ${local}`, find, PATIENCE_MS);
  }

  #tell(command: WireCommand): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #took(event: WireEvent): void {
    if (event[0] === "listening") return void this.#listening.add(event[1]);
    if (event[0] === "accepted") {
      const [, id, local, remote, at] = event;
      const session = new WireSession(id, local, remote, (command) => this.#tell(command));
      session.answer = this.answers.get(local);
      session.openedAt = at;
      this.#sessions.set(id, session);
      this.accepted.push(session);
      return;
    }
    this.#sessions.get(event[1])?.took(event);
  }
}
