// Whether a connection gets on: outputProgress and the end of a connection whose peer takes nothing.

import t from "tap";
import type { Connection } from "../../src/session/ports.js";
import { eventually, pause } from "../support/eventually.js";
import { type Accepting, connected, connectOptions, listenOn, Log, WAYS } from "./socket-pair.js";

const CHUNK = new Uint8Array(256 * 1024);
/** Longer than any acknowledgement between two sockets of one host takes. */
const SETTLED_MS = 300;

/** Writes until nothing more is taken; gives the octets written. */
async function fill(connection: Connection): Promise<number> {
  let before = -1;
  let written = 0;
  await eventually("a full connection", async () => {
    for (let count = 0; count < 32; count++) connection.write(CHUNK);
    written += 32 * CHUNK.length;
    await pause(SETTLED_MS);
    const now = connection.outputProgress;
    const isStuck = now === before && connection.writableLength > 0;
    before = now;
    return isStuck;
  });
  return written;
}

async function pairOf(sys: (typeof WAYS)[number]["sys"]): Promise<[Accepting, Connection, Connection]> {
  const accepting = await listenOn(sys);
  const client = await connected(sys, connectOptions(accepting.listener.port));
  return [accepting, client, await accepting.next()];
}

for (const { name, sys } of WAYS) {
  t.test(`${name}: progress stands still while the peer reads nothing, and goes on with it`, async (t) => {
    const [accepting, client, server] = await pairOf(sys);
    const idle = client.outputProgress;
    await fill(client);
    const stuck = client.outputProgress;
    t.ok(stuck > idle, "the kernel took some");
    t.ok(client.writableLength > 0);
    const log = new Log(server);
    await eventually("progress", () => client.outputProgress > stuck);
    await log.until(() => log.received > 2 * CHUNK.length);
    t.ok(client.outputProgress > stuck);
    client.destroy();
    await log.until(() => log.failure !== undefined);
    t.equal(client.outputProgress, 0, "a connection that is gone");
    server.close();
    accepting.listener.close();
  });

  t.test(`${name}: closing does not leave the kernel alone with a peer that takes nothing`, async (t) => {
    const [accepting, client, server] = await pairOf(sys);
    const taken = (await fill(client)) - client.writableLength;
    client.close();
    // After a second it gives up. What the kernel still had then is gone: an orphan would offer it for minutes.
    await pause(1500);
    const log = new Log(server);
    await log.until(() => log.failure !== undefined);
    t.ok(log.received < taken, `${log.received} of ${taken} octets`);
    accepting.listener.close();
  });
}
