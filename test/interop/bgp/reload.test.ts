// Reloading the configuration under running sessions: what did not change is not touched, a bad file changes nothing.

import { readFile } from "node:fs/promises";
import t from "tap";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(120_000);

const AS = 65000;
const OURS = "192.0.2.0/24";
const READY = needs(...BIRD2_PROGRAMS, ...FRR_PROGRAMS, ...GOBGP_PROGRAMS);

function config(us: Host, peers: readonly StarlingConfig[]): StarlingConfig {
  return {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    node: { static: [{ prefix: OURS, type: "none" }] },
    policies: { nothing: [{ action: "reject" }] },
    peers,
  };
}

t.test("reload adds, changes and removes peers and leaves the others alone", READY, async (t) => {
  const lan = await Lan.open(["starling", "bird", "frr", "gobgp"]);
  t.teardown(() => lan.close());
  const [us, birdHost, frrHost, gobgpHost] = lan.hosts;
  const toUs = [{ address: us.ipv4, as: AS }];
  const bird = new Bird2(birdHost.namespace, { as: AS, routerId: birdHost.ipv4, neighbors: toUs });
  const frr = new Frr(frrHost.namespace, { as: AS, routerId: frrHost.ipv4, neighbors: toUs });
  const gobgp = new Gobgp(gobgpHost.namespace, { as: AS, routerId: gobgpHost.ipv4, neighbors: toUs });
  const birdPeer = { address: birdHost.ipv4, as: AS };
  const frrPeer = { address: frrHost.ipv4, as: AS };
  const gobgpPeer = { address: gobgpHost.ipv4, as: AS };
  const starling = new Starling(us.namespace, config(us, [birdPeer, frrPeer]));
  for (const peer of [bird, frr, gobgp]) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  t.teardown(() => starling.remove());
  await starling.start();
  for (const peer of [bird, frr]) {
    await established(peer, us.ipv4);
    await bestRoute(peer, OURS);
  }
  const birdBefore = await starling.established(birdHost.ipv4);
  const frrBefore = await starling.established(frrHost.ipv4);

  await t.test("a peer is added", async (t) => {
    t.match(await starling.reload(config(us, [birdPeer, frrPeer, gobgpPeer])), gobgpHost.ipv4, "it says what it added");
    await established(gobgp, us.ipv4);
    await bestRoute(gobgp, OURS);
    for (const before of [birdBefore, frrBefore]) {
      const after = await starling.peer(before.address);
      t.equal(after.since, before.since, `${before.address}: the session is the same`);
      t.equal(after.transitions, 1);
      t.equal(after.messages.sent.open, before.messages.sent.open);
      t.equal(after.messages.sent.update, before.messages.sent.update, `${before.address}: no UPDATE was sent again`);
    }
  });

  await t.test("a file with a mistake changes nothing and says where it is", async (t) => {
    await starling.writeConfig({ ...config(us, [birdPeer]), routerId: "10.0.0.999" });
    const { code, stderr } = await starling.cli("reload");
    t.equal(code, 1);
    const line = Number(/config\.yaml:(\d+):\d+: .*10\.0\.0\.999/.exec(stderr)?.[1] ?? NaN);
    const lines = (await readFile(starling.path("config.yaml"), "utf8")).split("\n");
    t.match(lines[line - 1], /routerId/, "the line it names is the one with the mistake");
    const { status, peers } = await starling.status();
    t.equal(status.lastReload.ok, false);
    t.equal(peers.length, 3);
    t.ok(
      peers.every((peer) => peer.state === "Established" && peer.transitions === 1),
      "all sessions stay",
    );
  });

  await t.test("an export policy changes for one peer without a new session", async (t) => {
    await starling.reload(config(us, [birdPeer, { ...frrPeer, exportPolicy: "nothing" }, gobgpPeer]));
    await noRoute(frr, OURS);
    t.ok(await bestRoute(bird, OURS), "the other peer keeps the route");
    const frrAfter = await starling.peer(frrHost.ipv4);
    t.equal(frrAfter.transitions, 1);
    t.equal(frrAfter.since, frrBefore.since);
    t.equal((await starling.peer(birdHost.ipv4)).messages.sent.update, birdBefore.messages.sent.update);
  });

  await t.test("a peer is removed and told so", async (t) => {
    await starling.reload(config(us, [frrPeer, gobgpPeer]));
    const text = await eventually("the Cease at BIRD", async () => {
      const { state, text } = await bird.neighborState(us.ipv4);
      return state === "Established" || !text.includes("Received") ? undefined : text;
    });
    // RFC 4486: 6/3
    t.match(text, /Peer de-configured/i);
    await noRoute(bird, OURS);
    t.equal((await starling.status()).peers.length, 2);
    t.equal((await starling.peer(frrHost.ipv4)).transitions, 1);
    t.ok(await bestRoute(frr, OURS), "FRR has the route again");
  });
});
