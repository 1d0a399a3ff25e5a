// One direction of a connection: order, repetition, overlap, wrap-around, gaps, and how long a gap is waited for.

import fc from "fast-check";
import t from "tap";
import { type Bytes, toHex } from "../../src/base/bytes.js";
import { type Stamp, type StreamEvent, TcpStream } from "../../src/replay/network/tcp-stream.js";

const at = (seconds: number, packet = 1): Stamp => ({ timeMicros: seconds * 1e6, packet });

/** `0102` for octets, `[3]` for a gap, `[3 cut]` where the capture cut. */
function text(events: readonly StreamEvent[]): string {
  return events
    .map((event) => (event.kind === "octets" ? toHex(event.bytes) : `[${event.length}${event.isCut ? " cut" : ""}]`))
    .join("");
}

class Stage {
  readonly stream: TcpStream;
  readonly #first: number;
  said = "";

  constructor(first = 1000) {
    this.#first = first;
    this.stream = new TcpStream(first, true);
  }

  /** Octets `from`, `from + 1` … up to `to`, each with its position as value plus `shift`. */
  add(from: number, to: number, { seconds = 0, shift = 0, captured = to - from } = {}): this {
    const bytes = Uint8Array.from({ length: captured }, (_, i) => from + i + shift);
    this.said += text(this.stream.add((this.#first + from) >>> 0, bytes, to - from, at(seconds)));
    return this;
  }
}

const rows: readonly [string, (stage: Stage) => Stage, string][] = [
  ["in order", (s) => s.add(0, 2).add(2, 4), "00010203"],
  ["out of order", (s) => s.add(2, 4).add(4, 5).add(0, 2), "0001020304"],
  ["repeated", (s) => s.add(0, 2).add(0, 2).add(2, 3).add(0, 3), "000102"],
  ["repeated while it waits", (s) => s.add(2, 4).add(2, 4).add(0, 2), "00010203"],
  ["a retransmission reaches further", (s) => s.add(0, 2).add(0, 5), "0001020304"],
  ["overlap: the first counts", (s) => s.add(0, 3).add(1, 5, { shift: 0x80 }), "0001028384"],
  [
    "overlap in what waits: the first counts",
    (s) => s.add(3, 5).add(2, 7, { shift: 0x80 }).add(0, 2),
    "0001820304" + "8586",
  ],
  [
    "a piece that bridges two others",
    (s) => s.add(2, 3).add(5, 6).add(1, 7, { shift: 0x80 }).add(0, 1),
    "00810283840586",
  ],
  ["cut by the snapshot length", (s) => s.add(0, 5, { captured: 2 }).add(5, 6), "0001[3 cut]05"],
  ["a keepalive probe repeats the octet before", (s) => s.add(0, 2).add(1, 2).add(2, 3), "000102"],
];

t.test("segments in every order", async (t) => {
  for (const [name, play, expected] of rows) {
    t.equal(play(new Stage()).said, expected, name);
    t.equal(play(new Stage(0xffff_fffe)).said, expected, `${name}, over the wrap-around`);
    t.equal(play(new Stage(0x7fff_fffe)).said, expected, `${name}, over the sign`);
  }
});

t.test("a hole is waited for, and given up at last", async (t) => {
  const unacknowledged = new Stage().add(0, 1).add(3, 4, { seconds: 1 });
  t.equal(text(unacknowledged.stream.review(at(60))), "", "a sender may repeat itself for a minute");
  t.equal(text(unacknowledged.stream.review(at(61))), "[2]03");
  const acknowledged = new Stage().add(0, 1).add(3, 4, { seconds: 1 });
  acknowledged.stream.acknowledge(1000 + 4);
  t.equal(text(acknowledged.stream.review(at(1.5))), "", "packets may overtake each other");
  t.equal(text(acknowledged.stream.review(at(2))), "[2]03", "the receiver has it, the capture has not");
  const partly = new Stage().add(0, 1).add(3, 4, { seconds: 1 });
  partly.stream.acknowledge(1000 + 2);
  t.equal(text(partly.stream.review(at(30))), "", "what is not acknowledged may still come");
});

t.test("the end of a stream gives what waited", async (t) => {
  const stage = new Stage().add(0, 1).add(2, 3).add(5, 6);
  stage.stream.finish(1008);
  t.notOk(stage.stream.isFinished);
  t.equal(text(stage.stream.end(at(1))), "[1]02[2]05[2]", "also the octets before FIN");
  t.ok(stage.stream.isFinished);
  t.equal(text(stage.stream.end(at(1))), "", "once");
});

t.test("no more than a megabyte waits", async (t) => {
  const stream = new TcpStream(0, true);
  const chunk = new Uint8Array(64 * 1024);
  let held = 0;
  let events: readonly StreamEvent[] = [];
  for (let position = 1; events.length === 0 && position < 1e8; position += chunk.length) {
    events = stream.add(position, chunk, chunk.length, at(0));
    held = position + chunk.length;
  }
  t.ok(held <= 2 << 20, "given up in time");
  t.match(events[0], { kind: "gap", length: 1 });
  const pieces = new TcpStream(0, true);
  let count = 0;
  while (pieces.add(2 + 2 * count, Uint8Array.of(1), 1, at(0)).length === 0) count++;
  t.ok(count < 10_000, "nor too many small pieces");
});

t.test("a piece that waited in vain keeps its time, one that was completed has that of the last packet", async (t) => {
  const stream = new TcpStream(0, true);
  stream.add(0, Uint8Array.of(0), 1, at(1, 1));
  stream.add(2, Uint8Array.of(2), 1, at(2, 2));
  const completed = stream.add(1, Uint8Array.of(1), 1, at(3, 3));
  t.strictSame(
    completed.map(({ stamp }) => stamp.packet),
    [3, 3],
  );
  stream.add(5, Uint8Array.of(5), 1, at(4, 4));
  t.strictSame(
    stream.end(at(9, 9)).map(({ stamp }) => stamp.packet),
    [4, 4],
  );
});

t.test("any segmentation, order and repetition gives the same octets", async (t) => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const cuts = fc.array(fc.tuple(fc.nat(199), fc.integer({ min: 1, max: 60 })), { maxLength: 30 });
  const keys = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 60, maxLength: 60 });
  let runs = 0;
  fc.assert(
    fc.property(octets, cuts, fc.nat(0xffffffff), keys, (bytes, extra, first, order) => {
      const segments: { readonly from: number; readonly bytes: Bytes }[] = [];
      for (let from = 0; from < bytes.length; from += 7) segments.push({ from, bytes: bytes.subarray(from, from + 7) });
      for (const [from, length] of extra) {
        if (from < bytes.length) segments.push({ from, bytes: bytes.subarray(from, from + length) });
      }
      const shuffled = segments.map((segment, i) => ({ ...segment, key: order[i] })).sort((a, b) => a.key - b.key);
      const stream = new TcpStream(first, true);
      const events = shuffled.flatMap(({ from, bytes: part }) =>
        stream.add((first + from) >>> 0, part, part.length, at(0)),
      );
      runs++;
      return text(events) === toHex(bytes);
    }),
  );
  t.ok(runs >= 100);
});
