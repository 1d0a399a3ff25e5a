// Enhanced route refresh (RFC 7313): the peer's markers, ours, and what happens when one is missing.

import t from "tap";
import type { Capabilities } from "../../src/packet/capabilities.js";
import { REFRESH } from "../../src/packet/route-refresh.js";
import { ScriptedPeer } from "./scripted-peer.js";
import { type Node, World } from "./world.js";

const US = "10.0.0.2";
const THEM = "10.0.0.9";

const GRACEFUL: Capabilities["gracefulRestart"] = {
  restarting: false,
  notification: false,
  restartTimeSeconds: 120,
  families: [
    { family: 0, forwardingPreserved: true },
    { family: 1, forwardingPreserved: true },
  ],
};

interface Stage {
  readonly world: World;
  readonly us: Node;
  readonly peer: ScriptedPeer;
  /** Prefixes held of the peer; stale ones with a star. */
  readonly held: () => string[];
}

async function stage(gracefulRestart?: Capabilities["gracefulRestart"]): Promise<Stage> {
  const world = new World();
  const us = await world.start(
    US,
    `
as: 64512
gracefulRestart: {staleTimeSeconds: 200}
peers: [{address: ${THEM}, as: 64512, families: [ipv4, ipv6]}]
node: {static: [{prefix: 192.0.2.0/24, type: none}]}`,
  );
  const peer = new ScriptedPeer(world, THEM, US, () => gracefulRestart);
  world.run(5000);
  const held = (): string[] =>
    us
      .routes({ stage: "received", peer: THEM })
      .map((route) => `${route.prefix}${route.stale ? "*" : ""}`)
      .sort();
  return { world, us, peer, held };
}

t.test("what a peer does not tell again between its markers goes", async (t) => {
  const { world, us, peer, held } = await stage();
  peer.announce(["10.1.0.0/24", "10.2.0.0/24", "2001:db8:1::/48"]);
  world.run();
  peer.marker(0, REFRESH.BEGINNING);
  world.run();
  t.same(held(), ["10.1.0.0/24*", "10.2.0.0/24*", "2001:db8:1::/48"], "only that family");
  t.equal(us.speaker.peer(THEM)?.families[0]?.stale, 2);
  t.equal(us.best().length, 4, "stale routes are used as before");
  peer.announce(["10.2.0.0/24"]);
  peer.announce(["10.3.0.0/24"], { med: 7 });
  world.run();
  t.same(held(), ["10.1.0.0/24*", "10.2.0.0/24", "10.3.0.0/24", "2001:db8:1::/48"]);
  peer.marker(0, REFRESH.END);
  world.run();
  t.same(held(), ["10.2.0.0/24", "10.3.0.0/24", "2001:db8:1::/48"]);
});

t.test("an end without a beginning means nothing", async (t) => {
  const { world, peer, held } = await stage();
  peer.announce(["10.1.0.0/24"]);
  peer.marker(0, REFRESH.END);
  peer.marker(1, REFRESH.END);
  world.run();
  t.same(held(), ["10.1.0.0/24"]);
});

t.test("a second beginning starts over", async (t) => {
  const { world, peer, held } = await stage();
  peer.announce(["10.1.0.0/24", "10.2.0.0/24"]);
  peer.marker(0, REFRESH.BEGINNING);
  peer.announce(["10.1.0.0/24"]);
  peer.marker(0, REFRESH.BEGINNING);
  peer.marker(0, REFRESH.BEGINNING);
  world.run();
  t.same(held(), ["10.1.0.0/24*", "10.2.0.0/24*"]);
  peer.announce(["10.2.0.0/24"]);
  peer.marker(0, REFRESH.END);
  world.run();
  t.same(held(), ["10.2.0.0/24"]);
});

t.test("a refresh that never ends is ended by the clock", async (t) => {
  const { world, us, peer, held } = await stage();
  peer.announce(["10.1.0.0/24", "10.2.0.0/24"]);
  peer.marker(0, REFRESH.BEGINNING);
  peer.announce(["10.2.0.0/24"]);
  world.run(199_000);
  t.same(held(), ["10.1.0.0/24*", "10.2.0.0/24"]);
  world.run(2000);
  t.same(held(), ["10.2.0.0/24"]);
  t.equal(us.state(THEM), "Established");
  peer.marker(0, REFRESH.END);
  world.run();
  t.same(held(), ["10.2.0.0/24"], "the late end does no harm");
});

t.test("a session that ends in between takes everything along, without graceful restart", async (t) => {
  const { world, us, peer, held } = await stage();
  peer.announce(["10.1.0.0/24"]);
  peer.marker(0, REFRESH.BEGINNING);
  world.run();
  peer.session.reset(4);
  world.run();
  t.not(us.state(THEM), "Established");
  t.same(held(), []);
  world.run(10_000);
  t.equal(us.state(THEM), "Established");
  peer.announce(["10.1.0.0/24"]);
  world.run(250_000);
  t.same(held(), ["10.1.0.0/24"], "nothing of the earlier refresh is left to run out");
});

t.test("a peer that restarts in the middle of a refresh keeps what it had not told again", async (t) => {
  const { world, us, peer, held } = await stage(GRACEFUL);
  peer.announce(["10.1.0.0/24", "10.2.0.0/24"]);
  peer.endOfRib(0);
  peer.endOfRib(1);
  peer.marker(0, REFRESH.BEGINNING);
  peer.announce(["10.2.0.0/24"]);
  world.run();
  t.same(held(), ["10.1.0.0/24*", "10.2.0.0/24"]);
  world.network.cut(US, THEM);
  world.run(100);
  t.same(held(), ["10.1.0.0/24*", "10.2.0.0/24*"], "both may still be there (RFC 4724 §4.2)");
  world.run(10_000);
  t.equal(us.state(THEM), "Established");
  peer.announce(["10.1.0.0/24"]);
  peer.endOfRib(0);
  world.run();
  t.same(held(), ["10.1.0.0/24"]);
});

t.test("before its End-of-RIB a restarting peer's marker is ignored", async (t) => {
  const { world, peer, held } = await stage(GRACEFUL);
  peer.announce(["10.1.0.0/24"]);
  peer.marker(0, REFRESH.BEGINNING);
  world.run();
  t.same(held(), ["10.1.0.0/24"]);
  peer.marker(0, REFRESH.END);
  peer.endOfRib(0);
  world.run();
  t.same(held(), ["10.1.0.0/24"]);
  peer.marker(0, REFRESH.BEGINNING);
  peer.marker(0, REFRESH.END);
  world.run();
  t.same(held(), [], "afterwards it counts");
});

t.test("our own answer stands between markers, asked for or not", async (t) => {
  const { world, us, peer } = await stage();
  peer.heard.length = 0;
  peer.marker(0, REFRESH.REQUEST);
  world.run();
  t.same(peer.heard, ["0/1", "update", "0/2"]);
  peer.heard.length = 0;
  us.speaker.refreshPeer(THEM, "out");
  world.run();
  t.same(
    peer.heard.filter((what) => what.startsWith("0") || what === "update"),
    ["0/1", "update", "0/2"],
  );
  t.same(
    peer.heard.filter((what) => what.startsWith("1")),
    ["1/1", "1/2"],
  );
});

t.test("our beginning never comes before our End-of-RIB", async (t) => {
  const world = new World();
  const us = await world.start(
    US,
    `
as: 64512
gracefulRestart: {deferralSeconds: 60}
peers: [{address: ${THEM}, as: 64512}, {address: 10.0.0.77, as: 64512}]
node: {static: [{prefix: 192.0.2.0/24, type: none}]}`,
  );
  const peer = new ScriptedPeer(world, THEM, US, () => GRACEFUL);
  world.run(3000);
  t.equal(us.state(THEM), "Established");
  peer.heard.length = 0;
  peer.marker(0, REFRESH.REQUEST);
  world.run(100);
  t.same(peer.heard, [], "we restart, and wait for the other peer and this one's End-of-RIB");
  peer.endOfRib(0);
  world.run(20_000);
  t.same(peer.heard, ["update", "0/1", "update", "0/2"], "End-of-RIB, then the refresh");
});
