// ADD-PATH with BIRD 2, FRR and GoBGP (RFC 7911): Starling tells each of them several paths of a prefix, and takes several
// from each; judged by what the peers' own command lines and ours say.

import t, { type Test } from "tap";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import {
  familyOfText,
  type NeighborDescription,
  type PeerDescription,
  type PeerRoute,
  type RealPeer,
} from "../../support/peers/real-peer.js";
import { established } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(240_000);

const READY = needs(...BIRD2_PROGRAMS, ...FRR_PROGRAMS, ...GOBGP_PROGRAMS);
const AS = 65000;
/** What everybody has. */
const SHARED = ["198.18.0.0/24", "2001:db8:18::/48"] as const;
const [SHARED4, SHARED6] = SHARED;

interface Segment {
  readonly us: Host;
  readonly hosts: readonly Host[];
  readonly starling: Starling;
  readonly peers: readonly RealPeer[];
}

/** Starling and three peers that announce the same prefixes. */
async function openSegment(
  t: Test,
  describe: (index: number, hosts: readonly Host[]) => Omit<PeerDescription, "routerId" | "announce">,
  config: (us: Host, hosts: readonly Host[]) => StarlingConfig,
): Promise<Segment> {
  const lan = await Lan.open(["starling", "bird", "frr", "gobgp"]);
  t.teardown(() => lan.close());
  const [us, ...hosts] = lan.hosts;
  const description = (i: number): PeerDescription => ({
    ...describe(i, lan.hosts),
    routerId: hosts[i].ipv4,
    announce: SHARED,
  });
  const peers = [
    new Bird2(hosts[0].namespace, description(0)),
    new Frr(hosts[1].namespace, description(1)),
    new Gobgp(hosts[2].namespace, description(2)),
  ];
  const starling = new Starling(us.namespace, {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`, `[${us.ipv6}]:179`],
    kernel: { enabled: false },
    log: { level: "debug" },
    ...config(us, hosts),
  });
  for (const peer of peers) {
    t.teardown(() => peer.stop());
    await peer.start();
  }
  t.teardown(() => starling.remove());
  await starling.start();
  for (const peer of peers) for (const address of [us.ipv4, us.ipv6]) await established(peer, address);
  return { us, hosts, starling, peers };
}

/** Resolves when what the peer shows of its paths of the prefix, sorted, is this. */
async function hasPaths(
  t: Test,
  peer: RealPeer,
  prefix: string,
  show: (route: PeerRoute) => string | undefined,
  wanted: readonly string[],
): Promise<void> {
  const expected = [...wanted].sort();
  const found = await eventually(`${peer.name}: paths of ${prefix}`, async () => {
    const routes = await peer.routes(familyOfText(prefix));
    const paths = routes.flatMap((route) => (route.prefix === prefix ? (show(route) ?? []) : [])).sort();
    if (paths.join() !== expected.join()) throw new Error(`${paths.join()} instead of ${expected.join()}`);
    return paths;
  });
  t.same(found, expected, `${peer.name}: ${prefix}`);
}

/** The same of what Starling has received from a peer: AS paths. */
async function receivedPaths(t: Test, starling: Starling, from: string, prefix: string, wanted: string[]) {
  const expected = [...wanted].sort();
  const found = await eventually(`starling: paths of ${prefix} from ${from}`, async () => {
    // FRR tells us our own paths too: loops.
    const routes = (await starling.routes("received", { peer: from, prefix })).filter(
      ({ asPath }) => !asPath.split(" ").includes(String(AS)),
    );
    const paths = routes.map(({ asPath }) => asPath).sort();
    if (paths.join() !== expected.join()) throw new Error(`${paths.join()} instead of ${expected.join()}`);
    return routes;
  });
  t.equal(new Set(found.map(({ pathId }) => pathId)).size, expected.length, `identifiers of paths from ${from}`);
}

t.test("a reflector tells BIRD 2, FRR and GoBGP three paths of a prefix", READY, async (t) => {
  const client = { as: AS, routeReflectorClient: true, addPathSend: "all" };
  const { us, hosts, starling, peers } = await openSegment(
    t,
    (_, [{ ipv4, ipv6 }]) => ({
      as: AS,
      neighbors: [ipv4, ipv6].map((address) => ({ address, as: AS, addPath: true })),
    }),
    (_, others) => ({
      peers: others.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].map((address) => ({ address, ...client }))),
      node: { static: SHARED.map((prefix) => ({ prefix, type: "none" })) },
    }),
  );
  const nextHop = (route: PeerRoute): string => route.nextHop;
  for (const [i, peer] of peers.entries()) {
    const others = [us, ...hosts.filter((_, j) => j !== i)];
    await hasPaths(t, peer, SHARED4, nextHop, others.map(({ ipv4 }) => ipv4)); // prettier-ignore
    await hasPaths(t, peer, SHARED6, nextHop, others.map(({ ipv6 }) => ipv6)); // prettier-ignore
    t.equal((await starling.routes("advertised", { peer: hosts[i].ipv4, prefix: SHARED4 })).length, 3);
  }

  // One origin leaves: its path goes, the others stay.
  await peers[0].withdraw(SHARED4);
  await hasPaths(t, peers[1], SHARED4, nextHop, [us.ipv4, hosts[2].ipv4]);
  await hasPaths(t, peers[2], SHARED4, nextHop, [us.ipv4, hosts[1].ipv4]);
  await peers[0].announce(SHARED4);
  await hasPaths(t, peers[1], SHARED4, nextHop, [us.ipv4, hosts[0].ipv4, hosts[2].ipv4]);

  // Told again, nothing doubles.
  for (const peer of peers) await peer.refresh(us.ipv4);
  for (const [i, peer] of peers.entries()) {
    const others = [us, ...hosts.filter((_, j) => j !== i)];
    await hasPaths(t, peer, SHARED4, nextHop, others.map(({ ipv4 }) => ipv4)); // prettier-ignore
  }
});

t.test("BIRD 2, FRR and GoBGP tell Starling several paths, and it passes on the best two", READY, async (t) => {
  const asOf = (index: number): number => 65001 + index;
  const { hosts, starling, peers } = await openSegment(
    t,
    (index, [{ ipv4, ipv6 }, ...all]) => {
      const ours = [ipv4, ipv6].map((address) => ({ address, as: AS, addPath: true }));
      const others = all.flatMap((other, i): readonly NeighborDescription[] =>
        i === index ? [] : [other.ipv4, other.ipv6].map((address) => ({ address, as: asOf(i) })),
      );
      return { as: asOf(index), neighbors: [...ours, ...others] };
    },
    (_, others) => ({
      peers: others.flatMap(({ ipv4, ipv6 }, i) =>
        [ipv4, ipv6].map((address) => ({
          address,
          as: asOf(i),
          addPathReceive: true,
          addPathSend: 2,
          importPolicy: "accept",
          exportPolicy: "accept",
        })),
      ),
    }),
  );
  // Each has its own path and one from each of the others, and tells them all.
  for (const [i, host] of hosts.entries()) {
    const behind = [asOf(i), ...[0, 1, 2].filter((j) => j !== i).map((j) => `${asOf(i)} ${asOf(j)}`)].map(String);
    await receivedPaths(t, starling, host.ipv4, SHARED4, behind);
    await receivedPaths(t, starling, host.ipv6, SHARED6, behind);
  }
  // Of nine paths the best are those of the peers themselves, the lower router identifiers first.
  const throughUs = ({ asPath }: PeerRoute): string | undefined => (asPath.startsWith(`${AS} `) ? asPath : undefined);
  await hasPaths(t, peers[0], SHARED4, throughUs, ["65000 65002"]);
  await hasPaths(t, peers[1], SHARED4, throughUs, ["65000 65001"]);
  await hasPaths(t, peers[2], SHARED4, throughUs, ["65000 65001", "65000 65002"]);
  await hasPaths(t, peers[2], SHARED6, throughUs, ["65000 65001", "65000 65002"]);

  await peers[1].withdraw(SHARED4);
  await receivedPaths(t, starling, hosts[1].ipv4, SHARED4, ["65002 65001", "65002 65003"]);
  await hasPaths(t, peers[2], SHARED4, throughUs, ["65000 65001"]);
  await hasPaths(t, peers[0], SHARED4, throughUs, ["65000 65003"]);
  await hasPaths(t, peers[1], SHARED4, throughUs, ["65000 65001", "65000 65003"]);
  t.equal((await starling.peer(hosts[1].ipv4)).transitions, 1, "no session was reset");
});
