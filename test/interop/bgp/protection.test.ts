// TCP-MD5 (RFC 2385) and GTSM (RFC 5082) with BIRD 2 and FRR: the options must agree on both sides, and do.

import t from "tap";
import { pause } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import type { NeighborDescription, PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(120_000);
t.jobs = 3;

const OURS = ["192.0.2.0/24", "2001:db8:5::/48"] as const;

const PEERS: readonly {
  readonly name: string;
  readonly programs: readonly string[];
  readonly make: (host: Host, description: PeerDescription) => RealPeer;
}[] = [
  { name: "BIRD 2", programs: BIRD2_PROGRAMS, make: (host, it) => new Bird2(host.namespace, it) },
  { name: "FRR", programs: FRR_PROGRAMS, make: (host, it) => new Frr(host.namespace, it) },
];

const ROWS: readonly {
  readonly name: string;
  readonly ours: StarlingConfig;
  readonly theirs: Partial<NeighborDescription>;
}[] = [
  {
    name: "TCP-MD5, either side connects",
    ours: { password: "quail-feather" },
    theirs: { password: "quail-feather" },
  },
  {
    name: "TCP-MD5, only the peer connects",
    ours: { password: "quail-feather", passive: true },
    theirs: { password: "quail-feather" },
  },
  {
    name: "TCP-MD5, only we connect",
    ours: { password: "quail-feather" },
    theirs: { password: "quail-feather", passive: true },
  },
  { name: "GTSM, either side connects", ours: { ttlSecurity: true }, theirs: { ttlSecurity: true } },
  {
    name: "GTSM, only the peer connects",
    ours: { ttlSecurity: true, passive: true },
    theirs: { ttlSecurity: true },
  },
];

function config(us: Host, them: Host, options: StarlingConfig): StarlingConfig {
  const policies = { importPolicy: "accept", exportPolicy: "accept", connectRetrySeconds: 1 };
  return {
    routerId: us.ipv4,
    as: 65000,
    listen: [`${us.ipv4}:179`, `[${us.ipv6}]:179`],
    kernel: { enabled: false },
    node: { static: OURS.map((prefix) => ({ prefix, type: "none" })) },
    peers: [them.ipv4, them.ipv6].map((address) => ({ address, as: 65001, ...policies, ...options })),
  };
}

for (const { name, programs, make } of PEERS) {
  for (const row of ROWS) {
    t.test(`${name}: ${row.name}`, { buffered: true, ...needs(...programs) }, async (t) => {
      const lan = await Lan.open(["starling", "peer"]);
      t.teardown(() => lan.close());
      const [us, them] = lan.hosts;
      const neighbors = [us.ipv4, us.ipv6].map((address) => ({ address, as: 65000, ...row.theirs }));
      const peer = make(them, { as: 65001, routerId: them.ipv4, neighbors });
      const starling = new Starling(us.namespace, config(us, them, row.ours));
      t.teardown(() => peer.stop());
      await peer.start();
      t.teardown(() => starling.remove());
      await starling.start();
      for (const address of [us.ipv4, us.ipv6]) t.ok(await established(peer, address), address);
      for (const prefix of OURS) t.ok(await bestRoute(peer, prefix), prefix);
    });
  }
}

t.test("BIRD 2: another TCP-MD5 key gives no session", { buffered: true, ...needs(...BIRD2_PROGRAMS) }, async (t) => {
  const lan = await Lan.open(["starling", "peer"]);
  t.teardown(() => lan.close());
  const [us, them] = lan.hosts;
  const neighbors = [{ address: us.ipv4, as: 65000, password: "another-feather" }];
  const peer = new Bird2(them.namespace, { as: 65001, routerId: them.ipv4, neighbors });
  const starling = new Starling(us.namespace, config(us, them, { password: "quail-feather" }));
  t.teardown(() => peer.stop());
  await peer.start();
  t.teardown(() => starling.remove());
  await starling.start();
  await pause(6_000);
  const status = await starling.peer(them.ipv4);
  t.equal(status.transitions, 0);
  t.not(status.info, "", "it says what it waits for");
  t.not((await peer.neighborState(us.ipv4)).state, "Established");
});
