// Records the fixtures of proto-fixtures/netlink from the running kernel (little-endian). Not a test; run as root after a
// build:  node build/test/interop/kernel/record-netlink.js OUTDIR
// It starts itself again inside a network namespace of its own.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { toHex } from "../../../src/base/bytes.js";
import { encodeAddressDump, encodeLinkDump } from "../../../src/kernel/link-message.js";
import { eachMessage, type MessageHeader, receiveBuffer, RequestBuffer } from "../../../src/kernel/netlink.js";
import { NetlinkSocket } from "../../../src/kernel/netlink-socket.js";
import { encodePath, encodeRoute, encodeRouteDump } from "../../../src/kernel/route-message.js";
import { loadSys } from "../../../src/native/load-sys.js";
import { Lab } from "../../support/netns.js";

const ROUTES = [
  "10.1.0.0/16 via 192.0.2.2 proto 12",
  "10.2.0.0/24 via 192.0.2.3 dev eth0 onlink proto 12 metric 1024",
  "10.3.0.0/24 proto 12 nexthop via 192.0.2.2 dev eth0 weight 1 nexthop via 192.0.2.3 dev eth0 weight 3",
  "10.4.0.0/24 via inet6 fe80::1 dev eth0 proto 12",
  "10.5.0.0/24 dev eth0 proto 80",
  "blackhole 10.6.0.0/24 proto 12",
  "prohibit 10.7.0.0/24 proto 12",
  "default via 192.0.2.254 proto 4",
  "10.8.0.0/24 via 192.0.2.2 table 1000 proto 12",
  "2001:db8:1::/48 via 2001:db8:ffff::2 proto 12",
  "2001:db8:2::/48 proto 12 nexthop via 2001:db8:ffff::2 dev eth0 nexthop via fe80::9 dev eth0 weight 2",
  "unreachable 2001:db8:3::/48 proto 12 metric 7",
];

/** Sends a request and gives the messages that come back, as hexadecimal octets. */
function transact(socket: NetlinkSocket, out: RequestBuffer): string[] {
  const input = receiveBuffer(1 << 20);
  const messages: string[] = [];
  socket.send(out.bytes, out.length);
  for (let end = socket.receive(input); end > 0; end = socket.receive(input)) {
    eachMessage(input, end, (message: MessageHeader) => messages.push(toHex(input.bytes, message.start, message.end)));
  }
  return messages;
}

function request(encode: (out: RequestBuffer) => void): RequestBuffer {
  const out = new RequestBuffer(new ArrayBuffer(1024));
  encode(out);
  return out;
}

function record(folder: string): void {
  const loaded = loadSys();
  if ("missing" in loaded) throw new Error(loaded.missing);
  const socket = new NetlinkSocket({ receiveBufferBytes: 1 << 20 }, loaded.sys);
  const write = (name: string, messages: readonly string[]): void =>
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(messages, undefined, 1)}\n`);
  write(
    "links",
    transact(
      socket,
      request((out) => encodeLinkDump(out, 1)),
    ),
  );
  write(
    "addresses",
    transact(
      socket,
      request((out) => encodeAddressDump(out, 2)),
    ),
  );
  write(
    "routes-ipv4",
    transact(
      socket,
      request((out) => encodeRouteDump(out, 3, 0, 254)),
    ),
  );
  write(
    "routes-ipv6",
    transact(
      socket,
      request((out) => encodeRouteDump(out, 4, 1, 254)),
    ),
  );
  write(
    "routes-table-1000",
    transact(
      socket,
      request((out) => encodeRouteDump(out, 5, 0, 1000)),
    ),
  );
  write(
    "dump-of-missing-table",
    transact(
      socket,
      request((out) => encodeRouteDump(out, 6, 0, 4242)),
    ),
  );
  const owner = { table: 254, protocol: 12 };
  const prefix = { w0: 10 << 24, w1: 0, w2: 0, w3: 0, length: 24 };
  const bad = {
    kind: "unicast",
    nextHops: [{ gateway: Uint8Array.of(1, 2, 3, 4), device: undefined, onlink: false, weight: 1 }],
  } as const;
  const path = encodePath(0, bad, () => undefined);
  if (typeof path === "string") throw new Error(path);
  write(
    "refused-gateway",
    transact(
      socket,
      request((out) => encodeRoute(out, "add", 7, owner, 0, prefix, 0, path)),
    ),
  );
  write(
    "refused-deletion",
    transact(
      socket,
      request((out) => encodeRoute(out, "delete", 8, owner, 0, prefix, 0, undefined)),
    ),
  );
  const acknowledged = request((out) => {
    encodeRoute(out, "delete", 9, owner, 0, { ...prefix, w0: (10 << 24) | ((6 << 8) << 8), length: 24 }, 0, undefined);
    out.askForAck();
  });
  write("acknowledgement", transact(socket, acknowledged));
  socket.close();
}

async function main(): Promise<void> {
  const folder = process.argv[2];
  if (process.argv[3] === "inside") return record(folder);
  const lab = await Lab.open();
  try {
    const node = await lab.namespace("record");
    const peer = await lab.namespace("peer");
    await lab.veth(node, "eth0", peer, "eth0");
    await node.exec("ip addr add 192.0.2.1/24 dev eth0; ip addr add 198.51.100.1 peer 198.51.100.2 dev eth0");
    await node.exec("ip addr add 2001:db8:ffff::1/64 dev eth0; ip link add tunl0 type veth peer name tunl1");
    for (const route of ROUTES)
      await node.exec(`ip ${route.includes(":") && !route.includes("inet6") ? "-6 " : ""}route add ${route}`);
    await node.exec([process.execPath, fileURLToPath(import.meta.url), folder, "inside"]);
  } finally {
    await lab.close();
  }
}

await main();
