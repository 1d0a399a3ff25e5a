// Octets past the streams: whatever way they take, and whoever waits, they arrive whole and in order.

import t from "tap";
import type { Connection } from "../../src/session/ports.js";
import { addon, connected, connectOptions, listenOn, Log, WAYS } from "./socket-pair.js";

async function open(sys: (typeof WAYS)[number]["sys"]): Promise<{
  readonly from: Connection;
  readonly to: Connection;
  readonly close: () => void;
}> {
  const accepting = await listenOn(sys);
  const from = await connected(sys, connectOptions(accepting.listener.port));
  const to = await accepting.next();
  return {
    from,
    to,
    close: () => {
      from.destroy();
      to.destroy();
      accepting.listener.close();
    },
  };
}

/** Octets that tell their place. */
function pattern(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (((from + i) >> 8) ^ ((from + i) * 31)) & 255);
}

for (const { name, sys } of WAYS) {
  t.test(`${name}: what is written while corked goes at uncork, in order`, async (t) => {
    const { from, to, close } = await open(sys);
    const log = new Log(to);
    from.handler = { onBytes: () => undefined, onDrain: () => undefined, onClosed: () => undefined };
    from.cork();
    from.cork();
    from.write(Buffer.from("a"));
    from.write(Buffer.from("b"));
    from.uncork();
    t.equal(from.writableLength, 2, "still held");
    from.write(Buffer.from("c"));
    from.uncork();
    await log.until(() => log.received === 3);
    t.equal(log.text, "abc");
    t.equal(from.writableLength, 0);
    let isWritten = false;
    from.write(Buffer.from("d"), () => (isWritten = true));
    from.write(Buffer.from("e"));
    await log.until(() => log.received === 5);
    t.equal(log.text, "abcde");
    t.equal(isWritten, true);
    close();
  });

  t.test(`${name}: a peer that does not read for a while gets everything in order`, async (t) => {
    const { from, to, close } = await open(sys);
    from.handler = { onBytes: () => undefined, onDrain: () => undefined, onClosed: () => undefined };
    const log = new Log(to);
    to.pause();
    const sizes = [70_000, 1, 300_000, 19, 65_536];
    let written = 0;
    let corked = 0;
    while (from.writableLength === 0 || corked < 4) {
      from.cork();
      for (const size of sizes) {
        from.write(pattern(written, size));
        written += size;
      }
      from.uncork();
      if (from.writableLength > 0) corked++;
    }
    const before = from.outputProgress;
    to.resume();
    let called = false;
    from.write(new Uint8Array(0), () => (called = true));
    await log.until(() => log.received === written);
    t.ok(Buffer.concat(log.chunks).equals(pattern(0, written)), `${written} octets, none lost, none swapped`);
    t.equal(from.writableLength, 0);
    t.equal(called, true, "told when the kernel had all of it");
    t.ok(from.outputProgress > before);
    close();
  });

  t.test(`${name}: what is held goes before the connection is closed`, async (t) => {
    const { from, to, close } = await open(sys);
    const log = new Log(to);
    from.cork();
    from.write(Buffer.from("last words"));
    from.close();
    await log.until(() => log.failure !== undefined);
    t.equal(log.text, "last words");
    t.equal(from.write(Buffer.from("x")), false, "nothing after that");
    close();
  });

  t.test(`${name}: a peer that is gone is noticed`, async (t) => {
    const { from, to, close } = await open(sys);
    const log = new Log(from);
    to.destroy();
    while (log.failure === undefined) {
      from.write(Buffer.from("x"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.match(log.failure.message, /./);
    close();
  });
}

t.test("both ways were tried where there is an addon", async (t) => {
  t.equal(WAYS.length, addon === undefined ? 1 : 2);
});
