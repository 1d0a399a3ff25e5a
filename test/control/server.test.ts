// The control server over real Unix sockets in a folder of the test.

import { once } from "node:events";
import { lstatSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { SILENT_LOG } from "../../src/base/log.js";
import { ControlClient } from "../../src/control/client.js";
import { parseResponse, type Response } from "../../src/control/protocol.js";
import { ControlServer, type ControlServerOptions } from "../../src/control/server.js";
import { fakeTarget, type FakeTarget, peerStatus, routeView } from "./snapshots.js";
import { socketFolder, type Teardown } from "./socket-folder.js";

const clock = new SystemClock();

interface Running {
  readonly server: ControlServer;
  readonly target: FakeTarget;
  readonly path: string;
}

async function startServer(t: Teardown, options: Partial<ControlServerOptions> = {}): Promise<Running> {
  const path = join(socketFolder(t), "s.sock");
  const server = new ControlServer(
    { path, mode: 0o660, group: "", version: "0.1.0", ...options },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  await server.listen();
  const target = fakeTarget();
  server.serve(target);
  t.teardown(() => server.close());
  return { server, target, path };
}

/** A bare connection that collects answers. */
class RawClient {
  readonly responses: Response[] = [];
  readonly #socket: Socket;
  #rest = "";
  #wake: () => void = () => undefined;
  closed = false;

  constructor(path: string) {
    this.#socket = connect({ path, allowHalfOpen: true });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) {
        const response = parseResponse(line);
        if (response !== undefined) this.responses.push(response);
      }
      this.#wake();
    });
    this.#socket.on("end", () => this.#socket.end());
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  get socket(): Socket {
    return this.#socket;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Waits until `count` answers are there, or the server has closed. */
  async answers(count: number): Promise<readonly Response[]> {
    while (this.responses.length < count && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.responses;
  }

  async end(): Promise<void> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function request(id: number, method: string, params: object = {}): string {
  return `${JSON.stringify({ v: 1, id, method, params })}\n`;
}

async function ask(path: string, method: string, params: Record<string, unknown> = {}): Promise<unknown> {
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  try {
    return await client.request(method, params);
  } finally {
    client.close();
  }
}

t.test("the socket has its permissions and answers hello", async (t) => {
  const { path } = await startServer(t, { mode: 0o600 });
  t.equal(lstatSync(path).mode & 0o777, 0o600);
  t.same(await ask(path, "hello"), { version: "0.1.0", pid: process.pid, protocol: 1 });
});

t.test("before the daemon is ready requests are told so", async (t) => {
  const path = join(socketFolder(t), "s.sock");
  const server = new ControlServer(
    { path, mode: 0o660, group: "", version: "0" },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  t.teardown(() => server.close());
  await server.listen();
  await t.rejects(ask(path, "status"), { name: "RequestError", code: "starting" });
  t.match(await ask(path, "hello"), { pid: process.pid });
});

t.test("requests of one connection are answered in order, in whatever pieces they come", async (t) => {
  const { path } = await startServer(t);
  const client = new RawClient(path);
  const text =
    request(1, "status") + request(2, "peer", { peer: "nobody" }) + request(3, "routes") + request(4, "peers");
  for (const character of text) client.send(character);
  const answers = await client.answers(5);
  t.same(
    answers.map(({ id, error, chunk, done }) => [
      id,
      error?.code ?? (chunk === undefined ? (done ?? "result") : "chunk"),
    ]),
    [
      [1, "result"],
      [2, "not-found"],
      [3, "chunk"],
      [3, true],
      [4, "result"],
    ],
  );
  client.socket.destroy();
});

t.test("a client that ends its side at once gets its answer, also without a line feed", async (t) => {
  const { path } = await startServer(t);
  const client = new RawClient(path);
  client.socket.end(request(1, "peers").trimEnd());
  await client.end();
  t.equal(client.responses.length, 1);
  t.equal(client.responses[0].id, 1);
});

t.test("garbage is answered and disturbs nobody else", async (t) => {
  const { path } = await startServer(t);
  const garbage = new RawClient(path);
  garbage.send("GET / HTTP/1.1\r\n\r\n");
  garbage.send(Buffer.from([0, 255, 254, 10]).toString("latin1"));
  garbage.send('{"v":1,"id":9,"method":"__proto__"}\n{"v":1,"id":10,"method":"routes","params":{"stage":7}}\n');
  const answers = await garbage.answers(4);
  t.same(
    answers.map((answer) => answer.error?.code),
    ["bad-request", "bad-request", "unknown-method", "bad-params"],
  );
  t.match(await ask(path, "status"), { routerId: "172.17.8.101" });
  garbage.socket.destroy();
});

t.test("a line without an end is cut off at 64 KB", async (t) => {
  const { path, server } = await startServer(t);
  const client = new RawClient(path);
  client.send("x".repeat(200_000));
  await client.end();
  t.equal(client.responses[0]?.error?.code, "line-too-long");
  t.match(await ask(path, "hello"), { version: "0.1.0" });
  t.ok(server.connectionCount <= 1);
});

t.test("a bug behind a request is an answer and a log line, not the end", async (t) => {
  const errors: string[] = [];
  const path = join(socketFolder(t), "s.sock");
  const log = { ...SILENT_LOG, error: (message: string) => void errors.push(message) };
  const server = new ControlServer({ path, mode: 0o660, group: "", version: "0" }, { clock, log, sys: undefined });
  t.teardown(() => server.close());
  await server.listen();
  const target = fakeTarget();
  target.speaker.status = () => {
    throw new TypeError("undefined is not a function");
  };
  server.serve(target);
  await t.rejects(ask(path, "status"), { code: "failed", message: "undefined is not a function" });
  t.equal(errors.length, 1);
  t.match(errors[0], /^control: status failed: TypeError: undefined is not a function\n/);
  t.match(await ask(path, "peers"), [{ name: "node2" }]);
});

t.test("a thousand connections do not keep an operator out", async (t) => {
  const { path, server } = await startServer(t);
  const idle = Array.from({ length: 1000 }, () => new RawClient(path));
  for (const { socket } of idle) if (socket.connecting) await once(socket, "connect");
  t.match(await ask(path, "status"), { routerId: "172.17.8.101" });
  t.ok(server.connectionCount <= 256);
  const dropped = idle.filter((client) => client.responses.length > 0);
  t.ok(dropped.length >= 1000 - 256, `${dropped.length} were dropped`);
  t.ok(dropped.every((client) => client.responses[0].error?.code === "too-many-connections"));
  for (const client of idle) client.socket.destroy();
});

t.test("where all clients are at work a new one is refused in words", async (t) => {
  const { path, target } = await startServer(t, { maxConnections: 2 });
  let finish: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let entered = 0;
  let allEntered: () => void = () => undefined;
  const working = new Promise<void>((resolve) => {
    allEntered = resolve;
  });
  target.reload = async () => {
    if (++entered === 2) allEntered();
    await held;
    return { ok: true, changes: [] };
  };
  const busy = [ask(path, "reload"), ask(path, "reload")];
  await working;
  const late = new RawClient(path);
  await late.end();
  t.equal(late.responses[0]?.error?.code, "too-many-connections");
  finish();
  t.same(await Promise.all(busy), [
    { ok: true, changes: [] },
    { ok: true, changes: [] },
  ]);
});

t.test("a client that does not read stops only its own stream", async (t) => {
  const { path, target } = await startServer(t);
  const rows = Array.from({ length: 500 }, (_, i) => routeView({ prefix: `10.${i >> 8}.${i & 255}.0/24` }));
  target.speaker.chunks = new Array<typeof rows>(2000).fill(rows);
  const slow = connect(path);
  slow.pause();
  await once(slow, "connect");
  slow.write(request(1, "routes") + request(2, "routes"));
  // Other clients are served as if it were not there, for as many turns as the whole table would take.
  for (let i = 0; i < 20; i++) await ask(path, "status");
  const producedWhileStuck = target.speaker.produced;
  t.ok(producedWhileStuck < 200, `${producedWhileStuck} chunks were made for a client that reads nothing`);
  for (let i = 0; i < 20; i++) await ask(path, "status");
  t.equal(target.speaker.produced, producedWhileStuck, "nothing is made while it does not read");
  slow.destroy();
  while (target.speaker.abandoned === 0) await ask(path, "status");
  t.equal(target.speaker.abandoned, 1, "its stream is given up, the second request is not begun");
});

t.test("a list is made over several turns, other clients are served in between, and comes as one value", async (t) => {
  const { target, path } = await startServer(t);
  const order: string[] = [];
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  const other = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  t.teardown(() => [client, other].forEach((each) => each.close()));
  target.speaker.peerChunks = function* () {
    for (let i = 0; i < 200; i++) {
      order.push("chunk");
      yield [peerStatus({ address: `10.0.0.${i}` })];
    }
  };
  const list = client.request("peers");
  const hellos = (async () => {
    for (let i = 0; i < 5; i++) {
      await other.request("hello");
      order.push("hello");
    }
  })();
  const peers = (await list) as readonly { readonly address: string }[];
  await hellos;
  t.same(
    peers.map(({ address }) => address),
    Array.from({ length: 200 }, (_, i) => `10.0.0.${i}`),
  );
  t.ok(order.indexOf("hello") < order.lastIndexOf("chunk"), "the other client did not wait for the end");
});

t.test("a peer that has gone meanwhile is an error in words", async (t) => {
  const { target, path } = await startServer(t);
  target.speaker.peerChunks = function* () {
    yield [];
  };
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  t.teardown(() => client.close());
  await t.rejects(client.request("peer", { peer: "tor" }), { code: "not-found" });
});

t.test("a stream comes whole through a client that reads, and counts its rows", async (t) => {
  const { path, target } = await startServer(t);
  target.speaker.chunks = [[routeView()], [], [routeView(), routeView({ prefix: "10.9.0.0/16" })]];
  const client = await ControlClient.connect(path, { clock, timeoutMs: 5000 });
  const prefixes: unknown[] = [];
  for await (const chunk of client.stream("routes", { family: "ipv4" }))
    prefixes.push(...chunk.map((row) => (row as { prefix: string }).prefix));
  t.same(prefixes, ["10.1.0.0/26", "10.1.0.0/26", "10.9.0.0/16"]);
  t.same(target.speaker.lastQuery, { stage: "best", family: "ipv4" });
  t.equal(await client.request("countRoutes"), 3, "the connection can be used again");
  client.close();
});

t.test("a second daemon on the same socket is told who is there", async (t) => {
  const { path } = await startServer(t);
  const second = new ControlServer(
    { path, mode: 0o660, group: "", version: "0" },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  await t.rejects(second.listen(), {
    name: "SocketTakenError",
    message: `another starling (pid ${process.pid}) answers on ${path}`,
  });
  t.match(await ask(path, "hello"), { pid: process.pid }, "the first one serves on");
});

t.test("another program on the socket is not pushed away", async (t) => {
  const path = join(socketFolder(t), "s.sock");
  const other = createServer((socket) => socket.resume().end("0001 BIRD 1.6.8 ready.\n"));
  await new Promise<void>((resolve) => other.listen(path, resolve));
  const server = new ControlServer(
    { path, mode: 0o660, group: "", version: "0" },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  await t.rejects(server.listen(), { message: `another program answers on ${path}` });
  await new Promise<void>((resolve) => other.close(() => resolve()));
});

t.test("the socket of a daemon that died is replaced, a file that is no socket is not", async (t) => {
  const folder = socketFolder(t);
  writeFileSync(join(folder, "plain.txt"), "precious");
  const path = join(folder, "dead.sock");
  await leaveDeadSocket(path);
  const server = new ControlServer(
    { path, mode: 0o660, group: "", version: "0" },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  await server.listen();
  t.match(await ask(path, "hello"), { pid: process.pid });
  await server.close();
  t.equal(lstatSync(path, { throwIfNoEntry: false }), undefined, "it is removed at the end");
  const plain = join(folder, "plain.txt");
  const refused = new ControlServer(
    { path: plain, mode: 0o660, group: "", version: "0" },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  await t.rejects(refused.listen(), { message: `${plain} exists and is not a socket` });
  t.equal(lstatSync(plain).size, "precious".length);
});

/** A socket file whose process ended without removing it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { spawnSync } = await import("node:child_process");
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script]);
}

t.test("a path that the kernel would cut off is refused", async (t) => {
  const path = join(socketFolder(t), "x".repeat(100));
  const server = new ControlServer(
    { path, mode: 0o660, group: "", version: "0" },
    { clock, log: SILENT_LOG, sys: undefined },
  );
  await t.rejects(server.listen(), { message: /is longer than the 107 octets/ });
});

t.test("an unknown group is a warning, the daemon starts", async (t) => {
  const warnings: string[] = [];
  const path = join(socketFolder(t), "deep", "er", "s.sock");
  const log = { ...SILENT_LOG, warn: (message: string) => void warnings.push(message) };
  const server = new ControlServer(
    { path, mode: 0o660, group: "no-such-group", version: "0" },
    { clock, log, sys: undefined },
  );
  t.teardown(() => server.close());
  await server.listen();
  t.same(warnings, [`control socket: group no-such-group does not exist; ${path} keeps its group`]);
});

t.test("changes are logged with their reason, questions are not", async (t) => {
  const lines: string[] = [];
  const path = join(socketFolder(t), "s.sock");
  const log = {
    ...SILENT_LOG,
    info: (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  };
  const server = new ControlServer({ path, mode: 0o660, group: "", version: "0" }, { clock, log, sys: undefined });
  t.teardown(() => server.close());
  await server.listen();
  server.serve(fakeTarget());
  await ask(path, "status");
  await ask(path, "disablePeer", { peer: "node2", reason: "upgrade" });
  t.same(lines, ['control: disablePeer {"of":"node2","reason":"upgrade"}']);
});

t.test("closing drops the clients", async (t) => {
  const { path, server } = await startServer(t);
  const client = new RawClient(path);
  client.send(request(1, "hello"));
  await client.answers(1);
  await server.close();
  await client.end();
  t.ok(client.closed);
});

t.test("a group is found by name or number", async (t) => {
  const { findGroup } = await import("../../src/control/socket-file.js");
  const folder = socketFolder(t);
  const file = join(folder, "group");
  writeFileSync(file, "root:x:0:\nbird:x:117:a,b\nbroken\n");
  t.equal(findGroup("bird", file), 117);
  t.equal(findGroup("1000", file), 1000);
  t.equal(findGroup("broken", file), undefined);
});
