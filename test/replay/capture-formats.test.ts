// Capture files of both formats, whole and damaged, in chunks of any size.

import t from "tap";
import { type Bytes, toHex } from "../../src/base/bytes.js";
import { AnyCaptureDecoder } from "../../src/replay/capture/capture-decoder.js";
import type { CapturedPacket, CaptureFault } from "../../src/replay/capture/captured-packet.js";
import { pcapOf, piecesOf, type TimedFrame } from "./synthetic-capture.js";

interface Result {
  readonly packets: readonly CapturedPacket[];
  readonly fault: CaptureFault | undefined;
}

function decode(file: Bytes, size = file.length || 1): Result {
  const packets: CapturedPacket[] = [];
  const decoder = new AnyCaptureDecoder((packet) => packets.push(packet));
  for (const piece of piecesOf(file, size)) decoder.push(piece);
  decoder.end();
  return { packets, fault: decoder.fault };
}

const MOMENT = 1_700_000_000_123_456;
const FRAMES: readonly TimedFrame[] = [
  { timeMicros: MOMENT, frame: Uint8Array.of(1, 2, 3) },
  { timeMicros: MOMENT + 7, frame: new Uint8Array(0) },
  { timeMicros: MOMENT + 1_000_000, frame: Uint8Array.of(4, 5), originalLength: 60 },
];

const plain = ({ packets }: Result): unknown =>
  packets.map(({ number, timeMicros, link, bytes, originalLength }) => [
    number,
    timeMicros,
    link,
    toHex(bytes),
    originalLength,
  ]);

const EXPECTED = [
  [1, MOMENT, 113, "010203", 3],
  [2, MOMENT + 7, 113, "", 0],
  [3, MOMENT + 1_000_000, 113, "0405", 60],
];

t.test("classic files of both byte orders and resolutions", async (t) => {
  for (const isLittle of [true, false]) {
    for (const isNano of [true, false]) {
      const file = pcapOf(FRAMES, { link: 113, isLittle, isNano });
      const name = `${isLittle ? "little" : "big"} endian, ${isNano ? "nano" : "micro"}seconds`;
      for (const size of [1, 5, 24, 1000]) {
        const result = decode(file, size);
        t.equal(result.fault, undefined, `${name}: sound`);
        t.strictSame(plain(result), EXPECTED, `${name} in chunks of ${size}`);
      }
    }
  }
});

t.test("a classic file cut off anywhere gives what lies before and says where it ends", async (t) => {
  const file = pcapOf(FRAMES);
  const starts = [24, 24 + 16 + 3, 24 + 16 + 3 + 16];
  for (let length = 1; length < file.length; length++) {
    const { packets, fault } = decode(file.slice(0, length));
    const whole = starts.filter((start) => start <= length).length;
    if (starts.includes(length)) {
      t.equal(fault, undefined, `${length} octets: ends between packets`);
      t.equal(packets.length, whole - 1);
    } else {
      t.ok(fault, `${length} octets: cut off`);
      t.equal(packets.length, Math.max(0, whole - 1));
      t.equal(fault?.offset, length < 4 || whole === 0 ? 0 : starts[whole - 1], `${length} octets: offset`);
    }
  }
});

t.test("a length that cannot be is damage, told with its offset", async (t) => {
  const file = pcapOf(FRAMES);
  new DataView(file.buffer).setUint32(24 + 16 + 3 + 8, 0x7fffffff, true);
  const { packets, fault } = decode(file, 9);
  t.equal(packets.length, 1, "the packet before it is there");
  t.match(fault, { offset: 24 + 16 + 3, text: /packet 2 claims 2147483647 octets/ });
});

t.test("what is no capture is said so", async (t) => {
  const rows: [string, Bytes, RegExp][] = [
    ["an empty file", new Uint8Array(0), /the file is empty/],
    ["three octets", Uint8Array.of(0xd4, 0xc3, 0xb2), /too short/],
    ["a text", new TextEncoder().encode("router bgp 65000\n"), /neither a pcap nor a pcapng file/],
    ["a packed file", Uint8Array.of(0x1f, 0x8b, 8, 0, 0), /unpack it first/],
  ];
  for (const [name, file, text] of rows) {
    const { packets, fault } = decode(file, 2);
    t.equal(packets.length, 0, name);
    t.equal(fault?.offset, 0, name);
    t.match(fault?.text, text, name);
  }
});

// ---- pcapng ----

class Section {
  readonly #parts: Buffer[] = [];
  readonly #isLittle: boolean;

  constructor(isLittle: boolean) {
    this.#isLittle = isLittle;
    this.block(0x0a0d0d0a, this.u32(0x1a2b3c4d), this.u16(1), this.u16(0), this.u32(0xffffffff), this.u32(0xffffffff));
  }

  u16(value: number): Buffer {
    const buffer = Buffer.alloc(2);
    if (this.#isLittle) buffer.writeUInt16LE(value);
    else buffer.writeUInt16BE(value);
    return buffer;
  }

  u32(value: number): Buffer {
    const buffer = Buffer.alloc(4);
    if (this.#isLittle) buffer.writeUInt32LE(value);
    else buffer.writeUInt32BE(value);
    return buffer;
  }

  block(type: number, ...body: readonly Buffer[]): this {
    const content = padded(Buffer.concat(body));
    const length = this.u32(12 + content.length);
    this.#parts.push(Buffer.concat([this.u32(type), length, content, length]));
    return this;
  }

  port(link: number, options: readonly (readonly [code: number, value: Buffer])[] = [], snapLength = 0): this {
    const encoded = options.map(([code, value]) =>
      Buffer.concat([this.u16(code), this.u16(value.length), padded(value)]),
    );
    return this.block(1, this.u16(link), this.u16(0), this.u32(snapLength), ...encoded, this.u32(0));
  }

  packet(port: number, ticks: bigint, octets: readonly number[], originalLength = octets.length): this {
    const time = [this.u32(Number(ticks >> 32n)), this.u32(Number(ticks & 0xffffffffn))];
    const lengths = [this.u32(octets.length), this.u32(originalLength)];
    // Options behind the packet, such as a comment, are passed over.
    const comment = Buffer.concat([this.u16(1), this.u16(2), Buffer.from("hi\0\0"), this.u32(0)]);
    return this.block(6, this.u32(port), ...time, ...lengths, padded(Buffer.from(octets)), comment);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

const micros = BigInt(MOMENT);

t.test(
  "pcapng: sections of both byte orders, interfaces with clocks of their own, all kinds of packet blocks",
  async (t) => {
    const first = new Section(true)
      .port(1)
      .port(101, [[9, Buffer.of(9)]])
      .port(113, [
        [9, Buffer.of(0x80 | 10)],
        [14, Buffer.from([100, 0, 0, 0, 0, 0, 0, 0])],
      ]);
    first.packet(0, micros, [1, 2, 3]).packet(1, micros * 1000n + 999n, [4], 60);
    first.packet(2, 1024n * 50n + 512n, [5, 5]);
    first.block(4, Buffer.alloc(8)).block(0x0bad, Buffer.from("who knows")); // names, and something unknown
    const second = new Section(false).port(276, [], 2);
    second.block(3, second.u32(5), padded(Buffer.of(6, 7))); // simple: cut to two octets
    second.block(
      2,
      second.u16(0),
      second.u16(9),
      second.u32(Number(micros >> 32n)),
      second.u32(Number(micros & 0xffffffffn)),
      second.u32(1),
      second.u32(1),
      padded(Buffer.of(8)),
    );
    const file = Uint8Array.from(Buffer.concat([first.bytes, second.bytes]));
    for (const size of [1, 13, 10_000]) {
      const result = decode(file, size);
      t.equal(result.fault, undefined, `chunks of ${size}: sound`);
      t.strictSame(
        plain(result),
        [
          [1, MOMENT, 1, "010203", 3],
          [2, MOMENT, 101, "04", 60],
          [3, 150_500_000, 113, "0505", 2],
          [4, 150_500_000, 276, "0607", 5],
          [5, MOMENT, 276, "08", 1],
        ],
        `chunks of ${size}`,
      );
    }
  },
);

t.test("pcapng: damage is told, what lies before it is kept", async (t) => {
  const sound = (): Section => new Section(true).port(1).packet(0, micros, [1]);
  const end = sound().bytes.length;
  const rows: [string, Buffer, RegExp][] = [
    ["cut off", sound().packet(0, micros, [1, 2, 3, 4]).bytes.subarray(0, -1), /ends inside a block/],
    ["an interface that is not there", sound().packet(3, micros, [1]).bytes, /interface 3, which was not described/],
    [
      "a length of 13",
      Buffer.concat([sound().bytes, sound().u32(6), sound().u32(13), Buffer.alloc(40)]),
      /claims 13 octets/,
    ],
    [
      "a huge length",
      Buffer.concat([sound().bytes, sound().u32(6), sound().u32(0x40000000), Buffer.alloc(40)]),
      /damaged/,
    ],
    [
      "lengths that differ",
      Buffer.concat([sound().bytes, sound().u32(99), sound().u32(16), Buffer.alloc(4), sound().u32(20)]),
      /before and behind a block differ/,
    ],
    ["another version", Buffer.concat([sound().bytes, versionTwo()]), /version 2 of the format/],
  ];
  for (const [name, file, text] of rows) {
    const { packets, fault } = decode(Uint8Array.from(file), 7);
    t.equal(packets.length, 1, `${name}: the packet before it`);
    t.equal(fault?.offset, end, `${name}: offset`);
    t.match(fault?.text, text, name);
  }
});

function versionTwo(): Buffer {
  const bytes = Buffer.from(new Section(true).bytes);
  bytes.writeUInt16LE(2, 12);
  return bytes;
}
