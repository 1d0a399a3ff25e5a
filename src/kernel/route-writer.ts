// The main thread's end of kernel writes. A resize of the kernel's route trie takes 40–900 ms inside one system call, so
// batches are sent by a worker thread (route-writer-worker.ts); here they are only handed over, in shared memory.
//
// Not as transferred buffers: the first ArrayBuffer that is detached makes V8 throw away all compiled code that reads typed
// arrays, which is the whole hot path of the process.

import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { invariant } from "../base/invariant.js";

/** What the kernel said about a batch. */
export interface WriteResult {
  /** 0, or the errno for which nothing is known about the requests of this batch. */
  readonly failure: number;
  /** Sequence number and errno of each request that failed, in turns. */
  readonly errors: readonly number[];
  /** The kernel's words about each of them; "" where it gave none. */
  readonly texts: readonly string[];
}

export const ALL_DONE: WriteResult = { failure: 0, errors: [], texts: [] };

/** Memory for batches that wait or are being written. What is never used is never touched. */
export const WRITER_MEMORY_BYTES = 1 << 20;

/** Takes batches of requests whose last asks for an acknowledgement. */
export interface RouteWriter {
  /** Port id of the socket that writes. */
  readonly portId: number;
  /** Where batches stand. */
  readonly memory: SharedArrayBuffer;
  /** Writes `memory[at, at + length)`, which the caller leaves alone until `done`. Batches are run in order. */
  write(at: number, length: number, lastSequence: number, done: (result: WriteResult) => void): void;
  /** Lets what was handed over be written, then ends. Nothing is called back afterwards. */
  close(): Promise<void>;
}

/** What the worker is given at its start. */
export interface WriterWorkerData {
  readonly memory: SharedArrayBuffer;
}

export type ToWriterWorker =
  | { readonly do: "write"; readonly at: number; readonly length: number; readonly lastSequence: number }
  | { readonly do: "close" };
/** Batches are answered in order; "done" is ALL_DONE, by far the most frequent. */
export type FromWriterWorker =
  | { readonly is: "open"; readonly portId: number }
  | { readonly is: "unusable"; readonly why: string }
  | { readonly is: "written"; readonly result: WriteResult }
  | "done";

/** Starts the worker. Gives the writer, or in words why there is none. An exception in the worker is our bug and ends
 *  the process like one in the main thread. */
export async function openRouteWriter(): Promise<RouteWriter | string> {
  const workerData: WriterWorkerData = { memory: new SharedArrayBuffer(WRITER_MEMORY_BYTES) };
  const worker = new Worker(new URL("./route-writer-worker.js", import.meta.url), { workerData });
  const [first] = (await once(worker, "message")) as [FromWriterWorker];
  if (first !== "done" && first.is === "open") return new WorkerRouteWriter(worker, first.portId, workerData.memory);
  await worker.terminate();
  return first !== "done" && first.is === "unusable" ? first.why : "the writer thread answered out of turn";
}

class WorkerRouteWriter implements RouteWriter {
  readonly portId: number;
  readonly memory: SharedArrayBuffer;
  readonly #worker: Worker;
  /** One for each batch under way, the oldest first. */
  readonly #waiting: ((result: WriteResult) => void)[] = [];
  #closed = false;

  constructor(worker: Worker, portId: number, memory: SharedArrayBuffer) {
    this.#worker = worker;
    this.portId = portId;
    this.memory = memory;
    worker.on("message", (message: FromWriterWorker) => this.#onMessage(message));
  }

  write(at: number, length: number, lastSequence: number, done: (result: WriteResult) => void): void {
    invariant(!this.#closed, "a batch for a closed route writer");
    this.#waiting.push(done);
    this.#post({ do: "write", at, length, lastSequence });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    const exited = once(this.#worker, "exit");
    this.#post({ do: "close" });
    await exited;
  }

  #post(message: ToWriterWorker): void {
    this.#worker.postMessage(message);
  }

  #onMessage(message: FromWriterWorker): void {
    if (message === "done") this.#waiting.shift()?.(ALL_DONE);
    else if (message.is === "written") this.#waiting.shift()?.(message.result);
  }
}
