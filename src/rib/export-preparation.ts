// Attribute sets made ready for one group before its export policy sees them, as BIRD does: our AS in front, the next hop,
// LOCAL_PREF, the marks of reflection. What the policy leaves is sent as it is (AttributeWriter, stage "send").
//
// The rules are those of every group: AttributeWriter writes a set in normal form, and that is interned.

import { equalBytes } from "../base/bytes.js";
import { IPV4_UNICAST } from "../base/family.js";
import { AttributeWriter } from "./attribute-writer.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { ExportRules, type GroupOptions } from "./export-rules.js";
import type { OwedReleases } from "./owed-releases.js";
import { CONTEXT } from "./set-context.js";
import type { SourceTable } from "./sources.js";

/** What a prepared set takes over from the one it was made of. */
const KEPT = CONTEXT.weightMask | CONTEXT.medIsOurs | CONTEXT.nextHopIsOurs | CONTEXT.dropsPackets;

export class ExportPreparation {
  readonly #attrs: AttrsTable;
  readonly #owed: OwedReleases;
  readonly #writer: AttributeWriter;
  readonly #onFree: (id: AttrsId) => void;
  /** By AttrsId: what it became (a reference is held if it is another set), or 0. */
  #memo = new Int32Array(256);
  #out = new Uint8Array(1024);

  constructor(options: GroupOptions, attrs: AttrsTable, sources: SourceTable, owed: OwedReleases) {
    this.#attrs = attrs;
    this.#owed = owed;
    const rules = new ExportRules(normalForm(options), attrs, attrs.nextHops, sources);
    this.#writer = new AttributeWriter(rules, attrs, sources, "prepare");
    this.#onFree = (id) => this.#forget(id);
    attrs.onFree.push(this.#onFree);
  }

  /** The set as the policy is shown it; the same one if nothing changes. Held until `id` goes. */
  prepared(id: AttrsId): AttrsId {
    const known = id < this.#memo.length ? this.#memo[id] : 0;
    return known > 0 ? known : this.#prepare(id);
  }

  dispose(): void {
    const at = this.#attrs.onFree.indexOf(this.#onFree);
    if (at >= 0) this.#attrs.onFree.splice(at, 1);
    for (let id = 1; id < this.#memo.length; id++) {
      const result = this.#memo[id];
      if (result > 0 && result !== id) this.#owed.add(result);
    }
    this.#memo = new Int32Array(0);
  }

  /** Gives back the memory of what was remembered of sets that are gone. */
  trim(): void {
    if (this.#memo.length > 256 && this.#memo.length > this.#attrs.end * 4) {
      this.#memo = this.#memo.slice(0, Math.max(256, this.#attrs.end));
    }
  }

  #prepare(id: AttrsId): AttrsId {
    const attrs = this.#attrs;
    const bound = this.#writer.bound(id);
    if (bound > this.#out.length) this.#out = new Uint8Array(bound * 2);
    const length = this.#writer.write(id, this.#out, 0);
    let result = id;
    const isSame =
      length === attrs.bodyLength(id) && equalBytes(this.#out, 0, attrs.bodyChunk(id), attrs.bodyOffset(id), length);
    if (!isSame) {
      const context = CONTEXT.normal | (attrs.context(id) & KEPT);
      result = attrs.intern(this.#out, 0, length, attrs.source(id), context);
      attrs.retain(result);
    }
    if (id >= this.#memo.length) {
      const larger = new Int32Array(Math.max(attrs.end, this.#memo.length * 2));
      larger.set(this.#memo);
      this.#memo = larger;
    }
    this.#memo[id] = result;
    return result;
  }

  #forget(id: AttrsId): void {
    if (id >= this.#memo.length) return;
    const result = this.#memo[id];
    this.#memo[id] = 0;
    if (result !== 0 && result !== id) this.#attrs.release(result);
  }
}

/** The rules of the group, but for what is said only on the way out: four-octet AS numbers, the next hop as NEXT_HOP. */
function normalForm(options: GroupOptions): GroupOptions {
  return {
    ...options,
    family: IPV4_UNICAST,
    extendedNextHop: false,
    fourOctetAs: true,
    isDraining: false,
    role: undefined,
    preparesExport: false,
  };
}
