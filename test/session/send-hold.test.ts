// The send hold timer (RFC 9687): a peer that takes nothing loses its session, one that takes little keeps it.

import t from "tap";
import { fromHex } from "../../src/base/bytes.js";
import { SendHold, sendHoldTime } from "../../src/session/send-hold.js";
import { A, B, establishedPair, optionsFor, type Pair } from "./session-pair.js";

const UPDATE = fromHex(`${"ff".repeat(16)} 0017 02 0000 0000`);

t.test("how long the Send Hold Time is", (t) => {
  for (const { configured, holdTimeSeconds, expected } of [
    { configured: undefined, holdTimeSeconds: 90, expected: 480 },
    { configured: undefined, holdTimeSeconds: 240, expected: 480 },
    { configured: undefined, holdTimeSeconds: 300, expected: 600 },
    { configured: undefined, holdTimeSeconds: 0, expected: 0 },
    { configured: 0, holdTimeSeconds: 90, expected: 0 },
    { configured: 100, holdTimeSeconds: 90, expected: 100 },
    { configured: 100, holdTimeSeconds: 0, expected: 0 },
  ]) {
    const options = optionsFor(A, B, { sendHoldSeconds: configured });
    t.equal(sendHoldTime(options, holdTimeSeconds), expected, `${configured}, hold time ${holdTimeSeconds}`);
  }
  t.end();
});

t.test("the time counts from the last look that saw progress, or nothing that waits", (t) => {
  const sendHold = new SendHold(80, 0, 100);
  const waiting = { progress: 100, isWaiting: true };
  t.equal(sendHold.look(10_000, waiting), 10_000, "an eighth at a time");
  t.equal(sendHold.look(75_000, waiting), 5_000, "the last look comes exactly at the end");
  t.equal(sendHold.look(79_000, { progress: 101, isWaiting: true }), 10_000, "one octet more is progress");
  t.equal(sendHold.look(158_000, { progress: 101, isWaiting: false }), 10_000, "nothing waits");
  t.equal(sendHold.look(237_999, { progress: 101, isWaiting: true }), 1);
  t.equal(sendHold.look(238_000, { progress: 101, isWaiting: true }), 0, "over");
  t.end();
});

/** An Established pair; B's end of the connection does not read, but B goes on sending KEEPALIVEs. */
function deafPair(sendHoldSeconds: number | undefined): Pair {
  const pair = establishedPair({ a: { holdTimeSeconds: 9, sendHoldSeconds }, b: { holdTimeSeconds: 90 } });
  // B would lose the session for want of our KEEPALIVEs, were it not for the octets it has not read.
  pair.network.between(B, A)[0]?.pause();
  pair.a.session.write(UPDATE);
  return pair;
}

t.test("a peer that takes nothing loses its session with NOTIFICATION 8/0", (t) => {
  const pair = deafPair(40);
  pair.clock.advance(39_999);
  t.equal(pair.a.session.state, "Established", "not early");
  pair.clock.advance(5_001);
  t.equal(pair.a.session.state, "Idle");
  t.match(pair.a.handler.downs, [
    { text: "send hold timer expired: the peer has taken nothing for 40 s", sent: { code: 8, subcode: 0 } },
  ]);
  const written = pair.network.connections.filter((end) => end.remotePort === 179 || end.localPort === 179);
  t.ok(
    written.some((end) => end.written.some((message) => message[18] === 3 && message[19] === 8)),
    "the NOTIFICATION is tried",
  );
  t.end();
});

t.test("by default after eight minutes", (t) => {
  const pair = deafPair(undefined);
  pair.clock.advance(479_999);
  t.equal(pair.a.session.state, "Established");
  pair.clock.advance(61_000);
  t.match(pair.a.handler.downs, [{ text: "send hold timer expired: the peer has taken nothing for 480 s" }]);
  t.end();
});

t.test("0 turns it off", (t) => {
  const pair = deafPair(0);
  pair.clock.advance(3_600_000);
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("a peer that takes a little now and then keeps its session", (t) => {
  const pair = deafPair(40);
  const end = pair.network.between(B, A)[0];
  for (let round = 0; round < 20; round++) {
    pair.clock.advance(35_000);
    end?.resume();
    pair.clock.settle();
    end?.pause();
    pair.a.session.write(UPDATE);
  }
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("a session with nothing to say costs a look now and then, and stays", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9, sendHoldSeconds: 9 } });
  pair.clock.advance(3_600_000);
  t.equal(pair.a.session.state, "Established");
  t.end();
});

t.test("a session that ends takes its timer along", (t) => {
  const pair = establishedPair({ a: { holdTimeSeconds: 9, sendHoldSeconds: 40 } });
  pair.a.session.stop();
  pair.b.session.stop();
  pair.clock.settle();
  t.equal(pair.clock.pending, 0);
  t.end();
});
