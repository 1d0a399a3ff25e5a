// Octets of a peer up to the table: framing, the reader's slices, sections of an UPDATE.

import { type Bytes } from "../../src/base/bytes.js";
import { VirtualClock } from "../../src/base/virtual-clock.js";
import { MESSAGE } from "../../src/packet/codes.js";
import { Framer } from "../../src/packet/framing.js";
import { makeMessage } from "../../src/packet/header.js";
import { decodeUpdate, UpdateView } from "../../src/packet/update.js";
import { MessageReader } from "../../src/session/message-reader.js";
import { type Benchmark, type Measured, sink } from "./benchmark.js";
import { announcement, SESSION } from "./rib-scene.js";

const MESSAGES = 512;

/** Messages of four prefixes, one behind the other as a socket brings them. */
function stream(): Bytes {
  const messages = Array.from({ length: MESSAGES }, (_, i) =>
    makeMessage(MESSAGE.UPDATE, announcement(i & 63, i * 4, 4)),
  );
  return Buffer.concat(messages);
}

function framer(): Measured {
  const framer = new Framer();
  const chunk = stream();
  return {
    operations: MESSAGES,
    run: () => {
      framer.push(chunk);
      let sum = 0;
      while (framer.next()) sum += framer.end;
      sink.value ^= sum;
    },
  };
}

/** Chunks end within messages, so that each of them is copied together once. */
function straddlingFramer(): Measured {
  const framer = new Framer();
  const octets = stream();
  const piece = octets.length / MESSAGES;
  const chunks = Array.from({ length: MESSAGES }, (_, i) => octets.subarray(i * piece - 30, (i + 1) * piece - 30));
  chunks[0] = octets.subarray(0, piece - 30);
  chunks.push(octets.subarray(octets.length - 30));
  return {
    operations: MESSAGES,
    run: () => {
      let sum = 0;
      for (const chunk of chunks) {
        framer.push(chunk);
        while (framer.next()) sum += framer.end;
      }
      sink.value ^= sum;
    },
  };
}

function reader(): Measured {
  const clock = new VirtualClock(0, 1000, 1_000_000);
  const nothing = (): void => undefined;
  const reader = new MessageReader({
    clock,
    deliver: (framer) => (sink.value ^= framer.end),
    fail: (error) => {
      throw error;
    },
    turnEnded: nothing,
    pause: nothing,
    resume: nothing,
  });
  const chunk = stream();
  return { operations: MESSAGES, run: () => reader.push(chunk) };
}

function update(): Measured {
  const view = new UpdateView();
  const bodies = Array.from({ length: MESSAGES }, (_, i) => announcement(i & 63, i * 4, 4));
  return {
    operations: MESSAGES,
    run: () => {
      for (const body of bodies) {
        decodeUpdate(body, 0, body.length, SESSION, view);
        sink.value ^= view.nlriAt;
      }
    },
  };
}

export const MESSAGE_BENCHMARKS: readonly Benchmark[] = [
  { name: "Framer.next, message whole in its chunk", budget: 13, prepare: framer },
  { name: "Framer.next, message straddling chunks", budget: 145, prepare: straddlingFramer },
  { name: "MessageReader, per message", budget: 18, prepare: reader },
  { name: "decodeUpdate, 6 attributes, 4 prefixes", budget: 24, prepare: update },
];
