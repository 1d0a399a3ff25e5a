// Path attributes in the texts of status and API.

import { formatIpv4Word } from "../base/ip.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import { asPathText, communityText, extendedCommunityText, largeCommunityText } from "../packet/attributes/index.js";

const ORIGINS = ["IGP", "EGP", "INCOMPLETE"] as const;

export interface AttributeFields {
  readonly origin: (typeof ORIGINS)[number];
  readonly asPath: string;
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  readonly communities: readonly string[];
  readonly extendedCommunities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly originatorId: string | undefined;
  readonly clusterList: readonly string[];
}

export function fieldsOf(attributes: PathAttributes): AttributeFields {
  const { originatorId } = attributes;
  return {
    origin: ORIGINS[attributes.origin ?? 2],
    asPath: asPathText(attributes.asPath ?? []),
    localPref: attributes.localPref,
    med: attributes.med,
    communities: (attributes.communities ?? []).map(communityText),
    extendedCommunities: (attributes.extendedCommunities ?? []).map(extendedCommunityText),
    largeCommunities: (attributes.largeCommunities ?? []).map(largeCommunityText),
    originatorId: originatorId === undefined ? undefined : formatIpv4Word(originatorId),
    clusterList: (attributes.clusterList ?? []).map(formatIpv4Word),
  };
}
