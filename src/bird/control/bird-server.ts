// The control socket of `bird` and `bird6`: BIRD's line protocol on a Unix socket.

import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/log.js";
import { LineServer } from "../../control/line-server.js";
import { BirdDialogue } from "./bird-dialogue.js";
import type { BirdView } from "./bird-view.js";

export interface BirdServerOptions {
  readonly path: string;
  /** As in the greeting: `v0.3.3+birdv1.6.8`. */
  readonly version: string;
}

export interface BirdServerDependencies {
  readonly clock: Clock;
  readonly log: Log;
}

/** Owner and group: Calico's clients run as root, others need the group. */
const SOCKET_MODE = 0o660;

export class BirdServer {
  readonly #server: LineServer;
  readonly #ready: Promise<BirdView>;
  #serve: (view: BirdView) => void = () => undefined;

  constructor(options: BirdServerOptions, { clock, log }: BirdServerDependencies) {
    this.#ready = new Promise((resolve) => (this.#serve = resolve));
    this.#server = new LineServer(
      { path: options.path, mode: SOCKET_MODE, group: "" },
      {
        clock,
        log,
        open: (connection) => new BirdDialogue(connection, this.#ready, options.version, log),
        full: () => "",
      },
    );
  }

  get connectionCount(): number {
    return this.#server.connectionCount;
  }

  /** Takes the socket's place; until serve() clients are greeted but wait for answers. Rejects with SocketTakenError where another daemon
   *  answers, or with the system's error. */
  listen(): Promise<void> {
    return this.#server.listen();
  }

  serve(view: BirdView): void {
    this.#serve(view);
  }

  /** Drops all clients and removes the socket file. */
  close(): Promise<void> {
    return this.#server.close();
  }
}
