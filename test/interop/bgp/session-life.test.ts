// The life of one session with each of BIRD 2, FRR and GoBGP: a hold time of 3 s, route refresh, graceful restart of
// either side, administrative shutdown with a text, an AS number that was not expected.

import t, { type Test } from "tap";
import { eventually, pause } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(240_000);
// Most of the time everybody waits for somebody's timer.
t.jobs = 3;

const OURS = "192.0.2.0/24";
const THEIRS = "198.18.1.0/24";
const THEIRS_IPV6 = "2001:db8:b::/48";
const OUR_AS = 65000;
const PEER_AS = 65001;
const HOLD_TIME_SECONDS = 3;

interface Row {
  readonly name: string;
  readonly programs: readonly string[];
  /** GoBGP keeps what it received and never asks for it again. */
  readonly asksForRefresh: boolean;
  readonly make: (host: Host, description: PeerDescription) => RealPeer;
}

const ROWS: readonly Row[] = [
  { name: "BIRD 2", programs: BIRD2_PROGRAMS, asksForRefresh: true, make: (host, it) => new Bird2(host.namespace, it) },
  { name: "FRR", programs: FRR_PROGRAMS, asksForRefresh: true, make: (host, it) => new Frr(host.namespace, it) },
  { name: "GoBGP", programs: GOBGP_PROGRAMS, asksForRefresh: false, make: (host, it) => new Gobgp(host.namespace, it) },
];

interface Pair {
  readonly starling: Starling;
  readonly peer: RealPeer;
  readonly us: Host;
  readonly them: Host;
}

function ourConfig(us: Host, them: Host, peerOptions: StarlingConfig = {}): StarlingConfig {
  return {
    routerId: us.ipv4,
    as: OUR_AS,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    gracefulRestart: { restartTimeSeconds: 60 },
    node: { static: [{ prefix: OURS, type: "none" }] },
    peers: [
      {
        address: them.ipv4,
        as: PEER_AS,
        holdTimeSeconds: HOLD_TIME_SECONDS,
        importPolicy: "accept",
        exportPolicy: "accept",
        connectRetrySeconds: 1,
        ...peerOptions,
      },
    ],
    log: { level: "debug" },
  };
}

async function openPair(t: Test, row: Row, peerOptions: StarlingConfig = {}): Promise<Pair> {
  const lan = await Lan.open(["starling", "peer"]);
  t.teardown(() => lan.close());
  const [us, them] = lan.hosts;
  const peer = row.make(them, {
    as: PEER_AS,
    routerId: them.ipv4,
    neighbors: [{ address: us.ipv4, as: OUR_AS, gracefulRestart: true, holdTimeSeconds: HOLD_TIME_SECONDS }],
    announce: [THEIRS, THEIRS_IPV6],
  });
  const starling = new Starling(us.namespace, ourConfig(us, them, peerOptions));
  t.teardown(() => peer.stop());
  await peer.start();
  t.teardown(() => starling.remove());
  await starling.start();
  return { starling, peer, us, them };
}

for (const row of ROWS) {
  t.test(`${row.name}: hold time, refresh, restarts and shutdown`, options(row), async (t) => {
    const pair = await openPair(t, row);
    const { starling, peer, us, them } = pair;
    await starling.established(them.ipv4);
    await established(peer, us.ipv4);
    await bestRoute(peer, OURS);
    await starling.bestRoute(THEIRS);
    const upAt = performance.now();

    if (row.asksForRefresh) {
      await t.test("a peer's ROUTE-REFRESH is answered", async (t) => {
        const before = (await starling.peer(them.ipv4)).messages;
        await peer.refresh(us.ipv4);
        const after = await starling.peerWhen(
          them.ipv4,
          "has answered a ROUTE-REFRESH",
          ({ messages }) =>
            messages.received.routeRefresh > before.received.routeRefresh && messages.sent.update > before.sent.update,
        );
        t.equal(after.transitions, 1);
        t.ok(await bestRoute(peer, OURS), "it still has our route");
      });
    }

    await t.test("our ROUTE-REFRESH is answered", async (t) => {
      const before = (await starling.peer(them.ipv4)).messages;
      t.equal((await starling.cli("peer", "refresh", them.ipv4, "--direction", "in")).code, 0);
      const after = await starling.peerWhen(
        them.ipv4,
        "was sent everything again",
        ({ messages }) =>
          messages.sent.routeRefresh > before.sent.routeRefresh && messages.received.update > before.received.update,
      );
      t.equal(after.transitions, 1);
      t.ok(await starling.bestRoute(THEIRS, ({ stale }) => !stale), "we still have its route");
    });

    await t.test("the session outlives its hold time three times", async (t) => {
      await pause(Math.max(0, 3 * HOLD_TIME_SECONDS * 1000 + 500 - (performance.now() - upAt)));
      const status = await starling.peer(them.ipv4);
      t.equal(status.holdTimeSeconds, HOLD_TIME_SECONDS);
      t.equal(status.transitions, 1);
      t.equal(status.state, "Established");
      t.equal((await peer.neighborState(us.ipv4)).state, "Established");
    });

    await t.test("Starling is killed and comes back: the peer keeps its routes", async (t) => {
      await starling.kill();
      t.ok(await bestRoute(peer, OURS, (route) => route.stale), "the route is stale, and still the best");
      let losses = 0;
      let asked = 0;
      const watched = watch(async () => {
        asked++;
        if (!(await peer.routes("ipv4")).some((route) => route.prefix === OURS && route.best)) losses++;
      });
      await starling.start();
      await starling.established(them.ipv4);
      await bestRoute(peer, OURS, (route) => !route.stale);
      await watched.end();
      t.ok(asked > 2, `asked ${asked} times`);
      t.equal(losses, 0, "it was never without it");
      t.ok(await starling.bestRoute(THEIRS), "and we have its route again");
    });

    await t.test("the peer is killed and comes back: we keep its routes", async (t) => {
      await peer.kill();
      const kept = await starling.bestRoute(THEIRS, (route) => route.stale);
      t.equal(kept.from, them.ipv4);
      const down = await starling.peer(them.ipv4);
      t.not(down.state, "Established");
      t.ok(
        down.families.some((family) => family.family === "ipv4" && family.stale >= 1),
        "status counts stale routes",
      );
      await peer.start();
      await starling.established(them.ipv4);
      t.equal((await starling.bestRoute(THEIRS, (route) => !route.stale)).from, them.ipv4);
    });

    await t.test("our administrative shutdown tells the peer why", async (t) => {
      t.equal((await starling.cli("peer", "disable", them.ipv4, "--reason", "moving to rack 7")).code, 0);
      const text = await eventually(`${row.name} says why`, async () => {
        const { state, text } = await peer.neighborState(us.ipv4);
        const all = `${text}\n${peer.log()}`;
        if (state === "Established" || !all.includes("moving to rack 7")) throw new Error(all.slice(-3000));
        return all;
      });
      t.match(text, "moving to rack 7");
      await noRoute(peer, OURS);
      const status = await starling.peer(them.ipv4);
      t.equal(status.adminDown, true);
      t.equal((await starling.cli("peer", "enable", them.ipv4)).code, 0);
      await starling.established(them.ipv4);
      t.ok(await bestRoute(peer, OURS), "enabled again, it has our route");
    });

    await t.test("the peer's administrative shutdown is told in words", async (t) => {
      await peer.shutdown(us.ipv4, "tea break");
      const status = await starling.peerWhen(them.ipv4, "is down", ({ state }) => state !== "Established");
      t.match(status.lastError ?? "", /administrative shutdown/i);
      t.match(status.lastError ?? "", /tea break/);
      t.match(status.info, /tea break/);
      await starling.noRoute(THEIRS);
    });
  });

  t.test(`${row.name}: an unexpected AS number is told in words`, options(row), async (t) => {
    const { starling, them } = await openPair(t, row, { as: 65099 });
    const status = await starling.peerWhen(
      them.ipv4,
      "tells the AS number that came and the one that should",
      ({ info }) => info.includes(String(PEER_AS)) && info.includes("65099"),
    );
    t.match(status.info, /\bAS\b/);
    t.not(status.state, "Established");
  });
}

function options(row: Row): { readonly buffered: true; readonly skip?: string } {
  return { buffered: true, ...needs(...row.programs) };
}

/** Runs `look` again and again until end is called. */
function watch(look: () => Promise<void>): { readonly end: () => Promise<void> } {
  let isOver = false;
  const watching = (async () => {
    while (!isOver) await look();
  })();
  return {
    end: async () => {
      isOver = true;
      await watching;
    },
  };
}
