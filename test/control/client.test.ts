// The client against servers that are not what they should be.

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { ControlClient } from "../../src/control/client.js";
import { processOutput } from "../../src/control/process-output.js";
import { FakeClock } from "../support/fake-clock.js";
import { socketFolder, type Teardown } from "./socket-folder.js";

const clock = new SystemClock();

async function serveBy(t: Teardown, onConnection: (socket: Socket) => void): Promise<string> {
  const path = join(socketFolder(t), "s.sock");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  server.listen(path);
  await once(server, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

t.test("a server that speaks another language is not ours", async (t) => {
  const path = await serveBy(t, (socket) => socket.write("0001 BIRD 1.6.8 ready.\n"));
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  await t.rejects(client.request("status"), {
    name: "UnreachableError",
    message: `what answers on ${path} is not starling`,
    isDead: false,
  });
  client.close();
});

t.test("a server that hangs up is unreachable", async (t) => {
  const path = await serveBy(t, (socket) => socket.once("data", () => socket.destroy()));
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  await t.rejects(client.request("status"), {
    name: "UnreachableError",
    message: `the daemon on ${path} closed the connection`,
  });
});

t.test("a server that is silent is given up after the limit, not before", async (t) => {
  const path = await serveBy(t, (socket) => socket.resume());
  const fake = new FakeClock();
  const client = await ControlClient.connect(path, { clock: fake, timeoutMs: 10_000 });
  let failure: unknown;
  const asked = client.request("status").catch((error: unknown) => {
    failure = error;
  });
  await new Promise((resolve) => clock.soon(() => resolve(undefined)));
  fake.advance(9_999);
  await new Promise((resolve) => clock.soon(() => resolve(undefined)));
  t.equal(failure, undefined);
  fake.advance(1);
  await asked;
  t.match(failure, { name: "UnreachableError", message: `the daemon on ${path} did not answer within 10 s` });
});

t.test("answers in pieces, and answers to other requests, are put in order", async (t) => {
  const path = await serveBy(t, (socket) => {
    socket.once("data", () => {
      socket.write('{"v":1,"id":99,"result":"old"}\n{"v":1,"id":1,"res');
      clock.soon(() => socket.write('ult":"Gr\u00fc\u00dfe"}\n'));
    });
  });
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  t.equal(await client.request("status"), "Gr\u00fc\u00dfe");
  client.close();
});

t.test("an error without an id concerns whatever was asked", async (t) => {
  const path = await serveBy(t, (socket) =>
    socket.end('{"v":1,"id":null,"error":{"code":"too-many-connections","message":"busy"}}\n'),
  );
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  await t.rejects(client.request("status"), { name: "RequestError", code: "too-many-connections", message: "busy" });
  client.close();
});

t.test("a name of digits is that of a file, not a port", async (t) => {
  for (const path of ["1.50", "65001"]) {
    await t.rejects(ControlClient.connect(path, { clock, timeoutMs: 5000 }), {
      name: "UnreachableError",
      message: new RegExp(`${path}.*does not exist`),
    });
  }
});

t.test("files that nobody listens on are told apart from missing ones", async (t) => {
  const folder = socketFolder(t);
  await t.rejects(ControlClient.connect(join(folder, "none"), { clock, timeoutMs: 1 }), {
    isDead: true,
    message: /does not exist$/,
  });
  await t.rejects(ControlClient.connect(join(folder, "x".repeat(120)), { clock, timeoutMs: 1 }), {
    isDead: false,
    message: /longer than the 107 octets/,
  });
  await t.rejects(ControlClient.connect("", { clock, timeoutMs: 1 }), { isDead: false, message: /is empty/ });
});

t.test("writing to a reader that has gone says so, other errors stay themselves", async (t) => {
  const failing = (code: string): Writable =>
    new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
  const gone = processOutput(failing("EPIPE"));
  await t.rejects(gone.write("x"), { name: "OutputClosedError" });
  await t.rejects(gone.write("y"), { name: "OutputClosedError" }, "also later");
  await t.rejects(processOutput(failing("ENOSPC")).write("x"), { code: "ENOSPC" });
});
