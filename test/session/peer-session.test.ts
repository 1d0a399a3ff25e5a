import fc from "fast-check";
import t from "tap";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { A, B, establishedPair, GRACEFUL, makePair, type Pair } from "./session-pair.js";

const MARKER = "ff".repeat(16);
const UPDATE = fromHex(`${MARKER} 0017 02 0000 0000`);
const CEASE_SHUTDOWN = `${MARKER}0015030602`;

t.test("two peers that connect at the same time end with exactly one session", (t) => {
  for (const [name, routerIds] of [
    ["A has the higher identifier", [2, 1]],
    ["B has the higher identifier", [1, 2]],
  ] as const) {
    const pair = makePair({ a: { routerId: routerIds[0] }, b: { routerId: routerIds[1] } });
    pair.a.session.start();
    pair.b.session.start();
    pair.clock.settle();
    t.equal(pair.a.session.state, "Established", `${name}: A is Established`);
    t.equal(pair.b.session.state, "Established", `${name}: B is Established`);
    t.equal(pair.network.between(A, B).length, 1, `${name}: one connection is left`);
    t.same(pair.a.handler.events, ["established 65001"], `${name}: A heard of it once`);
    t.same(pair.b.handler.events, ["established 65001"], `${name}: B heard of it once`);
    const initiator = pair.network.between(A, B)[0]?.remotePort === 179 ? A : B;
    t.equal(initiator, routerIds[0] > routerIds[1] ? A : B, `${name}: the connection of the higher identifier is kept`);
    t.equal(pair.a.session.status().lastError, undefined, `${name}: the collision is no error`);
  }
  t.end();
});

t.test("equal identifiers of two AS numbers: the larger AS keeps its connection (RFC 6286)", (t) => {
  const pair = makePair({
    a: { routerId: 7, localAs: 65001, peerAsNumbers: [65002] },
    b: { routerId: 7, localAs: 65002, peerAsNumbers: [65001] },
  });
  pair.a.session.start();
  pair.b.session.start();
  pair.clock.settle();
  t.equal(pair.network.between(A, B).length, 1);
  t.equal(pair.network.between(B, A)[0]?.remotePort, 179, "B's connection stays");
  t.ok(pair.a.session.negotiated?.isEbgp);
  t.end();
});

t.test("a passive side waits, the active side connects", (t) => {
  const pair = makePair({ b: { passive: true } });
  pair.b.session.start();
  pair.clock.settle();
  t.equal(pair.b.session.state, "Active");
  t.equal(pair.b.session.status().info, "passive: waiting for the peer to connect");
  t.equal(pair.b.host.attempts.length, 0);
  pair.a.session.start();
  pair.clock.settle();
  t.equal(pair.b.session.state, "Established");
  t.equal(pair.b.session.status().remotePort, 40000);
  pair.clock.advance(500_000);
  t.equal(pair.b.host.attempts.length, 0, "ConnectRetryTimer does not make it active");
  t.end();
});

t.test("a refused connection is told in words, and tried again after the idle hold", (t) => {
  const pair = makePair();
  pair.network.setFailure(B, { code: "ECONNREFUSED", message: "connection refused by 10.0.0.2 port 179" });
  pair.a.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.state, "Idle");
  t.equal(
    pair.a.session.status().info,
    "waiting 4 s before the next attempt; last: connection refused by 10.0.0.2 port 179",
  );
  pair.clock.advance(3999);
  t.equal(pair.a.host.attempts.length, 1);
  pair.clock.advance(1);
  t.equal(pair.a.host.attempts.length, 2);
  pair.network.setFailure(B, undefined);
  pair.b.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.state, "Established", "B connected while A was waiting");
  t.end();
});

t.test("a peer that does not answer is named when ConnectRetryTimer expires", (t) => {
  const pair = makePair({ a: { md5Key: "secret" } });
  pair.network.setFailure(B, "silent");
  pair.a.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.status().info, "connecting to 10.0.0.2 port 179");
  pair.clock.advance(120_000);
  t.equal(pair.a.host.attempts.length, 2);
  t.equal(
    pair.a.session.status().lastError,
    "no answer from 10.0.0.2 port 179 (a wrong or missing password shows like this)",
  );
  t.end();
});

t.test("a wrong AS is told on both sides with both numbers", (t) => {
  const pair = establishedPair({ a: { peerAsNumbers: [65001] }, b: { localAs: 65002, passive: true } });
  t.match(pair.a.session.status().info, /wrong AS: peer says 65002, configured 65001/);
  t.equal(pair.b.session.status().lastError, "peer sent OPEN Message Error/Bad Peer AS");
  t.end();
});

t.test("the idle hold doubles while the peer keeps failing, and a long session resets it", (t) => {
  const pair = makePair({ b: { localAs: 65002, passive: true, idleHoldSeconds: [0, 0] } });
  pair.b.session.start();
  pair.a.session.start();
  pair.clock.settle();
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    const wait = Number(/waiting (\d+) s/.exec(pair.a.session.status().info)?.[1]);
    waits.push(wait);
    pair.clock.advance(wait * 1000);
  }
  t.same(waits, [4, 8, 16, 32, 60, 60]);
  pair.a.session.updateOptions({ ...pair.a.session.options, peerAsNumbers: [65002] });
  pair.b.session.updateOptions({ ...pair.b.session.options });
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Established");
  pair.clock.advance(61_000);
  pair.network.cut(A, B);
  t.match(pair.a.session.status().info, /^waiting 4 s before the next attempt; last: connection reset by 10.0.0.2/);
  t.end();
});

t.test("a peer that is blamed is refused while the idle hold lasts, others may come back early", (t) => {
  const blamed = establishedPair({ b: { localAs: 65002, passive: true } });
  blamed.b.session.stop();
  blamed.b.session.updateOptions({ ...blamed.b.session.options, passive: false });
  blamed.b.session.start();
  blamed.clock.settle();
  t.match(blamed.b.session.status().lastError, /peer sent Cease\/Connection Rejected/);

  const lost = establishedPair();
  lost.network.cut(A, B);
  t.equal(lost.a.session.state, "Idle");
  lost.b.session.stop();
  lost.b.session.start();
  lost.clock.settle();
  t.equal(lost.a.session.state, "Established", "TCP loss does not lock the peer out");
  t.end();
});

t.test("stop sends Cease with the reason (RFC 9003) and stays down until start", (t) => {
  const pair = establishedPair();
  pair.a.session.stop(undefined, "upgrade");
  pair.clock.settle();
  t.match(pair.a.session.status(), { state: "Idle", adminDown: true, info: "administratively down: upgrade" });
  t.same(
    pair.b.handler.downs.map((down) => down.text),
    ['peer sent Cease/Administrative Shutdown: "upgrade"'],
  );
  pair.clock.advance(1000_000);
  t.equal(pair.a.session.state, "Idle");
  t.equal(pair.a.host.attempts.length, 1, "no attempt after stop");
  t.match(pair.b.session.status().lastError, /peer sent Cease\/Connection Rejected/);
  pair.a.session.start();
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Established");
  t.equal(pair.a.session.status().transitions, 2);
  t.end();
});

t.test("stop during the idle hold cancels it", (t) => {
  const pair = makePair();
  pair.network.setFailure(B, { code: "ECONNREFUSED", message: "refused" });
  pair.a.session.start();
  pair.clock.settle();
  pair.a.session.stop();
  t.equal(pair.clock.pending, 0, "no timer is left");
  t.equal(pair.a.session.status().info, "administratively down");
  pair.clock.advance(1000_000);
  t.equal(pair.a.host.attempts.length, 1);
  t.end();
});

t.test("stop without a reason sends the bare Cease", (t) => {
  const pair = establishedPair();
  const end = pair.network.between(A, B)[0];
  pair.a.session.stop();
  t.equal(toHex(end?.written.at(-1) ?? new Uint8Array(0)), CEASE_SHUTDOWN);
  pair.clock.settle();
  t.end();
});

t.test("reset sends the Cease and comes back by itself", (t) => {
  const pair = establishedPair();
  pair.a.session.reset(4, "again");
  pair.clock.settle();
  t.same(
    pair.b.handler.downs.map((down) => down.text),
    ['peer sent Cease/Administrative Reset: "again"'],
  );
  pair.clock.advance(4000);
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("a session may be stopped from inside its own handler", (t) => {
  const fromUpdate = establishedPair();
  fromUpdate.a.handler.onUpdate = () => fromUpdate.a.session.stop(undefined, "too much");
  fromUpdate.b.session.write(UPDATE);
  fromUpdate.b.session.write(UPDATE);
  fromUpdate.clock.settle();
  t.equal(fromUpdate.a.handler.events.filter((event) => event.startsWith("update")).length, 1, "nothing after stop");
  fromUpdate.clock.advance(1000_000);
  t.match(fromUpdate.a.session.status(), { state: "Idle", adminDown: true });

  const fromDown = establishedPair();
  fromDown.a.handler.onDown = () => fromDown.a.session.stop();
  fromDown.network.cut(A, B);
  fromDown.clock.advance(1000_000);
  t.match(fromDown.a.session.status(), { state: "Idle", adminDown: true });
  t.end();
});

t.test("an incoming connection gets the TTL of the peer; where GTSM cannot be had it is refused", (t) => {
  const pair = makePair({ a: { passive: true, ttl: 255, minTtl: 254 } });
  pair.a.session.start();
  pair.b.session.start();
  pair.clock.settle();
  t.same(pair.network.between(A, B)[0]?.hops, { ttl: 255, minTtl: 254 });

  const refused = makePair({ a: { passive: true, ttl: 255, minTtl: 254 } });
  const accept = refused.a.session.accept.bind(refused.a.session);
  refused.a.session.accept = (connection) => {
    connection.setHops = () => ({ code: "ENOTSUP", message: "TTL security (GTSM) needs the native addon" });
    accept(connection);
  };
  refused.a.session.start();
  refused.b.session.start();
  refused.clock.settle();
  t.equal(refused.a.session.state, "Active");
  t.match(refused.a.session.status().info, /TTL security \(GTSM\) needs the native addon/);
  t.match(refused.b.session.status().lastError, /Connection Rejected/);
  t.end();
});

type Happening = {
  readonly what: "start" | "stop" | "reset" | "abandon" | "cut" | "freeze" | "wait";
  readonly side: "a" | "b";
  readonly ms: number;
};

function happen(pair: Pair, { what, side, ms }: Happening): void {
  const { session } = pair[side];
  switch (what) {
    case "start":
      session.start();
      break;
    case "stop":
      session.stop();
      break;
    case "reset":
      session.reset(4);
      break;
    case "abandon":
      session.abandon();
      break;
    case "cut":
      pair.network.cut(A, B);
      break;
    case "freeze":
      pair.network.freeze(A, B);
      pair.clock.advance(ms);
      pair.network.thaw(A, B);
      break;
    case "wait":
      pair.clock.advance(ms);
      break;
  }
}

t.test("whatever happened before, two healthy peers find each other again, over exactly one connection", (t) => {
  const happening = fc.record({
    what: fc.constantFrom("start", "stop", "reset", "abandon", "cut", "freeze", "wait"),
    side: fc.constantFrom("a", "b"),
    ms: fc.integer({ min: 0, max: 100_000 }),
  }) as fc.Arbitrary<Happening>;
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 25 }),
      fc.boolean(),
      fc.boolean(),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (happenings, passive, graceful, random) => {
        const gracefulRestart = graceful ? () => GRACEFUL : () => undefined;
        const pair = makePair({
          a: { connectRetrySeconds: 20, gracefulRestart },
          b: { passive, gracefulRestart },
          random: () => random,
        });
        for (const one of happenings) happen(pair, one);
        pair.a.session.start();
        pair.b.session.start();
        pair.clock.advance(400_000);
        const states = [pair.a.session.state, pair.b.session.state];
        const connections = pair.network.between(A, B).length;
        for (const { handler } of [pair.a, pair.b]) {
          const ups = handler.events.filter((event) => event.startsWith("established")).length;
          const downs = handler.downs.length;
          if (ups !== downs + 1) throw new Error(`${ups} times established, ${downs} times down`);
        }
        return states.every((state) => state === "Established") && connections === 1;
      },
    ),
    { numRuns: 150 },
  );
  t.pass("150 histories");
  t.end();
});
