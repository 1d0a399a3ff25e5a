// One UPDATE into the tables: attribute set interned once, import policy once per set (or per prefix, if it looks at the
// prefix), then one row per NLRI. RFC 4271 §9.1.1–9.1.2, RFC 7606.
//
// The hot path: no allocation per route. NLRI syntax was checked when the message was decoded.

import { type Bytes, toHex } from "../base/bytes.js";
import type { PrefixIndex } from "../base/prefix-index.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { messageOf } from "../base/error-message.js";
import { ERROR_CODE, UPDATE_ERROR } from "../packet/codes.js";
import { NotificationError } from "../packet/notification.js";
import { decodeUpdate, type UpdateContext, UpdateView } from "../packet/update.js";
import { AttributeKey } from "./attribute-key.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { CONTEXT } from "./set-context.js";
import type { ImportPolicy } from "./import-policy.js";
import type { LocRib } from "./loc-rib.js";
import { REJECT } from "./reject-reason.js";
import type { Source } from "./sources.js";

/** What one session negotiated that matters to its routes. */
export interface IngestContext extends UpdateContext {
  readonly families: readonly Family[];
}

/** Prefixes decoded at a time, and words of each; half as many of the wide ones. */
const ROWS = 64;
const ROW = 4;
const WIDE_ROW = 8;

export class Ingest {
  readonly #attrs: AttrsTable;
  readonly #ribs: readonly LocRib[];
  readonly #policy: ImportPolicy;
  readonly #view = new UpdateView();
  readonly #key = new AttributeKey();
  /** Sets of the UPDATE at hand, each with a reference; 0: none. */
  #nlriAttrs: AttrsId = 0;
  #reachAttrs: AttrsId = 0;
  /** Prefixes decoded: address (IPv6: four words), length, hash, path identifier. */
  readonly #rows = new Int32Array(ROWS * ROW);
  #decodedEnd = 0;
  /** A prefix that means nothing (ODD_PREFIX) was left out. */
  #oddSeen = false;
  /** Routes of the announcement at hand, and those that the policy refused one by one. */
  #told = 0;
  #refused = 0;
  /** Read by nobody: keeps the compiler from leaving out what fills it. */
  touched = 0;

  constructor(attrs: AttrsTable, ribs: readonly LocRib[], policy: ImportPolicy) {
    this.#attrs = attrs;
    this.#ribs = ribs;
    this.#policy = policy;
  }

  /** Takes in the UPDATE body `bytes[start, end)`; nothing of it is kept. Gives the family whose End-of-RIB it is, or −1.
   *  Throws NotificationError where the session must be reset; nothing was applied then. */
  receive(source: Source, bytes: Bytes, start: number, end: number, context: IngestContext): Family | -1 {
    const view = this.#view;
    this.#nlriAttrs = this.#reachAttrs = 0;
    try {
      this.#read(source, bytes, start, end, context);
    } catch (error) {
      if (this.#nlriAttrs !== 0) this.#attrs.release(this.#nlriAttrs);
      throw error instanceof NotificationError ? error : this.#bug(error, source, bytes.slice(start, end));
    }
    if (view.endOfRib !== -1) return view.endOfRib;
    const nlriAttrs = this.#nlriAttrs;
    const reachAttrs = this.#reachAttrs;

    // RFC 7606 §2: treat-as-withdraw is for all routes of the UPDATE.
    if (this.#isWithdrawn(nlriAttrs) || this.#isWithdrawn(reachAttrs)) view.treatAsWithdraw = true;

    if (view.withdrawnAt < view.withdrawnEnd) {
      this.#withdraw(source, IPV4_UNICAST, view.withdrawnAt, view.withdrawnEnd, context);
    }
    if (view.unreachFamily !== -1) {
      this.#withdraw(source, view.unreachFamily, view.unreachAt, view.unreachEnd, context);
    }
    if (nlriAttrs !== 0) {
      this.#announce(source, IPV4_UNICAST, nlriAttrs, view.nlriAt, view.nlriEnd, context);
      this.#attrs.release(nlriAttrs);
    }
    if (reachAttrs !== 0 && view.reachFamily !== -1) {
      this.#announce(source, view.reachFamily, reachAttrs, view.reachAt, view.reachEnd, context);
      this.#attrs.release(reachAttrs);
    }
    return -1;
  }

  /** Everything that may still reset the session, before anything is applied. */
  #read(source: Source, bytes: Bytes, start: number, end: number, context: IngestContext): void {
    const view = this.#view;
    decodeUpdate(bytes, start, end, context, view);
    if (view.endOfRib !== -1) return;
    const flags = context.fourOctetAs ? 0 : CONTEXT.oldSpeaker;
    if (view.attributesWithoutNlri) {
      this.#attrs.judgeAlone(bytes, view.attributesAt, view.attributesEnd, source.id, flags);
    }
    if (view.nlriAt < view.nlriEnd) this.#nlriAttrs = this.#internNlri(source, flags);
    if (view.reachFamily !== -1 && view.reachAt < view.reachEnd) this.#reachAttrs = this.#internReach(source, flags);
  }

  /** Our own mistake over one message: nothing was applied, so it costs this session and not all of them. The log gets what
   *  is needed to repeat it. */
  #bug(error: unknown, source: Source, body: Bytes): NotificationError {
    const text = messageOf(error);
    const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 6).join(" |") : "";
    this.#attrs.onFault(source.id, [`bug: ${text}${stack}; UPDATE body ${toHex(body)}`]);
    const { MALFORMED_ATTRIBUTE_LIST } = UPDATE_ERROR;
    const detail = `we could not handle the message: ${text}`;
    return new NotificationError(ERROR_CODE.UPDATE_MESSAGE, MALFORMED_ATTRIBUTE_LIST, undefined, detail);
  }

  /** What the last UPDATE had wrong in its framing or its prefixes without resetting the session (RFC 7606 §3–§5, RFC 4271
   *  §6.3), in words. */
  get fault(): string | undefined {
    return this.#view.faultText;
  }

  #isWithdrawn(attrs: AttrsId): boolean {
    return attrs !== 0 && this.#attrs.isTreatAsWithdraw(attrs);
  }

  #internNlri(source: Source, flags: number): AttrsId {
    this.#key.forNlri(this.#view);
    const id = this.#attrs.intern(this.#key.bytes, this.#key.at, this.#key.length, source.id, flags);
    this.#attrs.retain(id);
    return id;
  }

  #internReach(source: Source, flags: number): AttrsId {
    this.#key.forReach(this.#view);
    const id = this.#attrs.intern(this.#key.bytes, this.#key.at, this.#key.length, source.id, flags);
    this.#attrs.retain(id);
    return id;
  }

  #announce(source: Source, family: Family, attrs: AttrsId, at: number, end: number, context: IngestContext): void {
    if (this.#view.treatAsWithdraw || !context.families.includes(family)) {
      this.#withdraw(source, family, at, end, context);
      return;
    }
    const policy = this.#policy;
    policy.begin(source, attrs);
    const addPath = context.addPathReceive[family];
    const rib = this.#ribs[family];
    const { unchanged } = rib;
    this.#oddSeen = false;
    this.#told = this.#refused = 0;
    if (family === IPV6_UNICAST) this.#announceWide(source, attrs, at, end, addPath);
    else this.#announceNarrow(source, attrs, at, end, addPath);
    if (this.#oddSeen) this.#view.faultText ??= ODD_PREFIX;
    this.#countAnnounced(source, rib.unchanged - unchanged);
    policy.end();
  }

  /** Once per UPDATE. The policy's last verdict stands for all prefixes, unless it was asked about each. */
  #countAnnounced({ counts }: Source, unchanged: number): void {
    const told = this.#told;
    const { readsPrefix, reason } = this.#policy;
    const isOurs = !readsPrefix && reason !== REJECT.none && reason !== REJECT.importPolicy;
    const refused = readsPrefix ? this.#refused : reason === REJECT.none ? 0 : told;
    counts.updates += told;
    if (isOurs) counts.rejected += refused;
    else counts.filtered += refused;
    counts.ignored += Math.min(unchanged, told - refused);
  }

  #judgePrefix(family: Family, w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#policy.judgePrefix(family, w0, w1, w2, w3, length);
    if (this.#policy.reason !== REJECT.none) this.#refused++;
  }

  #announceNarrow(source: Source, attrs: AttrsId, at: number, end: number, addPath: boolean): void {
    const rib = this.#ribs[IPV4_UNICAST];
    const { routes } = rib;
    const { prefixes } = routes;
    const policy = this.#policy;
    const perPrefix = policy.readsPrefix;
    const rows = this.#rows;
    while (at < end) {
      const filled = this.#decodeNarrow(prefixes, at, end, addPath);
      at = this.#decodedEnd;
      this.#told += filled / ROW;
      for (let i = 0; i < filled; i += ROW) {
        const word = rows[i];
        const length = rows[i + 1];
        if (perPrefix) this.#judgePrefix(IPV4_UNICAST, word, 0, 0, 0, length);
        const prefix = routes.destinationHashed(rows[i + 2], word, 0, 0, 0, length);
        rib.announce(prefix, source.id, rows[i + 3], attrs, policy.attrs, policy.reason);
      }
    }
  }

  /** Decodes a row each for the next prefixes and gives the length of the rows; goes on at #decodedEnd. Their slots are
   *  touched on the way, so that fetching them from memory overlaps. */
  #decodeNarrow(prefixes: PrefixIndex, at: number, end: number, addPath: boolean): number {
    const bytes = this.#view.bytes;
    const rows = this.#rows;
    let filled = 0;
    let touched = 0;
    while (at < end && filled < rows.length) {
      let pathId = 0;
      if (addPath) {
        pathId = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
        at += 4;
      }
      const length = bytes[at++];
      let word = 0;
      if (length > 0) word = bytes[at++] << 24;
      if (length > 8) word |= bytes[at++] << 16;
      if (length > 16) word |= bytes[at++] << 8;
      if (length > 24) word |= bytes[at++];
      // RFC 4271 §4.3: the value of trailing bits is irrelevant.
      word = length === 0 ? 0 : word & (-1 << (32 - length));
      if (isOddNarrow(word, length)) {
        this.#oddSeen = true;
        continue;
      }
      const hash = prefixes.hash(word, 0, 0, 0, length);
      touched |= prefixes.touch(hash);
      rows[filled] = word;
      rows[filled + 1] = length;
      rows[filled + 2] = hash;
      rows[filled + 3] = pathId;
      filled += ROW;
    }
    this.#decodedEnd = at;
    this.touched = touched;
    return filled;
  }

  #announceWide(source: Source, attrs: AttrsId, at: number, end: number, addPath: boolean): void {
    const rib = this.#ribs[IPV6_UNICAST];
    const { routes } = rib;
    const { prefixes } = routes;
    const policy = this.#policy;
    const perPrefix = policy.readsPrefix;
    const rows = this.#rows;
    while (at < end) {
      const filled = this.#decodeWide(prefixes, at, end, addPath);
      at = this.#decodedEnd;
      this.#told += filled / WIDE_ROW;
      for (let i = 0; i < filled; i += WIDE_ROW) {
        const w0 = rows[i];
        const w1 = rows[i + 1];
        const w2 = rows[i + 2];
        const w3 = rows[i + 3];
        const length = rows[i + 4];
        if (perPrefix) this.#judgePrefix(IPV6_UNICAST, w0, w1, w2, w3, length);
        const prefix = routes.destinationHashed(rows[i + 5], w0, w1, w2, w3, length);
        rib.announce(prefix, source.id, rows[i + 6], attrs, policy.attrs, policy.reason);
      }
    }
  }

  /** As #decodeNarrow. */
  #decodeWide(prefixes: PrefixIndex, at: number, end: number, addPath: boolean): number {
    const bytes = this.#view.bytes;
    const rows = this.#rows;
    let filled = 0;
    let touched = 0;
    while (at < end && filled < rows.length) {
      let pathId = 0;
      if (addPath) {
        pathId = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
        at += 4;
      }
      const length = bytes[at++];
      const w0 = word(bytes, at, length);
      const w1 = length > 32 ? word(bytes, at + 4, length - 32) : 0;
      const w2 = length > 64 ? word(bytes, at + 8, length - 64) : 0;
      const w3 = length > 96 ? word(bytes, at + 12, length - 96) : 0;
      at += (length + 7) >> 3;
      if (isOddWide(w0, w1, w2, w3, length)) {
        this.#oddSeen = true;
        continue;
      }
      const hash = prefixes.hash(w0, w1, w2, w3, length);
      touched |= prefixes.touch(hash);
      rows[filled] = w0;
      rows[filled + 1] = w1;
      rows[filled + 2] = w2;
      rows[filled + 3] = w3;
      rows[filled + 4] = length;
      rows[filled + 5] = hash;
      rows[filled + 6] = pathId;
      filled += WIDE_ROW;
    }
    this.#decodedEnd = at;
    this.touched = touched;
    return filled;
  }

  #withdraw(source: Source, family: Family, at: number, end: number, context: IngestContext): void {
    const rib = this.#ribs[family];
    const { prefixes } = rib.routes;
    const addPath = context.addPathReceive[family];
    const rows = this.#rows;
    const held = source.received[family];
    let told = 0;
    while (at < end) {
      if (family === IPV6_UNICAST) {
        const filled = this.#decodeWide(prefixes, at, end, addPath);
        told += filled / WIDE_ROW;
        for (let i = 0; i < filled; i += WIDE_ROW) {
          const hash = rows[i + 5];
          const prefix = prefixes.findHashed(hash, rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4]);
          if (prefix !== 0) rib.withdraw(prefix, source.id, rows[i + 6]);
        }
      } else {
        const filled = this.#decodeNarrow(prefixes, at, end, addPath);
        told += filled / ROW;
        for (let i = 0; i < filled; i += ROW) {
          const prefix = prefixes.findHashed(rows[i + 2], rows[i], 0, 0, 0, rows[i + 1]);
          if (prefix !== 0) rib.withdraw(prefix, source.id, rows[i + 3]);
        }
      }
      at = this.#decodedEnd;
    }
    source.counts.withdrawals += told;
    source.counts.accepted += held - source.received[family];
  }
}

const ODD_PREFIX = "multicast, loopback or link-local prefix ignored (RFC 4271 §6.3)";

/** RFC 4271 §6.3: a prefix that nobody can be reached by is ignored, the rest of the UPDATE is not. 224.0.0.0/4 is
 *  multicast, 127.0.0.0/8 the host itself; what merely contains them is a route like any other. */
function isOddNarrow(word: number, length: number): boolean {
  const first = word >>> 24;
  return first >= 127 && ((first === 127 && length >= 8) || (first >> 4 === 14 && length >= 4));
}

/** The same for ff00::/8, fe80::/10 and ::1. */
function isOddWide(w0: number, w1: number, w2: number, w3: number, length: number): boolean {
  if (w0 === 0) return length === 128 && w3 === 1 && w2 === 0 && w1 === 0;
  return (w0 >>> 24 === 0xff && length >= 8) || (w0 >>> 22 === 0x3fa && length >= 10);
}

/** The word at `at` of which `bits` (maybe more than 32, or fewer than 1) belong to the prefix; the rest is zero. */
function word(bytes: Bytes, at: number, bits: number): number {
  if (bits <= 0) return 0;
  let value = bytes[at] << 24;
  if (bits > 8) value |= bytes[at + 1] << 16;
  if (bits > 16) value |= bytes[at + 2] << 8;
  if (bits > 24) value |= bytes[at + 3];
  return bits >= 32 ? value : value & (-1 << (32 - bits));
}
