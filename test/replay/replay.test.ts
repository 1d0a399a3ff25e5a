// Packets in, messages out: sessions whole and in part, interleaved, damaged, and their tables.

import fc from "fast-check";
import t from "tap";
import type { Bytes } from "../../src/base/bytes.js";
import {
  announcementOf,
  joined,
  KEEPALIVE,
  lineOf,
  openOf,
  PLAIN_OPTIONS,
  replayFrames,
  replaySegments,
  START_MICROS,
  tablesOf,
  withdrawalOf,
} from "./recorded-conversation.js";
import { ethernet, frameOf, packetOf, type Segment } from "./synthetic-capture.js";

const A = "192.0.2.1 40000";
const B = "192.0.2.2 179";
const A6 = "2001:db8::1 40000";
const B6 = "2001:db8::2 179";

/** One side of a connection: consecutive segments with the right sequence numbers. */
class Side {
  readonly #from: string;
  readonly #to: string;
  #next: number;

  constructor(from: string, to: string, first = 1_000_000) {
    this.#from = from;
    this.#to = to;
    this.#next = first;
  }

  syn(flags = "S"): Segment {
    const segment = { from: this.#from, to: this.#to, sequence: this.#next, flags };
    this.skip(1);
    return segment;
  }

  say(...messages: readonly Bytes[]): Segment {
    const payload = joined(...messages);
    const segment = { from: this.#from, to: this.#to, sequence: this.#next, payload };
    this.skip(payload.length);
    return segment;
  }

  end(flags = "FA"): Segment {
    return { from: this.#from, to: this.#to, sequence: this.#next, flags };
  }

  skip(count: number): void {
    this.#next = (this.#next + count) >>> 0;
  }
}

function openedPair(first = 1_000_000, from = A, to = B): { a: Side; b: Side; opening: Segment[] } {
  const a = new Side(from, to, first);
  const b = new Side(to, from, 5);
  const opening = [
    a.syn(),
    b.syn("SA"),
    a.say(openOf(65001)),
    b.say(openOf(65002)),
    a.say(KEEPALIVE),
    b.say(KEEPALIVE),
  ];
  return { a, b, opening };
}

const OPENING = ["OPEN", "OPEN", "KEEPALIVE", "KEEPALIVE"];

t.test("a session on every kind of link, with times and ends", async (t) => {
  for (const [from, to] of [
    [A, B],
    [A6, B6],
  ]) {
    const { a, opening } = openedPair(1, from, to);
    const segments = [...opening, a.say(announcementOf(["10.0.0.0/8"]))];
    for (const link of [0, 1, 12, 101, 108, 113, 276]) {
      const frames = segments.map((segment, i) => ({
        timeMicros: START_MICROS + i,
        frame: frameOf(link, packetOf(segment)),
      }));
      const { lines, messages } = replayFrames(frames, PLAIN_OPTIONS, link);
      t.strictSame(lines, [...OPENING, "UPDATE +10.0.0.0/8"], `link ${link}`);
      t.equal(messages[4].stamp.timeMicros, START_MICROS + 6);
      t.equal(messages[4].stamp.packet, 7);
    }
    const tagged = segments.map((segment, i) => ({
      timeMicros: i,
      frame: ethernet(packetOf(segment), i % 2 === 0 ? [0x8100] : [0x88a8, 0x8100]),
    }));
    t.strictSame(replayFrames(tagged, PLAIN_OPTIONS, 1).lines, [...OPENING, "UPDATE +10.0.0.0/8"], "VLAN tags");
  }
});

t.test("only the port that is asked for", async (t) => {
  const { opening } = openedPair(1, "192.0.2.1 40000", "192.0.2.2 1790");
  t.strictSame(replaySegments(opening).lines, []);
  t.match(replaySegments(opening).notes, [/no TCP with port 179 in the capture/]);
  t.strictSame(replaySegments(opening, { ...PLAIN_OPTIONS, port: 1790 }).lines, OPENING);
});

t.test("sequence numbers wrap around", async (t) => {
  const { a, opening } = openedPair(0xffff_ffff - 60);
  const updates = ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"].map((prefix) => a.say(announcementOf([prefix])));
  const { lines, notes } = replaySegments([...opening, ...updates]);
  t.strictSame(lines.slice(4), ["UPDATE +10.0.0.0/8", "UPDATE +10.1.0.0/16", "UPDATE +10.2.0.0/16"]);
  t.strictSame(notes, []);
});

t.test("a lost segment is told, and the next message is found again", async (t) => {
  const { a, opening } = openedPair();
  const before = a.say(announcementOf(["10.0.0.0/8"]));
  const lost = announcementOf(["10.1.0.0/16"]);
  a.skip(lost.length - 5);
  // The rest of the message whose beginning is missing, then a whole one.
  const after = a.say(lost.subarray(lost.length - 5), announcementOf(["10.2.0.0/16"]));
  const { lines } = replaySegments([...opening, before, after, a.say(KEEPALIVE)]);
  t.strictSame(lines.slice(4), [
    "UPDATE +10.0.0.0/8",
    `… ${lost.length - 5} octets missing in the capture`,
    "… 5 octets skipped up to the next message header",
    "UPDATE +10.2.0.0/16",
    "KEEPALIVE",
  ]);
});

t.test("a message whose middle is lost is named, and where it ends is known", async (t) => {
  const { a, opening } = openedPair();
  const update = announcementOf(["10.1.0.0/16"]);
  const begin = a.say(update.subarray(0, 25));
  a.skip(10);
  const rest = a.say(update.subarray(35), withdrawalOf(["10.0.0.0/8"]));
  const { lines } = replaySegments([...opening, begin, rest]);
  t.strictSame(lines.slice(4), [
    "… 10 octets missing in the capture",
    "UPDATE (10 octets of this message are not in the capture)",
    "UPDATE -10.0.0.0/8",
  ]);
});

t.test("packets cut by the snapshot length are told", async (t) => {
  const { a, opening } = openedPair();
  const frames = [...opening, a.say(announcementOf(["10.0.0.0/8"])), a.say(KEEPALIVE)].map((segment, i) => ({
    timeMicros: i,
    frame: packetOf(segment),
  }));
  const cut = frames[6];
  frames[6] = { ...cut, frame: cut.frame.subarray(0, 40 + 30), ...{ originalLength: cut.frame.length } };
  const missing = cut.frame.length - 70;
  t.strictSame(replayFrames(frames).lines.slice(4), [
    `… ${missing} octets missing: the capture cut packets short (snapshot length)`,
    `UPDATE (${missing} octets of this message are not in the capture)`,
    "KEEPALIVE",
  ]);
});

t.test("a capture that begins in the middle of a message", async (t) => {
  const a = new Side(A, B);
  const first = announcementOf(["10.0.0.0/8"]);
  a.skip(30);
  const { lines } = replaySegments([a.say(first.subarray(30), announcementOf(["10.1.0.0/16"])), a.say(KEEPALIVE)]);
  t.strictSame(lines, [
    `… ${first.length - 30} octets skipped up to the next message header`,
    "UPDATE +10.1.0.0/16",
    "KEEPALIVE",
  ]);
});

t.test("what only looks like a header in the middle of a message is passed over", async (t) => {
  const a = new Side(A, B);
  // Sixteen octets of 0xff and a KEEPALIVE's length and type, but no header behind them.
  const deceptive = new Uint8Array(30).fill(0xff, 2, 18);
  deceptive.set([0, 19, 4], 18);
  const { lines } = replaySegments([a.say(deceptive, announcementOf(["10.1.0.0/16"])), a.say(KEEPALIVE)]);
  t.strictSame(lines, ["… 30 octets skipped up to the next message header", "UPDATE +10.1.0.0/16", "KEEPALIVE"]);
});

t.test("octets that are no BGP are said to reset the session", async (t) => {
  const a = new Side(A, B);
  const { lines } = replaySegments([
    a.syn(),
    a.say(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")),
    a.say(KEEPALIVE),
  ]);
  t.strictSame(lines, [
    "… 18 octets that are no BGP message: session reset 1/1 Message Header Error/Connection Not Synchronized",
    "KEEPALIVE",
  ]);
});

t.test("a SYN with another number is a new session, one with the same a repetition", async (t) => {
  const { a, opening } = openedPair();
  const again = openedPair(77_000_000);
  const { lines, sessions, ends, messages } = replaySegments([
    ...opening,
    opening[0],
    a.say(announcementOf(["10.0.0.0/8"])),
    ...again.opening,
    again.a.say(announcementOf(["10.1.0.0/16"])),
  ]);
  t.strictSame(lines, [...OPENING, "UPDATE +10.0.0.0/8", ...OPENING, "UPDATE +10.1.0.0/16"]);
  t.equal(sessions.size, 2);
  t.strictSame(ends, ["another connection from the same port"]);
  t.equal(messages.length, 10);
});

t.test("a new session is told from the old one by its numbers, even if its SYN was not captured", async (t) => {
  for (const [first, flags] of [
    [100_000_000, "A"], // far behind what the old one has reached
    [3_000_000_000, "R"], // far ahead, after its end
  ] as const) {
    const { a, opening } = openedPair(1_000_000_000);
    const again = new Side(A, B, first);
    const { lines, sessions } = replaySegments([
      ...opening,
      a.end(flags),
      again.say(announcementOf(["10.0.0.0/8"])),
      again.say(KEEPALIVE),
    ]);
    t.strictSame(lines, [...OPENING, "UPDATE +10.0.0.0/8", "KEEPALIVE"], `at ${first}`);
    t.equal(sessions.size, 2);
  }
});

t.test("sessions end with a NOTIFICATION, FIN or RST, and their tables say so", async (t) => {
  for (const [flags, why] of [
    ["FA", "connection closed (FIN)"],
    ["R", "connection reset (RST)"],
  ]) {
    const { a, opening } = openedPair();
    const listener = replaySegments([...opening, a.say(announcementOf(["10.0.0.0/8"])), a.end(flags)]);
    t.strictSame(listener.ends, [why]);
    t.strictSame(
      [...listener.tables].map(({ end }) => end?.why),
      [why],
    );
    t.strictSame(tablesOf(listener), ["192.0.2.1:40000 10.0.0.0/8"], "the routes are shown as they were");
  }
});

t.test(
  "tables: one per receiver, with withdrawals and path identifiers, and a new session instead of an old one",
  async (t) => {
    const { a, b, opening } = openedPair();
    const segments = [
      ...opening,
      a.say(announcementOf(["10.0.0.0/8", "10.1.0.0/16"])),
      b.say(announcementOf(["10.9.0.0/16"], [65002])),
      a.say(withdrawalOf(["10.1.0.0/16"])),
    ];
    t.strictSame(tablesOf(replaySegments(segments)), ["192.0.2.1:40000 10.0.0.0/8", "192.0.2.2:179 10.9.0.0/16"]);
    const later = openedPair(5, "192.0.2.1 40001");
    const more = [...segments, a.end("R"), ...later.opening, later.a.say(announcementOf(["10.5.0.0/16"]))];
    t.strictSame(tablesOf(replaySegments(more)), ["192.0.2.1:40001 10.5.0.0/16"]);
  },
);

t.test("many sessions at a time are kept apart", async (t) => {
  const pairs = Array.from({ length: 20 }, (_, i) => openedPair(i, `192.0.2.1 ${40000 + i}`, `198.51.100.${i} 179`));
  const segments: Segment[] = [];
  for (let step = 0; step < 6; step++) for (const { opening } of pairs) segments.push(opening[step]);
  for (const [i, { a }] of pairs.entries()) segments.push(a.say(announcementOf([`10.${i}.0.0/16`])));
  const listener = replaySegments(segments);
  t.equal(listener.sessions.size, 20);
  t.strictSame(
    tablesOf(listener),
    pairs.map((_, i) => `192.0.2.1:${40000 + i} 10.${i}.0.0/16`),
  );
});

t.test("any segmentation, order and repetition of a stream gives the same messages", async (t) => {
  const messages = [
    openOf(65001),
    KEEPALIVE,
    announcementOf(["10.0.0.0/8", "10.1.0.0/16"]),
    withdrawalOf(["10.1.0.0/16"]),
    announcementOf(["192.0.2.0/24"], [65001, 4_200_000_000]),
    KEEPALIVE,
  ];
  const stream = joined(...messages);
  const expected = replaySegments([new Side(A, B).syn(), { from: A, to: B, sequence: 1_000_001, payload: stream }]);
  t.equal(expected.lines.length, messages.length);
  const piece = fc.tuple(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 150 }));
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: stream.length, maxLength: stream.length }),
      fc.array(piece, { maxLength: 20 }),
      fc.nat(0xffffffff),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 400, maxLength: 400 }),
      (lengths, repeated, first, keys) => {
        const cuts: [number, number][] = [];
        for (let at = 0, i = 0; at < stream.length; at += lengths[i++]) cuts.push([at, lengths[i]]);
        const segments = [...cuts, ...repeated].map(([at, length], i) => ({
          key: keys[i],
          segment: {
            from: A,
            to: B,
            sequence: (first + 1 + at) >>> 0,
            payload: stream.subarray(at, at + length),
          },
        }));
        const shuffled = segments.sort((x, y) => x.key - y.key).map(({ segment }) => segment);
        const { messages: heard, notes } = replaySegments([
          { from: A, to: B, sequence: first, flags: "S" },
          ...shuffled,
        ]);
        return notes.length === 0 && heard.map(lineOf).join("\n") === expected.lines.join("\n");
      },
    ),
    { numRuns: 200 },
  );
});

t.test("whatever the packets hold, nothing is thrown", async (t) => {
  const { a, opening } = openedPair();
  const frames = [...opening, a.say(announcementOf(["10.0.0.0/8", "10.1.0.0/16"]))].map((segment) => packetOf(segment));
  const edits = fc.array(fc.tuple(fc.nat(frames.length - 1), fc.nat(200), fc.nat(255)), { maxLength: 12 });
  let heard = 0;
  fc.assert(
    fc.property(edits, (changes) => {
      const changed = frames.map((frame) => frame.slice());
      for (const [n, at, value] of changes) changed[n][at % changed[n].length] = value;
      heard += replayFrames(changed.map((frame, i) => ({ timeMicros: i, frame }))).messages.length;
    }),
    { numRuns: 500 },
  );
  t.ok(heard > 500, "most messages are heard nevertheless");
});
