// AS4_AGGREGATOR: the aggregator's four-octet AS number, carried through speakers of two. RFC 6793 §3, errors: §6.
//
// Judging merges it into AGGREGATOR (as4-merge.ts); between speakers of four octets it is discarded.

import { readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { aggregatorText, decodeAggregator } from "./07-aggregator.js";
import { type AttributeSpec, discard } from "./attribute.js";

const BAD_LENGTH = discard("AS4_AGGREGATOR length is not 8", "RFC 6793 §6");
const AS_ZERO = discard("AS4_AGGREGATOR names AS 0", "RFC 7607 §2");

export const AS4_AGGREGATOR: AttributeSpec = {
  code: ATTRIBUTE.AS4_AGGREGATOR,
  name: "AS4_AGGREGATOR",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (bytes, at, length) => {
    if (length !== 8) return BAD_LENGTH;
    return readU32(bytes, at) === 0 ? AS_ZERO : undefined;
  },
  decode: (bytes, at, _length, _asLength, draft) => {
    draft.as4Aggregator = decodeAggregator(bytes, at, 4);
  },
  encode: ({ as4Aggregator }, _asLength, out) => {
    if (as4Aggregator === undefined) return false;
    out.u32(as4Aggregator.as).u32(as4Aggregator.id);
    return true;
  },
  text: (bytes, at) => aggregatorText(decodeAggregator(bytes, at, 4)),
};
