// Several speakers in one process: in-memory network, in-memory kernels, one clock that the test turns.

import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import { parseConfig } from "../../src/config/parse-yaml.js";
import { type Log, SILENT_LOG } from "../../src/base/log.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { Speaker } from "../../src/speaker/speaker.js";
import type { RouteQuery, RouteView } from "../../src/speaker/snapshot.js";
import { FakeClock } from "../support/fake-clock.js";
import { type MemoryHost, MemoryNetwork } from "../support/memory-network.js";

export interface NodeOptions {
  /** False: no kernel, a pure reflector. */
  readonly kernel?: boolean;
  readonly log?: Log;
  readonly isRecovery?: boolean;
  readonly keepsTimes?: boolean;
}

export class World {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly nodes = new Map<string, Node>();

  /** A node with one address, running the YAML. */
  async start(address: string, yaml: string, options: NodeOptions = {}): Promise<Node> {
    const node = this.node(address, options);
    await node.apply(yaml);
    return node;
  }

  /** The same without a configuration yet. A node of this address that was there before leaves its kernel behind. */
  node(address: string, options: NodeOptions = {}): Node {
    const host = this.nodes.get(address)?.host ?? this.network.host(address);
    const kernel = this.nodes.get(address)?.kernel ?? new MemoryKernel({}, { clock: this.clock });
    const node = new Node(this, address, host, kernel, options);
    this.nodes.set(address, node);
    return node;
  }

  /** Lets everything that waits happen, and `ms` pass. */
  run(ms = 100): void {
    this.clock.advance(ms);
  }
}

export class Node {
  readonly host: MemoryHost;
  readonly kernel: MemoryKernel;
  readonly speaker: Speaker;
  readonly address: string;

  constructor(world: World, address: string, host: MemoryHost, kernel: MemoryKernel, options: NodeOptions) {
    this.address = address;
    this.host = host;
    this.kernel = kernel;
    const withKernel = options.kernel !== false;
    this.speaker = new Speaker({
      clock: world.clock,
      log: options.log ?? SILENT_LOG,
      version: "test",
      transport: host,
      listeners: host,
      fib: withKernel ? kernel : undefined,
      view: withKernel ? kernel : undefined,
      random: () => 0.5,
      reservedPrefixes: 4096,
      ...(options.isRecovery === undefined ? {} : { isRecovery: options.isRecovery }),
      ...(options.keepsTimes === undefined ? {} : { keepsTimes: options.keepsTimes }),
    });
  }

  async apply(yaml: string): Promise<readonly string[]> {
    return this.speaker.apply(configOf(this.address, yaml));
  }

  state(peer: string): string | undefined {
    return this.speaker.peer(peer)?.state;
  }

  routes(query: RouteQuery): RouteView[] {
    return [...this.speaker.routes(query)].flat() as RouteView[];
  }

  /** Best routes as `PREFIX via NEXT-HOP from SOURCE`, sorted. */
  best(): string[] {
    return this.routes({ stage: "best" })
      .map((route) => `${route.prefix} via ${route.nextHop ?? "-"} from ${route.from}`)
      .sort();
  }

  /** What the kernel should have, as `PREFIX KIND [via …]`, sorted. */
  fib(): string[] {
    return [...this.speaker.routes({ stage: "kernel" })]
      .flat()
      .map((route) => ("nextHops" in route ? [route.prefix, route.kind, ...route.nextHops].join(" ") : route.prefix))
      .sort();
  }
}

/** A configuration from YAML; `routerId` and `listen` follow from the address unless given. */
export function configOf(address: string, yaml: string): SpeakerConfig {
  const head = [`listen: ["${address}:179"]`, `control: {socket: ""}`];
  if (!yaml.includes("routerId:")) head.push(`routerId: ${address}`);
  const result = parseConfig(`${head.join("\n")}\n${yaml}`, "test.yaml");
  if ("errors" in result) throw new Error(result.errors.map((error) => `${error.line}: ${error.message}`).join("\n"));
  return result.config;
}
