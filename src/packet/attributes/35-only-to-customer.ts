// Only to Customer (OTC): marks a route that must not leave towards providers and peers. RFC 9234 §5.

import { readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("OTC length is not 4", "RFC 9234 §5");

export const ONLY_TO_CUSTOMER: AttributeSpec = {
  code: ATTRIBUTE.ONLY_TO_CUSTOMER,
  name: "OTC",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (_bytes, _at, length) => (length === 4 ? undefined : BAD_LENGTH),
  decode: (bytes, at, _length, _asLength, draft) => {
    draft.onlyToCustomer = readU32(bytes, at);
  },
  encode: ({ onlyToCustomer }, _asLength, out) => {
    if (onlyToCustomer === undefined) return false;
    out.u32(onlyToCustomer);
    return true;
  },
  text: (bytes, at) => `AS${readU32(bytes, at)}`,
};
