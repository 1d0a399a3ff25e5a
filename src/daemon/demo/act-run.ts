// Plays an act in network namespaces: builds the network, starts the daemons, shows what came of it, kills one daemon
// and restarts it, pulls one cable, and removes everything.

import type { FamilyName } from "../../base/family.js";
import { UNPLUGGED_NODE, type Act, type SpeakerPlan } from "./act.js";
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
import { birdRoutes, RouteMonitor, unicastPrefixes } from "./observe.js";
import { ContinuousPing, matrixRows, pingMatrix } from "./ping.js";
import type { Printer } from "./print.js";
import type { RoutingDaemon } from "./routing-daemon.js";
import {
  makeTopology,
  nodeOf,
  nodeRows,
  podsOf,
  prefixesOf,
  remotePrefixes,
  type NodePlan,
  type PodPlan,
  type Topology,
} from "./topology.js";
import { foreignTor } from "./tor.js";
import { buildTunnels, tunnelPackets, tunnelText, TUNNEL_DEVICE } from "./tunnel.js";
import { buildNetwork, unplug } from "./wiring.js";

/** How long a killed daemon stays away. */
const ABSENCE_MS = 1200;
/** How long silence is listened to after the daemon is back. */
const SILENCE_MS = 500;
const UNPLUG_LIMIT_MS = 10_000;

/** What the acts are played with. */
export interface Stage {
  readonly lab: Lab;
  readonly printer: Printer;
  readonly checks: Checks;
  /** Makes a daemon of ours. */
  readonly makeSpeaker: (plan: SpeakerPlan) => RoutingDaemon;
}

/** Plays the act. Throws where the network itself could not be built; what daemons get wrong is a failed check. */
export async function playInNamespaces(act: Act, stage: Stage): Promise<void> {
  const run = new ActRun(act, stage);
  try {
    await run.build();
    if (!(await run.converge())) return;
    await run.show();
    await run.pingAll();
    await run.killAndRestart();
    await run.unplug();
  } finally {
    await stage.lab.clear();
  }
}

class ActRun {
  readonly #act: Act;
  readonly #stage: Stage;
  readonly #topology: Topology;
  #daemons: readonly RoutingDaemon[] = [];

  constructor(act: Act, stage: Stage) {
    this.#act = act;
    this.#stage = stage;
    this.#topology = makeTopology({ layout: act.layout, dualStack: act.dualStack, simulated: false });
  }

  async build(): Promise<void> {
    const { lab, printer } = this.#stage;
    await buildNetwork(lab, this.#topology);
    printer.table(nodeRows(this.#topology));
    if (this.#act.tunnel) printer.warn(tunnelText(await buildTunnels(lab, this.#topology)));
    this.#daemons = [...this.#act.speakers(this.#topology).map(this.#stage.makeSpeaker), ...this.#makeTors()];
  }

  #makeTors(): readonly RoutingDaemon[] {
    const { lab, printer, makeSpeaker } = this.#stage;
    return this.#act.tors(this.#topology).map((plan) => {
      const foreign = foreignTor(lab, plan);
      const daemon = foreign ?? makeSpeaker(torSpeaker(this.#topology, plan));
      const why = foreign === undefined ? "neither FRR nor BIRD is installed" : "a real one";
      printer.say(`${plan.host}: AS ${plan.as}, played by ${daemon.software} (${why})`);
      return daemon;
    });
  }

  /** Starts everybody; true once all routes are in all kernels. */
  async converge(): Promise<boolean> {
    const { lab, checks } = this.#stage;
    const start = lab.clock.now();
    await startAll(this.#daemons);
    const routed = await lab.until(() => this.#allRouted(), CONVERGENCE_LIMIT_MS);
    const established = await allEstablished(lab, this.#daemons);
    const took = established === undefined ? undefined : lab.clock.now() - start;
    const sessionsUp = checks.expect(
      established !== undefined,
      `all sessions are Established${afterText(took)}`,
      await this.#sessionsWhen(established === undefined),
    );
    const routesIn = checks.expect(
      routed !== undefined,
      "every node has every other node's prefixes in its kernel, written by proto bird",
      await this.#missingText(),
    );
    if (sessionsUp && routesIn) return true;
    await this.#explain(this.#daemons.map((daemon) => daemon.host));
    return false;
  }

  async show(): Promise<void> {
    const { lab, printer } = this.#stage;
    printer.part("Sessions");
    await showStatus(printer, this.#daemons);
    printer.part("Kernel routes");
    for (const node of this.#topology.nodes) {
      for (const family of this.#topology.families) {
        const words = family === "ipv4" ? "ip route show proto bird" : "ip -6 route show proto bird";
        printer.command(node.name, words, await birdRoutes(lab, node.name, family));
      }
    }
    if (this.#act.layout === "one subnet") return;
    // Whether the fabric knows pods is what acts 3 and 4 differ in.
    for (const tor of this.#topology.tors)
      printer.command(tor.name, "ip route", await lab.must(tor.name, ["ip", "route"]));
  }

  async pingAll(): Promise<void> {
    const { lab, printer, checks } = this.#stage;
    const pods = podsOf(this.#topology);
    const before = await this.#tunnelCounters();
    for (const family of this.#topology.families) {
      printer.part(`Pings from pod to pod, ${familyText(family)}`);
      const results = await pingMatrix(lab, pods, family);
      printer.table(matrixRows(pods, results), (cell) => cell === "lost");
      const lost = results.filter((result) => result.milliseconds === undefined);
      checks.expect(
        lost.length === 0,
        `all ${results.length} pings were answered`,
        `lost: ${lost.map((ping) => `${ping.from} → ${ping.to}`).join(", ")}`,
      );
    }
    if (!this.#act.tunnel) return;
    const after = await this.#tunnelCounters();
    const sent = this.#topology.nodes
      .map((node, index) => `${node.name} ${(after[index] ?? 0) - (before[index] ?? 0)}`)
      .join(", ");
    const used = after.every((count, index) => count > (before[index] ?? 0));
    checks.expect(used, `pings between the racks went out by ${TUNNEL_DEVICE} (packets: ${sent})`);
  }

  async killAndRestart(): Promise<void> {
    const { lab, printer, checks } = this.#stage;
    const killed = this.#daemons.find((daemon) => daemon.host === this.#act.killed);
    if (killed === undefined) throw new Error(`act ${this.#act.number} has no daemon on ${this.#act.killed}`);
    printer.part(`The daemon on ${killed.host} is killed and restarted (graceful restart, RFC 4724)`);
    const monitors = await Promise.all(this.#topology.nodes.map((node) => RouteMonitor.start(lab, node.name)));
    const pings = this.#startPings();
    await lab.until(() => Promise.resolve(pings.every((ping) => ping.received > 0)), UNPLUG_LIMIT_MS, 20);
    await killed.kill();
    const atDeath = pings.map((ping) => ping.received);
    await lab.pause(ABSENCE_MS);
    const silent = pings.filter((ping, index) => ping.received <= (atDeath[index] ?? 0)).map((ping) => ping.name);
    checks.expect(
      silent.length === 0,
      `pings go on while it is dead (${(ABSENCE_MS / 1000).toFixed(1)} s)`,
      `no replies: ${silent.join(", ")}`,
    );
    const restarted = lab.clock.now();
    await killed.start();
    const back = await allEstablished(lab, this.#daemons);
    const took = back === undefined ? undefined : lab.clock.now() - restarted;
    await lab.pause(SILENCE_MS);
    checks.expect(
      back !== undefined,
      `it is back with all sessions${afterText(took)}`,
      await this.#sessionsWhen(back === undefined),
    );
    const counts = await Promise.all(pings.map((ping) => ping.stop()));
    const sum = (pick: "sent" | "lost"): number => counts.reduce((total, count) => total + count[pick], 0);
    checks.expect(
      sum("sent") > 0 && sum("lost") === 0,
      `none of ${sum("sent")} pings was lost over death and return`,
      `${sum("lost")} lost`,
    );
    await this.#judgeSilence(monitors);
    if (back === undefined) await this.#explain([killed.host]);
  }

  async #judgeSilence(monitors: readonly RouteMonitor[]): Promise<void> {
    const { printer, checks } = this.#stage;
    for (const monitor of monitors) {
      const events = await monitor.stop();
      const silent = checks.expect(
        events.length === 0,
        `ip monitor route on ${monitor.name} stayed silent`,
        `${events.length} changes`,
      );
      if (!silent) printer.verbatim(events.slice(0, 20).join("\n"));
    }
  }

  async unplug(): Promise<void> {
    const { lab, printer, checks } = this.#stage;
    const gone = nodeOf(this.#topology, UNPLUGGED_NODE);
    printer.part(`The cable of ${gone.name} is pulled`);
    printer.say(this.#act.missedBy);
    await unplug(lab, gone);
    const others = this.#topology.nodes.filter((node) => node !== gone);
    const leftAll = await Promise.all(others.map((node) => lab.until(() => this.#forgot(node, gone), UNPLUG_LIMIT_MS)));
    others.forEach((node, index) => {
      const after = leftAll[index];
      const prefixes = this.#topology.families.flatMap((family) => prefixesOf(gone, family)).join(", ");
      checks.expect(
        after !== undefined,
        `its routes left ${node.name}${afterText(after)}: ${prefixes}`,
        "they are still there",
      );
    });
    if (leftAll.includes(undefined))
      await this.#explain(this.#daemons.map((daemon) => daemon.host).filter((host) => host !== gone.name));
    await this.#pingRemaining(others.flatMap((node) => node.pods));
  }

  async #pingRemaining(pods: readonly PodPlan[]): Promise<void> {
    const { lab, checks } = this.#stage;
    const all = (await Promise.all(this.#topology.families.map((family) => pingMatrix(lab, pods, family)))).flat();
    checks.expect(
      all.length > 0 && all.every((result) => result.milliseconds !== undefined),
      "pods of the other nodes still reach each other",
    );
  }

  /** What the daemons of some hosts have to say about a failure. */
  async #explain(hosts: readonly string[]): Promise<void> {
    const daemons = this.#daemons.filter((daemon) => hosts.includes(daemon.host));
    await showStatus(this.#stage.printer, daemons);
    showLogs(this.#stage.printer, daemons);
  }

  /** Each pod to the next one, in a ring, so that both directions of every node are in use. */
  #startPings(): readonly ContinuousPing[] {
    const pods = podsOf(this.#topology);
    return this.#topology.families.flatMap((family) =>
      pods.map(
        (pod, index) => new ContinuousPing(this.#stage.lab, pod, pods[(index + 1) % pods.length] ?? pod, family),
      ),
    );
  }

  async #prefixesIn(node: NodePlan, family: FamilyName): Promise<readonly string[]> {
    return unicastPrefixes(await birdRoutes(this.#stage.lab, node.name, family));
  }

  async #missing(node: NodePlan): Promise<readonly string[]> {
    const perFamily = this.#topology.families.map(async (family) => {
      const found = await this.#prefixesIn(node, family);
      return remotePrefixes(this.#topology, node, family).filter((prefix) => !found.includes(prefix));
    });
    return (await Promise.all(perFamily)).flat();
  }

  async #allRouted(): Promise<boolean> {
    const missing = await Promise.all(this.#topology.nodes.map((node) => this.#missing(node)));
    return missing.every((prefixes) => prefixes.length === 0);
  }

  async #missingText(): Promise<string> {
    const texts = await Promise.all(
      this.#topology.nodes.map(async (node) => ({ name: node.name, missing: await this.#missing(node) })),
    );
    return texts
      .filter(({ missing }) => missing.length > 0)
      .map(({ name, missing }) => `${name} lacks ${missing.join(" ")}`)
      .join(", ");
  }

  async #sessionsWhen(needed: boolean): Promise<string> {
    return needed ? sessionsText(this.#daemons) : "";
  }

  async #forgot(node: NodePlan, gone: NodePlan): Promise<boolean> {
    const perFamily = this.#topology.families.map(async (family) => {
      const found = await this.#prefixesIn(node, family);
      return prefixesOf(gone, family).every((prefix) => !found.includes(prefix));
    });
    return (await Promise.all(perFamily)).every((forgotten) => forgotten);
  }

  #tunnelCounters(): Promise<readonly number[]> {
    if (!this.#act.tunnel) return Promise.resolve([]);
    return Promise.all(this.#topology.nodes.map((node) => tunnelPackets(this.#stage.lab, node)));
  }
}

function familyText(family: FamilyName): string {
  return family === "ipv4" ? "IPv4" : "IPv6";
}
