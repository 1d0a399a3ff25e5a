// Our own restart as a reflector: each route at once, End-of-RIB when those who are there have told theirs, kernel routes of
// the dead until their restart time is over; and never a withdrawal.

import t from "tap";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import type { GracefulRestart } from "../../src/packet/capabilities.js";
import type { Connection } from "../../src/session/ports.js";
import { address } from "../support/memory-network.js";
import { configOf, type Node, World } from "./world.js";
import { ScriptedPeer } from "./scripted-peer.js";

const REFLECTOR = "10.0.0.1";
const QUICK = "10.0.0.2";
const SLOW = "10.0.0.3";
const DEAD = "10.0.0.4";
const BLOCKS = { [QUICK]: "10.244.2.0/26", [SLOW]: "10.244.3.0/26", [DEAD]: "10.244.4.0/26" };

const YAML = `
as: 64512
gracefulRestart: {restartTimeSeconds: 60, deferralSeconds: 90, staleTimeSeconds: 300}
peers:
${[QUICK, SLOW, DEAD].map((peer) => `  - {address: ${peer}, as: 64512, routeReflectorClient: true}`).join("\n")}
node: {blocks: [10.244.1.0/26]}`;

const GRACEFUL: GracefulRestart = {
  restarting: false,
  notification: false,
  restartTimeSeconds: 60,
  families: [0, 1].map((family) => ({ family: family as 0 | 1, forwardingPreserved: true })),
};

/** The reflector has crashed with everybody's routes in its kernel; the dead peer does not come back with it. */
async function crashed(world: World): Promise<void> {
  const before = await world.start(REFLECTOR, "as: 64512");
  await before.speaker.stop({ graceful: true });
  for (const [peer, block] of Object.entries(BLOCKS)) {
    const gateway = Uint8Array.from(peer.split("."), Number);
    before.kernel.adopt(block, { kind: "unicast", nextHops: [{ gateway, device: "eth0", onlink: false, weight: 1 }] });
  }
  world.network.setFailure(DEAD, "silent");
}

function peerAt(world: World, own: string): ScriptedPeer {
  return new ScriptedPeer(world, own, REFLECTOR, () => GRACEFUL);
}

function tellAll(peer: ScriptedPeer): void {
  for (const family of peer.session.negotiated?.families ?? []) peer.endOfRib(family);
}

function announce(peer: ScriptedPeer, own: keyof typeof BLOCKS): void {
  peer.announce([BLOCKS[own]], { nextHop: Uint8Array.from(own.split("."), Number) });
}

/** What is done when all have told: the sweep waits for turns of the event loop. */
async function pass(world: World, ms: number): Promise<void> {
  for (let done = 0; done < ms; done += 500) {
    world.run(500);
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
  }
}

function restartOf(node: Node): ReturnType<Node["speaker"]["status"]>["gracefulRestart"] {
  return node.speaker.status().gracefulRestart;
}

t.test(
  "a slow peer, a dead peer and a reflector: routes at once, End-of-RIB by the living, nothing withdrawn",
  async (t) => {
    const world = new World();
    await crashed(world);
    const reflector = await world.start(REFLECTOR, YAML);
    const quick = peerAt(world, QUICK);
    const slow = peerAt(world, SLOW);
    await pass(world, 2000);
    announce(quick, QUICK);
    tellAll(quick);
    announce(slow, SLOW);
    await pass(world, 1000);
    t.ok(slow.told.has(BLOCKS[QUICK]), "the quick peer's route is told within a second");
    t.ok(quick.told.has(BLOCKS[SLOW]), "and so is the first one of the slow peer");
    t.ok(reflector.fib().includes("10.244.3.0/26 unicast via 10.0.0.3 dev eth0"));
    await pass(world, 20_000);
    t.same(quick.endOfRibs, [], "a peer that is there owes its End-of-RIB: ours is withheld");
    t.match(restartOf(reflector), { recovering: true, waitingFor: [SLOW, DEAD], totalSeconds: 90 });
    t.ok(restartOf(reflector).elapsedSeconds >= 20);
    t.equal(reflector.speaker.peer(SLOW)?.gracefulRestart.recovery, "waiting");
    t.equal(reflector.speaker.peer(DEAD)?.gracefulRestart.recovery, "pending");
    t.equal(reflector.speaker.peer(QUICK)?.gracefulRestart.recovery, undefined);
    tellAll(slow);
    await pass(world, 1000);
    t.same(quick.endOfRibs, [0], "the dead one holds nobody back");
    t.same(slow.endOfRibs, [0]);
    t.match(restartOf(reflector), { recovering: false, waitingFor: [DEAD] });
    t.equal(reflector.kernel.counts().stale, 1, "its route stays in the kernel");
    await pass(world, 30_000);
    t.equal(reflector.kernel.counts().stale, 1);
    await pass(world, 10_000);
    t.equal(reflector.kernel.counts().stale, 0, "until its restart time is over");
    t.match(restartOf(reflector), { recovering: false, waitingFor: [] });
    t.same([...quick.withdrawn, ...slow.withdrawn], [], "not one withdrawal");
  },
);

t.test("a peer that takes the connection and never sends an OPEN is silent: it holds nobody back", async (t) => {
  const world = new World();
  await crashed(world);
  world.network.setFailure(DEAD, undefined);
  const taken: Connection[] = [];
  world.network
    .host(DEAD)
    .listenNow({ address: address(DEAD), port: 179 }, (connection) => void taken.push(connection));
  const reflector = await world.start(REFLECTOR, YAML);
  const [quick, slow] = [peerAt(world, QUICK), peerAt(world, SLOW)];
  await pass(world, 2000);
  for (const peer of [quick, slow]) tellAll(peer);
  await pass(world, 1000);
  t.equal(taken.length, 1);
  t.equal(reflector.speaker.peer(DEAD)?.state, "OpenSent");
  t.same(quick.endOfRibs, [], "it may still answer");
  await pass(world, 3000);
  t.same(quick.endOfRibs, [0], "five seconds are enough");
});

t.test("a peer that returns late learns that we have restarted, and keeps our routes", async (t) => {
  const world = new World();
  await crashed(world);
  const reflector = await world.start(REFLECTOR, YAML);
  const [quick, slow] = [peerAt(world, QUICK), peerAt(world, SLOW)];
  await pass(world, 2000);
  for (const peer of [quick, slow]) tellAll(peer);
  announce(quick, QUICK);
  await pass(world, 20_000);
  t.equal(restartOf(reflector).recovering, false);
  t.match(quick.session.negotiated?.peerCapabilities.gracefulRestart, { restarting: true });
  const late = peerAt(world, DEAD);
  await pass(world, 3000);
  const offered = late.session.negotiated?.peerCapabilities.gracefulRestart;
  t.equal(offered?.restarting, true);
  t.ok(offered?.families.every(({ forwardingPreserved }) => forwardingPreserved));
  t.same(late.endOfRibs, [0], "the table and End-of-RIB at once");
  t.ok(late.told.has(BLOCKS[QUICK]));
  announce(late, DEAD);
  await pass(world, 1000);
  tellAll(late);
  await pass(world, 2000);
  t.equal(reflector.kernel.counts().stale, 0, "the slow one never had its route again: swept now that all have told");
  t.same(restartOf(reflector).waitingFor, []);
  t.ok(reflector.fib().includes("10.244.4.0/26 unicast via 10.0.0.4 dev eth0"));
  t.same([...quick.withdrawn, ...slow.withdrawn, ...late.withdrawn], []);
  quick.session.reset(4);
  await pass(world, 10_000);
  t.equal(quick.session.negotiated?.peerCapabilities.gracefulRestart?.restarting, false, "that is over");
});

t.test("a peer that is there and never ends its table is waited for until the deferral time", async (t) => {
  const world = new World();
  await crashed(world);
  const reflector = await world.start(REFLECTOR, YAML);
  const [quick, slow] = [peerAt(world, QUICK), peerAt(world, SLOW)];
  await pass(world, 2000);
  tellAll(quick);
  announce(slow, SLOW);
  await pass(world, 80_000);
  t.same(quick.endOfRibs, []);
  t.equal(reflector.kernel.counts().stale, 2, "what it has not told yet may come");
  await pass(world, 10_000);
  t.same(quick.endOfRibs, [0]);
  t.match(restartOf(reflector), { recovering: false, waitingFor: [] });
  t.equal(reflector.kernel.counts().stale, 0);
  t.same([...quick.withdrawn, ...slow.withdrawn], []);
});

t.test("restartTimeSeconds of a peer: told to it, and how long its kernel routes stay", async (t) => {
  const world = new World();
  await crashed(world);
  const config = configOf(REFLECTOR, YAML);
  const peers = config.peers.map((peer) => ({ ...peer, restartTimeSeconds: peer.key === DEAD ? 200 : 45 }));
  const reflector = await startWith(world, { ...config, peers });
  const [quick, slow] = [peerAt(world, QUICK), peerAt(world, SLOW)];
  await pass(world, 2000);
  for (const peer of [quick, slow]) tellAll(peer);
  t.equal(quick.session.negotiated?.peerCapabilities.gracefulRestart?.restartTimeSeconds, 45);
  await pass(world, 190_000);
  t.equal(reflector.kernel.counts().stale, 3);
  await pass(world, 15_000);
  t.equal(reflector.kernel.counts().stale, 0);
});

t.test("a restart time of 0 leaves a peer 5 s to come back", async (t) => {
  const world = new World();
  await crashed(world);
  const reflector = await world.start(REFLECTOR, YAML.replace("restartTimeSeconds: 60", "restartTimeSeconds: 0"));
  await pass(world, 4000);
  t.equal(reflector.kernel.counts().stale, 3);
  await pass(world, 2000);
  t.equal(reflector.kernel.counts().stale, 0);
});

t.test("recoveryOnRequest: a start is a recovery if somebody says so", async (t) => {
  for (const isRecovery of [false, true]) {
    const world = new World();
    await crashed(world);
    const config = configOf(REFLECTOR, YAML);
    const compatibility = { ...config.compatibility, recoveryOnRequest: true, birdCapabilities: true };
    const reflector = await startWith(world, { ...config, compatibility }, isRecovery);
    const quick = peerAt(world, QUICK);
    await pass(world, 4000);
    const offered = quick.session.negotiated?.peerCapabilities.gracefulRestart;
    t.equal(offered?.restarting, isRecovery, "R bit");
    t.same(
      offered?.families.map(({ forwardingPreserved }) => forwardingPreserved),
      [isRecovery],
      "F bit",
    );
    t.equal(restartOf(reflector).recovering, isRecovery);
    t.equal(quick.endOfRibs.length, isRecovery ? 0 : 1, "End-of-RIB is withheld in a recovery only");
    t.equal(reflector.kernel.counts().stale, isRecovery ? 3 : 0);
  }
});

t.test("birdCapabilities: End-of-RIB goes to whom graceful restart is not off for", async (t) => {
  for (const [birdCapabilities, own, peerOffers, isSent] of [
    [false, true, true, true],
    [false, true, false, false],
    [true, true, true, true],
    [true, true, false, true],
    [true, false, true, false],
  ] as const) {
    const world = new World();
    const config = configOf(REFLECTOR, YAML);
    const peers = config.peers.map((peer) => ({ ...peer, gracefulRestart: own }));
    const compatibility = { ...config.compatibility, birdCapabilities, recoveryOnRequest: true };
    await startWith(world, { ...config, peers, compatibility });
    const peer = new ScriptedPeer(world, QUICK, REFLECTOR, () => (peerOffers ? GRACEFUL : undefined));
    await pass(world, 4000);
    t.equal(
      peer.endOfRibs.length,
      isSent ? 1 : 0,
      `BIRD's way: ${birdCapabilities}, own: ${own}, peer's: ${peerOffers}`,
    );
  }
});

t.test("ceaseAtStop: the end is told with Cease/Administrative Shutdown, graceful restart or not", async (t) => {
  for (const ceaseAtStop of [false, true]) {
    const world = new World();
    const config = configOf(REFLECTOR, YAML);
    const node = await startWith(world, { ...config, compatibility: { ...config.compatibility, ceaseAtStop } });
    const quick = peerAt(world, QUICK);
    await pass(world, 4000);
    await node.speaker.stop({ graceful: true });
    await pass(world, 1000);
    const [down] = quick.downs;
    t.equal(down?.mayBeRestart, !ceaseAtStop);
    t.match(down?.received, ceaseAtStop ? { code: 6, subcode: 2 } : undefined);
  }
});

async function startWith(world: World, config: SpeakerConfig, isRecovery?: boolean): Promise<Node> {
  const options = isRecovery === undefined ? {} : { isRecovery };
  const node = world.node(REFLECTOR, options);
  await node.speaker.apply(config);
  return node;
}

t.test(
  "a peer without graceful restart has half a minute for its table before what the kernel had of it goes",
  async (t) => {
    for (const comesBackWith of [BLOCKS[SLOW], undefined]) {
      const world = new World();
      await crashed(world);
      const reflector = await world.start(REFLECTOR, YAML);
      const quick = peerAt(world, QUICK);
      const plain = new ScriptedPeer(world, SLOW, REFLECTOR);
      const kept = (): boolean => reflector.kernel.routes().some((route) => route.startsWith(BLOCKS[SLOW]));
      await pass(world, 2000);
      announce(quick, QUICK);
      tellAll(quick);
      await pass(world, 6000);
      t.equal(restartOf(reflector)?.recovering, false, "it does not hold back End-of-RIB");
      t.equal(reflector.state(SLOW), "Established");
      t.ok(kept(), "it has told nothing yet");
      if (comesBackWith !== undefined) announce(plain, SLOW);
      await pass(world, 15_000);
      t.ok(kept());
      await pass(world, 60_000);
      t.equal(kept(), comesBackWith !== undefined, "what nobody has claimed goes");
    }
  },
);
