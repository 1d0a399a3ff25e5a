// A daemon that answers from a table, for tests of the client.

import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { socketFolder, type Teardown } from "../../control/socket-folder.js";

export const GREETING = "0001 BIRD v0.3.3+birdv1.6.8 ready.\n";

/** What the daemon does when it is asked; undefined answers as an unknown command. */
export type Answer = string | ((socket: Socket) => void);

export class ScriptedDaemon {
  readonly path: string;
  /** The lines it was sent, in their order. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, answers: Readonly<Record<string, Answer>>, greeting: string | undefined) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => this.#sockets.delete(socket)); // the client may leave in the middle of an answer
      if (greeting === undefined) socket.destroy();
      else socket.write(greeting);
      let rest = "";
      socket.on("data", (chunk) => {
        const lines = `${rest}${chunk.toString()}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.#answer(socket, line, answers[line] ?? "9001 syntax error\n");
      });
    });
  }

  /** Listens on a socket in a folder of its own; goes away with the test. */
  static start(t: Teardown, answers: Readonly<Record<string, Answer>>): Promise<ScriptedDaemon> {
    return ScriptedDaemon.#listen(t, answers, GREETING);
  }

  /** Accepts connections, and closes them at once. */
  static hangingUp(t: Teardown): Promise<ScriptedDaemon> {
    return ScriptedDaemon.#listen(t, {}, undefined);
  }

  static async #listen(
    t: Teardown,
    answers: Readonly<Record<string, Answer>>,
    greeting: string | undefined,
  ): Promise<ScriptedDaemon> {
    const daemon = new ScriptedDaemon(join(socketFolder(t), "bird.ctl"), answers, greeting);
    await new Promise<void>((resolve) => daemon.#server.listen(daemon.path, resolve));
    t.teardown(() => daemon.close());
    return daemon;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #answer(socket: Socket, line: string, answer: Answer): void {
    this.asked.push(line);
    if (typeof answer === "string") socket.write(answer);
    else answer(socket);
  }
}
