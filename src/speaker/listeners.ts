// The addresses we listen on: opened and closed to match the configuration. A socket that cannot be opened does not stop
// the others; the reason is kept for status and tried again.

import { type Clock, Deadlines } from "../base/clock.js";
import { formatAddress, type IpAddress } from "../base/ip.js";
import type { Log } from "../base/log.js";
import { messageOf } from "../base/error-message.js";
import type { ListenConfig } from "../config/speaker-config.js";
import type { Connection } from "../session/ports.js";
import { type ListenKey, ListenKeys } from "./listen-keys.js";
import type { Listener, ListenerFactory } from "./ports.js";

const RETRY_MS = 5000;

export class Listeners {
  readonly #factory: ListenerFactory;
  readonly #log: Log;
  readonly #onConnection: (connection: Connection) => void;
  readonly #open = new Map<string, Listener>();
  readonly #failures = new Map<string, string>();
  readonly #retry: Deadlines<"retry">;
  #wanted: readonly ListenConfig[] = [];
  readonly #keys: ListenKeys;

  constructor(clock: Clock, factory: ListenerFactory, log: Log, onConnection: (connection: Connection) => void) {
    this.#factory = factory;
    this.#log = log;
    this.#onConnection = onConnection;
    this.#keys = new ListenKeys(log);
    this.#retry = new Deadlines(clock, () => void this.#openMissing(false));
  }

  get endpoints(): readonly { readonly address: string; readonly port: number }[] {
    return [...this.#open.values()].map(({ address, port }) => ({ address: formatAddress(address), port }));
  }

  get failures(): readonly string[] {
    return [...this.#failures.values(), ...this.#keys.problems];
  }

  /** Takes the passwords of all peers: each listener demands them of who connects. */
  setKeys(keys: readonly ListenKey[]): void {
    this.#keys.set(keys);
  }

  /** Closes what is no longer wanted and opens the rest. Rejects with the first reason if nothing could be opened at all
   *  although something is wanted and nothing was open before (a first start that would hear nobody). */
  async apply(wanted: readonly ListenConfig[]): Promise<void> {
    const isFirst = this.#wanted.length === 0;
    this.#wanted = wanted;
    const keys = new Set(wanted.map(keyOf));
    for (const [key, listener] of this.#open) {
      if (keys.has(key)) continue;
      this.#open.delete(key);
      this.#keys.closed(listener);
      listener.close();
    }
    for (const key of this.#failures.keys()) if (!keys.has(key)) this.#failures.delete(key);
    await this.#openMissing(isFirst);
  }

  closeAll(): void {
    this.#retry.stopAll();
    this.#wanted = [];
    for (const listener of this.#open.values()) {
      this.#keys.closed(listener);
      listener.close();
    }
    this.#open.clear();
  }

  /** True if whoever connects from the address has proved to know its password. */
  demandsPassword(address: IpAddress): boolean {
    return this.#keys.demands(address);
  }

  async #openMissing(isFirst: boolean): Promise<void> {
    for (const config of this.#wanted) {
      const key = keyOf(config);
      if (this.#open.has(key)) continue;
      try {
        const listener = await this.#factory.listen(config, (connection) => this.#onConnection(connection));
        if (!this.#wanted.some((other) => keyOf(other) === key)) listener.close();
        else {
          this.#open.set(key, listener);
          this.#keys.opened(listener);
        }
        this.#failures.delete(key);
        this.#log.info(`listening on ${key}`);
      } catch (error) {
        const reason = messageOf(error);
        if (this.#failures.get(key) !== reason) this.#log.error(reason);
        this.#failures.set(key, reason);
      }
    }
    if (this.#failures.size === 0) return;
    if (isFirst && this.#open.size === 0) throw new Error([...this.#failures.values()][0]);
    this.#retry.start("retry", RETRY_MS);
  }
}

function keyOf(config: ListenConfig): string {
  const text = formatAddress(config.address);
  return config.address.bytes.length === 4 ? `${text}:${config.port}` : `[${text}]:${config.port}`;
}
