// AGGREGATOR: who made the aggregate. RFC 4271 §5.1.7, RFC 6793 §3; errors: RFC 7606 §7.7, RFC 7607 §2.

import { type Bytes, readU16, readU32 } from "../../base/bytes.js";
import { formatIpv4Word } from "../../base/ip.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { writeAs } from "./as-path.js";
import { type Aggregator, type AsLength, type AttributeSpec, discard } from "./attribute.js";

const BAD_LENGTH = discard("AGGREGATOR length does not fit the AS numbers of the session", "RFC 7606 §7.7");
const AS_ZERO = discard("AGGREGATOR names AS 0", "RFC 7607 §2");

/** AS number in front, address behind. */
export function decodeAggregator(bytes: Bytes, at: number, asLength: AsLength): Aggregator {
  const as = asLength === 2 ? readU16(bytes, at) : readU32(bytes, at);
  return { as, id: readU32(bytes, at + asLength) };
}

/** `AS65001 192.0.2.1`. */
export function aggregatorText({ as, id }: Aggregator): string {
  return `AS${as} ${formatIpv4Word(id)}`;
}

export const AGGREGATOR: AttributeSpec = {
  code: ATTRIBUTE.AGGREGATOR,
  name: "AGGREGATOR",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (bytes, at, length, asLength) => {
    if (length !== asLength + 4) return BAD_LENGTH;
    return (asLength === 2 ? readU16(bytes, at) : readU32(bytes, at)) === 0 ? AS_ZERO : undefined;
  },
  decode: (bytes, at, _length, asLength, draft) => {
    draft.aggregator = decodeAggregator(bytes, at, asLength);
  },
  encode: ({ aggregator }, asLength, out) => {
    if (aggregator === undefined) return false;
    writeAs(aggregator.as, asLength, out);
    out.u32(aggregator.id);
    return true;
  },
  text: (bytes, at) => aggregatorText(decodeAggregator(bytes, at, 4)),
};
