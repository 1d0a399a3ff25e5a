// A member's socket and the peer behind it: keeps the octets until the test lets them through, reads them only then (as
// a kernel would), checks every message, and remembers the last word on each prefix, or, with ADD-PATH, on each path.

import { type Bytes, readU16 } from "../../src/base/bytes.js";
import { FAMILIES } from "../../src/base/family.js";
import { formatPrefix } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { Framer } from "../../src/packet/framing.js";
import { decodeBody, type UpdateMessage } from "../../src/packet/message.js";
import type { NlriEntry } from "../../src/packet/nlri.js";
import { decodeUpdate, UpdateView } from "../../src/packet/update.js";
import type { MemberSink } from "../../src/rib/group-member.js";

export interface InboxOptions {
  readonly maxMessageLength: number;
  readonly fourOctetAs: boolean;
  /** Prefixes come with path identifiers (RFC 7911). */
  readonly hasPathIds: boolean;
}

interface Chunk {
  readonly bytes: Bytes;
  readonly onWritten: (() => void) | undefined;
}

export class Inbox implements MemberSink {
  /** By prefix, with path identifiers by prefix and identifier: the attributes last announced, the next hop among them. */
  readonly view = new Map<string, PathAttributes>();
  readonly messages: UpdateMessage[] = [];
  /** By family. */
  readonly endOfRib = [0, 0];
  announced = 0;
  withdrawn = 0;
  /** Octets stay in the socket until `drain`. */
  holding = false;
  /** Asked for every announcement. */
  onAnnounced: (prefix: string, attributes: PathAttributes) => void = () => undefined;
  readonly #options: InboxOptions;
  readonly #chunks: Chunk[] = [];
  readonly #framer = new Framer();
  readonly #view = new UpdateView();

  constructor(options: Partial<InboxOptions> = {}) {
    this.#options = { maxMessageLength: 4096, fourOctetAs: true, hasPathIds: false, ...options };
    this.#framer.maxLength = this.#options.maxMessageLength;
  }

  get writableLength(): number {
    return this.#chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(bytes: Bytes, onWritten?: () => void, messages?: number): boolean {
    if (messages !== undefined && messages !== countMessages(bytes)) throw new Error(`${messages} messages announced`);
    if (this.holding || this.#chunks.length > 0) this.#chunks.push({ bytes, onWritten });
    else {
      this.#read(bytes);
      onWritten?.();
    }
    return this.#chunks.length === 0;
  }

  cork(): void {
    // Nothing: when octets leave is up to the test anyway.
  }

  uncork(): void {
    // See cork.
  }

  /** Lets the next `count` chunks through; true if there was any. */
  drain(count = Infinity): boolean {
    let done = 0;
    for (; done < count && this.#chunks.length > 0; done++) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) break;
      this.#read(chunk.bytes);
      chunk.onWritten?.();
    }
    return done > 0;
  }

  #read(bytes: Bytes): void {
    this.#framer.push(Uint8Array.from(bytes));
    while (this.#framer.next())
      this.#message(this.#framer.type, this.#framer.bytes, this.#framer.start, this.#framer.end);
    if (this.#framer.pending > 0) throw new Error("a chunk does not end with a message");
  }

  #message(type: number, bytes: Bytes, start: number, end: number): void {
    const { hasPathIds, fourOctetAs } = this.#options;
    const context = { addPathReceive: [hasPathIds, hasPathIds], fourOctetAs } as const;
    const message = decodeBody(type, bytes, start, end, context);
    if (message.type !== "UPDATE") throw new Error(`a member was sent ${message.type}`);
    if (message.fault !== undefined) throw new Error(message.fault);
    decodeUpdate(bytes, start, end, context, this.#view);
    if (this.#view.endOfRib !== -1) this.endOfRib[this.#view.endOfRib]++;
    // RFC 7606 §5.1: MP_REACH_NLRI comes first.
    if (message.mpReach !== undefined && bytes[this.#view.attributesAt + 1] !== 14) {
      throw new Error("MP_REACH_NLRI is not the first attribute");
    }
    this.messages.push(message);
    this.#apply(message);
  }

  #apply(message: UpdateMessage): void {
    const { attributes, mpReach, mpUnreach } = message;
    for (const entry of [...message.withdrawn, ...(mpUnreach?.prefixes ?? [])]) {
      this.withdrawn++;
      this.view.delete(keyOf(entry));
    }
    for (const entry of message.nlri) this.#announce(entry, attributes);
    if (mpReach === undefined) return;
    if (!FAMILIES.some(({ afi }) => afi === mpReach.afi)) throw new Error("MP_REACH_NLRI of an unknown family");
    for (const entry of mpReach.prefixes) this.#announce(entry, { ...attributes, nextHop: mpReach.nextHop });
  }

  #announce(entry: NlriEntry, attributes: PathAttributes): void {
    this.announced++;
    this.view.set(keyOf(entry), attributes);
    this.onAnnounced(keyOf(entry), attributes);
  }
}

function keyOf({ prefix, pathId }: NlriEntry): string {
  return pathId === undefined ? formatPrefix(prefix) : `${formatPrefix(prefix)} ${pathId}`;
}

function countMessages(bytes: Bytes): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += readU16(bytes, at + 16)) count++;
  return count;
}
