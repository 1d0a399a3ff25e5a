// The harness itself: the real peers among themselves, without Starling. If this fails, the other interop tests say nothing.

import t from "tap";
import { eventually } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { sameFields } from "../../support/same-fields.js";

// Real daemons take seconds to connect.
t.setTimeout(120_000);

const READY = needs(...BIRD2_PROGRAMS, ...FRR_PROGRAMS, ...GOBGP_PROGRAMS);

t.test("BIRD 2, FRR and GoBGP exchange routes of both families by eBGP", READY, async (t) => {
  const lan = await Lan.open(["bird", "frr", "gobgp"]);
  t.teardown(() => lan.close());
  const [birdHost, frrHost, gobgpHost] = lan.hosts;
  const bird = new Bird2(birdHost.namespace, {
    as: 65001,
    routerId: "10.0.0.1",
    neighbors: [
      { address: frrHost.ipv4, as: 65002 },
      { address: frrHost.ipv6, as: 65002 },
    ],
    announce: ["192.0.2.0/25", "2001:db8:1::/48"],
    communities: ["65001:7"],
  });
  const frr = new Frr(frrHost.namespace, {
    as: 65002,
    routerId: "10.0.0.2",
    neighbors: [
      { address: birdHost.ipv4, as: 65001 },
      { address: birdHost.ipv6, as: 65001 },
      { address: gobgpHost.ipv4, as: 65003 },
      { address: gobgpHost.ipv6, as: 65003 },
    ],
    announce: ["198.51.100.0/24", "2001:db8:2::/48"],
    communities: ["65002:8"],
  });
  const gobgp = new Gobgp(gobgpHost.namespace, {
    as: 65003,
    routerId: "10.0.0.3",
    neighbors: [
      { address: frrHost.ipv4, as: 65002 },
      { address: frrHost.ipv6, as: 65002 },
    ],
    announce: ["203.0.113.0/24", "2001:db8:3::/48"],
    communities: ["65003:9"],
  });
  for (const peer of [bird, frr, gobgp]) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  for (const address of [frrHost.ipv4, frrHost.ipv6]) await established(bird, address);
  for (const address of [birdHost.ipv4, birdHost.ipv6, gobgpHost.ipv4, gobgpHost.ipv6]) await established(frr, address);
  for (const address of [frrHost.ipv4, frrHost.ipv6]) await established(gobgp, address);

  const atGobgp = await bestRoute(gobgp, "192.0.2.0/25");
  t.equal(atGobgp.asPath, "65002 65001");
  t.strictSame(atGobgp.communities, ["65001:7"]);
  t.equal((await bestRoute(gobgp, "2001:db8:1::/48")).asPath, "65002 65001");
  sameFields(
    t,
    await bestRoute(frr, "192.0.2.0/25"),
    { nextHop: birdHost.ipv4, asPath: "65001", communities: ["65001:7"] },
    "frr: 192.0.2.0/25",
  );
  sameFields(
    t,
    await bestRoute(frr, "2001:db8:3::/48"),
    {
      nextHop: gobgpHost.ipv6,
      asPath: "65003",
      communities: ["65003:9"],
    },
    "frr: 2001:db8:3::/48",
  );
  const atBird = await bestRoute(bird, "203.0.113.0/24");
  sameFields(
    t,
    atBird,
    { asPath: "65002 65003", communities: ["65003:9"], best: true, stale: false },
    "bird: 203.0.113.0/24",
  );
  sameFields(
    t,
    await bestRoute(bird, "198.51.100.0/24"),
    {
      nextHop: frrHost.ipv4,
      asPath: "65002",
      communities: ["65002:8"],
    },
    "bird: 198.51.100.0/24",
  );
  t.equal((await bestRoute(bird, "2001:db8:2::/48")).nextHop, frrHost.ipv6);

  for (const peer of [bird, gobgp]) await peer.announce("192.0.2.128/32");
  await eventually("both ways to 192.0.2.128/32 at FRR", async () => {
    const ways = (await frr.routes("ipv4")).filter((each) => each.prefix === "192.0.2.128/32");
    if (ways.length !== 2) throw new Error(JSON.stringify(ways));
    return ways.filter((each) => each.best).length === 1;
  });
  await gobgp.withdraw("192.0.2.128/32");
  await bird.withdraw("192.0.2.128/32");
  await noRoute(frr, "192.0.2.128/32");

  await bird.shutdown(frrHost.ipv4, "tea break");
  await eventually("shutdown text at FRR", async () =>
    (await frr.neighborState(birdHost.ipv4)).text.includes("tea break"),
  );
  t.not((await bird.neighborState(frrHost.ipv4)).state, "Established");
  await bird.kill();
  await bird.start();
  for (const address of [frrHost.ipv4, frrHost.ipv6]) await established(bird, address);
});

t.test("BIRD 2 as iBGP peer reflects between FRR and GoBGP", READY, async (t) => {
  const lan = await Lan.open(["bird", "frr", "gobgp"]);
  t.teardown(() => lan.close());
  const [birdHost, frrHost, gobgpHost] = lan.hosts;
  const as = 65000;
  const toBird = [{ address: birdHost.ipv4, as, families: ["ipv4", "ipv6"] as const }];
  const bird = new Bird2(birdHost.namespace, {
    as,
    routerId: "10.0.0.1",
    neighbors: [frrHost, gobgpHost].map(({ ipv4 }) => ({
      address: ipv4,
      as,
      rrClient: true,
      families: ["ipv4", "ipv6"] as const,
    })),
  });
  const announce = ["198.51.100.0/24", "2001:db8:2::/48"];
  const frr = new Frr(frrHost.namespace, { as, routerId: "10.0.0.2", neighbors: toBird, announce });
  const gobgp = new Gobgp(gobgpHost.namespace, {
    as,
    routerId: "10.0.0.3",
    neighbors: toBird,
    announce: ["203.0.113.0/24"],
  });
  for (const peer of [bird, frr, gobgp]) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  const expected = { localPref: 100, originatorId: "10.0.0.2", clusterList: ["10.0.0.1"], asPath: "" };
  sameFields(
    t,
    await bestRoute(gobgp, "198.51.100.0/24"),
    { ...expected, nextHop: frrHost.ipv4 },
    "gobgp: 198.51.100.0/24",
  );
  sameFields(
    t,
    await bestRoute(gobgp, "2001:db8:2::/48"),
    { ...expected, nextHop: frrHost.ipv6 },
    "gobgp: 2001:db8:2::/48",
  );
  const back = { localPref: 100, originatorId: "10.0.0.3", clusterList: ["10.0.0.1"], nextHop: gobgpHost.ipv4 };
  sameFields(t, await bestRoute(frr, "203.0.113.0/24"), back, "frr: 203.0.113.0/24");
  sameFields(
    t,
    await bestRoute(bird, "203.0.113.0/24"),
    { localPref: 100, nextHop: gobgpHost.ipv4, clusterList: [] },
    "bird: 203.0.113.0/24",
  );
});
