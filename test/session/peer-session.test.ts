import t from "tap";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { SLICE_MS } from "../../src/base/work-queue.js";
import { NotificationError } from "../../src/packet/notification.js";
import { A, B, establishedPair, GRACEFUL, makePair, type Pair } from "./session-pair.js";

const MARKER = "ff".repeat(16);
const UPDATE = fromHex(`${MARKER} 0017 02 0000 0000`);
const CEASE_SHUTDOWN = `${MARKER}0015030602`;

/** Types of the messages written on `end`, by number. */
function sentTypes(pair: Pair, at: string, to: string): number[] {
  return pair.network.connections
    .filter((end) => toHex(end.localAddress.bytes) === toHex(hexOf(at)) && toHex(end.remoteAddress.bytes) === toHex(hexOf(to)))
    .flatMap((end) => end.written.map((message) => message[18]));
}

function hexOf(text: string): Uint8Array {
  return Uint8Array.from(text.split(".").map(Number));
}

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

t.test("the hold timer ends a silent session with NOTIFICATION 4/0", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9 } });
  t.equal(pair.b.session.negotiated?.holdTimeSeconds, 9);
  t.equal(pair.b.session.negotiated?.keepaliveSeconds, 3);
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Established", "KEEPALIVEs keep it up");
  pair.network.freeze(A, B);
  pair.clock.advance(9_000);
  t.equal(pair.a.session.state, "Idle");
  t.same(pair.a.handler.downs.map((down) => down.text), ["hold timer expired: nothing heard for 9 s"]);
  t.same(pair.a.handler.downs[0]?.sent, { code: 4, subcode: 0, data: new Uint8Array(0) });
  t.end();
});

t.test("the hold timer does not fire while the peer's octets wait to be read", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9 } });
  const end = pair.network.between(A, B)[0];
  end?.pause(); // as if the event loop had not come to read
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Established");
  t.ok(end?.hasUnreadBytes());
  end?.resume();
  pair.clock.advance(1000);
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("half a message does not keep a dead peer alive", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9 } });
  pair.network.between(B, A)[0]?.write(fromHex(`${MARKER} 0017`));
  pair.clock.settle();
  pair.network.freeze(A, B);
  pair.clock.advance(9_000);
  t.equal(pair.a.session.state, "Idle");
  t.end();
});

t.test("Hold Time 0: no KEEPALIVE, no expiry", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 0 } });
  const before = pair.a.session.status().sent.keepalive;
  pair.clock.advance(10_000_000);
  t.equal(pair.a.session.state, "Established");
  t.equal(pair.a.session.status().sent.keepalive, before);
  t.end();
});

t.test("KEEPALIVEs are jittered between 0.75 and 1.0 of their time, never closer than a second", (t) => {
  for (const { holdTimeSeconds, random, expected } of [
    { holdTimeSeconds: 90, random: 0, expected: 22_500 },
    { holdTimeSeconds: 90, random: 0.5, expected: 26_250 },
    { holdTimeSeconds: 3, random: 0, expected: 1000 },
  ]) {
    const pair = establishedPair({ a: { holdTimeSeconds }, random: () => random });
    const before = pair.a.session.status().sent.keepalive;
    pair.clock.advance(expected - 1);
    t.equal(pair.a.session.status().sent.keepalive, before, `hold ${holdTimeSeconds}, random ${random}: not yet`);
    pair.clock.advance(1);
    t.equal(pair.a.session.status().sent.keepalive, before + 1, `hold ${holdTimeSeconds}, random ${random}: now`);
  }
  t.end();
});

t.test("ConnectRetryTimer is jittered too", (t) => {
  const pair = makePair({ random: () => 0 });
  pair.network.setFailure(B, "silent");
  pair.a.session.start();
  pair.clock.advance(89_999);
  t.equal(pair.a.host.attempts.length, 1);
  pair.clock.advance(1);
  t.equal(pair.a.host.attempts.length, 2);
  t.end();
});

t.test("sending UPDATEs restarts the KeepaliveTimer; a backed-up output gets KEEPALIVEs all the same", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9 } });
  pair.clock.advance(2000);
  const before = pair.a.session.status().sent.keepalive;
  t.equal(pair.a.session.write(UPDATE), true);
  pair.clock.advance(2999);
  t.equal(pair.a.session.status().sent.keepalive, before);
  pair.clock.advance(1);
  t.equal(pair.a.session.status().sent.keepalive, before + 1);
  pair.network.between(B, A)[0]?.pause();
  pair.network.highWaterMark = 10;
  t.equal(pair.a.session.write(UPDATE), false, "the peer does not read");
  pair.clock.advance(3000);
  t.equal(pair.a.session.status().sent.keepalive, before + 2);
  t.equal(pair.a.session.writableLength, UPDATE.length + 19);
  pair.network.between(B, A)[0]?.resume();
  pair.clock.settle();
  t.ok(pair.a.handler.events.includes("writable"));
  t.end();
});

t.test("UPDATEs arrive whole and in order, whatever the chunks", (t) => {
  for (const chunkSize of [1, 7, 19, 20, 1000]) {
    const pair = establishedPair();
    pair.network.chunkSize = chunkSize;
    const bodies: string[] = [];
    for (let i = 0; i < 20; i++) {
      const body = `0000${(2 * i).toString(16).padStart(4, "0")}${"ab".repeat(2 * i)}`;
      bodies.push(`update ${body}`);
      pair.a.session.write(fromHex(`${MARKER} ${(23 + 2 * i).toString(16).padStart(4, "0")} 02 ${body}`));
    }
    pair.clock.settle();
    t.same(pair.b.handler.events.slice(1), bodies, `chunks of ${chunkSize}`);
    t.equal(pair.b.session.status().received.update, 20);
    t.equal(pair.a.session.status().sent.update, 20);
  }
  t.end();
});

t.test("much input is handled in slices, paused in between", (t) => {
  const pair = establishedPair();
  const many = new Uint8Array(UPDATE.length * 100);
  for (let i = 0; i < 100; i++) many.set(UPDATE, i * UPDATE.length);
  let inSlice = 0;
  const slices: number[] = [];
  // Each UPDATE takes a millisecond: the clock is looked at after eight.
  let elapsed = 0;
  const now = pair.clock.now.bind(pair.clock);
  pair.clock.now = () => now() + elapsed;
  pair.b.handler.onUpdate = () => {
    inSlice++;
    elapsed++;
  };
  pair.b.handler.turnEnded = () => {
    slices.push(inSlice);
    inSlice = 0;
  };
  pair.a.session.write(many);
  pair.clock.settle();
  t.equal(pair.a.session.status().sent.update, 100, "messages of one write are counted one by one");
  t.equal(slices.reduce((sum, count) => sum + count, 0), 100);
  t.ok(slices.every((count) => count <= 8), `at most 8 messages of 1 ms in a slice of ${SLICE_MS} ms: ${slices.join()}`);
  t.equal(pair.network.between(B, A)[0]?.isPaused, false, "reading goes on at the end");
  t.equal(pair.b.session.state, "Established");
  t.end();
});

t.test("the connection is paused while a slice waits, and the hold timer waits with it", (t) => {
  const pair = establishedPair({ b: { holdTimeSeconds: 3 } });
  const many = new Uint8Array(UPDATE.length * 16);
  for (let i = 0; i < 16; i++) many.set(UPDATE, i * UPDATE.length);
  const end = pair.network.between(B, A)[0];
  const paused: boolean[] = [];
  let elapsed = 0;
  const now = pair.clock.now.bind(pair.clock);
  pair.clock.now = () => now() + elapsed;
  pair.b.handler.onUpdate = () => {
    paused.push(end?.isPaused === true);
    elapsed++;
  };
  pair.a.session.write(many);
  pair.clock.settle();
  t.same(paused, [...new Array<boolean>(8).fill(false), ...new Array<boolean>(8).fill(true)]);
  t.equal(end?.isPaused, false);
  t.end();
});

t.test("garbage from the peer is answered with the right NOTIFICATION and closed", (t) => {
  for (const { name, octets, code, subcode } of [
    { name: "no marker", octets: "00".repeat(19), code: 1, subcode: 1 },
    { name: "length 18", octets: `${MARKER} 0012 04`, code: 1, subcode: 2 },
    { name: "type 9", octets: `${MARKER} 0013 09`, code: 1, subcode: 3 },
    { name: "OPEN in Established", octets: `${MARKER} 001d 01 04 fde9 005a 0a000002 00`, code: 5, subcode: 3 },
    { name: "ROUTE-REFRESH of 3 octets", octets: `${MARKER} 0016 05 000100`, code: 7, subcode: 1 },
  ]) {
    const pair = establishedPair();
    pair.network.between(B, A)[0]?.write(fromHex(octets));
    pair.clock.settle();
    const [down] = pair.a.handler.downs;
    t.match(down, { sent: { code, subcode }, mayBeRestart: false }, name);
    t.match(pair.b.handler.downs, [{ received: { code, subcode } }], `${name}: the peer got it`);
    t.equal(pair.network.between(A, B).length, 0, `${name}: closed`);
  }
  t.end();
});

t.test("a NotificationError of the handler is sent and ends the session", (t) => {
  const pair = establishedPair();
  pair.a.handler.onUpdate = () => {
    throw new NotificationError(3, 1, Uint8Array.of(7), "just so");
  };
  pair.b.session.write(UPDATE);
  pair.clock.settle();
  t.same(pair.a.handler.downs.map((down) => down.text), ["sent UPDATE Message Error/Malformed Attribute List: just so"]);
  t.match(pair.b.handler.downs[0]?.received, { code: 3, subcode: 1, data: Uint8Array.of(7) });
  t.end();
});

t.test("UPDATE before Established is an FSM error of its state (RFC 6608)", (t) => {
  // Instead of B's session a listener of our own plays the peer.
  const rogue = makePair();
  rogue.a.session.start();
  rogue.b.session.accept = (connection) => {
    connection.write(UPDATE);
  };
  rogue.clock.settle();
  t.match(rogue.a.session.status().lastError, /sent Finite State Machine Error\/Unexpected Message in OpenSent State: UPDATE/);
  t.end();
});

t.test("stop sends Cease with the reason (RFC 9003) and stays down until start", (t) => {
  const pair = establishedPair();
  pair.a.session.stop(undefined, "upgrade");
  pair.clock.settle();
  t.match(pair.a.session.status(), { state: "Idle", adminDown: true, info: "administratively down: upgrade" });
  t.same(pair.b.handler.downs.map((down) => down.text), ['peer sent Cease/Administrative Shutdown: "upgrade"']);
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

t.test("where graceful restart was agreed with the N bit, a shutdown is a Hard Reset (RFC 8538)", (t) => {
  const pair = establishedPair({ a: { gracefulRestart: () => GRACEFUL }, b: { gracefulRestart: () => GRACEFUL } });
  pair.a.session.stop(undefined, "bye");
  pair.clock.settle();
  t.match(pair.b.handler.downs, [
    { received: { code: 6, subcode: 9 }, mayBeRestart: false, text: /Hard Reset: Cease\/Administrative Shutdown: "bye"/ },
  ]);
  t.match(pair.a.handler.downs, [{ mayBeRestart: false }]);
  t.end();
});

t.test("reset sends the Cease and comes back by itself", (t) => {
  const pair = establishedPair();
  pair.a.session.reset(4, "again");
  pair.clock.settle();
  t.same(pair.b.handler.downs.map((down) => down.text), ['peer sent Cease/Administrative Reset: "again"']);
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

t.test("which endings may be a graceful restart", (t) => {
  const silent = { ...GRACEFUL, notification: false };
  for (const { name, offer, end, expected } of [
    { name: "TCP lost, no capability", offer: undefined, end: "cut", expected: false },
    { name: "TCP lost", offer: silent, end: "cut", expected: true },
    { name: "TCP lost, capability without families", offer: { ...GRACEFUL, families: [] }, end: "cut", expected: false },
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
    t.same(pair.a.handler.downs.map((down) => down.mayBeRestart), [expected], name);
  }
  const off = establishedPair({ b: { gracefulRestart: () => GRACEFUL } });
  off.network.cut(A, B);
  t.same(off.a.handler.downs.map((down) => down.mayBeRestart), [false], "not offered by us: not used");
  t.end();
});

t.test("abandon sends no NOTIFICATION, and start works after it", (t) => {
  const pair = establishedPair({ b: { passive: true } });
  pair.a.session.abandon("restart");
  t.equal(pair.a.session.status().info, "administratively down: restart");
  pair.clock.settle();
  t.notOk(sentTypes(pair, A, B).includes(3), "no NOTIFICATION");
  t.same(pair.b.handler.downs.map((down) => down.text), ["connection closed by 10.0.0.1"]);
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
  t.same(pair.a.handler.events, ["established 65001", "down peer opened a new connection: it has restarted", "established 65001"]);
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

t.test("ROUTE-REFRESH reaches the handler for families that were agreed", (t) => {
  const pair = establishedPair({ a: { families: [0] } });
  t.equal(pair.b.session.sendRouteRefresh(0, 0), true);
  t.equal(pair.b.session.sendRouteRefresh(1, 0), false, "IPv6 was not agreed");
  pair.b.session.sendRouteRefresh(0, 1);
  pair.b.session.sendRouteRefresh(0, 2);
  for (const octets of ["0002 00 01", "0001 07 01", "0001 00 80"]) {
    pair.network.between(B, A)[0]?.write(fromHex(`${MARKER} 0017 05 ${octets}`));
  }
  pair.clock.settle();
  t.same(pair.a.handler.events.slice(1), ["refresh 0 0", "refresh 0 1", "refresh 0 2"], "other family, subtype, SAFI: ignored");
  t.equal(pair.a.session.status().received.routeRefresh, 6);
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("an OPEN is delayed where asked for (DelayOpen)", (t) => {
  const pair = makePair({ a: { delayOpenSeconds: 5, passive: true }, b: { delayOpenSeconds: 7 } });
  pair.a.session.start();
  pair.b.session.start();
  pair.clock.settle();
  t.equal(pair.a.session.state, "Active");
  t.equal(pair.b.session.state, "Connect");
  pair.clock.advance(5000);
  t.equal(pair.a.session.state, "Established", "B answers the OPEN before its own delay is over");
  pair.clock.advance(60_000);
  t.equal(pair.b.session.state, "Established");
  t.end();
});

t.test("counters count every message once, both ways", (t) => {
  const pair = establishedPair({ b: { passive: true } });
  pair.a.session.write(UPDATE);
  pair.clock.advance(30_000);
  t.match(pair.a.session.status().sent, { open: 1, update: 1, notification: 0, routeRefresh: 0 });
  t.same(pair.b.session.status().received, pair.a.session.status().sent);
  t.same(pair.a.session.status().received, pair.b.session.status().sent);
  t.end();
});

t.test("writing outside Established is refused", (t) => {
  const pair = makePair();
  t.equal(pair.a.session.write(UPDATE), false);
  t.equal(pair.a.session.status().sent.update, 0);
  t.equal(pair.a.session.sendRouteRefresh(0, 0), false);
  t.end();
});
