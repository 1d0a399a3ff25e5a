// Where our sessions end: a next hop that is one of these addresses is ourselves (RFC 4271 §6.3). Counted, because many
// sessions share one address.

import { type Bytes, toHex } from "../base/bytes.js";

export class LocalAddresses {
  readonly #sessions = new Map<string, number>();

  /** True if one of the sessions ends at this address. */
  has(address: Bytes): boolean {
    return this.#sessions.has(toHex(address));
  }

  /** A session has come up. */
  add(address: Bytes): void {
    const key = toHex(address);
    this.#sessions.set(key, (this.#sessions.get(key) ?? 0) + 1);
  }

  /** The other end of `add`. */
  remove(address: Bytes): void {
    const key = toHex(address);
    const left = (this.#sessions.get(key) ?? 0) - 1;
    if (left > 0) this.#sessions.set(key, left);
    else this.#sessions.delete(key);
  }
}
