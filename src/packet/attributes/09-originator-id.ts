// ORIGINATOR_ID: who brought the route into the AS. RFC 4456 §8; errors: RFC 7606 §7.9.

import { readU32 } from "../../base/bytes.js";
import { formatIpv4Word } from "../../base/ip.js";
import { ATTRIBUTE, FLAG_OPTIONAL } from "../codes.js";
import { type AttributeSpec, discard, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("ORIGINATOR_ID length is not 4", "RFC 7606 §7.9");

export const ORIGINATOR_ID: AttributeSpec = {
  code: ATTRIBUTE.ORIGINATOR_ID,
  name: "ORIGINATOR_ID",
  flags: FLAG_OPTIONAL,
  fromExternal: discard("ORIGINATOR_ID from an external neighbor", "RFC 7606 §7.9"),
  check: (_bytes, _at, length) => (length === 4 ? undefined : BAD_LENGTH),
  learn: (bytes, at, _length, facts) => {
    facts.hasOriginatorId = true;
    facts.originatorId = readU32(bytes, at);
  },
  decode: (bytes, at, _length, _asLength, draft) => {
    draft.originatorId = readU32(bytes, at);
  },
  encode: ({ originatorId }, _asLength, out) => {
    if (originatorId === undefined) return false;
    out.u32(originatorId);
    return true;
  },
  text: (bytes, at) => formatIpv4Word(readU32(bytes, at)),
};
