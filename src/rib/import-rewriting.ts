// What the options of a peer make of its routes, before and after its import policy: LOCAL_PREF and weight of the peer,
// our AS of that session in front of the path (RFC 7705), OTC (RFC 9234 §5), GRACEFUL_SHUTDOWN (RFC 8326), BLACKHOLE
// (RFC 7999). Works on whole attribute sets; ImportPolicy remembers the outcome.

import { prepend } from "../policy/compile.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { RouteCursor } from "./route-cursor.js";
import { COMMUNITY } from "./set-marks.js";
import type { ImportOptions, Source, SourceTable } from "./sources.js";

export class ImportRewriting {
  readonly #attrs: AttrsTable;
  readonly #cursor: RouteCursor;

  constructor(attrs: AttrsTable, sources: SourceTable) {
    this.#attrs = attrs;
    this.#cursor = new RouteCursor(attrs, sources);
  }

  /** True if the set comes out as another one even where the policy changes nothing. */
  touches(source: Source, id: AttrsId): boolean {
    const options = source.options.import;
    return options !== undefined && (this.#changesBefore(options, id) || this.#changesAfter(options, id));
  }

  /** The set that the policy sees: the same row if nothing changes, 0 if it has become too long. Takes no reference. */
  before(source: Source, id: AttrsId): AttrsId {
    const options = source.options.import;
    if (options === undefined || !this.#changesBefore(options, id)) return id;
    const route = this.#cursor;
    route.seek(id, undefined);
    if (options.weight !== 0) route.weight = options.weight;
    if (this.#lacksLocalPref(options, id)) route.localPref = options.localPref;
    if (options.prependsLocalAs) route.asPath = prepend([source.options.localAs], route.asPath);
    if (this.#lacksOnlyToCustomer(options, id)) route.onlyToCustomer = source.options.peer?.as;
    return route.commit();
  }

  /** The effective set from what the policy left; as `before`. */
  after(source: Source, id: AttrsId): AttrsId {
    const options = source.options.import;
    if (options === undefined || !this.#changesAfter(options, id)) return id;
    const route = this.#cursor;
    route.seek(id, undefined);
    if (this.#isBeingShutDown(options, id)) {
      route.localPref = 0;
      // RFC 8326 §4.2: on the side that is about to shut the session down the routes get the community too.
      if (!this.#attrs.hasGracefulShutdown(id)) {
        route.communities = [...route.communities, COMMUNITY.gracefulShutdown];
      }
    }
    if (this.#isBlackhole(options, id)) {
      route.dropsPackets = true;
      // RFC 7999 §3.2: it must not leave the AS.
      if (!this.#attrs.isNoExport(id) && !this.#attrs.isNoAdvertise(id)) {
        route.communities = [...route.communities, COMMUNITY.noExport];
      }
    }
    return route.commit();
  }

  /** What the options did, in words: for people, worked out from the set as received and the effective one. */
  notes(source: Source, received: AttrsId, effective: AttrsId): readonly string[] {
    const { import: options, localAs, peer } = source.options;
    if (options === undefined || received === effective) return [];
    const attrs = this.#attrs;
    const notes: string[] = [];
    if (options.prependsLocalAs) notes.push(`AS ${localAs} in front of AS_PATH: our AS towards the peer (RFC 7705)`);
    if (options.weight !== 0 && attrs.weight(effective) === options.weight)
      notes.push(`weight ${options.weight}: the peer's`);
    if (attrs.hasLocalPref(effective) && attrs.localPref(effective) === 0 && attrs.hasGracefulShutdown(effective)) {
      const why = options.isDraining ? "we are draining the peer" : "GRACEFUL_SHUTDOWN";
      if (options.isDraining || options.honoursGracefulShutdown) notes.push(`LOCAL_PREF 0: ${why} (RFC 8326)`);
    } else if (
      this.#lacksLocalPref(options, received) &&
      attrs.localPref(effective) === ((options.localPref ?? 0) | 0)
    ) {
      notes.push(`LOCAL_PREF ${options.localPref}: the peer's`);
    }
    if (this.#lacksOnlyToCustomer(options, received)) notes.push(`OTC ${peer?.as} added (RFC 9234 §5)`);
    if (attrs.isBlackhole(effective)) notes.push("packets are dropped: BLACKHOLE (RFC 7999)");
    return notes;
  }

  #changesBefore(options: ImportOptions, id: AttrsId): boolean {
    if (options.weight !== 0 || options.prependsLocalAs) return true;
    return this.#lacksLocalPref(options, id) || this.#lacksOnlyToCustomer(options, id);
  }

  #changesAfter(options: ImportOptions, id: AttrsId): boolean {
    return this.#isBeingShutDown(options, id) || this.#isBlackhole(options, id);
  }

  #lacksLocalPref(options: ImportOptions, id: AttrsId): boolean {
    return options.localPref !== undefined && !this.#attrs.hasLocalPref(id);
  }

  /** RFC 9234 §5, ingress 3: from providers, peers and route servers nothing comes in without OTC. */
  #lacksOnlyToCustomer({ role }: ImportOptions, id: AttrsId): boolean {
    if (role !== "customer" && role !== "peer" && role !== "routeServerClient") return false;
    return !this.#attrs.hasOnlyToCustomer(id);
  }

  /** RFC 8326: the routes are about to go, and that has not been said in their set yet. */
  #isBeingShutDown(options: ImportOptions, id: AttrsId): boolean {
    const attrs = this.#attrs;
    const isMarked = attrs.hasGracefulShutdown(id);
    if (!options.isDraining && !(options.honoursGracefulShutdown && isMarked)) return false;
    return !isMarked || !attrs.hasLocalPref(id) || attrs.localPref(id) !== 0;
  }

  #isBlackhole(options: ImportOptions, id: AttrsId): boolean {
    return options.honoursBlackhole && this.#attrs.hasBlackhole(id);
  }
}
