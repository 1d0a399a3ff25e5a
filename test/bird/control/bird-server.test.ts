// The socket itself: its file, who may have it, clients that are slow, many, rude or gone.

import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { SystemClock } from "../../../src/base/clock.js";
import { type Log, SILENT_LOG } from "../../../src/base/log.js";
import { BirdServer } from "../../../src/bird/control/bird-server.js";
import type { NetworkView, RoutesEnd } from "../../../src/bird/control/bird-view.js";
import { SocketTakenError } from "../../../src/control/socket-file.js";
import { socketFolder } from "../../control/socket-folder.js";
import { eventually } from "../../support/eventually.js";
import { startBird, startServer } from "./bird-client.js";
import { NETWORKS } from "./lab-facts.js";
import { LabView } from "./lab-view.js";

const GREETING = "0001 BIRD 1.6.8 ready.\n";
const clock = new SystemClock();
const make = (path: string): BirdServer => new BirdServer({ path, version: "1.6.8" }, { clock, log: SILENT_LOG });

t.test("the file has mode 0660 and goes with the server", async (t) => {
  const path = join(socketFolder(t), "bird.ctl");
  const server = make(path);
  await server.listen();
  t.equal(lstatSync(path).mode & 0o777, 0o660);
  await server.close();
  t.notOk(existsSync(path));
});

t.test("a stale file is replaced, another kind of file is not, a second daemon is refused", async (t) => {
  const path = join(socketFolder(t), "bird.ctl");
  const stale = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => stale.listen(path, resolve));
  const first = make(path);
  await t.rejects(first.listen(), SocketTakenError, "somebody answers");
  await new Promise<void>((resolve) => stale.close(() => resolve()));
  writeFileSync(path, "precious");
  await t.rejects(make(path).listen(), SocketTakenError);
  const other = join(socketFolder(t), "bird.ctl");
  const running = make(other);
  await running.listen();
  t.teardown(() => running.close());
  await t.rejects(make(other).listen(), SocketTakenError, "another daemon of ours");
});

t.test("clients are greeted before the daemon is there, and answered when it is", async (t) => {
  const { server, connect } = await startServer(t, undefined);
  const client = connect();
  client.send("show memory\n");
  t.equal(await client.line(), GREETING);
  server.serve(new LabView());
  t.match(await client.reply(), /^1018-BIRD memory usage\n Routing tables: {5}44 kB\n/);
});

t.test("octets one by one, carriage returns, and a command without its line feed before the end", async (t) => {
  const client = await startBird(t, new LabView());
  for (const octet of "show protocols Rack\r\n") client.send(octet);
  await client.line();
  t.match(await client.reply(), /^2002-name.*\n1002-Rack .*\n0000 \n$/);
  client.socket.end("eval 7");
  t.equal(await client.reply(), "0023 7\n");
  t.equal(await client.line(), "", "the server ends its side as well");
});

t.test("a command that is too long is answered with 9000, after those before it", async (t) => {
  const client = await startBird(t, new LabView());
  client.send(`eval 1\n${"x".repeat(4096)}\n`);
  await client.line();
  t.equal(await client.reply(), "0023 1\n");
  t.equal(await client.reply(), "9000 Command too long\n");
  t.equal(await client.line(), "", "the connection ends");
  const other = await startBird(t, new LabView());
  await other.line();
  t.equal(await other.ask(`eval ${"1".repeat(4000)}`), "9001 Number out of range\n", "one that fits");
});

/** A table that never ends, and counts how often it is asked for more. */
class EndlessView extends LabView {
  slices = 0;
  isStopped = false;

  override *routes(): Generator<readonly NetworkView[], RoutesEnd> {
    const [first] = NETWORKS;
    const network = { ...first, looked: first.paths.length, shown: first.paths.length };
    try {
      for (;;) {
        this.slices++;
        yield new Array<NetworkView>(100).fill(network);
      }
    } finally {
      this.isStopped = true;
    }
  }
}

t.test("a client that does not read suspends its dump and nobody else; what it asked for ends with it", async (t) => {
  const view = new EndlessView();
  const { connect } = await startServer(t, view);
  const slow = connect();
  slow.socket.pause();
  slow.send("show route\n");
  let before = -1;
  await eventually("the dump stands still", () => {
    const stands = view.slices > 0 && view.slices === before;
    before = view.slices;
    return stands;
  });
  const standing = view.slices;
  const others = [1, 2, 3].map(() => connect());
  for (const other of others) {
    await other.line();
    t.equal(await other.ask("eval 3"), "0023 3\n");
  }
  t.equal(view.slices, standing, "not a slice was made meanwhile");
  slow.socket.destroy();
  await eventually("the listing is given up", () => view.isStopped);
});

t.test("several dumps at once, each whole and in order", async (t) => {
  const { connect, server } = await startServer(t, new LabView());
  const clients = Array.from({ length: 20 }, connect);
  for (const client of clients) client.send("show route\nshow route count\n");
  const replies = await Promise.all(
    clients.map(async (client) => {
      await client.line();
      return [await client.reply(), await client.reply()];
    }),
  );
  t.equal(server.connectionCount, 20);
  t.equal(new Set(replies.map(([rows]) => rows)).size, 1);
  t.ok(replies.every(([, count]) => count === "0014 23 of 23 routes for 21 networks\n"));
});

t.test("a dump that a reconfiguration ends early says so", async (t) => {
  const view = new LabView();
  const [first] = NETWORKS;
  view.routes = function* () {
    yield [{ ...first, looked: 2, shown: 2 }];
    return "reconfigured";
  };
  const client = await startBird(t, view);
  await client.line();
  t.match(await client.ask("show route"), /^1007-0\.0\.0\.0\/0 .*\n .*\n8004 Stopped due to reconfiguration\n$/);
});

t.test("log lines come only to who asked for their class, and stop with the client", async (t) => {
  const view = new LabView();
  const { connect } = await startServer(t, view);
  const client = connect();
  await client.line();
  t.equal(await client.ask("echo { warning, error }"), "0000 \n");
  view.log({ logClass: "info", text: "nothing" });
  view.log({ logClass: "warning", text: "Mesh: two\nlines" });
  t.equal(await client.line(), "+Mesh: two lines\n");
  t.equal(await client.ask("echo off"), "0000 \n");
  t.equal(view.listeners, 0);
  await client.ask("echo all");
  client.socket.destroy();
  await eventually("nobody listens any more", () => view.listeners === 0);
});

t.test("a client that reads nothing does not hold up the end", async (t) => {
  const view = new LabView();
  const { path, server } = await startServer(t, view);
  // One that has read its greeting; a socket that is merely paused goes on taking what comes into a buffer of its own.
  const client = connect({ path, onread: { buffer: Buffer.alloc(1024), callback: () => false } });
  t.teardown(() => client.destroy());
  client.write("echo all\n");
  await eventually("it listens", () => view.listeners === 1);
  // More than the system takes, and less than Node calls a backlog.
  for (let i = 0; i < 400; i++) view.log({ logClass: "info", text: "x".repeat(40) });
  let isClosed = false;
  void server.close().then(() => (isClosed = true));
  await eventually("the server is closed", () => isClosed);
});

t.test("what changes something is done although the client has gone", async (t) => {
  const view = new LabView();
  const client = await startBird(t, view);
  client.socket.write("configure\ndown\n", () => client.socket.end());
  await eventually("both were carried out", () => view.told.join(" ") === "configure /etc/bird/a.cfg hard down");
});

t.test("a failure of ours is an answer, and is logged", async (t) => {
  const lines: string[] = [];
  const log: Log = { ...SILENT_LOG, error: (message) => void lines.push(message) };
  const view = new LabView();
  view.memory = () => {
    throw new Error("out of luck");
  };
  const { connect } = await startServer(t, view, log);
  const client = connect();
  await client.line();
  t.equal(await client.ask("show memory"), "8008 internal error\n");
  t.match(lines[0], /control: "show memory" failed: Error: out of luck/);
  t.equal(await client.ask("eval 1"), "0023 1\n", "the connection goes on");
});
