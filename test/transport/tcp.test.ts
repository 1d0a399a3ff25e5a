import t from "tap";
import { formatBytes } from "../../src/base/ip.js";
import { isFailure } from "../../src/session/ports.js";
import { address } from "../support/memory-network.js";
import { addon, clock, connected, connectOptions, connectTo, listenOn, Log, WAYS } from "./socket-pair.js";
import { TcpTransport } from "../../src/transport/tcp.js";

for (const { name, sys } of WAYS) {
  t.test(`${name}: octets go both ways and the ends know each other`, async (t) => {
    for (const host of ["127.0.0.1", "::1"]) {
      const accepting = await listenOn(sys, host);
      const client = await connected(sys, connectOptions(accepting.listener.port, { remoteAddress: address(host) }));
      const server = await accepting.next();
      t.equal(formatBytes(client.remoteAddress.bytes), host);
      t.equal(formatBytes(server.remoteAddress.bytes), host);
      t.equal(client.localPort, server.remotePort);
      t.equal(server.localPort, accepting.listener.port);
      let written = false;
      client.write(Buffer.from("early"), () => {
        written = true;
      });
      const log = new Log(server);
      await log.until(() => log.received === 5);
      t.equal(log.text, "early");
      t.equal(written, true);
      server.write(Buffer.from("answer"));
      const answer = new Log(client);
      await answer.until(() => answer.received === 6);
      t.equal(answer.text, "answer");
      client.close();
      await log.until(() => log.failure !== undefined);
      t.same(log.failure, { code: "closed", message: `connection closed by ${host}` });
      t.equal(answer.failure, undefined, "who closes is not told");
      server.close();
      accepting.listener.close();
    }
  });

  t.test(`${name}: failures are told in words`, async (t) => {
    const accepting = await listenOn(sys);
    const { port } = accepting.listener;
    accepting.listener.close();
    t.same(await connectTo(sys, connectOptions(port)), {
      code: "ECONNREFUSED",
      message: `connection refused by 127.0.0.1 port ${port}`,
    });
    t.same(await connectTo(sys, connectOptions(port, { localAddress: address("192.0.2.77") })), {
      code: "EADDRNOTAVAIL",
      message: "source address 192.0.2.77 is not on this host",
    });
  });

  t.test(`${name}: the source address is the configured one`, async (t) => {
    const accepting = await listenOn(sys);
    const client = await connected(
      sys,
      connectOptions(accepting.listener.port, { localAddress: address("127.0.0.9") }),
    );
    const server = await accepting.next();
    t.equal(formatBytes(server.remoteAddress.bytes), "127.0.0.9");
    client.destroy();
    server.destroy();
    accepting.listener.close();
  });

  t.test(`${name}: a cancelled attempt calls nobody`, async (t) => {
    const accepting = await listenOn(sys);
    let calls = 0;
    const attempt = new TcpTransport({ clock, sys }).connect(connectOptions(accepting.listener.port), () => calls++);
    attempt.cancel();
    const client = await connected(sys, connectOptions(accepting.listener.port));
    t.equal(calls, 0);
    client.destroy();
    accepting.listener.close();
  });

  t.test(`${name}: a reset is told with the peer's address, also to a handler that comes late`, async (t) => {
    const accepting = await listenOn(sys);
    const client = await connected(sys, connectOptions(accepting.listener.port));
    const server = await accepting.next();
    const first = new Log(server);
    client.destroy();
    await first.until(() => first.failure !== undefined);
    t.same(first.failure, { code: "ECONNRESET", message: "connection reset by 127.0.0.1" });

    const other = await connected(sys, connectOptions(accepting.listener.port));
    const late = await accepting.next();
    other.close();
    const log = new Log(late);
    await log.until(() => log.failure !== undefined);
    t.equal(log.failure?.code, "closed");
    accepting.listener.close();
  });

  t.test(`${name}: a slow reader makes write say no, and drain follows`, async (t) => {
    const accepting = await listenOn(sys);
    const client = await connected(sys, connectOptions(accepting.listener.port));
    const server = await accepting.next();
    const writer = new Log(client);
    const reader = new Log(server);
    server.pause();
    const chunk = new Uint8Array(256 * 1024).fill(7);
    let sent = 0;
    let confirmed = 0;
    let goesOn = true;
    while (goesOn && sent < 64 * 1024 * 1024) {
      goesOn = client.write(chunk, () => (confirmed += chunk.length));
      sent += chunk.length;
    }
    t.equal(goesOn, false, `write said no after ${sent} octets`);
    t.ok(client.writableLength > 0);
    t.ok(confirmed < sent, "not everything is confirmed");
    server.resume();
    await writer.until(() => writer.drains > 0);
    await reader.until(() => reader.received === sent);
    t.equal(client.writableLength, 0);
    t.equal(confirmed, sent, "onWritten came for every chunk");
    client.close();
    server.close();
    accepting.listener.close();
  });

  t.test(`${name}: corked writes leave together, in order`, async (t) => {
    const accepting = await listenOn(sys);
    const client = await connected(sys, connectOptions(accepting.listener.port));
    const server = await accepting.next();
    const log = new Log(server);
    client.cork();
    for (const text of ["a", "b", "c"]) client.write(Buffer.from(text));
    t.equal(client.writableLength, 3);
    client.uncork();
    await log.until(() => log.received === 3);
    t.equal(log.text, "abc");
    t.equal(log.chunks.length, 1, "one segment");
    client.close();
    server.close();
    accepting.listener.close();
  });

  t.test(`${name}: close delivers what was queued, although the other side talks`, async (t) => {
    const accepting = await listenOn(sys);
    const client = await connected(sys, connectOptions(accepting.listener.port));
    const server = await accepting.next();
    const log = new Log(client);
    client.write(new Uint8Array(100_000));
    const last = Buffer.alloc(100_000, "x");
    server.write(last);
    server.close();
    await log.until(() => log.failure !== undefined);
    t.equal(log.received, last.length);
    t.equal(log.failure?.code, "closed", "an orderly end, not a reset");
    t.equal(server.write(Buffer.from("more")), false, "nothing after close");
    accepting.listener.close();
  });
}

t.test("without the addon what needs it is refused in words; a TTL is left to the kernel", async (t) => {
  for (const [changes, what] of [
    [{ md5Key: "secret" }, "a TCP MD5 password"],
    [{ minTtl: 254, ttl: 255 }, "TTL security (GTSM)"],
    [{ device: "lo" }, "binding to lo"],
  ] as const) {
    const result = await connectTo(undefined, connectOptions(1, changes));
    t.same(result, { code: "ENOTSUP", message: `${what} needs the native addon, which is missing on this host` });
  }
  const accepting = await listenOn(undefined);
  const client = await connected(undefined, connectOptions(accepting.listener.port, { ttl: 1 }));
  const server = await accepting.next();
  t.equal(server.setHops(64, undefined), undefined);
  t.match(server.setHops(255, 255), { code: "ENOTSUP" });
  t.equal(server.hasUnreadBytes(), false);
  client.destroy();
  server.destroy();
  accepting.listener.close();
});

t.test("with the addon", { skip: addon === undefined ? "the addon was not built" : false }, async (t) => {
  t.test("GTSM lets near packets in and keeps far ones out", async (t) => {
    const accepting = await listenOn(addon);
    const client = await connected(addon, connectOptions(accepting.listener.port, { ttl: 64 }));
    const server = await accepting.next();
    const log = new Log(server);
    t.equal(server.setHops(255, 255), undefined);
    await new Promise<void>((resolve) => client.write(Buffer.from("far"), resolve));
    // A whole exchange on another connection: loopback would have delivered the octets long before.
    const other = await connected(addon, connectOptions(accepting.listener.port));
    other.write(Buffer.from("x"));
    const otherLog = new Log(await accepting.next());
    await otherLog.until(() => otherLog.received === 1);
    t.equal(log.received, 0, "TTL 64 is dropped");
    t.equal(client.setHops(255, undefined), undefined);
    await log.until(() => log.received === 3);
    t.equal(log.text, "far", "sent again with TTL 255 it arrives");
    for (const connection of [client, server, other]) connection.destroy();
    accepting.listener.close();
  });

  t.test("octets that wait in the kernel count as unread", async (t) => {
    const accepting = await listenOn(addon);
    const client = await connected(addon, connectOptions(accepting.listener.port, { ttl: 1 }));
    const server = await accepting.next();
    const log = new Log(server);
    t.equal(server.hasUnreadBytes(), false);
    server.pause();
    const first = Buffer.alloc(1000, 1);
    const written = new Promise<void>((resolve) => client.write(first, resolve));
    await written;
    t.equal(server.hasUnreadBytes(), true);
    server.resume();
    await log.until(() => log.received === first.length);
    t.equal(server.hasUnreadBytes(), false);
    t.equal(server.setHops(255, undefined), undefined);
    client.destroy();
    server.destroy();
    accepting.listener.close();
  });

  t.test("a password must be known to the listener", async (t) => {
    const accepting = await listenOn(addon);
    const prefix = { family: 0, bytes: Uint8Array.of(127, 0, 0, 0), length: 8 } as const;
    const host = { family: 0, bytes: Uint8Array.of(127, 0, 0, 1), length: 32 } as const;
    const failure = accepting.listener.setMd5Key?.(host, "secret");
    t.equal(failure, undefined);
    const client = await connected(addon, connectOptions(accepting.listener.port, { md5Key: "secret" }));
    const server = await accepting.next();
    const log = new Log(server);
    client.write(Buffer.from("signed"));
    await log.until(() => log.received === 6);
    t.equal(log.text, "signed");
    client.destroy();
    server.destroy();
    t.equal(accepting.listener.setMd5Key?.(host, undefined), undefined, "deleted");
    t.equal(accepting.listener.setMd5Key?.(host, undefined), undefined, "deleting twice is fine");
    const open = await connected(addon, connectOptions(accepting.listener.port));
    t.notOk(isFailure(open), "without a key again");
    open.destroy();
    (await accepting.next()).destroy();
    t.equal(accepting.listener.setMd5Key?.(prefix, "range"), undefined, "a key for a whole prefix");
    const ranged = await connected(addon, connectOptions(accepting.listener.port, { md5Key: "range" }));
    ranged.destroy();
    (await accepting.next()).destroy();
    t.equal(accepting.listener.setMd5Key?.({ family: 1, bytes: new Uint8Array(16), length: 0 }, "x"), undefined);
    accepting.listener.close();
  });

  t.test("a password that is too long is a problem of its own session", async (t) => {
    const accepting = await listenOn(addon);
    const host = { family: 0, bytes: Uint8Array.of(127, 0, 0, 1), length: 32 } as const;
    t.equal(accepting.listener.setMd5Key?.(host, "x".repeat(80)), undefined);
    const words = "a TCP MD5 password has at most 80 octets";
    t.same(accepting.listener.setMd5Key?.(host, "x".repeat(81)), { words });
    t.same(accepting.listener.setMd5Key?.(host, "ü".repeat(41)), { words }, "octets, not characters");
    const md5Key = "x".repeat(81);
    t.match(await connectTo(addon, connectOptions(accepting.listener.port, { md5Key })), {
      message: new RegExp(words),
    });
    accepting.listener.close();
  });

  t.test("an interface that is not there is named as the reason", async (t) => {
    const result = await connectTo(addon, connectOptions(1, { device: "none9" }));
    t.match(result, { code: "ENODEV", message: "no such interface on the way to 127.0.0.1" });
  });
});
