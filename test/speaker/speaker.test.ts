import t from "tap";
import { type Log, SILENT_LOG } from "../../src/base/log.js";
import { World } from "./world.js";

const mesh = (others: readonly string[], block: string, more = ""): string => `
as: 64512
peers:
${others.map((other) => `  - {address: ${other}, as: 64512}`).join("\n")}
node: {blocks: [${block}]}
${more}`;

async function meshOfThree(): Promise<World> {
  const world = new World();
  const all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
  for (const [i, self] of all.entries()) {
    await world.start(
      self,
      mesh(
        all.filter((other) => other !== self),
        `10.244.${i + 1}.0/26`,
      ),
    );
  }
  world.run(10_000);
  return world;
}

t.test("a full mesh: every node learns every block and wants it in the kernel", async (t) => {
  const world = await meshOfThree();
  for (const node of world.nodes.values()) {
    for (const peer of node.speaker.peers()) t.equal(peer.state, "Established", `${node.address} to ${peer.address}`);
  }
  const first = world.nodes.get("10.0.0.1");
  t.same(first?.best(), [
    "10.244.1.0/26 via - from block",
    "10.244.2.0/26 via 10.0.0.2 from 10.0.0.2",
    "10.244.3.0/26 via 10.0.0.3 from 10.0.0.3",
  ]);
  t.same(first?.fib(), [
    "10.244.1.0/26 blackhole",
    "10.244.2.0/26 unicast via 10.0.0.2 dev eth0",
    "10.244.3.0/26 unicast via 10.0.0.3 dev eth0",
  ]);
});

t.test("what one iBGP peer tells is not passed on to another without reflection (RFC 4271 §9.2.1)", async (t) => {
  const world = await meshOfThree();
  const first = world.nodes.get("10.0.0.1");
  t.same(
    first?.routes({ stage: "advertised", peer: "10.0.0.2" }).map((route) => route.prefix),
    ["10.244.1.0/26"],
  );
});

t.test("a reflector passes routes between its clients, with ORIGINATOR_ID and CLUSTER_LIST (RFC 4456)", async (t) => {
  const world = new World();
  const client = { as: 64512, routeReflectorClient: true };
  const rr = await world.start(
    "10.0.0.9",
    `as: 64512\npeers:\n  - {address: 10.0.0.1, ${flow(client)}}\n  - {address: 10.0.0.2, ${flow(client)}}`,
    { kernel: false },
  );
  for (const i of [1, 2]) await world.start(`10.0.0.${i}`, mesh(["10.0.0.9"], `10.244.${i}.0/26`));
  world.run(10_000);
  const [learned] = world.nodes.get("10.0.0.2")?.routes({ stage: "received", prefix: "10.244.1.0/26" }) ?? [];
  t.equal(learned?.nextHop, "10.0.0.1", "the next hop is unchanged");
  t.equal(learned?.originatorId, "10.0.0.1");
  t.same(learned?.clusterList, ["10.0.0.9"]);
  t.same(
    rr.routes({ stage: "advertised", peer: "10.0.0.1" }).map((route) => route.prefix),
    ["10.244.2.0/26"],
  );
});

t.test("eBGP without a policy exchanges nothing and says so (RFC 8212); with one, our AS is prepended", async (t) => {
  const world = new World();
  const node = (peer: string, as: number, peerAs: number, block: string, policy: boolean): string => `
as: ${as}
policies: {everything: [{action: accept}]}
peers:
  - {address: ${peer}, as: ${peerAs}${policy ? ", importPolicy: everything, exportPolicy: everything" : ""}}
node: {blocks: [${block}]}`;
  const a = await world.start("10.0.0.1", node("10.0.0.2", 65001, 65002, "10.244.1.0/26", false));
  const b = await world.start("10.0.0.2", node("10.0.0.1", 65002, 65001, "10.244.2.0/26", true));
  world.run(10_000);
  t.equal(a.state("10.0.0.2"), "Established");
  t.same(a.best(), ["10.244.1.0/26 via - from block"], "nothing accepted");
  t.same(b.best(), ["10.244.2.0/26 via - from block"], "nothing sent");
  t.match(a.speaker.status().warnings.join("\n"), /10\.0\.0\.2: eBGP without import and export policy/);
  t.match(a.routes({ stage: "received", peer: "10.0.0.2" })[0]?.reason, /RFC 8212/);

  const changes = await a.apply(node("10.0.0.2", 65001, 65002, "10.244.1.0/26", true));
  world.run(1000);
  t.match(changes.join("\n"), /importPolicy, exportPolicy/);
  t.equal(a.speaker.peer("10.0.0.2")?.transitions, 1, "the session was not touched");
  t.same(a.best(), ["10.244.1.0/26 via - from block", "10.244.2.0/26 via 10.0.0.2 from 10.0.0.2"]);
  t.equal(b.routes({ stage: "best", prefix: "10.244.1.0/26" })[0]?.asPath, "65001");
});

t.test("a reload leaves untouched peers alone, adds and removes others", async (t) => {
  const world = await meshOfThree();
  const first = world.nodes.get("10.0.0.1");
  await world.start("10.0.0.4", mesh(["10.0.0.1"], "10.244.4.0/26"));
  const changes = await first?.apply(mesh(["10.0.0.2", "10.0.0.4"], "10.244.1.0/26"));
  world.run(500);
  t.match(world.nodes.get("10.0.0.3")?.speaker.peer("10.0.0.1")?.lastError, /De-configured/i);
  world.run(10_000);
  t.same(changes, ["peer 10.0.0.3 removed", "peer 10.0.0.4 added"]);
  t.equal(first?.speaker.peer("10.0.0.2")?.transitions, 1);
  t.equal(first?.speaker.peer("10.0.0.3"), undefined);
  t.same(first?.best(), [
    "10.244.1.0/26 via - from block",
    "10.244.2.0/26 via 10.0.0.2 from 10.0.0.2",
    "10.244.4.0/26 via 10.0.0.4 from 10.0.0.4",
  ]);
});

t.test("an export policy change sends only the difference", async (t) => {
  const world = new World();
  const yaml = (policy: string): string => `
as: 64512
prefixSets: {some: [10.244.2.0/24 le 32]}
policies:
  all: [{action: accept}]
  some: [{match: {prefixSet: some}, action: accept}, {action: reject}]
peers: [{address: 10.0.0.2, as: 64512, exportPolicy: ${policy}}]
node: {blocks: [10.244.1.0/26, 10.244.2.0/26, 10.244.3.0/26]}`;
  const a = await world.start("10.0.0.1", yaml("all"));
  const b = await world.start("10.0.0.2", mesh(["10.0.0.1"], "10.244.9.0/26"));
  world.run(10_000);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 3);
  const before = b.speaker.peer("10.0.0.1")?.messages.received.update ?? 0;
  await a.apply(yaml("some"));
  world.run(1000);
  t.same(
    b.routes({ stage: "received", peer: "10.0.0.1" }).map((route) => route.prefix),
    ["10.244.2.0/26"],
  );
  t.equal((b.speaker.peer("10.0.0.1")?.messages.received.update ?? 0) - before, 1, "one UPDATE: the two withdrawals");
});

t.test("a changed import policy is applied to what the peer has sent, without its help", async (t) => {
  const world = new World();
  const yaml = (pref: number): string => `
as: 64512
policies: {prefer: [{set: {localPref: ${pref}}, action: accept}]}
peers: [{address: 10.0.0.2, as: 64512, importPolicy: prefer}]`;
  const a = await world.start("10.0.0.1", yaml(150));
  await world.start("10.0.0.2", mesh(["10.0.0.1"], "10.244.2.0/26"));
  world.run(10_000);
  t.equal(a.routes({ stage: "best" })[0]?.localPref, 150);
  await a.apply(yaml(250));
  world.run(1000);
  t.equal(a.routes({ stage: "best" })[0]?.localPref, 250);
  t.equal(a.speaker.peer("10.0.0.2")?.messages.sent.routeRefresh, 0);
});

t.test("changed node blocks are announced and withdrawn", async (t) => {
  const world = await meshOfThree();
  const first = world.nodes.get("10.0.0.1");
  await first?.apply(mesh(["10.0.0.2", "10.0.0.3"], "10.244.7.0/26"));
  world.run(1000);
  t.same(
    world.nodes
      .get("10.0.0.2")
      ?.routes({ stage: "received", peer: "10.0.0.1" })
      .map((route) => route.prefix),
    ["10.244.7.0/26"],
  );
  t.ok(first?.fib().includes("10.244.7.0/26 blackhole"));
  t.notOk(first?.fib().some((line) => line.startsWith("10.244.1.0/26")));
});

t.test("administrative down says so on both sides, with the reason (RFC 9003)", async (t) => {
  const world = await meshOfThree();
  const first = world.nodes.get("10.0.0.1");
  const second = world.nodes.get("10.0.0.2");
  first?.speaker.disablePeer("10.0.0.2", "upgrade at 22:00");
  world.run(1000);
  t.equal(first?.speaker.peer("10.0.0.2")?.info, "administratively down: upgrade at 22:00");
  t.match(second?.speaker.peer("10.0.0.1")?.info, /upgrade at 22:00/);
  t.notOk(
    second?.best().some((line) => line.includes("10.0.0.1")),
    "its routes have left",
  );
  first?.speaker.enablePeer("10.0.0.2");
  world.run(60_000);
  t.equal(first?.state("10.0.0.2"), "Established");
  t.throws(() => first?.speaker.resetPeer("10.9.9.9"), /no peer 10\.9\.9\.9/);
});

t.test("dynamic peers are admitted from their range, up to the limit", async (t) => {
  const world = new World();
  const rr = await world.start(
    "10.0.0.9",
    `
as: 64512
peerGroups: {clients: {as: 64512, routeReflectorClient: true}}
dynamicPeers: [{prefix: 10.0.0.0/29, group: clients, limit: 2}]`,
    { kernel: false },
  );
  for (const i of [1, 2, 3]) await world.start(`10.0.0.${i}`, mesh(["10.0.0.9"], `10.244.${i}.0/26`));
  world.run(10_000);
  t.equal(rr.speaker.peers().length, 2);
  t.same(
    rr.speaker.peers().map((peer) => [peer.type, peer.state]),
    [
      ["dynamic", "Established"],
      ["dynamic", "Established"],
    ],
  );
  t.same(world.nodes.get("10.0.0.2")?.best(), [
    "10.244.1.0/26 via 10.0.0.1 from 10.0.0.9",
    "10.244.2.0/26 via - from block",
  ]);
  world.nodes.get("10.0.0.1")?.speaker.disablePeer("10.0.0.9");
  world.run(61_000);
  t.same(
    rr.speaker
      .peers()
      .map((peer) => peer.address)
      .sort(),
    ["10.0.0.2", "10.0.0.3"],
    "a place was given to the third",
  );
});

t.test("a stranger is refused", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", "as: 64512");
  await world.start("10.0.0.2", mesh(["10.0.0.1"], "10.244.2.0/26"));
  world.run(10_000);
  t.equal(a.speaker.peers().length, 0);
  t.not(world.nodes.get("10.0.0.2")?.state("10.0.0.1"), "Established");
});

function flow(value: object): string {
  return Object.entries(value)
    .map(([key, entry]) => `${key}: ${String(entry)}`)
    .join(", ");
}

t.test("a peer with a password is refused where the password cannot be demanded of it", async (t) => {
  const world = new World();
  const lines: string[] = [];
  const log: Log = { ...SILENT_LOG, warn: (message: string) => void lines.push(message), child: () => log };
  const a = await world.start(
    "10.0.0.1",
    "as: 64512\npeers: [{address: 10.0.0.2, as: 64512, password: secret, passive: true}]",
    { log },
  );
  await world.start("10.0.0.2", mesh(["10.0.0.1"], "10.244.2.0/26"));
  world.run(10_000);
  t.not(a.state("10.0.0.2"), "Established", "the in-memory network knows no TCP MD5");
  t.match(lines.join("\n"), /connection refused: .*password/);
});

t.test("a link-local next hop is reached through the interface of its session, and not passed on", async (t) => {
  const world = new World();
  const both = (peer: string, prefix: string): string => `
as: 64512
routerId: 10.0.0.${peer.endsWith("1%eth1") ? 2 : 1}
peers: [{address: "${peer}", as: 64512, families: [ipv6]}]
node: {static: [{prefix: "${prefix}", type: none}]}`;
  const a = await world.start("fe80::1%eth1", both("fe80::2%eth1", "2001:db8:1::/48"));
  await world.start("fe80::2%eth1", both("fe80::1%eth1", "2001:db8:2::/48"));
  world.run(10_000);
  t.same(a.fib(), ["2001:db8:2::/48 unicast via fe80::2 dev eth1"]);
});
