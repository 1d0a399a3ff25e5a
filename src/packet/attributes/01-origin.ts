// ORIGIN: how the first speaker learned of the prefix. RFC 4271 §5.1.1; errors: RFC 7606 §7.1.

import { ATTRIBUTE, FLAG_TRANSITIVE, ORIGIN_NAMES } from "../codes.js";
import { type AttributeSpec, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("ORIGIN length is not 1", "RFC 7606 §7.1");
const BAD_VALUE = withdraw("ORIGIN has an undefined value", "RFC 7606 §7.1");

export const ORIGIN: AttributeSpec = {
  code: ATTRIBUTE.ORIGIN,
  name: "ORIGIN",
  flags: FLAG_TRANSITIVE,
  check: (bytes, at, length) => {
    if (length !== 1) return BAD_LENGTH;
    return bytes[at] < ORIGIN_NAMES.length ? undefined : BAD_VALUE;
  },
  learn: (bytes, at, _length, facts) => {
    facts.origin = bytes[at];
  },
  decode: (bytes, at, _length, _asLength, draft) => {
    draft.origin = bytes[at];
  },
  encode: ({ origin }, _asLength, out) => {
    if (origin === undefined) return false;
    out.u8(origin);
    return true;
  },
  text: (bytes, at) => ORIGIN_NAMES[bytes[at]],
};
