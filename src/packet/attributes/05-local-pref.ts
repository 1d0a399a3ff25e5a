// LOCAL_PREF: how much this AS likes the route. RFC 4271 §5.1.5; errors: RFC 7606 §7.5.

import { readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, discard, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("LOCAL_PREF length is not 4", "RFC 7606 §7.5");

export const LOCAL_PREF: AttributeSpec = {
  code: ATTRIBUTE.LOCAL_PREF,
  name: "LOCAL_PREF",
  flags: FLAG_TRANSITIVE,
  fromExternal: discard("LOCAL_PREF from an external neighbor", "RFC 7606 §7.5"),
  check: (_bytes, _at, length) => (length === 4 ? undefined : BAD_LENGTH),
  learn: (bytes, at, _length, facts) => {
    facts.localPref = readU32(bytes, at);
  },
  decode: (bytes, at, _length, _asLength, draft) => {
    draft.localPref = readU32(bytes, at);
  },
  encode: ({ localPref }, _asLength, out) => {
    if (localPref === undefined) return false;
    out.u32(localPref);
    return true;
  },
  text: (bytes, at) => String(readU32(bytes, at)),
};
