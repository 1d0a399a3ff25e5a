// CLUSTER_LIST: the reflection clusters the route came through. RFC 4456 §8; errors: RFC 7606 §7.10.

import { formatIpv4Word } from "../../base/ip.js";
import { ATTRIBUTE, FLAG_OPTIONAL } from "../codes.js";
import { decodeWords } from "./08-communities.js";
import { type AttributeSpec, discard, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("CLUSTER_LIST length is not a non-zero multiple of 4", "RFC 7606 §7.10");

export const CLUSTER_LIST: AttributeSpec = {
  code: ATTRIBUTE.CLUSTER_LIST,
  name: "CLUSTER_LIST",
  flags: FLAG_OPTIONAL,
  fromExternal: discard("CLUSTER_LIST from an external neighbor", "RFC 7606 §7.10"),
  check: (_bytes, _at, length) => (length > 0 && length % 4 === 0 ? undefined : BAD_LENGTH),
  learn: (_bytes, _at, length, facts) => {
    facts.clusterCount = length >>> 2;
  },
  decode: (bytes, at, length, _asLength, draft) => {
    draft.clusterList = decodeWords(bytes, at, length);
  },
  encode: ({ clusterList }, _asLength, out) => {
    if (clusterList === undefined || clusterList.length === 0) return false;
    for (const clusterId of clusterList) out.u32(clusterId);
    return true;
  },
  text: (bytes, at, length) => decodeWords(bytes, at, length).map(formatIpv4Word).join(" "),
};
