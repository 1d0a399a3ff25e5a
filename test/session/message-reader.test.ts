import fc from "fast-check";
import t from "tap";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { NotificationError } from "../../src/packet/notification.js";
import { MessageReader } from "../../src/session/message-reader.js";
import { FakeClock } from "../support/fake-clock.js";

const MARKER = "ff".repeat(16);

interface Bench {
  readonly clock: FakeClock;
  readonly reader: MessageReader;
  readonly events: string[];
}

/** A reader whose messages take `costMs` each. */
function makeReader(costMs: number, onMessage: (bench: Bench) => void = () => undefined): Bench {
  const clock = new FakeClock();
  let spent = 0;
  const base = clock.now.bind(clock);
  clock.now = () => base() + spent;
  const events: string[] = [];
  const reader = new MessageReader({
    clock,
    deliver: (framer) => {
      events.push(toHex(framer.bytes, framer.start, framer.end));
      spent += costMs;
      onMessage(bench);
    },
    fail: (error) => events.push(`fail ${error.code}/${error.subcode}`),
    turnEnded: () => events.push("turn"),
    pause: () => events.push("pause"),
    resume: () => events.push("resume"),
  });
  const bench: Bench = { clock, reader, events };
  return bench;
}

function updates(count: number): Uint8Array {
  return fromHex(
    Array.from({ length: count }, (_, i) => `${MARKER} 0017 02 ${i.toString(16).padStart(8, "0")}`).join(""),
  );
}

t.test("quick messages are all delivered in one turn", (t) => {
  const { reader, events } = makeReader(0);
  reader.push(updates(100));
  t.equal(events.length, 101);
  t.equal(events.at(-1), "turn");
  t.equal(reader.hasBacklog, false);
  t.end();
});

t.test("slow messages are delivered eight at a time, paused between", (t) => {
  const { clock, reader, events } = makeReader(1);
  reader.push(updates(20));
  t.same(events.slice(8), ["pause", "turn"]);
  t.equal(reader.hasBacklog, true);
  reader.push(updates(1)); // read before the pause took effect
  t.equal(events.length, 10, "waits its turn");
  clock.settle();
  t.same(events.slice(-2), ["resume", "turn"]);
  t.equal(events.filter((event) => /^[0-9a-f]{8}$/.test(event)).length, 21);
  t.equal(events.filter((event) => event === "pause").length, 1);
  t.equal(reader.hasBacklog, false);
  t.end();
});

t.test("stop in the middle of a slice ends it without a turn", (t) => {
  const { clock, reader, events } = makeReader(1, (bench) => {
    if (bench.events.length === 3) bench.reader.stop();
  });
  reader.push(updates(20));
  clock.settle();
  reader.push(updates(1));
  t.equal(events.length, 3);
  t.end();
});

t.test("stop between slices ends the rest", (t) => {
  const { clock, reader, events } = makeReader(1);
  reader.push(updates(20));
  const before = events.length;
  reader.stop();
  clock.settle();
  t.equal(events.length, before);
  t.equal(reader.hasBacklog, false);
  t.end();
});

t.test("errors of framing and of the handler are told once, then nothing more is delivered", (t) => {
  const framing = makeReader(0);
  framing.reader.push(fromHex(`${MARKER} 0013 04 ${"00".repeat(19)} ${MARKER} 0013 04`));
  t.same(framing.events, ["", "fail 1/1"]);

  const handler = makeReader(0, () => {
    throw new NotificationError(3, 11);
  });
  handler.reader.push(updates(2));
  t.same(handler.events, ["00000000", "fail 3/11"]);
  t.end();
});

t.test("an error of ours is not taken for one of the peer", (t) => {
  const { reader } = makeReader(0, () => {
    throw new TypeError("bug");
  });
  t.throws(() => reader.push(updates(1)), { message: "bug" });
  t.end();
});

t.test("the messages are the same however the octets are cut", (t) => {
  const whole = updates(12);
  const expected = makeReader(0);
  expected.reader.push(whole);
  const bodies = expected.events.filter((event) => event !== "turn");
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }),
      fc.constantFrom(0, 1),
      (cuts, costMs) => {
        const { clock, reader, events } = makeReader(costMs);
        const at = [0, ...[...cuts].sort((a, b) => a - b), whole.length];
        for (let i = 1; i < at.length; i++) reader.push(whole.slice(at[i - 1], at[i]));
        clock.settle();
        t.same(
          events.filter((event) => /^[0-9a-f]{8}$/.test(event)),
          bodies,
        );
      },
    ),
    { numRuns: 50 },
  );
  t.end();
});

t.test("what had to wait, and was held meanwhile, goes on when it is released", (t) => {
  for (const holdAt of [0, 3, 7, 8, 9, 12]) {
    const { clock, reader, events } = makeReader(1, (bench) => {
      const messages = bench.events.filter((event) => /^[0-9a-f]{8}$/.test(event)).length;
      if (messages === holdAt + 1) bench.reader.hold();
    });
    reader.push(updates(20));
    clock.settle();
    const latest = events.findLast((event) => event === "pause" || event === "resume");
    t.equal(latest, "pause", `held at message ${holdAt}: the chunk stays as it is`);
    reader.release();
    clock.settle();
    t.equal(events.filter((event) => /^[0-9a-f]{8}$/.test(event)).length, 20, `held at message ${holdAt}`);
    const order = events.filter((event) => event === "pause" || event === "resume");
    t.ok(
      order.every((event, i) => event === (i % 2 === 0 ? "pause" : "resume")),
      "in turns",
    );
    t.equal(order.at(-1), "resume");
    t.equal(reader.hasBacklog, false);
  }
  t.end();
});

t.test("at the end of a connection a NOTIFICATION that waits is delivered, and nothing else", (t) => {
  const { clock, reader, events } = makeReader(1);
  reader.push(updates(20));
  reader.push(fromHex(`${MARKER} 0015 03 0602 ${MARKER} 0013 04`));
  const before = events.length;
  reader.finish();
  t.same(events.slice(before), ["0602"]);
  clock.advance(1000);
  reader.push(updates(1));
  reader.finish();
  t.equal(events.length, before + 1, "and no more");
  t.equal(reader.hasBacklog, false);
  t.end();
});

t.test("a broken message at the end of a connection is nobody's business any more", (t) => {
  const { reader, events } = makeReader(1);
  reader.push(updates(20));
  reader.push(fromHex(`${"00".repeat(16)} 0015 03 0602`));
  const before = events.length;
  reader.finish();
  t.equal(events.length, before);
  t.end();
});
