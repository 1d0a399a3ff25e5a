// The connection to the daemon: commands go out as lines, replies are printed as they come. Octets of replies are passed
// on as they are (latin1), whatever the daemon's texts are encoded in.

import { connect, type Socket } from "node:net";
import type { Print } from "./output.js";
import { readReplyLine } from "./reply-text.js";

/** The daemon cannot be reached, or is gone. The message is for people. */
export class ConversationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConversationError";
  }
}

export interface ConversationOptions {
  readonly print: Print;
  /** Show lines with their codes. */
  readonly codes: boolean;
}

/** Longest path in a sockaddr_un; a longer one would be cut off silently. */
const MAX_PATH_BYTES = 107;

/** What the C library says to the errors of connect(2). */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  ECONNREFUSED: "Connection refused",
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
  EAGAIN: "Resource temporarily unavailable",
  ENAMETOOLONG: "File name too long",
};

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Conversation {
  readonly #socket: Socket;
  readonly #options: ConversationOptions;
  #rest = "";
  #waiting: Waiting | undefined;
  #failure: Error | undefined;
  #onFailure: (error: Error) => void = () => undefined;

  private constructor(socket: Socket, options: ConversationOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#onData(chunk));
    socket.on("error", () => this.#fail(new ConversationError("Connection closed by server")));
    socket.on("close", () => this.#fail(new ConversationError("Connection closed by server")));
  }

  /** Connects and prints the daemon's greeting. Rejects with ConversationError. */
  static async open(path: string, options: ConversationOptions): Promise<Conversation> {
    const conversation = new Conversation(await connectTo(path), options);
    await conversation.#reply();
    return conversation;
  }

  /** Asks, and resolves when the whole reply is printed. One question at a time. */
  ask(command: string): Promise<void> {
    const reply = this.#reply();
    this.#socket.write(`${command}\n`);
    return reply;
  }

  /** Tells of the end of the connection; at once if it has ended. */
  onFailure(report: (error: Error) => void): void {
    this.#onFailure = report;
    if (this.#failure !== undefined) report(this.#failure);
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #reply(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure === undefined) this.#waiting = { resolve, reject };
      else reject(this.#failure);
    });
  }

  #onData(chunk: string): void {
    const lines = `${this.#rest}${chunk}`.split("\n");
    this.#rest = lines.pop() ?? "";
    let text = "";
    let isComplete = false;
    for (const line of lines) {
      const read = readReplyLine(line, this.#options.codes);
      text += read.text;
      isComplete ||= read.isLast;
    }
    // A daemon that goes down closes the connection behind its last line: that is no failure of this question.
    const answered = isComplete ? this.#settle() : undefined;
    // A table must not pile up here while the output is slow.
    this.#socket.pause();
    this.#options.print(text).then(
      () => {
        this.#socket.resume();
        answered?.resolve();
      },
      (error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error));
        answered?.reject(failure);
        this.#fail(failure);
      },
    );
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    this.#settle()?.reject(error);
    this.#onFailure(error);
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new ConversationError(`Unable to connect to server control socket (${path}): ${reason}`));
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      fail(REASONS["ENAMETOOLONG"]);
      return;
    }
    const socket = connect({ path });
    const onError = (error: NodeJS.ErrnoException): void => fail(REASONS[error.code ?? ""] ?? error.message);
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      resolve(socket);
    });
  });
}
