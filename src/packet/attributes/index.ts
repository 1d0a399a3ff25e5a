// Path attributes, for the other rooms: the registry, judging, object form and texts. (One of the two barrels allowed.)

export type {
  Aggregator,
  AsPath,
  AsPathSegment,
  AttributeSpec,
  ExtendedCommunity,
  LargeCommunity,
  PathAttributes,
  UnknownAttribute,
} from "./attribute.js";
export { AttributeFacts, FATE_ACCEPT, FATE_TREAT_AS_WITHDRAW } from "./attribute.js";
export { ATTRIBUTE_SPECS, attributeName, SPEC_BY_CODE } from "./registry.js";
export { judgeAttributes, type JudgeContext, judgeWithoutNlri, writeAttributeHeader } from "./judge.js";
export { appendAttribute, attributeTexts, decodeAttributes, encodeAttributes } from "./codec.js";
export { asPathText } from "./as-path.js";
export { nextHopText } from "./03-next-hop.js";
export { communityText } from "./08-communities.js";
export { extendedCommunityText } from "./16-extended-communities.js";
export { largeCommunityText } from "./32-large-communities.js";
export { needsAs4Path, writeTwoOctetPath } from "./as4-merge.js";
