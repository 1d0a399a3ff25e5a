// TCP MD5 passwords of those who connect to us (RFC 2385): each listener demands them, as far as the kernel has room. A
// peer whose password could not be set is refused, so it is said what to do.

import { formatAddress, formatPrefix, type IpAddress, type IpPrefix, prefixContains } from "../base/ip.js";
import type { Log } from "../base/log.js";
import type { Listener, Md5KeyProblem } from "./ports.js";

/** A TCP MD5 password for peers that connect to us (RFC 2385). */
export interface ListenKey {
  readonly prefix: IpPrefix;
  readonly key: string;
}

/** More than a key takes in any kernel we know; for a kernel where not even one fits. */
const KEY_BYTES = 256;
const MEMORY_STEP_BYTES = 1024;

export class ListenKeys {
  readonly #log: Log;
  #keys: readonly ListenKey[] = [];
  /** What the kernel demands on each listener, by the text of the prefix. */
  readonly #held = new Map<Listener, Map<string, ListenKey>>();
  /** By listener, where its memory is used up. */
  readonly #exhausted = new Map<Listener, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** What a user should know and mend. */
  get problems(): readonly string[] {
    return [...this.#exhausted.values()];
  }

  /** Takes the passwords of all peers; what did not fit before is tried again. */
  set(keys: readonly ListenKey[]): void {
    this.#keys = keys;
    for (const listener of this.#held.keys()) this.#apply(listener);
  }

  opened(listener: Listener): void {
    this.#held.set(listener, new Map());
    this.#apply(listener);
  }

  closed(listener: Listener): void {
    this.#held.delete(listener);
    this.#exhausted.delete(listener);
  }

  /** True if whoever connects from the address has proved to know its password. */
  demands(address: IpAddress): boolean {
    const matching = this.#keys.filter(({ prefix }) => prefixContains(prefix, address.bytes));
    return matching.length > 0 && matching.every((entry) => this.#isDemanded(entry));
  }

  #isDemanded({ prefix, key }: ListenKey): boolean {
    for (const [listener, held] of this.#held) {
      if (isOfFamily(listener, prefix) && held.get(formatPrefix(prefix))?.key !== key) return false;
    }
    return true;
  }

  #apply(listener: Listener): void {
    const held = this.#held.get(listener);
    if (held === undefined) return;
    const wanted = new Map<string, ListenKey>();
    for (const entry of this.#keys) {
      if (isOfFamily(listener, entry.prefix)) wanted.set(formatPrefix(entry.prefix), entry);
    }
    // First, so that there is room for new ones.
    for (const [text, { prefix }] of [...held]) {
      if (!wanted.has(text)) this.#remove(listener, held, text, prefix);
    }
    let full: number | undefined;
    for (const [text, entry] of wanted) {
      if (held.get(text)?.key === entry.key) continue;
      const problem = setKey(listener, entry.prefix, entry.key);
      if (problem === undefined) held.set(text, entry);
      else if (problem.optionMemoryBytes !== undefined) full = problem.optionMemoryBytes;
      else this.#log.error(`${problem.words}; its connections are refused`, { peer: text });
    }
    this.#note(listener, full, held.size, wanted.size);
  }

  #remove(listener: Listener, held: Map<string, ListenKey>, text: string, prefix: IpPrefix): void {
    const problem = setKey(listener, prefix, undefined);
    if (problem !== undefined) this.#log.error(problem.words, { peer: text });
    else held.delete(text);
  }

  /** Says once that the keys of a listener do not fit into its `optionMemoryBytes`; undefined: they do. */
  #note(listener: Listener, optionMemoryBytes: number | undefined, fit: number, configured: number): void {
    if (optionMemoryBytes === undefined) {
      this.#exhausted.delete(listener);
      return;
    }
    const text = exhaustedWords(listener, optionMemoryBytes, fit, configured);
    if (this.#exhausted.get(listener) !== text) this.#log.error(text);
    this.#exhausted.set(listener, text);
  }
}

function setKey(listener: Listener, prefix: IpPrefix, key: string | undefined): Md5KeyProblem | undefined {
  return listener.setMd5Key === undefined
    ? { words: "TCP MD5 passwords need the native addon" }
    : listener.setMd5Key(prefix, key);
}

function isOfFamily(listener: Listener, prefix: IpPrefix): boolean {
  return listener.address.bytes.length === prefix.bytes.length;
}

/** `… 150 fit, 200 are configured …`, with the way out. */
function exhaustedWords(listener: Listener, optionMemoryBytes: number, fit: number, configured: number): string {
  const keyBytes = fit === 0 ? KEY_BYTES : optionMemoryBytes / fit;
  const needed = Math.ceil((configured * keyBytes) / MEMORY_STEP_BYTES + 1) * MEMORY_STEP_BYTES;
  return (
    `not every TCP MD5 password fits on ${formatAddress(listener.address)} port ${listener.port}: ${fit} keys fit, ` +
    `${configured} are configured, the other ${configured - fit} peers are refused when they connect: ` +
    `sysctl net.core.optmem_max=${needed} (now ${optionMemoryBytes}) and starling reload, or give one password to a ` +
    "whole range with dynamicPeers, which needs one key"
  );
}
