// How many routes came and went since the start, for people: a source counts what it is told, an update group what it tells.
// Nothing is worked out here; a route costs an addition at most.

/** Routes that a source has told. Accepted are those of `updates` that are in none of the next three. */
export class ImportCounts {
  updates = 0;
  /** Loops, leaks, our own next hop. */
  rejected = 0;
  /** By the import policy. */
  filtered = 0;
  /** Told again as they were. */
  ignored = 0;
  withdrawals = 0;
  /** Of routes that were there. */
  accepted = 0;
}

/** Changes that an update group has looked at, whatever its members are. With ADD-PATH all paths of a prefix are looked at
 *  whenever one changes. */
export class ExportCounts {
  /** By protocol rules. */
  rejected = 0;
  /** By the export policy. */
  filtered = 0;
  announced = 0;
  /** Prefixes without any route. */
  gone = 0;
  withdrawn = 0;
}
