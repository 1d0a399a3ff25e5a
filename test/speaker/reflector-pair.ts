// Two reflectors in memory, peers of each other, and recording clients that have a session with both: what a cluster has
// in the field. A reflector can be killed, stopped and started again.

import { StreamClient, type Dial, type StreamSession, type WireEvents } from "../support/stream-client.js";
import { StreamFleet } from "../support/stream-fleet.js";
import { address } from "../support/memory-network.js";
import { isFailure } from "../../src/session/ports.js";
import { type Node, World } from "./world.js";

export const REFLECTORS = ["10.0.0.1", "10.0.0.2"] as const;
export type Which = 0 | 1;
/** `kill`: sockets close, nobody says a word; `stop`: as SIGTERM does; `vanish`: not even the sockets close. */
export type Death = "kill" | "stop" | "vanish";

export interface PairShape {
  readonly name: string;
  readonly clusterIds: readonly [string, string];
  /** Each reflector is a client of the other one, instead of an ordinary internal peer. */
  readonly areMutualClients: boolean;
  readonly isGraceful: boolean;
}

const SAME = ["10.0.0.100", "10.0.0.100"] as const;
const OWN = ["10.0.0.101", "10.0.0.102"] as const;
const KINDS = [
  { name: "one cluster id", clusterIds: SAME, areMutualClients: false },
  { name: "two cluster ids", clusterIds: OWN, areMutualClients: false },
  { name: "two cluster ids, clients of each other", clusterIds: OWN, areMutualClients: true },
] as const;
export const SHAPES: readonly PairShape[] = KINDS.flatMap((kind) => [
  { ...kind, isGraceful: false },
  { ...kind, name: `${kind.name}, graceful restart`, isGraceful: true },
]);

export const RESTART_SECONDS = 120;
/** Clients with a session to either reflector. */
export const CLIENTS = 4;

/** The first blocks of a client, of both families by turns. */
export function blocks(client: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? `10.244.${client}.${i * 8}/29` : `fd00:${client + 1}:${i}::/64`,
  );
}

/** Connections of a recording client over the memory network. */
export function memoryDial(world: World, from: string, to: string): Dial {
  const host = world.network.host(from);
  const options = { ttl: 64, minTtl: undefined, md5Key: undefined, device: undefined };
  const target = { remoteAddress: address(to), remotePort: 179, localAddress: address(from) };
  return (events: WireEvents) => {
    host.connect({ ...target, ...options }, (result) => {
      if (isFailure(result)) return events.closed();
      const connection = result;
      let isOver = false;
      events.opened({
        send: (bytes) => void connection.write(bytes),
        close: () => {
          isOver = true;
          connection.destroy();
        },
        pause: (isPaused) => (isPaused ? connection.pause() : connection.resume()),
      });
      if (isOver) return;
      connection.handler = {
        onBytes: (chunk) => events.received(chunk),
        onDrain: () => undefined,
        onClosed: () => events.closed(),
      };
    });
  };
}

export class ReflectorPair {
  readonly world = new World();
  readonly fleet: StreamFleet;
  readonly shape: PairShape;
  readonly #nodes: (Node | undefined)[] = [undefined, undefined];
  readonly #addresses: string[] = [];
  /** Pauses before the clients connect again, one after the other. */
  retriesMs: readonly number[] = [500];
  #retry = 0;
  /** When everything was last where it belongs. */
  #quietAt = 0;
  #delayedUntil = 0;
  #isWhole = false;

  private constructor(shape: PairShape) {
    this.shape = shape;
    const clusters = new Map(REFLECTORS.map((name, i) => [name as string, shape.clusterIds[i]]));
    const mayHearItself = shape.clusterIds[0] !== shape.clusterIds[1];
    this.fleet = new StreamFleet(this.world.clock, { clusters, mayHearItself });
  }

  /** Both reflectors run; CLIENTS have a session with each, `single` more with the first one only. */
  static async open(shape: PairShape, single = 0): Promise<ReflectorPair> {
    const pair = new ReflectorPair(shape);
    for (let i = 0; i < CLIENTS + single; i++) pair.#addresses.push(`10.0.0.${11 + i}`);
    await pair.start(0);
    await pair.start(1);
    for (const [i, name] of pair.#addresses.entries())
      pair.#addClient(name, i < CLIENTS ? REFLECTORS : [REFLECTORS[0]]);
    return pair;
  }

  isUp(which: Which): boolean {
    return this.#nodes[which] !== undefined;
  }

  node(which: Which): Node | undefined {
    return this.#nodes[which];
  }

  async start(which: Which): Promise<void> {
    for (const other of [...this.#addresses, REFLECTORS[1 - which]]) this.world.network.thaw(REFLECTORS[which], other);
    this.#nodes[which] = await this.world.start(REFLECTORS[which], this.#yaml(which), { kernel: false });
  }

  /** The reflector dies. What has not been quiet since may be on its way to the other one only. */
  async end(which: Which, how: Death): Promise<void> {
    const node = this.#nodes[which];
    if (node === undefined) return;
    this.#nodes[which] = undefined;
    this.#isWhole = false;
    this.fleet.excuse(this.#quietAt, REFLECTORS[which]);
    const { network } = this.world;
    const others = [...this.#addresses, REFLECTORS[1 - which]];
    // Silence: whoever is left finds out by the hold time.
    if (how === "vanish") for (const other of others) network.freeze(REFLECTORS[which], other);
    // Synchronously behind it, so that the dead speaker gets to say nothing.
    else if (how === "kill") for (const other of others) network.cut(REFLECTORS[which], other);
    await node.speaker.stop({ graceful: this.shape.isGraceful });
  }

  session(client: number, which: Which): StreamSession {
    return this.fleet.clients[client].session(REFLECTORS[which]);
  }

  run(ms: number): void {
    this.world.run(ms);
  }

  /** No session has ended since everything was last where it belongs. */
  get isWhole(): boolean {
    return this.#isWhole && this.fleet.sessions.every(({ isSynchronised }) => isSynchronised);
  }

  /** The session of a client, or without one that between the reflectors, breaks. */
  cut(which: Which, client?: number): void {
    this.#isWhole = false;
    if (client === undefined) return this.world.network.cut(...REFLECTORS);
    this.fleet.excuse(this.#quietAt, REFLECTORS[which]);
    this.session(client, which).cut();
  }

  /** Nothing gets through between a client and a reflector for `ms`. */
  delay(client: string, which: Which, ms: number): void {
    const { network, clock } = this.world;
    network.freeze(client, REFLECTORS[which]);
    this.#delayedUntil = Math.max(this.#delayedUntil, clock.now() + ms);
    clock.at(clock.now() + ms, () => {
      if (this.isUp(which)) network.thaw(client, REFLECTORS[which]);
    });
  }

  /** Time passes until every client has everything by every session; throws where that does not come. */
  settle(mostMs = 600_000): void {
    const until = this.world.clock.now() + mostMs;
    this.run(Math.max(0, this.#delayedUntil - this.world.clock.now()));
    for (;;) {
      this.run(500);
      const why = this.fleet.whyNotExact() ?? this.#whyApart();
      if (why === undefined) break;
      if (this.world.clock.now() > until) throw new Error(why);
    }
    this.run(1000);
    this.#quietAt = this.world.clock.now();
    this.#isWhole = true;
    this.fleet.relyOnAll();
  }

  #whyApart(): string | undefined {
    const isTogether = this.#nodes.every(
      (node, which) => node === undefined || node.state(REFLECTORS[1 - which]) === "Established",
    );
    return isTogether ? undefined : "the reflectors are apart";
  }

  #addClient(name: string, reflectors: readonly string[]): void {
    const options = {
      name,
      as: 64512,
      identifier: name,
      nextHop6: `2001:db8::${name.split(".")[3]}`,
      restartTimeSeconds: this.shape.isGraceful ? RESTART_SECONDS : undefined,
      retryMs: () => this.retriesMs[this.#retry++ % this.retriesMs.length],
    };
    const client = new StreamClient(options, this.world.clock);
    this.fleet.add(client);
    for (const reflector of reflectors) client.connect(reflector, memoryDial(this.world, name, reflector));
  }

  #yaml(which: Which): string {
    const { clusterIds, areMutualClients, isGraceful } = this.shape;
    const common = "as: 64512, families: [ipv4, ipv6]";
    const other = `  - {address: ${REFLECTORS[1 - which]}, ${common}, routeReflectorClient: ${areMutualClients}}`;
    const peers = this.#addresses.map(
      (client) => `  - {address: ${client}, ${common}, routeReflectorClient: true, passive: true}`,
    );
    return `
as: 64512
clusterId: ${clusterIds[which]}
gracefulRestart: {enabled: ${isGraceful}, restartTimeSeconds: ${RESTART_SECONDS}}
peers:
${[other, ...peers].join("\n")}`;
  }
}
