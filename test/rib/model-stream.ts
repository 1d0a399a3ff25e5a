// The stream that a member receives, message by message: its last word on each path, and what must never be in it.
//
// A member of the stream of changes is never withdrawn what it does not hold, and never told anything about a prefix of
// which nothing has changed. One that walks the table may be: the walk knows only what the member may hold, and tells
// prefixes again that were pending for others. What a walk says is right all the same.

import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { toHex } from "../../src/base/bytes.js";
import { attributesText } from "./naive-export.js";
import { type NaiveSession, type NaiveUpdate, readUpdate, splitMessages } from "./naive-update.js";

/** What the test knows of the member. */
export interface StreamFacts {
  readonly name: string;
  /** Community that marks the member's own routes. */
  readonly tag: number;
  /** Its address, in octets. */
  readonly address: Uint8Array;
  /** Something about the prefix has changed, so that a message about it may be due. */
  readonly isTouched: (prefix: string) => boolean;
  /** The member is being told the table: after it has come, asked, or moved to another group. */
  readonly isToldTable: () => boolean;
}

export class ModelStream {
  /** By prefix, with path identifiers by prefix and identifier: the text of the attributes last announced. */
  readonly view = new Map<string, string>();
  endOfRibs = 0;
  readonly #session: NaiveSession;
  readonly #facts: StreamFacts;

  constructor(session: NaiveSession, facts: StreamFacts) {
    this.#session = session;
    this.#facts = facts;
  }

  /** Takes a chunk of whole messages. Throws Error where one of them must not be. */
  read(octets: Uint8Array, isWalked: boolean): void {
    try {
      for (const message of splitMessages(octets, this.#session.maxMessageLength)) {
        const update = readUpdate(message, this.#session);
        if (update.endOfRib !== undefined) this.endOfRibs++;
        else this.#apply(update, isWalked);
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`${this.#facts.name}: ${text}`, { cause: error });
    }
  }

  #apply({ withdrawn, announced, attributes }: NaiveUpdate, isWalked: boolean): void {
    for (const key of withdrawn) {
      if (!this.view.delete(key) && !isWalked) throw new Error(`is withdrawn ${key}, which it does not hold`);
      this.#demandNews(key, "withdrawn");
    }
    if (announced.length === 0) return;
    this.#checkOwner(announced[0], attributes);
    const text = attributesText(attributes);
    for (const key of announced) {
      this.#demandNews(key, this.view.get(key) === text ? "told the same of" : "told of");
      this.view.set(key, text);
    }
  }

  #demandNews(key: string, what: string): void {
    if (this.#facts.isToldTable() || this.#facts.isTouched(key.split(" ")[0])) return;
    throw new Error(`is ${what} ${key}, of which nothing has changed`);
  }

  #checkOwner(key: string, { communities = [], nextHop }: PathAttributes): void {
    const { tag, address } = this.#facts;
    if (communities.includes(tag)) throw new Error(`is told its own ${key}`);
    // RFC 4271 §5.1.3
    if (nextHop !== undefined && toHex(nextHop) === toHex(address))
      throw new Error(`is told to be the next hop of ${key}`);
  }
}
