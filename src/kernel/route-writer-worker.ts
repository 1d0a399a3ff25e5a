// The worker thread that writes routes: sends a batch, collects the errors until the last request is acknowledged, says
// what became of it. It knows nothing of wishes. Closing is asked for by message: a terminated thread would leave its
// descriptor open.

import { type MessagePort, parentPort, workerData } from "node:worker_threads";

import type { Bytes } from "../base/bytes.js";
import { invariant } from "../base/invariant.js";
import { messageOf } from "../base/error-message.js";
import { loadSys } from "../native/load-sys.js";
import { ENOBUFS } from "./kernel-error.js";
import { eachMessage, NLMSG_ERROR, readAnswer, type Received, receiveBuffer } from "./netlink.js";
import { NetlinkSocket } from "./netlink-socket.js";
import {
  ALL_DONE,
  type FromWriterWorker,
  type ToWriterWorker,
  type WriteResult,
  type WriterWorkerData,
} from "./route-writer.js";

/** A batch of 256 requests that all fail with a text needs less than half of it. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

type Batch = Extract<ToWriterWorker, { readonly do: "write" }>;

function write(socket: NetlinkSocket, input: Received, bytes: Bytes, { length, lastSequence }: Batch): WriteResult {
  const errors: number[] = [];
  const texts: string[] = [];
  const sent = socket.send(bytes, length);
  if (sent < 0) return { failure: -sent, errors, texts };
  for (let acknowledged = false; !acknowledged;) {
    const end = socket.receive(input);
    // All answers are queued when send returns: an empty queue means that the acknowledgement was dropped.
    if (end < 0) return { failure: -end, errors, texts };
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
  return errors.length === 0 ? ALL_DONE : { failure: 0, errors, texts };
}

/** Answers left over from a batch that failed must not be taken for those of the next. */
function discardRest(socket: NetlinkSocket, input: Received): void {
  for (let got = 0; got >= 0 || got === -ENOBUFS;) got = socket.receive(input);
}

function serve(port: MessagePort, socket: NetlinkSocket, memory: Bytes): void {
  const input = receiveBuffer(1 << 20);
  // Node-API promises nothing about arrays over shared memory: what is sent is a copy.
  const bytes = new Uint8Array(memory.length);
  port.on("message", (message: ToWriterWorker) => {
    if (message.do === "close") {
      socket.close();
      port.close();
      return;
    }
    bytes.set(memory.subarray(message.at, message.at + message.length));
    const result = write(socket, input, bytes, message);
    if (result.failure !== 0) discardRest(socket, input);
    post(port, result === ALL_DONE ? "done" : { is: "written", result });
  });
  post(port, { is: "open", portId: socket.portId });
}

function post(port: MessagePort, message: FromWriterWorker): void {
  port.postMessage(message);
}

function main(): void {
  invariant(parentPort !== null, "route-writer-worker runs as a worker thread");
  const loaded = loadSys();
  if ("missing" in loaded) {
    post(parentPort, { is: "unusable", why: loaded.missing });
    return;
  }
  const { memory } = workerData as WriterWorkerData;
  try {
    serve(
      parentPort,
      new NetlinkSocket({ receiveBufferBytes: RECEIVE_BUFFER_BYTES }, loaded.sys),
      new Uint8Array(memory),
    );
  } catch (error) {
    post(parentPort, { is: "unusable", why: messageOf(error) });
  }
}

main();
