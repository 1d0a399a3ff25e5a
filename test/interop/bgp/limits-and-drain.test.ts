// What operators do with real neighbours: limits of prefixes (RFC 4486) and graceful shutdown (RFC 8326), by the command
// line, against BIRD 2 and FRR.

import t from "tap";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(120_000);

const PEERS: readonly {
  readonly name: string;
  readonly programs: readonly string[];
  readonly make: (host: Host, description: PeerDescription) => RealPeer;
  /** The peer's words for Cease/1. */
  readonly cease: RegExp;
}[] = [
  {
    name: "BIRD 2",
    programs: BIRD2_PROGRAMS,
    make: (host, it) => new Bird2(host.namespace, it),
    cease: /Maximum number of prefixes reached/,
  },
  {
    name: "FRR",
    programs: FRR_PROGRAMS,
    make: (host, it) => new Frr(host.namespace, it),
    cease: /Maximum Number of Prefixes Reached/,
  },
];

const OURS = "192.0.2.0/24";
const TOO_MANY = ["100.64.0.0/24", "100.64.1.0/24"];
const THEIRS = ["198.51.100.0/24", "203.0.113.0/24"];

function config(us: Host, them: Host): StarlingConfig {
  // FRR tells us our own route as well: it counts, though we use it for nothing.
  const limit = { ipv4: 3, action: "restart", restartAfterSeconds: 15 };
  return {
    routerId: us.ipv4,
    as: 65000,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    node: { static: [{ prefix: OURS, type: "none" }] },
    peers: [
      {
        address: them.ipv4,
        as: 65001,
        name: "uplink",
        importPolicy: "accept",
        exportPolicy: "accept",
        connectRetrySeconds: 1,
        maxPrefixesIn: limit,
      },
    ],
  };
}

for (const { name, programs, make, cease } of PEERS) {
  t.test(`${name}: too many prefixes, and maintenance`, needs(...programs), async (t) => {
    const lan = await Lan.open(["starling", "peer"]);
    t.teardown(() => lan.close());
    const [us, them] = lan.hosts;
    const neighbors = [{ address: us.ipv4, as: 65000 }];
    const peer = make(them, { as: 65001, routerId: them.ipv4, neighbors, announce: THEIRS });
    const starling = new Starling(us.namespace, config(us, them));
    t.teardown(() => peer.stop());
    await peer.start();
    t.teardown(() => starling.remove());
    await starling.start();
    for (const prefix of THEIRS) await starling.bestRoute(prefix);
    t.same((await bestRoute(peer, OURS)).communities, []);

    const drained = await starling.cli("drain", "uplink");
    t.equal(drained.stdout, `draining ${them.ipv4}\n`);
    const isMarked = (communities: readonly string[]): boolean =>
      communities.some((text) => text === "65535:0" || text === "gracefulShutdown");
    t.ok(await bestRoute(peer, OURS, ({ communities }) => isMarked(communities)), "it hears GRACEFUL_SHUTDOWN");
    t.ok(await starling.bestRoute(THEIRS[0], ({ localPref }) => localPref === 0));
    await starling.cli("drain", "uplink", "--off");
    t.ok(await bestRoute(peer, OURS, ({ communities }) => !isMarked(communities)), "and hears it no more");
    t.ok(await starling.bestRoute(THEIRS[0], ({ localPref }) => localPref !== 0));

    for (const prefix of TOO_MANY) await peer.announce(prefix);
    const held = await starling.peerWhen(them.ipv4, "held", ({ info }) => info.startsWith("received more than 3"));
    t.match(held.info, /^received more than 3 ipv4 prefixes \(maxPrefixesIn\), again in \d+ s$/);
    t.equal(held.adminDown, false);
    await starling.noRoute(THEIRS[0]);
    await eventually("the peer's log", async () => {
      const told = `${peer.log()}${(await peer.neighborState(us.ipv4)).text}`;
      if (!cease.test(told)) throw new Error(told);
      return true;
    });
    for (const prefix of TOO_MANY) await peer.withdraw(prefix);
    await starling.peerWhen(them.ipv4, "back", ({ state }) => state === "Established", 40_000);
    t.ok(await established(peer, us.ipv4));
    t.ok(await starling.bestRoute(THEIRS[1]));
  });
}
