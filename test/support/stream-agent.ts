// A process that runs recording clients over TCP, in whatever network namespace it is started, and obeys commands: one JSON
// array a line, one JSON answer a line. Tests talk to it through stream-driver.ts.

import { connect } from "node:net";
import { createInterface } from "node:readline";
import { SystemClock } from "../../src/base/clock.js";
import { type Dial, StreamClient, type StreamSession, type WireEvents } from "./stream-client.js";
import type { AgentClient, AgentState, SessionReport } from "./stream-driver.js";
import { announcement, withdrawal } from "./stream-message.js";
import { StreamFleet } from "./stream-fleet.js";

const CHURN_MS = 20;
const clock = new SystemClock();

function tcpDial(localAddress: string, host: string, port: number): Dial {
  return (events: WireEvents) => {
    const socket = connect({ host, port, localAddress });
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      socket.destroy();
      events.closed();
    };
    socket.setNoDelay(true);
    socket.on("connect", () =>
      events.opened({
        send: (bytes) => void socket.write(bytes),
        close: () => {
          isOver = true;
          socket.destroy();
        },
        pause: (isPaused) => void (isPaused ? socket.pause() : socket.resume()),
      }),
    );
    socket.on("data", (chunk: Buffer) => {
      if (!isOver) events.received(chunk);
    });
    socket.on("end", over);
    socket.on("error", over);
    socket.on("close", over);
  };
}

class Agent {
  readonly #clients: StreamClient[] = [];
  #fleet = new StreamFleet(clock, { clusters: new Map(), mayHearItself: false });
  #churn: NodeJS.Timeout | undefined;
  #turn = 0;
  /** Announced by the churn at the moment. */
  readonly #churned = new Set<string>();

  /** Clients whose fleet is looked at after every message, unless `isWatched` is false. */
  open(
    clients: readonly AgentClient[],
    port: number,
    clusters: Readonly<Record<string, string>>,
    isWatched: boolean,
  ): void {
    const mayHearItself = new Set(Object.values(clusters)).size > 1;
    this.#fleet = new StreamFleet(clock, { clusters: new Map(Object.entries(clusters)), mayHearItself });
    for (const { address, as, restartTimeSeconds, holdTimeSeconds, speakers, isDeaf } of clients) {
      const last = Number(address.split(".")[3]);
      const options = { name: address, as, identifier: address, nextHop6: `2001:db8::${last}`, holdTimeSeconds };
      const retryMs = (): number => 200 + Math.random() * 300;
      const client = new StreamClient({ ...options, restartTimeSeconds, retryMs }, clock);
      if (isWatched) this.#fleet.add(client);
      // From the beginning: the kernel gives more room to those who have read quickly.
      if (isDeaf === true) client.onChange = (session) => session.pause(session.isEstablished);
      this.#clients.push(client);
      for (const speaker of speakers) client.connect(speaker, tcpDial(address, speaker, port));
    }
  }

  announce(client: number, prefixes: readonly string[]): void {
    this.#fleet.announce(this.#clients[client], prefixes);
  }

  withdraw(client: number, prefixes: readonly string[]): void {
    this.#fleet.withdraw(this.#clients[client], prefixes);
  }

  /** Announces `count` prefixes 20.0.0.0/24, 20.0.1.0/24 …, each with a set of `communities` communities of its own; the
   *  first of them is `version`. Not told to sessions that come up later. */
  bulk(client: number, count: number, communities: number, version: number): void {
    const place = 0xdeadbeef;
    const filler = Array.from({ length: communities - 2 }, (_, i) => i);
    const { identifier, nextHop6 } = this.#clients[client].options;
    const [template] = announcement({
      prefixes: ["20.0.0.0/24"],
      nextHop4: identifier,
      nextHop6,
      localPref: 100,
      communities: [version, place, ...filler],
    });
    const placeAt = Buffer.from(template).indexOf(Buffer.from(place.toString(16), "hex"));
    const updates = Buffer.concat(new Array<Uint8Array>(count).fill(template));
    for (let i = 0, at = 0; i < count; i++) {
      updates.writeUInt32BE(i, at + placeAt);
      at += template.length;
      updates.writeUInt16BE(i, at - 2);
    }
    for (const session of this.#clients[client].sessions) session.send(updates);
  }

  /** Takes back what `bulk` has announced. */
  bulkWithdraw(client: number, count: number): void {
    for (let from = 0; from < count; from += 500) {
      const prefixes = Array.from({ length: Math.min(500, count - from) }, (_, i) => blockOf(from + i));
      for (const session of this.#clients[client].sessions) session.send(...withdrawal(prefixes));
    }
  }

  /** How many prefixes the client knows in this version. */
  known(client: number, version: number): number {
    const [session] = this.#clients[client].sessions;
    return [...session.told.values()].filter(({ path }) => path.communities[0] === version).length;
  }

  /** Announces one more prefix; gives the milliseconds until the others `listeners` have it. */
  async flap(client: number, prefix: string, listeners: readonly number[]): Promise<number> {
    const start = performance.now();
    this.#clients[client].announce([prefix]);
    const isThere = (): boolean => listeners.every((i) => this.#clients[i].sessions[0].told.has(prefix));
    while (!isThere() && performance.now() - start < 20_000) await new Promise((resolve) => setImmediate(resolve));
    return performance.now() - start;
  }

  pause(client: number, isPaused: boolean): void {
    for (const session of this.#clients[client].sessions) session.pause(isPaused);
  }

  /** Clients in turn announce or withdraw one of `count` prefixes each, without a pause. */
  churn(count: number): void {
    clearInterval(this.#churn);
    if (count > 0) this.#churn = setInterval(() => this.#churnOnce(count), CHURN_MS);
  }

  excuse(reflector: string, ageMs: number): void {
    this.#fleet.excuse(clock.now() - ageMs, reflector);
  }

  relyOnAll(): void {
    this.#fleet.relyOnAll();
  }

  resetCounts(): void {
    this.#fleet.resetCounts();
  }

  state(): AgentState {
    const sessions = this.#clients.flatMap((client) => client.sessions.map(reportOf));
    const { faults, looks } = this.#fleet;
    return { whyNotExact: this.#fleet.whyNotExact() ?? null, faults, looks, sessions };
  }

  #churnOnce(count: number): void {
    const turn = this.#turn++;
    const client = turn % this.#clients.length;
    const n = Math.floor(turn / this.#clients.length) % count;
    const prefix = n % 2 === 0 ? `10.250.${client}.${n}/32` : `fd00:250:${client}:${n}::/64`;
    if (this.#churned.delete(prefix)) this.withdraw(client, [prefix]);
    else {
      this.#churned.add(prefix);
      this.announce(client, [prefix]);
    }
  }
}

const blockOf = (i: number): string => `20.${i >> 8}.${i & 255}.0/24`;

function reportOf(session: StreamSession): SessionReport {
  const { client, name, isEstablished, transitions, notification, told, counts, hasStale } = session;
  const { announced, withdrawn, updates, idle } = counts;
  return {
    client: client.options.name,
    speaker: name,
    isEstablished,
    hasStale,
    transitions,
    notification: notification ?? null,
    told: told.size,
    announced: announced.size,
    mostAnnounced: Math.max(0, ...announced.values()),
    withdrawn: [...withdrawn.keys()],
    updates,
    idle,
  };
}

async function main(): Promise<void> {
  const agent = new Agent();
  const commands = agent as unknown as Readonly<Record<string, (...words: readonly unknown[]) => unknown>>;
  process.stdout.write(`${JSON.stringify("ready")}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...words] = JSON.parse(line) as [string, ...unknown[]];
    const result = await commands[command](...words);
    process.stdout.write(`${JSON.stringify(result ?? null)}\n`);
  }
  process.exit();
}

await main();
