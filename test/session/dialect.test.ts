// Sessions as BIRD has them where that is asked for, and what a peer without capabilities gets (RFC 5492 §3).

import t from "tap";
import { fromHex } from "../../src/base/bytes.js";
import type { Family } from "../../src/base/family.js";
import { address } from "../support/memory-network.js";
import { A, B, establishedPair, makePair, type Pair } from "./session-pair.js";

const MARKER = "ff".repeat(16);

t.test("fixedKeepalive: a configured keepalive time is used whatever hold time was negotiated", (t) => {
  for (const [fixedKeepalive, expected] of [
    [false, 10],
    [true, 25],
  ] as const) {
    const pair = establishedPair({ a: { keepaliveSeconds: 25, fixedKeepalive }, b: { holdTimeSeconds: 30 } });
    t.equal(pair.a.session.negotiated?.keepaliveSeconds, expected, `fixedKeepalive: ${fixedKeepalive}`);
    t.equal(pair.a.session.negotiated?.holdTimeSeconds, 30);
  }
  const pair = establishedPair({ a: { fixedKeepalive: true }, b: { holdTimeSeconds: 30 } });
  t.equal(pair.a.session.negotiated?.keepaliveSeconds, 10, "none configured: a third of the hold time");
  t.end();
});

t.test("refusesSilently: a connection that is not wanted is closed without a message", (t) => {
  for (const [refusesSilently, text] of [
    [false, "peer sent Cease/Connection Rejected"],
    [true, "connection closed by"],
  ] as const) {
    const pair = makePair({ b: { refusesSilently } });
    pair.a.session.start();
    pair.clock.settle();
    const { lastError, received } = pair.a.session.status();
    t.match(lastError, text, `refusesSilently: ${refusesSilently}`);
    t.equal(received.notification, refusesSilently ? 0 : 1);
  }
  t.end();
});

/** A starts towards somebody who answers each OPEN with 2/4 while it has optional parameters; their lengths. */
function refusedFor(families: readonly Family[]): { readonly pair: Pair; readonly lengths: readonly number[] } {
  const C = "10.0.0.3";
  const pair = makePair({ a: { families, remoteAddress: address(C) } });
  const lengths: number[] = [];
  pair.network.host(C).listenNow({ address: address("0.0.0.0"), port: 179 }, (connection) => {
    const onBytes = (chunk: Uint8Array): void => {
      if (chunk[18] !== 1) return;
      const length = chunk[28] ?? -1;
      lengths.push(length);
      if (length > 0) connection.write(fromHex(`${MARKER} 0015 03 0204`));
      else connection.write(fromHex(`${MARKER} 001d 01 04 fde9 005a 0a000002 00`));
    };
    connection.handler = { onBytes, onDrain: () => undefined, onClosed: () => undefined };
  });
  pair.a.session.start();
  pair.clock.settle();
  return { pair, lengths };
}

t.test("a bad peer AS is remembered with the AS, which the NOTIFICATION does not tell", (t) => {
  const pair = makePair({ a: { peerAsNumbers: [65099] } });
  pair.a.session.start();
  pair.b.session.start();
  pair.clock.settle();
  t.match(pair.a.session.status().lastFailure, { kind: "sent", code: 2, subcode: 2, data: [0, 0, 0xfd, 0xe9] });
  t.match(pair.b.session.status().lastFailure, { kind: "received", code: 2, subcode: 2, data: [] });
  t.end();
});

t.test("a peer that refuses optional parameters gets an OPEN without them next time", (t) => {
  const { pair, lengths } = refusedFor([0]);
  const refused = { kind: "received", code: 2, subcode: 4, data: [], errno: "", text: "" };
  t.same(pair.a.session.status().lastFailure, refused);
  t.equal(pair.a.session.status().isErrorWait, true);
  pair.clock.advance(4000);
  t.equal(pair.a.session.state, "OpenConfirm", "the plain OPENs fit");
  t.same(pair.a.session.negotiated?.families, [0], "RFC 4760 §8: IPv4 unicast only");
  t.equal(pair.a.session.negotiated?.fourOctetAs, false);
  t.equal(lengths[1], 0);
  t.end();
});

t.test("an IPv6 session is not tried without capabilities: it would be one of IPv4", (t) => {
  const { pair, lengths } = refusedFor([1]);
  pair.clock.advance(30_000);
  t.ok(lengths.length > 1);
  t.ok(lengths.every((length) => length > 0));
  t.end();
});

t.test("the status tells timers, both connections and the last failure as data", (t) => {
  const pair = establishedPair();
  pair.clock.advance(10_000);
  const up = pair.a.session.status();
  t.equal(up.connections.length, 1);
  t.equal(up.connections[0]?.state, "Established");
  t.equal(up.connections[0]?.initiator, "remote");
  const timers = new Map(up.connections[0]?.timers.map(({ timer, leftMs, totalMs }) => [timer, { leftMs, totalMs }]));
  t.same(timers.get("HoldTimer"), { leftMs: 80_000, totalMs: 90_000 });
  t.equal(timers.get("KeepaliveTimer")?.totalMs, 30_000);
  t.equal(up.lastFailure, undefined);
  pair.network.cut(A, B);
  pair.clock.settle();
  const down = pair.a.session.status();
  t.equal(down.lastFailure?.kind, "socket");
  t.equal(down.isErrorWait, false, "TCP failed: nobody is at fault");
  t.ok(down.changedWallTime >= up.changedWallTime);
  pair.clock.advance(60_000);
  t.equal(pair.a.session.state, "Established");
  t.equal(pair.a.session.status().lastFailure, undefined, "forgotten when Established");
  pair.b.session.stop();
  pair.clock.settle();
  t.match(pair.a.session.status().lastFailure, { kind: "received", code: 6, subcode: 2 });
  t.equal(pair.b.session.status().lastFailure, undefined, "our own Cease is no failure");
  t.end();
});
