// A session that never comes up because a kernel drops its segments without a word (RFC 2385, RFC 5082): the status says so.

import t from "tap";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import type { NeighborDescription } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(120_000);
t.jobs = 2;

const ROWS: readonly {
  readonly name: string;
  readonly ours: StarlingConfig;
  readonly theirs: Partial<NeighborDescription>;
  readonly says: RegExp;
}[] = [
  {
    name: "both connect, the keys differ",
    ours: { password: "quail-feather" },
    theirs: { password: "another-feather" },
    says: /no answer from 10\.0\.0\.2 port 179; meanwhile the kernel dropped \d+ segments? for a wrong MD5 key \(TCPMD5Failure\): the passwords differ/,
  },
  {
    name: "only we connect, the keys differ: the peer's kernel drops and counts",
    ours: { password: "quail-feather" },
    theirs: { password: "another-feather", passive: true },
    says: /no answer from 10\.0\.0\.2 port 179 \(a wrong or missing password shows like this\)/,
  },
  {
    name: "only the peer connects, the keys differ",
    ours: { password: "quail-feather", passive: true },
    theirs: { password: "another-feather" },
    says: /^passive: waiting for the peer to connect; meanwhile the kernel dropped \d+ segments? for a wrong MD5 key/,
  },
  {
    name: "only the peer connects, without a key",
    ours: { password: "quail-feather", passive: true },
    theirs: {},
    says: /^passive: .*dropped \d+ segments? without an MD5 signature \(TCPMD5NotFound\): the peer has no password for us/,
  },
  {
    name: "both connect, only the peer has a key",
    ours: {},
    theirs: { password: "another-feather" },
    says: /no answer from 10\.0\.0\.2 port 179; meanwhile the kernel dropped \d+ segments? with an MD5 signature \(TCPMD5Unexpected\): the peer has a password/,
  },
  {
    // BIRD's listening socket answers with 255 whatever its options are.
    name: "only we connect, the TTL of the peer's OPEN is too low",
    ours: { ttlSecurity: true },
    theirs: { passive: true },
    says: /^connected, waiting for the peer's OPEN; meanwhile the kernel dropped \d+ segments? with a TTL below 255 \(TCPMinTTLDrop\)/,
  },
  {
    name: "only the peer connects, its TTL is too low",
    ours: { ttlSecurity: true, passive: true },
    theirs: {},
    says: /meanwhile the kernel dropped \d+ segments? with a TTL below 255 \(TCPMinTTLDrop\): the peer has no TTL security/,
  },
];

function config(us: Host, them: Host, options: StarlingConfig): StarlingConfig {
  return {
    routerId: us.ipv4,
    as: 65000,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    peers: [
      {
        address: them.ipv4,
        as: 65001,
        importPolicy: "accept",
        exportPolicy: "accept",
        // Long enough for BIRD's own attempts to fall into one of ours.
        connectRetrySeconds: 6,
        ...options,
      },
    ],
  };
}

for (const row of ROWS) {
  t.test(row.name, { buffered: true, ...needs(...BIRD2_PROGRAMS) }, async (t) => {
    const lan = await Lan.open(["starling", "bird"]);
    t.teardown(() => lan.close());
    const [us, them] = lan.hosts;
    const neighbors = [{ address: us.ipv4, as: 65000, ...row.theirs }];
    const bird = new Bird2(them.namespace, { as: 65001, routerId: them.ipv4, neighbors });
    t.teardown(() => bird.stop());
    await bird.start();
    const starling = new Starling(us.namespace, config(us, them, row.ours));
    t.teardown(() => starling.remove());
    await starling.start();
    const peer = await starling.peerWhen(them.ipv4, "says why", ({ info }) => row.says.test(info), 40_000);
    t.equal(peer.transitions, 0);
    const { stdout } = await starling.cli("peers");
    t.match(
      stdout,
      row.ours["passive"] === true ? /passive|connected|accepted/ : /no answer|connected/,
      "the table shows it",
    );
  });
}
