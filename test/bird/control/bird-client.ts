// A server with a view of the test's, and clients that read replies as they come over the socket.

import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { SystemClock } from "../../../src/base/clock.js";
import { type Log, SILENT_LOG } from "../../../src/base/log.js";
import { BirdServer } from "../../../src/bird/control/bird-server.js";
import type { BirdView } from "../../../src/bird/control/bird-view.js";
import { socketFolder, type Teardown } from "../../control/socket-folder.js";

/** One connection; what arrives is kept as it is. */
export class BirdClient {
  readonly socket: Socket;
  #text = "";
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.setEncoding("utf8");
    this.socket.on("data", (text: string) => {
      this.#text += text;
      this.#wake();
    });
    this.socket.on("error", () => this.socket.destroy());
    for (const event of ["end", "close"])
      this.socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** The next line with its line feed; what is left when the server has closed. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n") + 1;
      if (end > 0 || this.#isClosed) {
        const line = end > 0 ? this.#text.slice(0, end) : this.#text;
        this.#text = this.#text.slice(line.length);
        return line;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Lines up to the last one of a reply, log lines among them. */
  async reply(): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      lines.push(line);
      if (line === "" || /^\d{4} /.test(line)) return lines.join("");
    }
  }

  ask(command: string): Promise<string> {
    this.send(`${command}\n`);
    return this.reply();
  }
}

export interface Started {
  readonly server: BirdServer;
  readonly path: string;
  readonly connect: () => BirdClient;
}

/** A listening server; closed with its clients when the test ends. */
export async function startServer(t: Teardown, view: BirdView | undefined, log: Log = SILENT_LOG): Promise<Started> {
  const path = join(socketFolder(t), "bird.ctl");
  const server = new BirdServer({ path, version: "1.6.8" }, { clock: new SystemClock(), log });
  await server.listen();
  if (view !== undefined) server.serve(view);
  const clients: BirdClient[] = [];
  t.teardown(async () => {
    for (const { socket } of clients) socket.destroy();
    await server.close();
  });
  return {
    server,
    path,
    connect: () => {
      const client = new BirdClient(path);
      clients.push(client);
      return client;
    },
  };
}

export async function startBird(t: Teardown, view: BirdView): Promise<BirdClient> {
  return (await startServer(t, view)).connect();
}
