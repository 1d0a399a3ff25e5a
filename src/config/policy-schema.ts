// Schema of policies: rules with a condition, changes and an action. Names (sets, policies, communities) are looked up and
// texts of patterns are read by policy-yaml.ts, which knows the whole file.

import { z } from "zod";
import {
  addressValue,
  asNumberValue,
  named,
  nameValue,
  oneOrMore,
  prefixValue,
  section,
  wholeNumber,
  wordValue,
} from "./schema-values.js";

/** A number, or bounds. */
const numberCondition = z.union([
  wordValue,
  section({
    ge: wordValue.optional().describe("Least value."),
    le: wordValue.optional().describe("Greatest value."),
  }),
]);

export type NumberCondition = z.output<typeof numberCondition>;

/** `10.0.0.0/8`, `10.0.0.0/8 ge 24 le 28`, or the same as a mapping. */
export const prefixEntry = z.union([
  z.string(),
  section({
    prefix: prefixValue.describe("The prefix."),
    ge: wholeNumber(0, 128).optional().describe("Least length. Without it: the prefix's own."),
    le: wholeNumber(0, 128)
      .optional()
      .describe("Greatest length. Without it: the longest possible if `ge` is given, else the prefix's own."),
  }),
]);

export type PrefixEntry = z.output<typeof prefixEntry>;

/** AS numbers as conditions: a number or a range `64512-65534`. */
const asNumberPattern = z.union([asNumberValue, z.string()]);

const peerCondition = section({
  address: oneOrMore(addressValue).optional().describe("Its address."),
  name: oneOrMore(z.string()).optional().describe("Its name; shell patterns are allowed."),
  group: oneOrMore(z.string()).optional().describe("Its peer group; shell patterns are allowed."),
  as: oneOrMore(asNumberPattern).optional().describe("Its AS number or a range."),
  type: z.enum(["internal", "external"]).optional().describe("Inside or outside our AS."),
});

export type PeerCondition = z.output<typeof peerCondition>;

const communityPatterns = oneOrMore(z.string());

const CONDITIONS = {
  prefix: oneOrMore(prefixEntry)
    .optional()
    .describe("Prefixes: `10.0.0.0/8` is that prefix alone, `10.0.0.0/8 le 24` also those inside it of up to 24 bits."),
  prefixSet: oneOrMore(nameValue).optional().describe("Names of prefix sets."),
  prefixLength: numberCondition.optional().describe("Length of the prefix."),
  family: z.enum(["ipv4", "ipv6"]).optional().describe("Address family of the route."),
  source: oneOrMore(z.enum(["bgp", "static", "direct", "kernel", "aggregate"]))
    .optional()
    .describe("Where the route comes from; the node's own blocks count as static."),
  community: communityPatterns
    .optional()
    .describe(
      "Communities of which it has one: `65000:100`, `65000:*`, `65000:100-199`, `no-export`, or a name from `communityNames`.",
    ),
  largeCommunity: communityPatterns.optional().describe("Large communities of which it has one: `65000:1:*`."),
  extendedCommunity: communityPatterns
    .optional()
    .describe("Extended communities of which it has one: `rt:65000:*`, `soo:192.0.2.1:7`, `0x0002fde800000064`."),
  asPath: oneOrMore(z.union([asNumberValue, z.string()]))
    .optional()
    .describe("AS path patterns of which one matches, or names from `asPathPatterns`."),
  asPathContains: oneOrMore(asNumberPattern).optional().describe("AS numbers or ranges of which one is in the path."),
  asPathLength: numberCondition.optional().describe("Length of the AS path."),
  neighborAs: oneOrMore(asNumberPattern).optional().describe("First AS of the path."),
  originAs: oneOrMore(asNumberPattern)
    .optional()
    .describe("Last AS of the path; false if the path is empty or ends in a set."),
  peer: peerCondition
    .optional()
    .describe("The peer of this session: the receiver in an export policy, the sender in an import policy."),
  learnedFrom: peerCondition
    .optional()
    .describe("The peer the route was learned from; false for the node's own routes."),
  nextHop: oneOrMore(prefixValue).optional().describe("Addresses or prefixes of which one holds the next hop."),
  origin: oneOrMore(z.enum(["igp", "egp", "incomplete"]))
    .optional()
    .describe("ORIGIN."),
  med: numberCondition.optional().describe("MULTI_EXIT_DISC; an absent one is smaller than any."),
  localPref: numberCondition.optional().describe("LOCAL_PREF; an absent one is smaller than any."),
  weight: numberCondition.optional().describe("Our own weight."),
};

/** A condition: all that is said must hold. */
export interface MatchInput extends z.output<typeof plainMatch> {
  readonly any?: readonly MatchInput[] | undefined;
  readonly all?: readonly MatchInput[] | undefined;
  readonly not?: MatchInput | undefined;
}

const plainMatch = section(CONDITIONS);

export const matchSchema: z.ZodType<MatchInput> = section({
  ...plainMatch.shape,
  get any() {
    return z.array(matchSchema).min(1).optional().describe("Conditions of which one must hold.");
  },
  get all() {
    return z.array(matchSchema).min(1).optional().describe("Conditions of which each must hold.");
  },
  get not() {
    return matchSchema.optional().describe("Condition that must not hold.");
  },
}).meta({ id: "Match", description: "A condition: all that is said must hold. Nothing said: every route." });

const communityEdit = z.union([
  oneOrMore(z.string()),
  section({
    set: z.array(z.string()).optional().describe("Replaces all."),
    delete: oneOrMore(z.string()).optional().describe("Removes those that match a pattern. Done before `add`."),
    add: oneOrMore(z.string()).optional().describe("Adds those that are not there."),
  }),
]);

export type CommunityEdit = z.output<typeof communityEdit>;

const prependAs = z.union([
  wholeNumber(1, 32),
  section({
    as: oneOrMore(asNumberValue).optional().describe("AS numbers, the nearest first. Without it: our own."),
    times: wholeNumber(1, 32).optional().meta({ description: "How often.", default: 1 }),
  }),
]);

export const setSchema = section({
  localPref: wordValue.optional().describe("LOCAL_PREF."),
  med: z
    .union([wordValue, z.literal("none")])
    .optional()
    .describe("MULTI_EXIT_DISC; `none` takes it away."),
  origin: z.enum(["igp", "egp", "incomplete"]).optional().describe("ORIGIN."),
  nextHop: addressValue.optional().describe("NEXT_HOP."),
  weight: wholeNumber(0, 65535)
    .optional()
    .describe("Our own weight: decides before everything else and is sent to nobody."),
  communities: communityEdit.optional().describe("Communities: a list replaces them, or say `set`, `add`, `delete`."),
  largeCommunities: communityEdit.optional().describe("Large communities, likewise."),
  extendedCommunities: communityEdit.optional().describe("Extended communities, likewise."),
  prepend: prependAs.optional().describe("Prepends to the AS path: `2` is our own AS twice."),
});

export type SetInput = z.output<typeof setSchema>;

export const ruleSchema = section({
  name: z.string().max(200).optional().describe("For people."),
  match: matchSchema.optional().describe("Condition; without it the rule holds for every route."),
  set: setSchema.optional().describe("Changes; they count if the route is accepted in the end."),
  call: nameValue
    .optional()
    .describe("Policy to run, behind `set`. If it gives no verdict, this rule's action follows."),
  action: z.enum(["accept", "reject", "next", "nextPolicy"]).optional().meta({
    description:
      "`accept` or `reject` the route; `next`: go on with the next rule; `nextPolicy`: leave this policy without a verdict.",
    default: "next",
  }),
});

export type RuleInput = z.output<typeof ruleSchema>;

export const policySchema = z.union([
  z.array(ruleSchema),
  section({
    description: z.string().optional().describe("For people."),
    rules: z.array(ruleSchema).describe("Rules, tried in order."),
    default: z.enum(["accept", "reject", "nextPolicy"]).optional().meta({
      description: "What happens behind the last rule. A route on which no policy of the chain decided is rejected.",
      default: "nextPolicy",
    }),
  }),
]);

export type PolicyInput = z.output<typeof policySchema>;

export const policiesSchema = named(policySchema);
export const prefixSetsSchema = named(z.array(prefixEntry));
export const asPathPatternsSchema = named(z.union([asNumberValue, z.string()]));
export const communityNamesSchema = named(z.string());
