// Sessions over link-local addresses with BIRD 2 and FRR: IPv6 routes and, by RFC 8950, IPv4 routes through an IPv6
// gateway in the kernel; on a link with nothing but link-local addresses and on one with global ones beside them.

import t from "tap";
import { eventually } from "../../support/eventually.js";
import { Lab, type Namespace } from "../../support/netns.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";

t.setTimeout(120_000);

const PEERS: readonly {
  readonly name: string;
  readonly programs: readonly string[];
  readonly make: (namespace: Namespace, description: PeerDescription) => RealPeer;
}[] = [
  { name: "BIRD 2", programs: BIRD2_PROGRAMS, make: (namespace, it) => new Bird2(namespace, it) },
  { name: "FRR", programs: FRR_PROGRAMS, make: (namespace, it) => new Frr(namespace, it) },
];

const OURS = { ipv4: "192.0.2.0/24", ipv6: "2001:db8:5::/48" } as const;
const THEIRS = { ipv4: "198.51.100.0/24", ipv6: "2001:db8:6::/48" } as const;
const FAMILIES = ["ipv4", "ipv6"] as const;
const US = "fe80::a";
const THEM = "fe80::b";

interface Link {
  readonly name: string;
  /** Global addresses of the two ends, if any. */
  readonly global: readonly [string, string] | undefined;
}

const LINKS: readonly Link[] = [
  { name: "link-local addresses only", global: undefined },
  { name: "global addresses beside them", global: ["fd00::a", "fd00::b"] },
];

async function joined(lab: Lab, link: Link): Promise<readonly [Namespace, Namespace]> {
  const [us, them] = [await lab.namespace("starling"), await lab.namespace("peer")];
  await lab.veth(us, "eth0", them, "eth0");
  for (const [i, namespace] of [us, them].entries()) {
    await namespace.exec("ip -6 address flush dev eth0");
    await namespace.exec(`ip address add ${[US, THEM][i]}/64 dev eth0 nodad`);
    if (link.global !== undefined) await namespace.exec(`ip address add ${link.global[i]}/64 dev eth0 nodad`);
  }
  return [us, them];
}

for (const { name, programs, make } of PEERS) {
  for (const link of LINKS) {
    t.test(`${name}: ${link.name}`, { ...needs(...programs) }, async (t) => {
      const lab = await Lab.open();
      t.teardown(() => lab.close());
      const [us, them] = await joined(lab, link);
      const options = { families: FAMILIES, extendedNextHop: true };
      const peer = make(them, {
        as: 65001,
        routerId: "10.0.0.2",
        announce: Object.values(THEIRS),
        neighbors: [{ address: `${US}%eth0`, as: 65000, ...options }],
      });
      const starling = new Starling(us, {
        routerId: "10.0.0.1",
        as: 65000,
        listen: ["[::]:179"],
        node: { static: Object.values(OURS).map((prefix) => ({ prefix, type: "none" })) },
        peers: [
          {
            address: `${THEM}%eth0`,
            as: 65001,
            importPolicy: "accept",
            exportPolicy: "accept",
            connectRetrySeconds: 1,
            ...options,
          },
        ],
      });
      t.teardown(() => peer.stop());
      await peer.start();
      t.teardown(() => starling.remove());
      await starling.start();
      await starling.established(`${THEM}%eth0`);
      await established(peer, `${US}%eth0`);

      for (const family of FAMILIES) {
        t.ok(await starling.bestRoute(THEIRS[family]), `we have their ${family} route`);
        const route = await bestRoute(peer, OURS[family]);
        // RFC 2545 §3: the global address, where there is one. BIRD shows a missing one as `::`.
        const expected = family === "ipv6" && link.global !== undefined ? [link.global[0]] : [US, "::"];
        t.ok(expected.includes(route.nextHop), `they reach our ${family} route through ${route.nextHop}`);
      }
      const gateway = link.global === undefined ? "fe80::b" : "(fe80::b|fd00::b)";
      const shown = async (command: string, line: RegExp): Promise<void> =>
        eventually(`${command}: ${line.source}`, async () => {
          const text = await us.exec(command);
          if (!line.test(text)) throw new Error(text);
          return true;
        }).then((found) => void t.ok(found, line.source));
      await shown("ip route show", new RegExp(`^198\\.51\\.100\\.0/24 via inet6 ${gateway} dev eth0 proto bird`, "m"));
      await shown("ip -6 route show", new RegExp(`^2001:db8:6::/48 via ${gateway} dev eth0 proto bird`, "m"));
      t.equal((await starling.status()).status.kernel.failed, 0);

      await us.exec("ip link set eth0 down");
      await eventually("the routes are gone with the link", async () => (await us.exec("ip route show")) === "");
    });
  }
}
