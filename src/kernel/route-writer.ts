// The main thread's end of kernel writes. A resize of the kernel's route trie takes 40–900 ms inside one system call, so
// batches are sent by a worker thread (route-writer-worker.ts); here they are only handed over, as transferred buffers.

import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { invariant } from "../base/invariant.js";

/** What the kernel said about a batch. */
export interface WriteResult {
  /** The batch's buffer, to be used again. */
  readonly buffer: ArrayBuffer;
  /** 0, or the errno for which nothing is known about the requests of this batch. */
  readonly failure: number;
  /** Sequence number and errno of each request that failed, in turns. */
  readonly errors: readonly number[];
  /** The kernel's words about each of them; "" where it gave none. */
  readonly texts: readonly string[];
}

/** Takes batches of requests whose last asks for an acknowledgement. */
export interface RouteWriter {
  /** Port id of the socket that writes. */
  readonly portId: number;
  /** Takes `buffer` away from the caller until `done`. Batches are run in order. */
  write(buffer: ArrayBuffer, length: number, lastSequence: number, done: (result: WriteResult) => void): void;
  /** Lets what was handed over be written, then ends. Nothing is called back afterwards. */
  close(): Promise<void>;
}

export interface WriteRequestMessage {
  readonly do: "write";
  readonly id: number;
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly lastSequence: number;
}
export type ToWriterWorker = WriteRequestMessage | { readonly do: "close" };
export type FromWriterWorker =
  | { readonly is: "open"; readonly portId: number }
  | { readonly is: "unusable"; readonly why: string }
  | { readonly is: "written"; readonly id: number; readonly result: WriteResult };

/** Starts the worker. Gives the writer, or in words why there is none. An exception in the worker is our bug and ends
 *  the process like one in the main thread. */
export async function openRouteWriter(): Promise<RouteWriter | string> {
  const worker = new Worker(new URL("./route-writer-worker.js", import.meta.url));
  const [first] = (await once(worker, "message")) as [FromWriterWorker];
  if (first.is === "open") return new WorkerRouteWriter(worker, first.portId);
  await worker.terminate();
  return first.is === "unusable" ? first.why : "the writer thread answered out of turn";
}

class WorkerRouteWriter implements RouteWriter {
  readonly portId: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (result: WriteResult) => void>();
  #nextId = 1;
  #closed = false;

  constructor(worker: Worker, portId: number) {
    this.#worker = worker;
    this.portId = portId;
    worker.on("message", (message: FromWriterWorker) => this.#onMessage(message));
  }

  write(buffer: ArrayBuffer, length: number, lastSequence: number, done: (result: WriteResult) => void): void {
    invariant(!this.#closed, "a batch for a closed route writer");
    const id = this.#nextId++;
    this.#waiting.set(id, done);
    this.#post({ do: "write", id, buffer, length, lastSequence }, [buffer]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.clear();
    const exited = once(this.#worker, "exit");
    this.#post({ do: "close" }, []);
    await exited;
  }

  #post(message: ToWriterWorker, transferred: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, transferred);
  }

  #onMessage(message: FromWriterWorker): void {
    if (message.is !== "written") return;
    const done = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    done?.(message.result);
  }
}
