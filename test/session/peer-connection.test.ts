import t from "tap";
import { fromHex } from "../../src/base/bytes.js";
import { SLICE_MS } from "../../src/base/work-queue.js";
import { NotificationError } from "../../src/packet/notification.js";
import { A, B, establishedPair, makePair } from "./session-pair.js";

const MARKER = "ff".repeat(16);
const UPDATE = fromHex(`${MARKER} 0017 02 0000 0000`);

t.test("the hold timer ends a silent session with NOTIFICATION 4/0", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9 } });
  t.equal(pair.b.session.negotiated?.holdTimeSeconds, 9);
  t.equal(pair.b.session.negotiated?.keepaliveSeconds, 3);
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Established", "KEEPALIVEs keep it up");
  pair.network.freeze(A, B);
  pair.clock.advance(9_000);
  t.equal(pair.a.session.state, "Idle");
  t.same(
    pair.a.handler.downs.map((down) => down.text),
    ["hold timer expired: nothing heard for 9 s"],
  );
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
  pair.a.session.write(many, undefined, 100);
  pair.clock.settle();
  t.equal(pair.a.session.status().sent.update, 100, "the messages of one write are all counted");
  t.equal(
    slices.reduce((sum, count) => sum + count, 0),
    100,
  );
  t.ok(
    slices.every((count) => count <= 8),
    `at most 8 messages of 1 ms in a slice of ${SLICE_MS} ms: ${slices.join()}`,
  );
  t.equal(pair.network.between(B, A)[0]?.isPaused, false, "reading goes on at the end");
  t.equal(pair.b.session.state, "Established");
  t.end();
});

t.test("the connection is paused while a slice waits", (t) => {
  const pair = establishedPair();
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
  pair.a.session.write(many, undefined, 100);
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
    { name: "ROUTE-REFRESH of 3 octets", octets: `${MARKER} 0016 05 000100`, code: 1, subcode: 2 },
    { name: "ROUTE-REFRESH of 5 octets", octets: `${MARKER} 0018 05 0001000100`, code: 7, subcode: 1 },
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
  t.same(
    pair.a.handler.downs.map((down) => down.text),
    ["sent UPDATE Message Error/Malformed Attribute List: just so"],
  );
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
  t.match(
    rogue.a.session.status().lastError,
    /sent Finite State Machine Error\/Unexpected Message in OpenSent State: UPDATE/,
  );
  t.end();
});

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
  t.same(
    pair.a.handler.events.slice(1),
    ["refresh 0 0", "refresh 0 1", "refresh 0 2"],
    "other family, subtype, SAFI: ignored",
  );
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
