// The path attributes we know, by type code. A new attribute is a new file and one line here.

import { ORIGIN } from "./01-origin.js";
import { AS_PATH } from "./02-as-path.js";
import { NEXT_HOP } from "./03-next-hop.js";
import { MULTI_EXIT_DISC } from "./04-multi-exit-disc.js";
import { LOCAL_PREF } from "./05-local-pref.js";
import { ATOMIC_AGGREGATE } from "./06-atomic-aggregate.js";
import { AGGREGATOR } from "./07-aggregator.js";
import { COMMUNITIES } from "./08-communities.js";
import { ORIGINATOR_ID } from "./09-originator-id.js";
import { CLUSTER_LIST } from "./10-cluster-list.js";
import { EXTENDED_COMMUNITIES } from "./16-extended-communities.js";
import { AS4_PATH } from "./17-as4-path.js";
import { AS4_AGGREGATOR } from "./18-as4-aggregator.js";
import { IPV6_EXTENDED_COMMUNITIES } from "./25-ipv6-extended-communities.js";
import { LARGE_COMMUNITIES } from "./32-large-communities.js";
import { ONLY_TO_CUSTOMER } from "./35-only-to-customer.js";
import type { AttributeSpec } from "./attribute.js";

/** Ascending by code. */
export const ATTRIBUTE_SPECS: readonly AttributeSpec[] = [
  ORIGIN,
  AS_PATH,
  NEXT_HOP,
  MULTI_EXIT_DISC,
  LOCAL_PREF,
  ATOMIC_AGGREGATE,
  AGGREGATOR,
  COMMUNITIES,
  ORIGINATOR_ID,
  CLUSTER_LIST,
  EXTENDED_COMMUNITIES,
  AS4_PATH,
  AS4_AGGREGATOR,
  IPV6_EXTENDED_COMMUNITIES,
  LARGE_COMMUNITIES,
  ONLY_TO_CUSTOMER,
];

/** Row `code`; undefined where we know no such attribute. */
export const SPEC_BY_CODE: readonly (AttributeSpec | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  ATTRIBUTE_SPECS.find((spec) => spec.code === code),
);

/** The RFC's name, or `attribute 99`. */
export function attributeName(code: number): string {
  const name = SPEC_BY_CODE[code]?.name;
  if (name !== undefined) return name;
  if (code === 14) return "MP_REACH_NLRI";
  return code === 15 ? "MP_UNREACH_NLRI" : `attribute ${code}`;
}
