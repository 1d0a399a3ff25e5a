// `connect delay time`, `error wait time`, `error forget time` and `startup hold time` of BIRD.

import t from "tap";
import { address } from "../support/memory-network.js";
import { B, makePair, type Pair } from "./session-pair.js";

const C = "10.0.0.3";
const WAITS = { connectDelaySeconds: 2, errorForgetSeconds: 300, startupHoldSeconds: 20 };

function pair(a: Parameters<typeof makePair>[0] = {}): Pair {
  return makePair({ a: { birdWaits: WAITS, idleHoldSeconds: [5, 30], ...a.a }, b: { passive: true, ...a.b } });
}

t.test("the first attempt comes after the delay; whoever connects earlier is taken", (t) => {
  const quiet = pair();
  quiet.b.session.start();
  quiet.a.session.start();
  quiet.clock.advance(1000);
  t.equal(quiet.a.host.attempts.length, 0);
  t.match(quiet.a.session.status(), { state: "Idle", isErrorWait: false });
  quiet.clock.advance(1500);
  t.equal(quiet.a.session.state, "Established");
  const eager = pair({ b: { passive: false } });
  eager.a.session.start();
  eager.b.session.start();
  eager.clock.settle();
  t.equal(eager.a.session.state, "Established");
  t.equal(eager.a.host.attempts.length, 0);
  t.end();
});

t.test("a refused connection is tried again after the delay, and is no error", (t) => {
  const { a, clock, network } = pair();
  network.setFailure(B, { code: "ECONNREFUSED", message: "refused" });
  a.session.start();
  clock.advance(20_000);
  t.ok(a.host.attempts.length >= 8, `${a.host.attempts.length} attempts`);
  t.match(a.session.status(), { isErrorWait: false, lastFailure: { kind: "socket" } });
  t.end();
});

t.test("an error makes it wait, ever longer, and refuse the peer meanwhile", (t) => {
  const { a, b, clock } = pair({ a: { peerAsNumbers: [65009] } });
  b.session.start();
  a.session.start();
  clock.advance(2500);
  t.match(a.session.status(), { state: "Idle", isErrorWait: true, lastFailure: { kind: "sent", code: 2, subcode: 2 } });
  const attempts = a.host.attempts.length;
  clock.advance(3000);
  t.equal(a.host.attempts.length, attempts, "three quarters of five seconds are not over");
  clock.advance(2000);
  t.equal(a.host.attempts.length, attempts + 1);
  clock.advance(7000);
  t.equal(a.host.attempts.length, attempts + 1, "ten seconds");
  clock.advance(3500);
  t.equal(a.host.attempts.length, attempts + 2);
  t.end();
});

t.test("a Cease of the peer is no error", (t) => {
  const { a, b, clock } = pair();
  b.session.start();
  a.session.start();
  clock.advance(3000);
  t.equal(a.session.state, "Established");
  b.session.stop();
  clock.advance(100);
  t.match(a.session.status(), { state: "Idle", isErrorWait: false, lastFailure: { kind: "received", code: 6 } });
  b.session.start();
  clock.advance(2500);
  t.equal(a.session.state, "Established");
  t.end();
});

t.test("the OPEN is awaited for the startup hold time", (t) => {
  const { a, clock, network } = pair({ a: { remoteAddress: address(C) } });
  network.host(C).listenNow({ address: address("0.0.0.0"), port: 179 }, () => undefined);
  a.session.start();
  clock.advance(5000);
  t.equal(a.session.state, "OpenSent");
  clock.advance(22_000);
  t.match(a.session.status().lastFailure, { kind: "sent", code: 4 });
  t.end();
});
