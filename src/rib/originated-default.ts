// The default route that a group tells its members as a route of our own, whether the table has one or not. It stands in
// no table: the group holds the row of the prefix and an attribute set of a local source of its own.

import { ByteWriter } from "../base/bytes.js";
import { encodeAttributes } from "../packet/attributes/index.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { CONTEXT } from "./set-context.js";
import type { PrefixId, RouteTable } from "./route-table.js";
import { RELATION, type Source, type SourceOptions, type SourceTable } from "./sources.js";

const SOURCE: SourceOptions = {
  kind: "static",
  name: "default-originate",
  relation: RELATION.local,
  localAs: 0,
  peer: undefined,
  address: undefined,
};

export class OriginatedDefault {
  readonly prefix: PrefixId;
  /** ORIGIN IGP and an empty AS_PATH (RFC 4271 §5.1.1, §5.1.2), without a next hop: that is ourselves. */
  readonly set: AttrsId;
  readonly #routes: RouteTable;
  readonly #attrs: AttrsTable;

  /** Takes hold of the row and the set until `dispose`. `prepare`: what the members' rules make of the set beforehand. */
  constructor(
    routes: RouteTable,
    attrs: AttrsTable,
    sources: SourceTable,
    prepare: (set: AttrsId) => AttrsId = (set) => set,
  ) {
    this.#routes = routes;
    this.#attrs = attrs;
    const out = new ByteWriter(16);
    encodeAttributes({ origin: 0, asPath: [] }, out);
    const bare = attrs.intern(out.bytes, 0, out.length, commonSource(sources).id, CONTEXT.normal);
    attrs.retain(bare);
    this.set = prepare(bare);
    attrs.retain(this.set);
    attrs.release(bare);
    this.prefix = routes.destination(0, 0, 0, 0, 0);
    routes.hold(this.prefix);
  }

  dispose(): void {
    this.#attrs.release(this.set);
    this.#routes.unhold(this.prefix);
  }
}

/** One source for all groups, so that their sets are the same and a peer that changes groups is not told again. */
function commonSource(sources: SourceTable): Source {
  for (const source of sources) if (source.options === SOURCE) return source;
  return sources.add(SOURCE);
}
