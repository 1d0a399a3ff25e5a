// Plays an act without namespaces: the same daemons with the same configurations on 127.0.x.x, port 1790. BGP is real;
// the kernel's part is worked out from the speakers' best routes and said to be so.

import { MISSED_BY_HOLD_TIME, UNPLUGGED_NODE, type Act, type SpeakerPlan } from "./act.js";
import { torSpeaker } from "./act-racks.js";
import type { Checks } from "./checks.js";
import {
  afterText,
  allEstablished,
  CONVERGENCE_LIMIT_MS,
  sessionsText,
  showLogs,
  showStatus,
  startAll,
} from "./daemons.js";
import type { Lab } from "./lab.js";
import type { Printer } from "./print.js";
import { followPacket, simulatedTable, tableText, type SimulatedTables } from "./simulated-forwarding.js";
import type { Speaker } from "./speaker-process.js";
import {
  makeTopology,
  nodeOf,
  nodeRows,
  podsOf,
  prefixesOf,
  rackSubnet,
  remotePrefixes,
  type NodePlan,
  type Topology,
} from "./topology.js";
import { TUNNEL_DEVICE } from "./tunnel.js";

const ABSENCE_MS = 1000;
const UNPLUG_LIMIT_MS = 10_000;

/** What the acts are played with. */
export interface SimulatedStage {
  readonly lab: Lab;
  readonly printer: Printer;
  readonly checks: Checks;
  readonly makeSpeaker: (plan: SpeakerPlan) => Speaker;
}

/** Plays the act; what daemons get wrong is a failed check. */
export async function playSimulated(act: Act, stage: SimulatedStage): Promise<void> {
  const run = new SimulatedRun(act, stage);
  try {
    run.build();
    if (!(await run.converge())) return;
    await run.show();
    await run.killAndRestart();
    await run.unplug();
  } finally {
    await stage.lab.clear();
  }
}

class SimulatedRun {
  readonly #act: Act;
  readonly #stage: SimulatedStage;
  readonly #topology: Topology;
  #speakers: readonly Speaker[] = [];

  constructor(act: Act, stage: SimulatedStage) {
    this.#act = act;
    this.#stage = stage;
    this.#topology = makeTopology({ layout: act.layout, dualStack: false, simulated: true });
  }

  build(): void {
    const { printer, makeSpeaker } = this.#stage;
    printer.table(nodeRows(this.#topology));
    if (this.#act.dualStack)
      printer.warn("IPv6 is left out here: the loopback device has one IPv6 address, not one per node.");
    if (this.#act.tunnel) printer.warn(`There is no ${TUNNEL_DEVICE} here: which routes would use it is shown.`);
    const tors = this.#act.tors(this.#topology);
    for (const tor of tors)
      printer.say(`${tor.host}: AS ${tor.as}, played by Starling (another daemon needs a namespace)`);
    const plans = [...this.#act.speakers(this.#topology), ...tors.map((tor) => torSpeaker(this.#topology, tor))];
    this.#speakers = plans.map(makeSpeaker);
  }

  async converge(): Promise<boolean> {
    const { lab, checks, printer } = this.#stage;
    const start = lab.clock.now();
    await startAll(this.#speakers);
    const established = await allEstablished(lab, this.#speakers);
    const routed = await lab.until(() => this.#allRouted(), CONVERGENCE_LIMIT_MS);
    const took = established === undefined ? undefined : lab.clock.now() - start;
    const seen = established === undefined ? await sessionsText(this.#speakers) : "";
    const sessionsUp = checks.expect(established !== undefined, `all sessions are Established${afterText(took)}`, seen);
    const routesIn = checks.expect(routed !== undefined, "every node has learned every other node's prefixes");
    if (sessionsUp && routesIn) return true;
    await showStatus(printer, this.#speakers);
    showLogs(printer, this.#speakers);
    return false;
  }

  async show(): Promise<void> {
    const { printer, checks } = this.#stage;
    printer.part("Sessions");
    await showStatus(printer, this.#speakers);
    printer.part("Kernel routes, simulated: what would be written");
    const tables = await this.#tables();
    for (const node of this.#topology.nodes) {
      const text = tableText(tables.get(node.name) ?? [], (nextHop) => this.#deviceFor(node, nextHop));
      printer.command(node.name, "ip route show proto bird", text);
    }
    printer.part("From pod to pod, simulated: the way through these tables");
    const pods = podsOf(this.#topology);
    const lost: string[] = [];
    const rows = pods.map((from) => [
      from.name,
      ...pods.map((to) => {
        if (from === to) return "·";
        const path = followPacket(this.#topology, tables, from, to);
        if (!path.arrived) lost.push(`${from.name} → ${to.name}`);
        return path.arrived ? path.hosts.join(" ") : "lost";
      }),
    ]);
    printer.table([["from \\ to", ...pods.map((pod) => pod.name)], ...rows], (cell) => cell === "lost");
    checks.expect(lost.length === 0, "every pod has a way to every other pod", `lost: ${lost.join(", ")}`);
  }

  async killAndRestart(): Promise<void> {
    const { lab, printer, checks } = this.#stage;
    const killed = this.#speaker(this.#act.killed);
    printer.part(`The daemon on ${killed.host} is killed and restarted (graceful restart, RFC 4724)`);
    await killed.kill();
    await lab.pause(ABSENCE_MS);
    checks.expect(await this.#allRouted(killed.host), "while it is dead, the others keep all routes");
    const restarted = lab.clock.now();
    await killed.start();
    const back = await allEstablished(lab, this.#speakers);
    const took = back === undefined ? undefined : lab.clock.now() - restarted;
    const seen = back === undefined ? await sessionsText(this.#speakers) : "";
    checks.expect(back !== undefined, `it is back with all sessions${afterText(took)}`, seen);
    const routed = await lab.until(() => this.#allRouted(), CONVERGENCE_LIMIT_MS);
    checks.expect(routed !== undefined, "and has all routes again");
    if (back === undefined || routed === undefined) showLogs(printer, [killed]);
  }

  async unplug(): Promise<void> {
    const { lab, printer, checks } = this.#stage;
    const gone = nodeOf(this.#topology, UNPLUGGED_NODE);
    printer.part(`${gone.name} is unplugged, simulated: its daemon is stopped (SIGSTOP) and falls silent`);
    printer.say(MISSED_BY_HOLD_TIME);
    this.#speaker(gone.name).freeze();
    const others = this.#topology.nodes.filter((node) => node !== gone);
    const left = await Promise.all(others.map((node) => lab.until(() => this.#forgot(node, gone), UNPLUG_LIMIT_MS)));
    others.forEach((node, index) => {
      const after = left[index];
      const claim = `its routes left ${node.name}${afterText(after)}: ${prefixesOf(gone, "ipv4").join(", ")}`;
      checks.expect(after !== undefined, claim, "they are still there");
    });
  }

  #speaker(host: string): Speaker {
    const speaker = this.#speakers.find((candidate) => candidate.host === host);
    if (speaker === undefined) throw new Error(`act ${this.#act.number} has no daemon on ${host}`);
    return speaker;
  }

  async #prefixesAt(host: string): Promise<readonly string[]> {
    const routes = await this.#speaker(host).bestRoutes();
    return routes.filter((route) => route.best).map((route) => route.prefix);
  }

  /** Whether each node, except one that cannot be asked, has what all others announce. */
  async #allRouted(except?: string): Promise<boolean> {
    const asked = this.#topology.nodes.filter((node) => node.name !== except);
    const complete = asked.map(async (node) => {
      const found = await this.#prefixesAt(node.name);
      return remotePrefixes(this.#topology, node, "ipv4").every((prefix) => found.includes(prefix));
    });
    return (await Promise.all(complete)).every((all) => all);
  }

  async #forgot(node: NodePlan, gone: NodePlan): Promise<boolean> {
    const found = await this.#prefixesAt(node.name);
    // No routes at all would be an answer that did not come.
    return found.length > 0 && prefixesOf(gone, "ipv4").every((prefix) => !found.includes(prefix));
  }

  async #tables(): Promise<SimulatedTables> {
    const entries = this.#speakers.map(async (speaker) => {
      const borrowed = this.#topology.nodes.find((node) => node.name === speaker.host)?.borrowed.ipv4 ?? "";
      return [speaker.host, simulatedTable(await speaker.bestRoutes(), [borrowed])] as const;
    });
    return new Map(await Promise.all(entries));
  }

  #deviceFor(node: NodePlan, nextHop: string): string {
    const subnet = rackSubnet(this.#topology, node.rack).replace(/0\/24$/, "");
    return this.#act.tunnel && !nextHop.startsWith(subnet) ? `dev ${TUNNEL_DEVICE} onlink` : "dev eth0";
  }
}
