// MULTI_EXIT_DISC: which of several links into the neighbouring AS to take. RFC 4271 §5.1.4; errors: RFC 7606 §7.4.

import { readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL } from "../codes.js";
import { type AttributeSpec, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("MULTI_EXIT_DISC length is not 4", "RFC 7606 §7.4");

export const MULTI_EXIT_DISC: AttributeSpec = {
  code: ATTRIBUTE.MULTI_EXIT_DISC,
  name: "MULTI_EXIT_DISC",
  flags: FLAG_OPTIONAL,
  check: (_bytes, _at, length) => (length === 4 ? undefined : BAD_LENGTH),
  learn: (bytes, at, _length, facts) => {
    facts.hasMed = true;
    facts.med = readU32(bytes, at);
  },
  decode: (bytes, at, _length, _asLength, draft) => {
    draft.med = readU32(bytes, at);
  },
  encode: ({ med }, _asLength, out) => {
    if (med === undefined) return false;
    out.u32(med);
    return true;
  },
  text: (bytes, at) => String(readU32(bytes, at)),
};
