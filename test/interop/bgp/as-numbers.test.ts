// Options that change what peers are told of AS numbers and next hops, seen at FRR and BIRD 2: local-as, as-override,
// private AS numbers, allowas-in, originated default routes, draining, and next hops of both kinds.

import t, { type Test } from "tap";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import type { NeighborDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(180_000);

const READY = needs(...BIRD2_PROGRAMS, ...FRR_PROGRAMS);
const AS = 64512;
const OURS = "192.0.2.0/24";
const OURS6 = "2001:db8:5::/48";
const FRRS = "198.18.2.0/24";
const FRRS6 = "2001:db8:f::/48";
const BIRDS = "198.18.1.0/24";
const DEFAULT = "0.0.0.0/0";

interface Wanted {
  readonly frr: Partial<NeighborDescription> & { readonly ownAs: number };
  readonly bird: Partial<NeighborDescription> & { readonly ownAs: number };
}

interface Segment {
  readonly us: Host;
  readonly frr: Frr;
  readonly bird: Bird2;
  readonly frrHost: Host;
  readonly birdHost: Host;
  readonly starling: Starling;
}

/** Starts FRR and BIRD, and Starling with what `config` makes of the hosts. */
async function open(
  t: Test,
  wanted: Wanted,
  config: (us: Host, frr: Host, bird: Host) => StarlingConfig,
): Promise<Segment> {
  const lan = await Lan.open(["starling", "frr", "bird"]);
  t.teardown(() => lan.close());
  const [us, frrHost, birdHost] = lan.hosts;
  const neighbor = (changes: Partial<NeighborDescription>): NeighborDescription[] => [
    { address: us.ipv4, as: AS, ...changes },
  ];
  const frr = new Frr(frrHost.namespace, {
    as: wanted.frr.ownAs,
    routerId: frrHost.ipv4,
    neighbors: neighbor(wanted.frr),
    announce: [FRRS, FRRS6],
  });
  const bird = new Bird2(birdHost.namespace, {
    as: wanted.bird.ownAs,
    routerId: birdHost.ipv4,
    neighbors: neighbor(wanted.bird),
    announce: [BIRDS],
  });
  for (const peer of [frr, bird]) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  const starling = new Starling(us.namespace, config(us, frrHost, birdHost));
  t.teardown(() => starling.remove());
  await starling.start();
  return { us, frr, bird, frrHost, birdHost, starling };
}

function baseConfig(us: Host, peers: readonly StarlingConfig[]): StarlingConfig {
  const open = { importPolicy: "everything", exportPolicy: "everything" };
  return {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`, `[${us.ipv6}]:179`],
    kernel: { enabled: false },
    node: { static: [OURS, OURS6].map((prefix) => ({ prefix, type: "none" })) },
    policies: { everything: [{ action: "accept" }] },
    peers: peers.map((peer) => ({ ...open, ...peer })),
  };
}

/** Resolves when the peer's route has that AS path. */
async function path(t: Test, peer: RealPeer, prefix: string, asPath: string): Promise<void> {
  const route = await bestRoute(peer, prefix, (candidate) => candidate.asPath === asPath);
  t.equal(route.asPath, asPath, `${peer.name}: ${prefix}`);
}

t.test("local-as, private AS numbers, originated default routes, draining", READY, async (t) => {
  const wanted = { frr: { ownAs: 4001, as: 65100 }, bird: { ownAs: 65002 } };
  const withPeer = (us: Host, frrHost: Host, birdHost: Host, options: StarlingConfig): StarlingConfig =>
    baseConfig(us, [
      { address: frrHost.ipv4, as: 4001, localAs: 65100, ...options },
      { address: birdHost.ipv4, as: 65002 },
    ]);
  const segment = await open(t, wanted, (us, frr, bird) => withPeer(us, frr, bird, {}));
  const { us, frr, bird, frrHost, birdHost, starling } = segment;
  const reload = async (options: StarlingConfig): Promise<void> => {
    await starling.reload(withPeer(us, frrHost, birdHost, options));
  };

  await t.test("local-as is seen by both sides of us", async (t) => {
    await established(frr, us.ipv4);
    await path(t, frr, OURS, "65100 64512");
    await path(t, frr, BIRDS, "65100 64512 65002");
    await path(t, bird, FRRS, "64512 65100 4001");
  });

  await t.test("no-prepend: it is not seen behind us", async (t) => {
    await reload({ localAsNoPrepend: true });
    await path(t, bird, FRRS, "64512 4001");
    await path(t, frr, BIRDS, "65100 64512 65002");
  });

  await t.test("replace-as: our own AS is not seen by FRR; the session stays", async (t) => {
    await starling.established(frrHost.ipv4);
    const { transitions } = await starling.peer(frrHost.ipv4);
    await reload({ localAsNoPrepend: true, localAsReplaceAs: true });
    await path(t, frr, OURS, "65100");
    await path(t, frr, BIRDS, "65100 65002");
    t.equal((await starling.peer(frrHost.ipv4)).transitions, transitions);
  });

  await t.test("private AS numbers are removed or replaced, our own stays", async (t) => {
    const options = { localAsNoPrepend: true, localAsReplaceAs: true };
    await reload({ ...options, removePrivateAs: "remove" });
    await path(t, frr, BIRDS, "65100");
    await path(t, frr, OURS, "65100");
    await reload({ ...options, removePrivateAs: "replace" });
    await path(t, frr, BIRDS, "65100 65100");
    const shown = await starling.routes("advertised", { peer: frrHost.ipv4, prefix: BIRDS });
    t.same(
      shown.map(({ asPath }) => asPath),
      ["65100 65100"],
      "and we show what we send",
    );
  });

  await t.test("a default route comes and goes with a reload", async (t) => {
    const options = { localAsNoPrepend: true, localAsReplaceAs: true };
    await reload({ ...options, defaultOriginate: true });
    await path(t, frr, DEFAULT, "65100");
    t.same((await bestRoute(frr, DEFAULT)).nextHop, us.ipv4);
    t.ok(
      (await bird.routes("ipv4")).every(({ prefix }) => prefix !== DEFAULT),
      "BIRD has none",
    );
    await reload(options);
    await noRoute(frr, DEFAULT);
    await path(t, frr, OURS, "65100");
  });

  await t.test("draining: GRACEFUL_SHUTDOWN at both, and gone again (RFC 8326)", async (t) => {
    t.equal((await starling.cli("drain", "--all")).code, 0);
    const drained = await bestRoute(frr, OURS, ({ communities }) => communities.length > 0);
    t.match(drained.communities.join(), /graceful-?shutdown|65535:0/i);
    t.equal(drained.localPref, 0, "FRR honours it");
    t.same((await bestRoute(bird, OURS, ({ communities }) => communities.length > 0)).communities, ["65535:0"]);
    t.equal((await starling.cli("drain", "--all", "--off")).code, 0);
    for (const peer of [frr, bird]) {
      const route = await bestRoute(peer, OURS, ({ communities }) => communities.length === 0);
      t.same(route.communities, [], peer.name);
    }
  });
});

t.test("two sites of one AS behind us hear each other by as-override", READY, async (t) => {
  const wanted = { frr: { ownAs: 65001 }, bird: { ownAs: 65001 } };
  const config = (us: Host, hosts: readonly Host[], options: StarlingConfig): StarlingConfig =>
    baseConfig(
      us,
      hosts.map(({ ipv4 }) => ({ address: ipv4, as: 65001, ...options })),
    );
  const segment = await open(t, wanted, (us, ...hosts) => config(us, hosts, {}));
  const { us, frr, bird, frrHost, birdHost, starling } = segment;
  for (const peer of [frr, bird]) {
    await established(peer, us.ipv4);
    await path(t, peer, OURS, "64512");
  }
  t.notOk(
    (await frr.routes("ipv4")).some(({ prefix }) => prefix === BIRDS),
    "otherwise it is a loop",
  );
  await starling.reload(config(us, [frrHost, birdHost], { asOverride: true }));
  await path(t, frr, BIRDS, "64512 64512");
  await path(t, bird, FRRS, "64512 64512");
});

t.test("routes that come back to our AS are used where allowas-in says so", READY, async (t) => {
  const wanted = { frr: { ownAs: 65001 }, bird: { ownAs: 65002 } };
  const config = (us: Host, frr: Host, bird: Host, options: StarlingConfig): StarlingConfig =>
    baseConfig(us, [
      { address: frr.ipv4, as: 65001, ...options },
      { address: bird.ipv4, as: 65002 },
    ]);
  const { us, frr, bird, frrHost, birdHost, starling } = await open(t, wanted, (...hosts) => config(...hosts, {}));
  await established(frr, us.ipv4);
  await frr.vtysh(
    "configure terminal",
    "route-map returning permit 10",
    `set as-path prepend ${AS}`,
    "exit",
    "router bgp 65001",
    "address-family ipv4 unicast",
    `neighbor ${us.ipv4} route-map returning out`,
  );
  await starling.noRoute(FRRS);
  const [refused] = await starling.routes("received", { peer: frrHost.ipv4, prefix: FRRS });
  t.match(refused.reason, /own AS in AS_PATH/);
  await starling.reload(config(us, frrHost, birdHost, { allowAsIn: 1 }));
  await starling.bestRoute(FRRS, ({ asPath }) => asPath === "65001 64512");
  await path(t, bird, FRRS, "64512 65001 64512");
});

t.test("with ADD-PATH the originated default route is one path like the others", READY, async (t) => {
  const wanted = { frr: { ownAs: 65001, addPath: true }, bird: { ownAs: 65002, addPath: true } };
  const config = (us: Host, frr: Host, bird: Host, defaultOriginate: boolean): StarlingConfig =>
    baseConfig(us, [
      { address: frr.ipv4, as: 65001, addPathSend: "all", defaultOriginate },
      { address: bird.ipv4, as: 65002, addPathSend: "all", defaultOriginate },
    ]);
  const { us, frr, bird, frrHost, birdHost, starling } = await open(t, wanted, (...hosts) => config(...hosts, true));
  for (const host of [frrHost, birdHost]) {
    const { capabilities } = await starling.established(host.ipv4);
    t.match(capabilities.join(), /ADD-PATH/i);
  }
  for (const peer of [frr, bird]) {
    await path(t, peer, DEFAULT, "64512");
    await path(t, peer, OURS, "64512");
  }
  await starling.reload(config(us, frrHost, birdHost, false));
  for (const peer of [frr, bird]) {
    await noRoute(peer, DEFAULT);
    await path(t, peer, OURS, "64512");
  }
});

t.test("on a link IPv6 routes go out with both next hops (RFC 2545 §3)", READY, async (t) => {
  const both = { families: ["ipv4", "ipv6"] } as const;
  const wanted = { frr: { ownAs: 65001, ...both }, bird: { ownAs: 65002, ...both } };
  const { us, frr, bird } = await open(t, wanted, (us, ...hosts) => ({
    ...baseConfig(
      us,
      hosts.map(({ ipv4 }, i) => ({ address: ipv4, as: 65001 + i, families: both.families })),
    ),
    kernel: { enabled: true },
  }));
  const linkLocal = /inet6 (fe80::\S+)\//.exec(await us.namespace.exec("ip -6 address show dev eth0"))?.[1] ?? "none";
  for (const peer of [frr, bird]) await established(peer, us.ipv4);
  t.equal((await bestRoute(frr, OURS6)).nextHop, us.ipv6);
  const frrText = await frr.vtysh(`show bgp ipv6 unicast ${OURS6}`);
  t.match(frrText, linkLocal, "FRR has the link-local one too");
  await bestRoute(bird, OURS6);
  const birdText = await bird.birdc(`show route ${OURS6} all`);
  t.match(birdText, `BGP.next_hop: ${us.ipv6} ${linkLocal}`, "BIRD too");
  await path(t, bird, FRRS6, "64512 65001");
});

t.test("IPv4 routes with our IPv6 address as next hop (RFC 8950)", READY, async (t) => {
  const lan = await Lan.open(["starling", "frr", "bird"]);
  t.teardown(() => lan.close());
  const [us, frrHost, birdHost] = lan.hosts;
  for (const { namespace } of lan.hosts) {
    // FRR advertises itself as a router to such neighbours: the addresses made from that would be preferred.
    await namespace.exec("echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_ra; ip -4 address flush dev eth0");
  }
  const session = { address: us.ipv6, as: AS, families: ["ipv4", "ipv6"], extendedNextHop: true } as const;
  const describe = (as: number, host: Host, announce: readonly string[]): ConstructorParameters<typeof Frr>[1] => ({
    as,
    routerId: host.ipv4,
    neighbors: [session],
    announce,
  });
  const frr = new Frr(frrHost.namespace, describe(65001, frrHost, [FRRS, FRRS6]));
  const bird = new Bird2(birdHost.namespace, describe(AS, birdHost, [BIRDS]));
  for (const peer of [frr, bird]) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  const options = { families: ["ipv4", "ipv6"], extendedNextHop: true };
  const starling = new Starling(us.namespace, {
    ...baseConfig(us, [
      { address: frrHost.ipv6, as: 65001, ...options },
      { address: birdHost.ipv6, as: AS, nextHop: "selfExternal", ...options },
    ]),
    listen: [`[${us.ipv6}]:179`],
    kernel: { enabled: true },
  });
  t.teardown(() => starling.remove());
  await starling.start();
  for (const host of [frrHost, birdHost]) await starling.established(host.ipv6);
  t.equal((await bestRoute(frr, OURS)).nextHop, us.ipv6, "external peer, IPv4");
  t.equal((await bestRoute(frr, OURS6)).nextHop, us.ipv6, "external peer, IPv6");
  t.equal((await bestRoute(frr, BIRDS)).nextHop, us.ipv6, "a route of the internal one");
  t.equal((await bestRoute(bird, FRRS)).nextHop, us.ipv6, "internal peer, IPv4, a route of the external one");
  t.equal((await bestRoute(bird, FRRS6)).nextHop, us.ipv6, "internal peer, IPv6");
  for (const [prefix, host] of [
    [FRRS, frrHost],
    [BIRDS, birdHost],
  ] as const) {
    const text = await eventually(`${prefix} in the kernel`, async () => {
      const line = await us.namespace.exec(`ip -4 route show ${prefix}`);
      return line === "" ? undefined : line;
    });
    t.match(text, `via inet6 ${host.ipv6} dev eth0`);
  }
});
