// The harness itself, continued: each of the other peers against BIRD 2, both ways, both families, restart included.

import t from "tap";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS, Bird1 } from "../../support/peers/bird1.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { EXABGP_PROGRAMS, Exabgp } from "../../support/peers/exabgp.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import { OPENBGPD_PROGRAMS, OpenBgpd } from "../../support/peers/openbgpd.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { sameFields } from "../../support/same-fields.js";

interface Row {
  readonly name: string;
  readonly programs: readonly string[];
  readonly make: (host: Host, description: PeerDescription) => RealPeer;
  /** Graceful restart: BIRD keeps its routes while it is away, and it keeps BIRD's. */
  readonly restarts: boolean;
  readonly helps: boolean;
  /** What BIRD says after an administrative shutdown by the other. */
  readonly shutdown: RegExp | undefined;
  /** ExaBGP needs a session for each family. */
  readonly familiesPerSession: readonly (readonly ("ipv4" | "ipv6")[])[];
}

// Real daemons take seconds to connect again.
t.setTimeout(240_000);
t.jobs = 3;

const BOTH = [["ipv4", "ipv6"]] as const;
const EACH = [["ipv4"], ["ipv6"]] as const;
const FULL = { restarts: true, helps: true, shutdown: /tea break/, familiesPerSession: BOTH };

const ROWS: readonly Row[] = [
  { name: "FRR", programs: FRR_PROGRAMS, make: (host, it) => new Frr(host.namespace, it), ...FULL },
  // GoBGP finds no IPv6 next hop of its own for a session over IPv4.
  {
    name: "GoBGP",
    programs: GOBGP_PROGRAMS,
    make: (host, it) => new Gobgp(host.namespace, it),
    ...{ ...FULL, familiesPerSession: EACH },
  },
  {
    name: "BIRD 1.6",
    programs: BIRD1_PROGRAMS,
    make: (host, it) => new Bird1(host.namespace, it),
    ...{ restarts: true, helps: true, shutdown: /Administrative shutdown/, familiesPerSession: EACH },
  },
  {
    name: "OpenBGPD",
    programs: OPENBGPD_PROGRAMS,
    make: (host, it) => new OpenBgpd(host.namespace, it),
    ...{ restarts: false, helps: false, shutdown: /tea break/, familiesPerSession: EACH },
  },
  {
    name: "ExaBGP",
    programs: EXABGP_PROGRAMS,
    make: (host, it) => new Exabgp(host.namespace, it, host.ipv4),
    ...{ restarts: true, helps: false, shutdown: undefined, familiesPerSession: [["ipv4"]] },
  },
];

for (const row of ROWS) {
  t.test(
    `${row.name} and BIRD 2 exchange routes by iBGP`,
    { buffered: true, ...needs(...BIRD2_PROGRAMS, ...row.programs) },
    async (t) => {
      const lan = await Lan.open(["bird", "other"]);
      t.teardown(() => lan.close());
      const [birdHost, otherHost] = lan.hosts;
      const sessions = (host: Host): PeerDescription["neighbors"] =>
        row.familiesPerSession.map((families) => ({
          address: families[0] === "ipv4" ? host.ipv4 : host.ipv6,
          as: 65000,
          families,
          gracefulRestart: true,
        }));
      const bird = new Bird2(birdHost.namespace, {
        as: 65000,
        routerId: "10.0.0.1",
        neighbors: sessions(otherHost),
        announce: ["192.0.2.0/25", "2001:db8:1::/48"],
        communities: ["65000:7"],
      });
      const other = row.make(otherHost, {
        as: 65000,
        routerId: "10.0.0.2",
        neighbors: sessions(birdHost),
        announce: ["198.51.100.0/24", "2001:db8:2::/48"],
        communities: ["65000:8"],
      });
      for (const peer of [bird, other]) {
        t.teardown(() => peer.stop());
        await peer.start();
      }
      for (const { address } of other.description.neighbors) await established(other, address);
      const expected = {
        localPref: 100,
        asPath: "",
        originatorId: undefined,
        clusterList: [],
        best: true,
        stale: false,
      };
      const there = await bestRoute(other, "192.0.2.0/25");
      sameFields(t, there, { ...expected, nextHop: birdHost.ipv4, communities: ["65000:7"] }, "BIRD's route");
      const here = await bestRoute(bird, "198.51.100.0/24");
      sameFields(t, here, { ...expected, nextHop: otherHost.ipv4, communities: ["65000:8"] }, "the other's route");
      if (row.familiesPerSession.flat().includes("ipv6")) {
        sameFields(
          t,
          await bestRoute(other, "2001:db8:1::/48"),
          { ...expected, nextHop: birdHost.ipv6 },
          "BIRD's IPv6 route",
        );
        sameFields(t, await bestRoute(bird, "2001:db8:2::/48"), { nextHop: otherHost.ipv6 }, "the other's IPv6 route");
      }

      await other.announce("203.0.113.7/32");
      await bestRoute(bird, "203.0.113.7/32");
      await other.withdraw("203.0.113.7/32");
      await noRoute(bird, "203.0.113.7/32");
      await other.refresh(birdHost.ipv4);
      await bestRoute(other, "192.0.2.0/25");

      await other.kill();
      if (row.restarts) {
        t.ok(
          await bestRoute(bird, "198.51.100.0/24", (route) => route.stale),
          "BIRD keeps the route of the killed peer",
        );
      } else await noRoute(bird, "198.51.100.0/24");
      await other.start();
      await bestRoute(bird, "198.51.100.0/24", (route) => !route.stale);
      await established(other, birdHost.ipv4);

      if (row.helps) {
        await bird.kill();
        t.ok(await bestRoute(other, "192.0.2.0/25", (route) => route.stale), "and the other way round");
        await bird.start();
        await bestRoute(other, "192.0.2.0/25", (route) => !route.stale);
      }

      if (row.shutdown === undefined) return;
      await other.shutdown(birdHost.ipv4, "tea break");
      const seen = await eventually("the shutdown at BIRD", async () => {
        const { state, text } = await bird.neighborState(otherHost.ipv4);
        return state === "Established" ? undefined : text;
      });
      t.match(seen, row.shutdown, "the reason is seen at BIRD");
    },
  );
}
