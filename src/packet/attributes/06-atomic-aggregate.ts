// ATOMIC_AGGREGATE: an aggregate that dropped AS numbers. RFC 4271 §5.1.6; errors: RFC 7606 §7.6.

import { ATTRIBUTE, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, discard } from "./attribute.js";

const BAD_LENGTH = discard("ATOMIC_AGGREGATE length is not 0", "RFC 7606 §7.6");

export const ATOMIC_AGGREGATE: AttributeSpec = {
  code: ATTRIBUTE.ATOMIC_AGGREGATE,
  name: "ATOMIC_AGGREGATE",
  flags: FLAG_TRANSITIVE,
  check: (_bytes, _at, length) => (length === 0 ? undefined : BAD_LENGTH),
  decode: (_bytes, _at, _length, _asLength, draft) => {
    draft.atomicAggregate = true;
  },
  encode: ({ atomicAggregate }) => atomicAggregate === true,
  text: () => "",
};
