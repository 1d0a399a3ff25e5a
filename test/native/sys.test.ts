// The C addon: built into a folder of its own, then tried on Unix sockets and worker threads.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { Worker } from "node:worker_threads";

import t from "tap";

import { loadSys } from "../../src/native/load-sys.js";
import type { Sys } from "../../src/native/sys.js";
import { ROOT } from "../support/root.js";

interface Builder {
  readonly buildAddon: (outFile: string) => { ok: true } | { ok: false; why: string };
}

const BUILDER = join(ROOT, "src/native/build-addon.mjs");
const folder = mkdtempSync(join(tmpdir(), "sys-addon-"));
const { buildAddon } = (await import(pathToFileURL(BUILDER).href)) as Builder;
const file = join(folder, "sys.node");
const built = buildAddon(file);
t.teardown(() => rmSync(folder, { recursive: true }));

const strict = (process.env["CI"] ?? "") !== "" || (process.env["STARLING_NO_SKIPS"] ?? "") !== "";
const options = built.ok || strict ? {} : { skip: built.why };

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const EAGAIN = 11;
const EBADF = 9;
const EINVAL = 22;
const EMSGSIZE = 90;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;

function open(): Sys {
  return createRequire(import.meta.url)(file) as Sys;
}

/** struct sockaddr_un of an abstract name. */
function nameOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.concat([Buffer.from([AF_UNIX, 0, 0]), Buffer.from(`${text}-${process.pid}`)]));
}

/** Two datagram sockets, the first connected to the second. */
function pair(sys: Sys, name: string): [number, number] {
  const [from, to] = [sys.socket(AF_UNIX, SOCK_DGRAM, 0), sys.socket(AF_UNIX, SOCK_DGRAM, 0)];
  if (sys.bind(to, nameOf(name)) !== 0 || sys.connect(from, nameOf(name)) !== 0) throw new Error("no pair");
  return [from, to];
}

void t.test("calls give their value or -errno", options, (t) => {
  const sys = open();
  t.equal(sys.close(-1), -EBADF);
  t.equal(sys.socket(AF_UNIX, 77, 0), -EINVAL);
  const fd = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  t.ok(fd > 2);
  t.equal(sys.bind(fd, nameOf("listen")), 0);
  t.equal(sys.listen(fd, 8), 0);
  t.ok(sys.fcntl(fd, 3, 0) >= 0);
  t.equal(sys.fcntl(fd, 4, 0o4000), 0, "non-blocking");
  t.equal(sys.fcntl(fd, 5, 4096), -EINVAL, "commands that take pointers are refused");
  t.equal(sys.accept4(fd), -EAGAIN);
  const client = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  t.equal(sys.connect(client, nameOf("listen")), 0);
  const child = sys.accept4(fd);
  t.ok(child > 2);
  const name = new Uint8Array(110);
  t.equal(sys.getsockname(client, name, 1), nameOf("listen").length);
  t.equal(Buffer.from(name).toString("latin1", 3, nameOf("listen").length), `listen-${process.pid}`);
  t.equal(sys.setsockopt(client, SOL_SOCKET, SO_SNDBUF, 100_000), 0);
  const value = new Uint8Array(4);
  t.equal(sys.getsockopt(client, SOL_SOCKET, SO_SNDBUF, value), 4);
  t.equal(new Int32Array(value.buffer)[0], 200_000, "the kernel doubles it");
  t.equal(sys.setsockopt(client, SOL_SOCKET, SO_SNDBUF, Uint8Array.from([1])), -EINVAL);
  t.equal(sys.send(client, Uint8Array.from([9, 8, 7, 6]), 1, 2, 0), 2);
  const waiting = new Uint8Array(4);
  t.equal(sys.ioctl(child, 0x541b, waiting), 0, "FIONREAD");
  t.equal(new Int32Array(waiting.buffer)[0], 2);
  const got = new Uint8Array(8);
  t.equal(sys.recv(child, got, 3, 5, 0), 2);
  t.strictSame([...got], [0, 0, 0, 8, 7, 0, 0, 0]);
  t.equal(sys.shutdown(client, 1), 0);
  t.equal(sys.recv(child, got, 0, 8, 0), 0, "end of stream");
  for (const each of [fd, client, child]) t.equal(sys.close(each), 0);
  t.end();
});

void t.test("arguments are checked before the kernel sees them", options, (t) => {
  const sys = open();
  const bytes = new Uint8Array(8);
  const wrong = (call: () => unknown, kind: typeof TypeError | typeof RangeError): void => {
    t.throws(call, kind);
  };
  const raw = sys as unknown as Record<string, (...values: unknown[]) => unknown>;
  wrong(() => raw["socket"](1, 1), TypeError);
  wrong(() => raw["socket"](1, "1", 0), TypeError);
  wrong(() => raw["bind"](1, "address"), TypeError);
  wrong(() => raw["bind"](1, new ArrayBuffer(8)), TypeError);
  wrong(() => raw["recv"](1, new Uint16Array(8), 0, 8, 0), TypeError);
  wrong(() => sys.send(1, bytes, 4, 5, 0), RangeError);
  wrong(() => sys.recv(1, bytes, 0xffffffff, 0xffffffff, 0), RangeError);
  wrong(() => sys.recvmany(1, bytes, 0, 9), RangeError);
  wrong(() => sys.recvmany(1, bytes, 0, 0), RangeError);
  wrong(() => sys.recvmsg(1, bytes, bytes, bytes, 0, new Int32Array(2)), RangeError);
  wrong(() => raw["recvmsg"](1, bytes, bytes, bytes, 0, bytes), TypeError);
  wrong(() => sys.attachFilter(1, bytes.subarray(0, 7)), RangeError);
  t.equal(sys.ioctl(1, 0x541b, new Uint8Array(5000)), -EINVAL);
  wrong(() => new sys.Poll(0, undefined as unknown as () => void), TypeError);
  wrong(() => (sys.Poll as unknown as (fd: number, run: () => void) => unknown)(0, () => undefined), TypeError);
  t.throws(() => new sys.Poll(999_999, () => undefined), { code: "EBADF" });
  t.end();
});

void t.test("recvmany lays datagrams at multiples of four and notices one that is too long", options, (t) => {
  const sys = open();
  const [from, to] = pair(sys, "many");
  const input = new Uint8Array(64).fill(0xff);
  t.equal(sys.recvmany(to, input, 0, 16), -EAGAIN, "never blocks");
  sys.send(from, Uint8Array.from([1, 2, 3]), 0, 3, 0);
  sys.send(from, Uint8Array.from([4, 5, 6, 7, 8]), 0, 5, 0);
  t.equal(sys.recvmany(to, input, 0, 16), 9);
  t.strictSame([...input.subarray(0, 12)], [1, 2, 3, 0, 4, 5, 6, 7, 8, 0, 0, 0]);
  for (let i = 0; i < 5; i++) sys.send(from, new Uint8Array(16), 0, 16, 0);
  t.equal(sys.recvmany(to, input, 0, 16), 64, "no more than fits");
  t.equal(sys.recvmany(to, input, 0, 16), 16);
  sys.send(from, new Uint8Array(17), 0, 17, 0);
  t.equal(sys.recvmany(to, input, 0, 16), -EMSGSIZE);
  const out = new Int32Array(3);
  sys.send(from, Uint8Array.from([1, 2, 3, 4]), 0, 4, 0);
  t.equal(sys.recvmsg(to, input.subarray(0, 2), new Uint8Array(16), new Uint8Array(16), 0, out), 2);
  t.equal(out[2] & 0x20, 0x20, "MSG_TRUNC");
  sys.close(from);
  sys.close(to);
  t.end();
});

void t.test("an attached filter decides what arrives", options, (t) => {
  const sys = open();
  const [from, to] = pair(sys, "filter");
  const dropAll = Uint8Array.from([6, 0, 0, 0, 0, 0, 0, 0]);
  t.equal(sys.attachFilter(to, dropAll), 0);
  sys.send(from, Uint8Array.from([1]), 0, 1, 0);
  t.equal(sys.recvmany(to, new Uint8Array(64), 0, 64), -EAGAIN);
  sys.close(from);
  sys.close(to);
  t.end();
});

void t.test("Poll tells readiness until it is closed, also from inside its callback", options, async (t) => {
  const sys = open();
  const [from, to] = pair(sys, "poll");
  const events = await new Promise<number[]>((resolve) => {
    const seen: number[] = [];
    const poll = new sys.Poll(to, (status, events) => {
      seen.push(status, events);
      sys.recv(to, new Uint8Array(8), 0, 8, 0);
      if (seen.length < 4) {
        sys.send(from, Uint8Array.from([2]), 0, 1, 0);
        return;
      }
      poll.close();
      t.equal(poll.start(1), -EBADF, "closed");
      t.equal(poll.stop(), -EBADF);
      poll.close();
      resolve(seen);
    });
    t.equal(poll.start(1), 0);
    t.equal(poll.start(64), -EINVAL);
    poll.unref();
    poll.ref();
    t.throws(() => new sys.Poll(to, () => undefined), { code: "EEXIST" }, "one watch per descriptor");
    sys.send(from, Uint8Array.from([1]), 0, 1, 0);
  });
  t.strictSame(events, [0, 1, 0, 1]);
  sys.close(from);
  sys.close(to);
});

/** Runs a program with `sys` in another process and gives how it ended. */
function runScript(body: string): { status: number | null; signal: string | null; text: string } {
  const script = join(folder, "script.cjs");
  writeFileSync(script, `const sys = require(${JSON.stringify(file)}); const AF = 1;\n${body}`);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, signal, text: stdout + stderr };
}

const PAIR = `
  const name = Uint8Array.from(Buffer.from("\\x01\\0\\0s" + process.pid + Math.random()));
  const from = sys.socket(1, 2, 0), to = sys.socket(1, 2, 0);
  sys.bind(to, name); sys.connect(from, name);
  const ping = () => sys.send(from, Uint8Array.of(1), 0, 1, 0x40);
`;

void t.test("processes end cleanly whatever Poll does", options, (t) => {
  const rows: readonly (readonly [string, string, number, RegExp])[] = [
    [
      "a throw is an uncaught exception",
      `${PAIR} new sys.Poll(to, () => { throw new Error("boom") }).start(1); ping();`,
      1,
      /boom/,
    ],
    [
      "which a handler may catch",
      `${PAIR} process.on("uncaughtException", (e) => { console.log("caught", e.message); process.exit(3) });
      new sys.Poll(to, () => { throw new Error("boom") }).start(1); ping();`,
      3,
      /caught boom/,
    ],
    [
      "an unreferenced watch does not hold the process",
      `${PAIR} const p = new sys.Poll(to, () => 0); p.start(1); p.unref();`,
      0,
      /^$/,
    ],
    ["process.exit inside the callback", `${PAIR} new sys.Poll(to, () => process.exit(4)).start(1); ping();`, 4, /^$/],
    [
      "garbage collection leaves an open watch alone",
      `${PAIR} new sys.Poll(to, () => { console.log("alive"); process.exit(0) }).start(1);
      for (let i = 0; i < 5; i++) gc(); setTimeout(ping, 20);`,
      0,
      /alive/,
    ],
    [
      "closed watches are collected",
      `${PAIR} for (let i = 0; i < 2000; i++) { const p = new sys.Poll(to, () => 0); p.start(1); p.close(); } gc(); setImmediate(() => gc());`,
      0,
      /^$/,
    ],
  ];
  for (const [name, body, status, text] of rows) {
    const result = runScript(body);
    t.equal(result.status, status, `${name} ${result.signal ?? ""} ${status === result.status ? "" : result.text}`);
    t.match(result.text, text, name);
  }
  t.end();
});

void t.test("worker threads may be terminated with watches open and busy", options, async (t) => {
  const script = join(folder, "worker.cjs");
  writeFileSync(
    script,
    `const sys = require(${JSON.stringify(file)}); const { parentPort } = require("node:worker_threads"); ${PAIR}
     const p = new sys.Poll(to, () => { ping(); if (Math.random() < 0.01) for (const end = Date.now() + 3; Date.now() < end;); }); p.start(1);
     new sys.Poll(from, () => 0).start(1); ping(); parentPort.postMessage("running");`,
  );
  for (let i = 0; i < 12; i++) {
    const worker = new Worker(script);
    await once(worker, "message");
    t.equal(await worker.terminate(), 1, `worker ${i}`);
  }
});

void t.test("loadSys gives the addon, or says what is missing and how to mend it", options, (t) => {
  const loaded = loadSys(folder);
  t.ok("sys" in loaded && loaded.sys.close(-1) === -EBADF);
  t.match(loadSys(join(folder, "nowhere")), {
    missing: /kernel routes, TCP MD5 and GTSM do not work: .*nowhere.*build-addon/,
  });
  writeFileSync(join(folder, "broken.txt"), "");
  const broken = mkdtempSync(join(folder, "broken-"));
  writeFileSync(join(broken, "sys.node"), "no library");
  t.match(loadSys(broken), { missing: /cannot be loaded/ });
  t.end();
});

void t.test("building says why it cannot, and goes on", (t) => {
  const run = (env: Record<string, string>, ...words: string[]) =>
    spawnSync(process.execPath, [BUILDER, ...words], { encoding: "utf8", env: { ...env, HOME: "/nonexistent" } });
  const without = run({ PATH: "/nonexistent", CC: "/nonexistent/cc" }, folder);
  t.equal(without.status, 0);
  t.match(without.stdout, /addon not built: no C compiler.*\nKernel routes, TCP MD5 and GTSM will not work/);
  t.equal(run({}).status, 2, "without a folder: usage");
  t.end();
});
