// How sessions end and what graceful restart makes of it (RFC 4724 §4.2, RFC 8538).

import t from "tap";
import { A, B, establishedPair, GRACEFUL, makePair, type Pair } from "./session-pair.js";

/** True if A wrote a NOTIFICATION on any connection with B. */
function hasNotified(pair: Pair): boolean {
  const ends = pair.network.connections.filter((end) => end.localAddress.bytes[3] === 1);
  return ends.some((end) => end.written.some((message) => message[18] === 3));
}

t.test("where graceful restart was agreed with the N bit, a shutdown is a Hard Reset (RFC 8538)", (t) => {
  const pair = establishedPair({ a: { gracefulRestart: () => GRACEFUL }, b: { gracefulRestart: () => GRACEFUL } });
  pair.a.session.stop(undefined, "bye");
  pair.clock.settle();
  t.match(pair.b.handler.downs, [
    {
      received: { code: 6, subcode: 9 },
      mayBeRestart: false,
      text: /Hard Reset: Cease\/Administrative Shutdown: "bye"/,
    },
  ]);
  t.match(pair.a.handler.downs, [{ mayBeRestart: false }]);
  t.end();
});

t.test("which endings may be a graceful restart", (t) => {
  const silent = { ...GRACEFUL, notification: false };
  for (const { name, offer, end, expected } of [
    { name: "TCP lost, no capability", offer: undefined, end: "cut", expected: false },
    { name: "TCP lost", offer: silent, end: "cut", expected: true },
    {
      name: "TCP lost, capability without families",
      offer: { ...GRACEFUL, families: [] },
      end: "cut",
      expected: false,
    },
    { name: "abandoned by the peer", offer: silent, end: "abandon", expected: true },
    { name: "NOTIFICATION without N bit", offer: silent, end: "reset", expected: false },
    { name: "NOTIFICATION with N bit", offer: GRACEFUL, end: "reset", expected: true },
    { name: "shutdown with N bit", offer: GRACEFUL, end: "stop", expected: false },
  ]) {
    const pair = establishedPair({ a: { gracefulRestart: () => GRACEFUL }, b: { gracefulRestart: () => offer } });
    if (end === "cut") pair.network.cut(A, B);
    if (end === "abandon") pair.b.session.abandon("restart");
    if (end === "reset") pair.b.session.reset(4);
    if (end === "stop") pair.b.session.stop();
    pair.clock.settle();
    t.same(
      pair.a.handler.downs.map((down) => down.mayBeRestart),
      [expected],
      name,
    );
  }
  const off = establishedPair({ b: { gracefulRestart: () => GRACEFUL } });
  off.network.cut(A, B);
  t.same(
    off.a.handler.downs.map((down) => down.mayBeRestart),
    [false],
    "not offered by us: not used",
  );
  t.end();
});

t.test("abandon sends no NOTIFICATION, and start works after it", (t) => {
  const pair = establishedPair({ b: { passive: true } });
  pair.a.session.abandon("restart");
  t.equal(pair.a.session.status().info, "administratively down: restart");
  pair.clock.settle();
  t.notOk(hasNotified(pair), "no NOTIFICATION");
  t.same(
    pair.b.handler.downs.map((down) => down.text),
    ["connection closed by 10.0.0.1"],
  );
  t.equal(pair.b.session.state, "Idle");
  pair.a.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("a new OPEN while Established means a restart of a graceful peer (RFC 4724 §4.2)", (t) => {
  const pair = establishedPair({
    a: { gracefulRestart: () => GRACEFUL, passive: true },
    b: { gracefulRestart: () => GRACEFUL },
  });
  // B dies without a trace and comes back: its old connection is silent, A does not know.
  const old = pair.network.between(A, B)[0];
  const before = old?.written.length;
  const reborn = rebornSession(pair);
  pair.clock.settle();
  t.equal(pair.a.session.state, "Established");
  t.equal(reborn.state, "Established");
  t.same(pair.a.handler.events, [
    "established 65001",
    "down peer opened a new connection: it has restarted",
    "established 65001",
  ]);
  t.match(pair.a.handler.downs, [{ mayBeRestart: true }]);
  t.equal(old?.written.length, before, "the old connection is closed without a word");
  t.equal(pair.a.session.status().transitions, 2);
  t.end();
});

t.test("a new OPEN while Established is refused where the peer is not graceful (RFC 4271 §6.8)", (t) => {
  const pair = establishedPair({ a: { passive: true } });
  const reborn = rebornSession(pair);
  pair.clock.settle();
  t.equal(pair.a.session.state, "Established");
  t.same(pair.a.handler.events, ["established 65001"]);
  t.match(reborn.status().lastError, /peer sent Cease\/Connection Collision Resolution/);
  t.end();
});

/** A second life of B's session on the same host: the first one falls silent. */
function rebornSession(pair: Pair): Pair["b"]["session"] {
  const first = pair.network.between(B, A)[0];
  if (first !== undefined) first.handler = undefined;
  const other = makePair();
  const session = other.b.session;
  session.updateOptions(pair.b.session.options);
  const dependencies = pair.b.host;
  other.b.host.connect = (options, done) => dependencies.connect(options, done);
  session.start();
  other.clock.settle();
  pair.clock.settle();
  other.clock.settle();
  return session;
}
