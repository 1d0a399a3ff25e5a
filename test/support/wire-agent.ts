// A process that opens and accepts TCP connections in whatever network namespace it is started, and tells every BGP message
// that comes, octet by octet: one JSON array a line, both ways. Tests talk to it through wire-host.ts.

import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { MessageStream } from "../vectors/messages.js";

/** What the agent is told. Connections have numbers: odd ones are the driver's, even ones were accepted. */
export type WireCommand =
  | readonly ["dial", id: number, local: string, remote: string, port: number]
  | readonly ["listen", local: string, port: number]
  | readonly ["send", id: number, hex: string]
  | readonly ["close" | "reset", id: number];

/** What the agent tells; `at` is in milliseconds, of one clock for the whole process. */
export type WireEvent =
  | readonly ["listening", local: string]
  | readonly ["accepted", id: number, local: string, remote: string, at: number]
  | readonly ["open", id: number, at: number]
  | readonly ["message", id: number, type: number, body: string, at: number]
  | readonly ["closed", id: number, how: string, at: number];

const sockets = new Map<number, Socket>();
let accepted = 0;

function tell(event: WireEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function watch(id: number, socket: Socket): void {
  const stream = new MessageStream();
  let how = "end";
  sockets.set(id, socket);
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    for (const { type, body } of stream.push(chunk)) tell(["message", id, type, toHex(body), performance.now()]);
  });
  socket.on("error", (error: NodeJS.ErrnoException) => (how = error.code ?? error.message));
  socket.on("close", () => {
    sockets.delete(id);
    tell(["closed", id, how, performance.now()]);
  });
}

function obey(command: WireCommand): void {
  switch (command[0]) {
    case "dial": {
      const [, id, localAddress, host, port] = command;
      const socket = connect({ host, port, localAddress });
      socket.on("connect", () => tell(["open", id, performance.now()]));
      return watch(id, socket);
    }
    case "listen": {
      const [, host, port] = command;
      const server = createServer((socket) => {
        const id = (accepted += 2);
        tell(["accepted", id, host, socket.remoteAddress ?? "", performance.now()]);
        watch(id, socket);
      });
      return void server.listen(port, host, () => tell(["listening", host]));
    }
    case "send":
      return void sockets.get(command[1])?.write(fromHex(command[2]));
    case "close":
      return void sockets.get(command[1])?.end();
    case "reset":
      return void sockets.get(command[1])?.resetAndDestroy();
  }
}

for await (const line of createInterface({ input: process.stdin })) obey(JSON.parse(line) as WireCommand);
process.exit();
