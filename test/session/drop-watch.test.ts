// What the kernel dropped while we waited for a peer, in words, and where a session says it.

import t from "tap";
import { type Demands, DropWatch } from "../../src/session/drop-watch.js";
import type { SegmentDrops } from "../../src/session/ports.js";
import { B, makePair } from "./session-pair.js";

const BEFORE: SegmentDrops = { md5Missing: 10, md5Unexpected: 20, md5Wrong: 30, ttlTooLow: 40 };
const HOST = " [counted for the whole host]";

t.test("each counter has its words, where they can be about this peer", (t) => {
  const rows: readonly { demands: Partial<Demands>; now: Partial<SegmentDrops>; then: string }[] = [
    { demands: { md5Key: "x" }, now: {}, then: "" },
    {
      demands: { md5Key: "x" },
      now: { md5Wrong: 35 },
      then: `the kernel dropped 5 segments for a wrong MD5 key (TCPMD5Failure): the passwords differ${HOST}`,
    },
    {
      demands: { md5Key: "x" },
      now: { md5Missing: 11 },
      then: `the kernel dropped 1 segment without an MD5 signature (TCPMD5NotFound): the peer has no password for us, or refuses the connection${HOST}`,
    },
    {
      demands: {},
      now: { md5Unexpected: 22 },
      then: `the kernel dropped 2 segments with an MD5 signature (TCPMD5Unexpected): the peer has a password, we have none for it${HOST}`,
    },
    {
      demands: { minTtl: 255 },
      now: { ttlTooLow: 43 },
      then: `the kernel dropped 3 segments with a TTL below 255 (TCPMinTTLDrop): the peer has no TTL security, or is further away than the hops that are allowed${HOST}`,
    },
    {
      demands: { md5Key: "x", minTtl: 254 },
      now: { md5Wrong: 31, ttlTooLow: 42 },
      then: `the kernel dropped 1 segment for a wrong MD5 key (TCPMD5Failure): the passwords differ, and 2 segments with a TTL below 254 (TCPMinTTLDrop): the peer has no TTL security, or is further away than the hops that are allowed${HOST}`,
    },
    { demands: {}, now: { md5Wrong: 31, md5Missing: 11, ttlTooLow: 41 }, then: "" },
    { demands: { md5Key: "x" }, now: { md5Unexpected: 21, ttlTooLow: 41 }, then: "" },
  ];
  for (const { demands, now, then } of rows) {
    let drops = BEFORE;
    const watch = new DropWatch(() => drops);
    t.equal(watch.text({ md5Key: "x", minTtl: 255 }), "", "nothing before it began");
    watch.begin();
    drops = { ...BEFORE, ...now };
    t.equal(watch.text({ md5Key: undefined, minTtl: undefined, ...demands }), then, JSON.stringify(now));
  }
  t.equal(new DropWatch(() => undefined).text({ md5Key: "x", minTtl: 255 }), "", "a kernel that does not tell");
  t.end();
});

t.test("an attempt without an answer says what was dropped meanwhile", (t) => {
  const pair = makePair({ a: { md5Key: "secret" } });
  pair.network.setFailure(B, "silent");
  pair.a.host.drops = BEFORE;
  pair.a.session.start();
  pair.clock.settle();
  pair.a.host.drops = { ...BEFORE, md5Wrong: 35 };
  pair.clock.advance(120_000);
  t.equal(
    pair.a.session.status().lastError,
    `no answer from 10.0.0.2 port 179; meanwhile the kernel dropped 5 segments for a wrong MD5 key (TCPMD5Failure): the passwords differ${HOST}`,
  );
  pair.clock.advance(120_000);
  t.equal(
    pair.a.session.status().lastError,
    "no answer from 10.0.0.2 port 179 (a wrong or missing password shows like this)",
    "each attempt for itself",
  );
  t.match(
    pair.a.session.status().info,
    /; meanwhile the kernel dropped 5 segments .* the passwords differ.*; last: no answer/,
    "the status still tells what was seen in an earlier one",
  );
  t.end();
});

t.test("so does an attempt that the kernel gave up", (t) => {
  const pair = makePair();
  pair.network.setFailure(B, { code: "ETIMEDOUT", message: "timed out" });
  pair.a.host.drops = BEFORE;
  pair.a.host.connect = ((connect) => (options, done) => {
    pair.a.host.drops = { ...BEFORE, md5Unexpected: 21 };
    return connect(options, done);
  })(pair.a.host.connect.bind(pair.a.host));
  pair.a.session.start();
  pair.clock.settle();
  t.match(pair.a.session.status().lastError, /^no answer from 10\.0\.0\.2 port 179; meanwhile .*we have none for it/);
  t.end();
});

t.test("a peer that is waited for is told to have been dropped, until it was up once", (t) => {
  const pair = makePair({ a: { passive: true, md5Key: "secret" } });
  pair.a.host.drops = BEFORE;
  pair.a.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.status().info, "passive: waiting for the peer to connect");
  pair.a.host.drops = { ...BEFORE, md5Wrong: 32 };
  t.equal(
    pair.a.session.status().info,
    `passive: waiting for the peer to connect; meanwhile the kernel dropped 2 segments for a wrong MD5 key (TCPMD5Failure): the passwords differ${HOST}`,
  );
  pair.b.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.state, "Established");
  pair.b.session.stop();
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Active");
  t.notMatch(pair.a.session.status().info, /kernel dropped/, "its password was right");
  t.end();
});

t.test("a connected peer whose OPEN is dropped for its TTL", (t) => {
  const pair = makePair({ a: { passive: true, minTtl: 255 } });
  pair.a.host.drops = BEFORE;
  pair.a.session.start();
  pair.clock.settle();
  pair.b.host.connect(
    {
      remoteAddress: pair.a.host.addresses[0],
      remotePort: 179,
      localAddress: undefined,
      ttl: 1,
      minTtl: undefined,
      md5Key: undefined,
      device: undefined,
    },
    () => undefined,
  );
  pair.clock.settle();
  pair.a.host.drops = { ...BEFORE, ttlTooLow: 44 };
  t.match(
    pair.a.session.status().info,
    /^connected, waiting for the peer's OPEN; meanwhile the kernel dropped 4 segments with a TTL below 255/,
  );
  t.end();
});

t.test("a peer without password and GTSM is never asked about", (t) => {
  const pair = makePair({ a: { passive: true } });
  let readings = 0;
  pair.a.host.segmentDrops = () => {
    readings++;
    return BEFORE;
  };
  pair.a.session.start();
  pair.clock.settle();
  pair.a.session.status();
  t.equal(readings, 0);
  t.end();
});
