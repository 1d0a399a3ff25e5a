// The addresses we listen on: opened and closed to match the configuration. A socket that cannot be opened does not stop
// the others; the reason is kept for status and tried again.

import { type Clock, Deadlines } from "../base/clock.js";
import { formatAddress, formatPrefix, type IpAddress, type IpPrefix, prefixContains } from "../base/ip.js";
import type { Log } from "../base/log.js";
import type { ListenConfig } from "../config/speaker-config.js";
import type { Connection } from "../session/ports.js";
import type { Listener, ListenerFactory } from "./ports.js";

const RETRY_MS = 5000;

/** A TCP MD5 password for peers that connect to us (RFC 2385). */
export interface ListenKey {
  readonly prefix: IpPrefix;
  readonly key: string;
}

export class Listeners {
  readonly #factory: ListenerFactory;
  readonly #log: Log;
  readonly #onConnection: (connection: Connection) => void;
  readonly #open = new Map<string, Listener>();
  readonly #failures = new Map<string, string>();
  readonly #retry: Deadlines<"retry">;
  #wanted: readonly ListenConfig[] = [];
  #keys: readonly ListenKey[] = [];
  /** Prefixes of keys that some listener does not demand. */
  readonly #undemanded = new Set<string>();

  constructor(clock: Clock, factory: ListenerFactory, log: Log, onConnection: (connection: Connection) => void) {
    this.#factory = factory;
    this.#log = log;
    this.#onConnection = onConnection;
    this.#retry = new Deadlines(clock, () => void this.#openMissing(false));
  }

  get endpoints(): readonly { readonly address: string; readonly port: number }[] {
    return [...this.#open.values()].map(({ address, port }) => ({ address: formatAddress(address), port }));
  }

  get failures(): readonly string[] {
    return [...this.#failures.values()];
  }

  /** Takes the passwords of all peers: each listener demands them of who connects. */
  setKeys(keys: readonly ListenKey[]): void {
    const text = (entry: ListenKey): string => formatPrefix(entry.prefix);
    const gone = this.#keys.filter((old) => !keys.some((entry) => text(entry) === text(old)));
    const changed = keys.filter(
      (entry) => !this.#keys.some((old) => text(old) === text(entry) && old.key === entry.key),
    );
    this.#keys = keys;
    for (const entry of [...gone, ...changed]) this.#undemanded.delete(text(entry));
    for (const listener of this.#open.values()) {
      for (const { prefix } of gone) this.#setKey(listener, prefix, undefined);
      for (const { prefix, key } of changed) this.#setKey(listener, prefix, key);
    }
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
      listener.close();
    }
    for (const key of this.#failures.keys()) if (!keys.has(key)) this.#failures.delete(key);
    await this.#openMissing(isFirst);
  }

  closeAll(): void {
    this.#retry.stopAll();
    this.#wanted = [];
    for (const listener of this.#open.values()) listener.close();
    this.#open.clear();
  }

  /** True if whoever connects from the address has proved to know its password. */
  demandsPassword(address: IpAddress): boolean {
    const matching = this.#keys.filter((entry) => prefixContains(entry.prefix, address.bytes));
    return matching.length > 0 && !matching.some((entry) => this.#undemanded.has(formatPrefix(entry.prefix)));
  }

  #setKey(listener: Listener, prefix: IpPrefix, key: string | undefined): void {
    if (listener.setMd5Key === undefined) {
      this.#undemanded.add(formatPrefix(prefix));
      this.#log.error("TCP MD5 passwords need the native addon: connections from this peer are refused", {
        peer: formatPrefix(prefix),
      });
      return;
    }
    const problem = listener.setMd5Key(prefix, key);
    if (problem === undefined) return;
    this.#undemanded.add(formatPrefix(prefix));
    this.#log.error(`${problem}; its connections are refused`, { peer: formatPrefix(prefix) });
  }

  async #openMissing(isFirst: boolean): Promise<void> {
    for (const config of this.#wanted) {
      const key = keyOf(config);
      if (this.#open.has(key)) continue;
      try {
        const listener = await this.#factory.listen(config, (connection) => this.#onConnection(connection));
        if (!this.#wanted.some((other) => keyOf(other) === key)) listener.close();
        else this.#open.set(key, listener);
        for (const { prefix, key: password } of this.#keys) this.#setKey(listener, prefix, password);
        this.#failures.delete(key);
        this.#log.info(`listening on ${key}`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (this.#failures.get(key) !== reason) this.#log.error(reason);
        this.#failures.set(key, reason);
      }
    }
    if (this.#failures.size === 0) return;
    if (isFirst && this.#open.size === 0) throw new Error(this.failures[0]);
    this.#retry.start("retry", RETRY_MS);
  }
}

function keyOf(config: ListenConfig): string {
  const text = formatAddress(config.address);
  return config.address.bytes.length === 4 ? `${text}:${config.port}` : `[${text}]:${config.port}`;
}
