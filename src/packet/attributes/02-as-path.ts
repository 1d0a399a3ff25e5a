// AS_PATH: the autonomous systems the route came through. RFC 4271 §5.1.2; errors: RFC 7606 §7.2, RFC 7607 §2.

import { readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_TRANSITIVE, SEGMENT } from "../codes.js";
import { asPathText, countPath, decodeAsPath, encodeAsPath, findPathFlaw, type PathFlaw } from "./as-path.js";
import { type AttributeSpec, type Fault, withdraw } from "./attribute.js";

const RULE = "RFC 7606 §7.2";

const FAULTS: Readonly<Record<PathFlaw, Fault>> = {
  type: withdraw("AS_PATH has an unrecognized segment type", RULE),
  // Sessions inside a confederation are not spoken, so these have no business here.
  confederation: withdraw("AS_PATH has a confederation segment", "RFC 5065 §5"),
  empty: withdraw("AS_PATH has an empty segment", RULE),
  overrun: withdraw("AS_PATH segment runs over the attribute", RULE),
  underrun: withdraw("AS_PATH ends in a single octet", RULE),
  zero: withdraw("AS_PATH contains AS 0", "RFC 7607 §2"),
};

export const AS_PATH: AttributeSpec = {
  code: ATTRIBUTE.AS_PATH,
  name: "AS_PATH",
  flags: FLAG_TRANSITIVE,
  check: (bytes, at, length, asLength) => {
    const flaw = findPathFlaw(bytes, at, at + length, asLength);
    return flaw === undefined ? undefined : FAULTS[flaw];
  },
  learn: (bytes, at, length, facts) => {
    facts.asPathLength = countPath(bytes, at, at + length, 4);
    facts.neighborAs = length > 0 && bytes[at] === SEGMENT.AS_SEQUENCE ? readU32(bytes, at + 2) : 0;
  },
  decode: (bytes, at, length, asLength, draft) => {
    draft.asPath = decodeAsPath(bytes, at, at + length, asLength);
  },
  encode: ({ asPath }, asLength, out) => {
    if (asPath === undefined) return false;
    encodeAsPath(asPath, asLength, out);
    return true;
  },
  text: (bytes, at, length) => asPathText(decodeAsPath(bytes, at, at + length, 4)),
};
