import t from "tap";
import { type Log, SILENT_LOG } from "../../src/base/log.js";
import { type Node, World } from "./world.js";

const yaml = (peers: readonly string[], block: string, more = ""): string => `
as: 64512
${more}
gracefulRestart: {restartTimeSeconds: 60, deferralSeconds: 90, staleTimeSeconds: 300}
peers:
${peers.map((peer) => `  - {address: ${peer}, as: 64512}`).join("\n")}
node: {blocks: [${block}]}`;

async function pair(): Promise<{ world: World; a: Node; b: Node }> {
  const world = new World();
  const a = await world.start("10.0.0.1", yaml(["10.0.0.2"], "10.244.1.0/26"));
  const b = await world.start("10.0.0.2", yaml(["10.0.0.1"], "10.244.2.0/26"));
  world.run(10_000);
  t.equal(a.state("10.0.0.2"), "Established");
  return { world, a, b };
}

t.test("a peer whose TCP goes away keeps its routes, stale, until it is back and has told everything", async (t) => {
  const { world, a, b } = await pair();
  const writes = b.kernel.writes;
  world.network.setFailure("10.0.0.1", "silent");
  world.network.setFailure("10.0.0.2", "silent");
  world.network.cut("10.0.0.1", "10.0.0.2");
  world.run(5000);
  const [kept] = b.routes({ stage: "received", peer: "10.0.0.1" });
  t.equal(kept?.stale, true);
  t.equal(kept?.best, true, "a stale route is used as before (RFC 4724 §4.2)");
  t.equal(b.speaker.peer("10.0.0.1")?.families[0]?.stale, 1);
  world.network.setFailure("10.0.0.1", undefined);
  world.network.setFailure("10.0.0.2", undefined);
  world.run(30_000);
  t.equal(b.state("10.0.0.1"), "Established");
  t.equal(b.routes({ stage: "received", peer: "10.0.0.1" })[0]?.stale, false);
  t.equal(b.kernel.writes, writes, "the kernel saw nothing of it");
  t.equal(a.speaker.peers().length, 1);
});

t.test("a peer that does not come back within its restart time loses its routes", async (t) => {
  const { world, b } = await pair();
  world.network.setFailure("10.0.0.1", "silent");
  world.network.setFailure("10.0.0.2", "silent");
  world.network.cut("10.0.0.1", "10.0.0.2");
  world.run(59_000);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 1);
  world.run(2000);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 0);
  t.same(b.fib(), ["10.244.2.0/26 blackhole"]);
});

t.test("a restarting peer that is disabled loses its routes at once", async (t) => {
  const { world, b } = await pair();
  for (const address of ["10.0.0.1", "10.0.0.2"]) world.network.setFailure(address, "silent");
  world.network.cut("10.0.0.1", "10.0.0.2");
  world.run(1000);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 1);
  b.speaker.disablePeer("10.0.0.1", "it is dead");
  world.run(1000);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 0);
  t.same(b.fib(), ["10.244.2.0/26 blackhole"]);
  t.equal(b.speaker.peer("10.0.0.1")?.gracefulRestart.secondsLeft, undefined);
});

t.test("a route that the restarted peer no longer has goes with its End-of-RIB", async (t) => {
  const { world, a, b } = await pair();
  await a.speaker.stop({ graceful: true });
  world.run(1000);
  t.equal(
    b.routes({ stage: "received", peer: "10.0.0.1" })[0]?.stale,
    true,
    "a graceful stop keeps our routes at the peer",
  );
  a.kernel.adopt("10.244.2.0/26", {
    kind: "unicast",
    nextHops: [{ gateway: Uint8Array.of(10, 0, 0, 2), device: "eth0", onlink: false, weight: 1 }],
  });
  await world.start("10.0.0.1", yaml(["10.0.0.2"], "10.244.8.0/26"));
  world.run(30_000);
  t.same(
    b.routes({ stage: "received", peer: "10.0.0.1" }).map((route) => [route.prefix, route.stale]),
    [["10.244.8.0/26", false]],
  );
});

t.test(
  "a restarted speaker that lost its forwarding state says so: the peer drops the old routes at once",
  async (t) => {
    const { world, a, b } = await pair();
    await a.speaker.stop({ graceful: true });
    world.run(1000);
    t.equal(a.kernel.counts().stale, 0);
    world.network.setFailure("10.0.0.3", "silent"); // holds back a's End-of-RIB
    await world.start("10.0.0.1", yaml(["10.0.0.2", "10.0.0.3"], "10.244.8.0/26"));
    world.run(3000);
    t.equal(b.speaker.peer("10.0.0.1")?.families[0]?.endOfRibReceived, false);
    t.same(
      b.routes({ stage: "received", peer: "10.0.0.1" }).map((route) => route.prefix),
      ["10.244.8.0/26"],
      "F bit clear (RFC 4724 §3): nothing of before was kept",
    );
  },
);

t.test("after our restart old kernel routes stay until every peer has told its routes", async (t) => {
  const world = new World();
  const route = {
    kind: "unicast",
    nextHops: [{ gateway: Uint8Array.of(10, 0, 0, 9), device: "eth0", onlink: false, weight: 1 }],
  } as const;
  const b = await world.start("10.0.0.2", yaml(["10.0.0.1"], "10.244.2.0/26"));
  world.network.setFailure("10.0.0.1", "silent");
  const a = await world.start("10.0.0.1", "as: 64512");
  await a.speaker.stop({ graceful: true });
  a.kernel.adopt("10.244.99.0/26", route);
  world.network.setFailure("10.0.0.2", "silent");
  const again = await world.start("10.0.0.1", yaml(["10.0.0.2"], "10.244.1.0/26"));
  world.run(20_000);
  t.match(
    again.speaker.status().gracefulRestart,
    { recovering: false, waitingFor: ["10.0.0.2"] },
    "silence ends the wait for End-of-RIB only",
  );
  t.equal(again.kernel.counts().stale, 1);
  world.network.setFailure("10.0.0.1", undefined);
  world.network.setFailure("10.0.0.2", undefined);
  world.run(30_000);
  await Promise.resolve();
  world.run(1000);
  await new Promise<void>((resolve) => setImmediate(resolve));
  t.equal(b.state("10.0.0.1"), "Established");
  t.equal(again.kernel.counts().stale, 0);
});

t.test("a reflector that writes no kernel routes loses no forwarding state by a restart", async (t) => {
  const world = new World();
  const lines: string[] = [];
  const info = (message: string): void => void lines.push(message);
  const log: Log = { ...SILENT_LOG, info, child: () => ({ ...SILENT_LOG, info }) };
  const reflector = yaml(["10.0.0.2"], "10.244.1.0/26", "kernel: {exportPolicy: reject}");
  const a = await world.start("10.0.0.1", reflector);
  const b = await world.start("10.0.0.2", yaml(["10.0.0.1"], "10.244.2.0/26"), { log });
  world.run(10_000);
  await a.speaker.stop({ graceful: true });
  world.run(1000);
  await world.start("10.0.0.1", reflector);
  world.run(30_000);
  t.equal(b.state("10.0.0.1"), "Established");
  t.ok(
    lines.some((line) => line.startsWith("routes kept while it restarts")),
    "it was a restart",
  );
  t.notOk(lines.some((line) => line.includes("it has not preserved its forwarding state")));
});

t.test("routes are used at once although another peer is dead: nobody waits for it", async (t) => {
  const world = new World();
  await world.start("10.0.0.2", yaml(["10.0.0.1"], "10.244.2.0/26"));
  world.network.setFailure("10.0.0.3", "silent");
  const a = await world.start("10.0.0.1", yaml(["10.0.0.2", "10.0.0.3"], "10.244.1.0/26"));
  world.run(5500);
  t.ok(a.fib().includes("10.244.2.0/26 unicast via 10.0.0.2 dev eth0"));
});

t.test("End-of-RIB is sent after the table, once per session", async (t) => {
  const { world, a, b } = await pair();
  t.equal(b.speaker.peer("10.0.0.1")?.families[0]?.endOfRibReceived, true);
  a.speaker.refreshPeer("10.0.0.2", "out");
  world.run(1000);
  t.equal(b.routes({ stage: "received", peer: "10.0.0.1" }).length, 1);
});

t.test("a dead neighbour is noticed when the hold time runs out, unless RFC 8538 is asked for", async (t) => {
  for (const [notification, kept] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const world = new World();
    const more = (peer: string, block: string): string =>
      yaml([peer], block).replace("staleTimeSeconds: 300", `staleTimeSeconds: 300, notification: ${notification}`);
    await world.start("10.0.0.1", more("10.0.0.2", "10.244.1.0/26"));
    const b = await world.start("10.0.0.2", more("10.0.0.1", "10.244.2.0/26"));
    world.run(10_000);
    world.network.freeze("10.0.0.1", "10.0.0.2");
    world.network.setFailure("10.0.0.1", "silent");
    world.run(100_000);
    t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), kept, `notification: ${notification}`);
  }
});
