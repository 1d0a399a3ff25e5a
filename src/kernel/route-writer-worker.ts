// The worker thread that writes routes: sends a batch, collects the errors until the last request is acknowledged, hands
// the buffer back. It knows nothing of wishes. Closing is asked for by message: a terminated thread would leave its
// descriptor open.

import { type MessagePort, parentPort } from "node:worker_threads";

import { invariant } from "../base/invariant.js";
import { loadSys } from "../native/load-sys.js";
import { ENOBUFS } from "./kernel-error.js";
import { eachMessage, NLMSG_ERROR, readAnswer, type Received, receiveBuffer } from "./netlink.js";
import { NetlinkSocket } from "./netlink-socket.js";
import type { FromWriterWorker, ToWriterWorker, WriteRequestMessage, WriteResult } from "./route-writer.js";

/** A batch of 256 requests that all fail with a text needs less than half of it. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

function write(socket: NetlinkSocket, input: Received, request: WriteRequestMessage): WriteResult {
  const { buffer, lastSequence } = request;
  const errors: number[] = [];
  const texts: string[] = [];
  const sent = socket.send(new Uint8Array(buffer), request.length);
  if (sent < 0) return { buffer, failure: -sent, errors, texts };
  for (let acknowledged = false; !acknowledged;) {
    const end = socket.receive(input);
    // All answers are queued when send returns: an empty queue means that the acknowledgement was dropped.
    if (end < 0) return { buffer, failure: -end, errors, texts };
    eachMessage(input, end, (message) => {
      if (message.type !== NLMSG_ERROR) return;
      const answer = readAnswer(input, message);
      if (answer.errno !== 0) {
        errors.push(message.sequence, answer.errno);
        texts.push(answer.text ?? "");
      }
      if (message.sequence === lastSequence) acknowledged = true;
    });
  }
  return { buffer, failure: 0, errors, texts };
}

/** Answers left over from a batch that failed must not be taken for those of the next. */
function discardRest(socket: NetlinkSocket, input: Received): void {
  for (let got = 0; got >= 0 || got === -ENOBUFS;) got = socket.receive(input);
}

function serve(port: MessagePort, socket: NetlinkSocket): void {
  const input = receiveBuffer(1 << 20);
  port.on("message", (message: ToWriterWorker) => {
    if (message.do === "close") {
      socket.close();
      port.close();
      return;
    }
    const result = write(socket, input, message);
    if (result.failure !== 0) discardRest(socket, input);
    post(port, { is: "written", id: message.id, result }, [result.buffer]);
  });
  post(port, { is: "open", portId: socket.portId }, []);
}

function post(port: MessagePort, message: FromWriterWorker, transferred: readonly ArrayBuffer[]): void {
  port.postMessage(message, transferred);
}

function main(): void {
  invariant(parentPort !== null, "route-writer-worker runs as a worker thread");
  const loaded = loadSys();
  if ("missing" in loaded) {
    post(parentPort, { is: "unusable", why: loaded.missing }, []);
    return;
  }
  try {
    serve(parentPort, new NetlinkSocket({ receiveBufferBytes: RECEIVE_BUFFER_BYTES }, loaded.sys));
  } catch (error) {
    post(parentPort, { is: "unusable", why: error instanceof Error ? error.message : String(error) }, []);
  }
}

main();
