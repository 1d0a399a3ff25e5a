// Why a peer with a password (RFC 2385) or GTSM (RFC 5082) seems to be silent: the kernel drops what does not fit before
// anyone sees it, and counts. The difference of its counters over a time of waiting, in words.

import type { SegmentDrops } from "./ports.js";

/** How every text about drops begins. */
export const DROPPED = "the kernel dropped";

/** What is demanded of the peer's segments. */
export interface Demands {
  readonly md5Key: string | undefined;
  readonly minTtl: number | undefined;
}

export class DropWatch {
  readonly #read: () => SegmentDrops | undefined;
  #since: SegmentDrops | undefined;

  constructor(read: () => SegmentDrops | undefined) {
    this.#read = read;
  }

  /** From now on. */
  begin(): void {
    this.#since = this.#read();
  }

  /** `the kernel dropped 5 segments …` since begin; "" where it dropped none, or does not tell. */
  text(demands: Demands): string {
    const since = this.#since;
    const now = this.#read();
    if (since === undefined || now === undefined) return "";
    const found = CAUSES.flatMap(({ counter, name, words }) => {
      const count = now[counter] - since[counter];
      const why = count > 0 ? words(demands) : undefined;
      return why === undefined
        ? []
        : [`${count} ${count === 1 ? "segment" : "segments"} ${why[0]} (${name}): ${why[1]}`];
    });
    return found.length === 0 ? "" : `${DROPPED} ${found.join(", and ")} [counted for the whole host]`;
  }
}

/** What was wrong with the segments, and what follows; undefined: not of this peer's making. */
type Words = (demands: Demands) => readonly [string, string] | undefined;

const CAUSES: readonly { readonly counter: keyof SegmentDrops; readonly name: string; readonly words: Words }[] = [
  {
    counter: "md5Wrong",
    name: "TCPMD5Failure",
    words: ({ md5Key }) => (md5Key === undefined ? undefined : ["for a wrong MD5 key", "the passwords differ"]),
  },
  {
    counter: "md5Missing",
    name: "TCPMD5NotFound",
    words: ({ md5Key }) =>
      md5Key === undefined
        ? undefined
        : ["without an MD5 signature", "the peer has no password for us, or refuses the connection"],
  },
  {
    counter: "md5Unexpected",
    name: "TCPMD5Unexpected",
    words: ({ md5Key }) =>
      md5Key === undefined ? ["with an MD5 signature", "the peer has a password, we have none for it"] : undefined,
  },
  {
    counter: "ttlTooLow",
    name: "TCPMinTTLDrop",
    words: ({ minTtl }) =>
      minTtl === undefined
        ? undefined
        : [
            `with a TTL below ${minTtl}`,
            "the peer has no TTL security, or is further away than the hops that are allowed",
          ],
  },
];
