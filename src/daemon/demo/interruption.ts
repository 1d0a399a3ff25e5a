// Ctrl-C and its kin: the first one removes everything in order, a second one at once; then the process ends by the signal,
// so that a shell sees what happened.

import type { Lab } from "./lab.js";
import type { Printer } from "./print.js";

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class Interruption {
  #lab: Lab | undefined;
  readonly #printer: Printer;
  readonly #listener = (signal: NodeJS.Signals): void => this.#interrupt(signal);
  #removal: Promise<void> | undefined;

  /** Listens from now on. Synchronous work is not cut short any more, so that it can clean up after itself. */
  constructor(printer: Printer) {
    this.#printer = printer;
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#listener);
  }

  /** Removes the lab if it comes to that. */
  protect(lab: Lab): void {
    this.#lab = lab;
  }

  /** Resolves at once where nothing was interrupted; otherwise the process ends before it does. */
  async passed(): Promise<void> {
    await this.#removal;
  }

  release(): void {
    for (const signal of ENDING_SIGNALS) process.removeListener(signal, this.#listener);
  }

  #interrupt(signal: NodeJS.Signals): void {
    if (this.#lab === undefined || this.#removal !== undefined) {
      this.#lab?.clearNow();
      this.#end(signal);
      return;
    }
    this.#removal = this.#lab.close().then(() => this.#end(signal));
    this.#printer.verdict(false, `${signal}: everything that was made is being removed.`);
    // What is under way fails now, one after another; that is of no interest.
    this.#printer.mute();
  }

  #end(signal: NodeJS.Signals): void {
    this.release();
    process.kill(process.pid, signal);
  }
}
