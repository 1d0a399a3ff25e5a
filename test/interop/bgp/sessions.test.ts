// Starling with BIRD 2, FRR and GoBGP on one segment: sessions and routes both ways, by eBGP and as route reflector,
// IPv4 and IPv6, judged by what the peers' own command lines say.

import t, { type Test } from "tap";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { sameFields } from "../../support/same-fields.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(180_000);

const READY = needs(...BIRD2_PROGRAMS, ...FRR_PROGRAMS, ...GOBGP_PROGRAMS);
const AS = 65000;

/** What each peer announces: an IPv4 and an IPv6 prefix. */
const ANNOUNCED = {
  bird: ["198.18.1.0/24", "2001:db8:b::/48"],
  frr: ["198.18.2.0/24", "2001:db8:f::/48"],
  gobgp: ["198.18.3.0/24", "2001:db8:60::/48"],
} as const;
const OURS = ["192.0.2.0/24", "2001:db8:5::/48"] as const;

interface Segment {
  readonly lan: Lan;
  readonly starling: Starling;
  readonly us: Host;
  readonly peers: readonly [RealPeer, RealPeer, RealPeer];
  /** Hosts of the peers, in the same order. */
  readonly hosts: readonly Host[];
}

/** Everything Starling needs beside `peers`. */
function baseConfig(us: Host): StarlingConfig {
  return {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`, `[${us.ipv6}]:179`],
    kernel: { enabled: false },
    node: { static: OURS.map((prefix) => ({ prefix, type: "none" })) },
    log: { level: "debug" },
  };
}

/** Starts the peers and Starling; each peer has an IPv4 and an IPv6 session with it. */
async function openSegment(t: Test, asOf: (index: number) => number, config: StarlingConfig): Promise<Segment> {
  const lan = await Lan.open(["starling", "bird", "frr", "gobgp"]);
  t.teardown(() => lan.close());
  const [us, ...hosts] = lan.hosts;
  const describe = (index: number, announce: readonly string[]): PeerDescription => ({
    as: asOf(index),
    routerId: hosts[index].ipv4,
    neighbors: [us.ipv4, us.ipv6].map((address) => ({ address, as: AS })),
    announce,
    communities: [`65000:${index + 1}`],
  });
  const peers = [
    new Bird2(hosts[0].namespace, describe(0, ANNOUNCED.bird)),
    new Frr(hosts[1].namespace, describe(1, ANNOUNCED.frr)),
    new Gobgp(hosts[2].namespace, describe(2, ANNOUNCED.gobgp)),
  ] as const;
  const starling = new Starling(us.namespace, { ...baseConfig(us), ...config });
  for (const peer of peers) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  t.teardown(() => starling.remove());
  await starling.start();
  return { lan, starling, us, hosts, peers };
}

t.test("eBGP with BIRD 2, FRR and GoBGP: sessions and routes both ways, IPv4 and IPv6", READY, async (t) => {
  const asOf = (index: number): number => 65001 + index;
  const policies = { importPolicy: "accept", exportPolicy: "accept", nextHop: "self" };
  const hostNumbers = [2, 3, 4];
  const peersConfig = hostNumbers.flatMap((number, i) => [
    { address: `10.0.0.${number}`, as: asOf(i), ...policies },
    { address: `fd00::${number}`, as: asOf(i), ...policies },
  ]);
  const { starling, us, hosts, peers } = await openSegment(t, asOf, { peers: peersConfig });

  for (const [i, peer] of peers.entries()) {
    for (const address of [us.ipv4, us.ipv6]) t.ok(await established(peer, address), `${peer.name}: ${address}`);
    t.equal((await starling.established(hosts[i].ipv4)).as, asOf(i));
    await starling.established(hosts[i].ipv6);
    const plain = { asPath: "65000", communities: [], originatorId: undefined, clusterList: [] };
    sameFields(t, await bestRoute(peer, OURS[0]), { ...plain, nextHop: us.ipv4 }, `${peer.name}: our IPv4 route`);
    sameFields(t, await bestRoute(peer, OURS[1]), { ...plain, nextHop: us.ipv6 }, `${peer.name}: our IPv6 route`);
  }

  for (const [from, [ipv4, ipv6]] of Object.values(ANNOUNCED).entries()) {
    const community = `65000:${from + 1}`;
    // GoBGP announces what its command line was told with ORIGIN INCOMPLETE.
    const expected = {
      asPath: String(asOf(from)),
      communities: [community],
      origin: from === 2 ? "INCOMPLETE" : "IGP",
    };
    sameFields(t, await starling.bestRoute(ipv4), { ...expected, nextHop: hosts[from].ipv4 }, `ours: ${ipv4}`);
    sameFields(t, await starling.bestRoute(ipv6), { ...expected, nextHop: hosts[from].ipv6 }, `ours: ${ipv6}`);
    for (const [to, peer] of peers.entries()) {
      if (to === from) continue;
      const passedOn = { asPath: `65000 ${asOf(from)}`, communities: [community] };
      sameFields(t, await bestRoute(peer, ipv4), { ...passedOn, nextHop: us.ipv4 }, `${peer.name}: ${ipv4}`);
      sameFields(t, await bestRoute(peer, ipv6), { ...passedOn, nextHop: us.ipv6 }, `${peer.name}: ${ipv6}`);
    }
  }

  // Withdrawals: of a peer's route through us, and of our own.
  await peers[0].withdraw(ANNOUNCED.bird[0]);
  await peers[1].withdraw(ANNOUNCED.frr[1]);
  await starling.noRoute(ANNOUNCED.bird[0]);
  await noRoute(peers[1], ANNOUNCED.bird[0]);
  await noRoute(peers[2], ANNOUNCED.bird[0]);
  await noRoute(peers[0], ANNOUNCED.frr[1]);
  t.ok(await bestRoute(peers[2], ANNOUNCED.bird[1]), "the other routes stay");
  await starling.reload({ ...baseConfig(us), node: {}, peers: peersConfig });
  for (const peer of peers) {
    await noRoute(peer, OURS[0]);
    await noRoute(peer, OURS[1]);
  }
  t.equal((await starling.peer(hosts[0].ipv4)).transitions, 1, "no session was reset");
});

t.test("iBGP route reflector for BIRD 2, FRR and GoBGP: clients see each other's routes", READY, async (t) => {
  const clients = (isClient: readonly boolean[]): StarlingConfig[] =>
    isClient.flatMap((routeReflectorClient, i) => [
      { address: `10.0.0.${i + 2}`, as: AS, routeReflectorClient },
      { address: `fd00::${i + 2}`, as: AS, routeReflectorClient },
    ]);
  const { starling, us, hosts, peers } = await openSegment(t, () => AS, { peers: clients([true, true, true]) });

  for (const peer of peers) {
    for (const address of [us.ipv4, us.ipv6]) t.ok(await established(peer, address), `${peer.name}: ${address}`);
    const ours = { asPath: "", localPref: 100, originatorId: undefined, clusterList: [] };
    sameFields(t, await bestRoute(peer, OURS[0]), { ...ours, nextHop: us.ipv4 }, `${peer.name}: our IPv4 route`);
    sameFields(t, await bestRoute(peer, OURS[1]), { ...ours, nextHop: us.ipv6 }, `${peer.name}: our IPv6 route`);
  }
  for (const [from, [ipv4, ipv6]] of Object.values(ANNOUNCED).entries()) {
    const reflected = {
      asPath: "",
      localPref: 100,
      communities: [`65000:${from + 1}`],
      originatorId: hosts[from].ipv4,
      clusterList: [us.ipv4],
    };
    for (const [to, peer] of peers.entries()) {
      if (to === from) continue;
      sameFields(t, await bestRoute(peer, ipv4), { ...reflected, nextHop: hosts[from].ipv4 }, `${peer.name}: ${ipv4}`);
      sameFields(t, await bestRoute(peer, ipv6), { ...reflected, nextHop: hosts[from].ipv6 }, `${peer.name}: ${ipv6}`);
    }
    for (const prefix of [ipv4, ipv6]) {
      const own = (await peers[from].routes(prefix.includes(":") ? "ipv6" : "ipv4")).filter((r) => r.prefix === prefix);
      t.strictSame(own, [], `${peers[from].name} does not get its own ${prefix} back`);
    }
  }

  // RFC 4456 §6: between non-clients nothing is reflected, between them and a client everything.
  await starling.reload({ ...baseConfig(us), peers: clients([false, false, true]) });
  await noRoute(peers[0], ANNOUNCED.frr[0]);
  await noRoute(peers[0], ANNOUNCED.frr[1]);
  await noRoute(peers[1], ANNOUNCED.bird[0]);
  await noRoute(peers[1], ANNOUNCED.bird[1]);
  for (const prefix of ANNOUNCED.gobgp) {
    t.ok(await bestRoute(peers[0], prefix), `BIRD 2, not a client, has the client's ${prefix}`);
    t.ok(await bestRoute(peers[1], prefix), `FRR, not a client, has the client's ${prefix}`);
  }
  for (const prefix of [...ANNOUNCED.bird, ...ANNOUNCED.frr]) {
    t.ok(await bestRoute(peers[2], prefix), `GoBGP, the client, has the non-client's ${prefix}`);
  }
});
