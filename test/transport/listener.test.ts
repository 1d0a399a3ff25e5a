import t from "tap";
import { createServer } from "node:net";
import { formatBytes } from "../../src/base/ip.js";
import { findPortHolder, parseListeners } from "../../src/transport/port-holder.js";
import { listenWords } from "../../src/transport/socket-words.js";
import { address } from "../support/memory-network.js";
import { connected, connectOptions, listenOn, WAYS } from "./socket-pair.js";

for (const { name, sys } of WAYS) {
  t.test(`${name}: a port in use names its holder`, async (t) => {
    const accepting = await listenOn(sys);
    const { port } = accepting.listener;
    await t.rejects(listenOn(sys, "127.0.0.1", port), {
      message: `cannot listen on 127.0.0.1 port ${port}: port ${port} is held by ${findPortHolder(port)}`,
    });
    t.match(findPortHolder(port), new RegExp(`\\(pid ${process.pid}\\)$`));
    accepting.listener.close();
  });

  t.test(`${name}: an address of someone else is named`, async (t) => {
    await t.rejects(listenOn(sys, "192.0.2.77", 0), {
      message: "cannot listen on 192.0.2.77 port 0: 192.0.2.77 is not an address of this host",
    });
  });

  t.test(`${name}: IPv4 and IPv6 listen on the same port side by side`, async (t) => {
    const v4 = await listenOn(sys, "0.0.0.0");
    const { port } = v4.listener;
    const v6 = await listenOn(sys, "::", port);
    const client = await connected(sys, connectOptions(port));
    const server = await v4.next();
    t.equal(formatBytes(server.remoteAddress.bytes), "127.0.0.1", "no mapped address");
    const client6 = await connected(sys, connectOptions(port, { remoteAddress: address("::1") }));
    t.equal(formatBytes((await v6.next()).remoteAddress.bytes), "::1");
    for (const connection of [client, server, client6]) connection.destroy();
    v4.listener.close();
    v6.listener.close();
  });

  t.test(`${name}: many connections at once are all accepted`, async (t) => {
    const accepting = await listenOn(sys);
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => connected(sys, connectOptions(accepting.listener.port))),
    );
    const servers = await Promise.all(clients.map(() => accepting.next()));
    t.equal(new Set(servers.map((server) => server.remotePort)).size, 200);
    for (const connection of [...clients, ...servers]) connection.destroy();
    accepting.listener.close();
  });

  t.test(`${name}: a closed listener may be opened again at once`, async (t) => {
    const first = await listenOn(sys);
    const client = await connected(sys, connectOptions(first.listener.port));
    const server = await first.next();
    first.listener.close();
    server.close();
    const again = await listenOn(sys, "127.0.0.1", first.listener.port);
    t.equal(again.listener.port, first.listener.port);
    client.destroy();
    again.listener.close();
  });
}

t.test("the privilege that is missing is named with its remedies", (t) => {
  const text = listenWords({ code: "EACCES", message: "bind: EACCES" }, address("0.0.0.0"), 179, undefined);
  t.match(text, /binding port 179 needs CAP_NET_BIND_SERVICE/);
  t.match(text, /net\.ipv4\.ip_unprivileged_port_start=179/);
  t.equal(
    listenWords({ code: "EADDRINUSE", message: "x" }, address("::"), 179, undefined),
    "cannot listen on :: port 179: port 179 is held by another process",
  );
  t.equal(listenWords({ message: "odd" }, address("::"), 1, undefined), "cannot listen on :: port 1: odd");
  t.end();
});

t.test("listeners are found in the form of /proc/net/tcp", (t) => {
  const text = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:00B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0",
    "   1: 0100007F:00B3 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1",
    "   2: 00000000000000000000000000000000:00B4 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0",
    "",
  ].join("\n");
  t.same(parseListeners(text, 179), ["4711"], "an established connection is no listener");
  t.same(parseListeners(text, 180), ["4713"]);
  t.same(parseListeners(text, 181), []);
  t.end();
});

t.test("nobody holds a port that nobody listens on", (t) => {
  const server = createServer();
  server.listen(0, "127.0.0.1", () => {
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    t.match(findPortHolder(port), /\(pid \d+\)$/);
    server.close(() => {
      t.equal(findPortHolder(port), undefined);
      t.end();
    });
  });
});
