// Schema of a whole configuration file. The single place that knows every key, its type, its default and what it is for:
// the parser, the JSON Schema for editors and the reference in docs/configuration.md are all taken from it.

import { z } from "zod";
import { controlSchema, kernelSchema, logSchema, nodeSchema } from "./node-schema.js";
import { dynamicPeersSchema, meshSchema, peerGroupsSchema, peerOptionsSchema, peerSchema } from "./peer-schema.js";
import { asPathPatternsSchema, communityNamesSchema, policiesSchema, prefixSetsSchema } from "./policy-schema.js";
import {
  addressValue,
  asNumberValue,
  endpointValue,
  identifierValue,
  section,
  wholeNumber,
  withHint,
} from "./schema-values.js";

const listenEntry = z.union([
  endpointValue,
  section({
    address: addressValue.describe("Address to listen on."),
    port: wholeNumber(1, 65535).optional().meta({ description: "TCP port.", default: 179 }),
  }),
]);

const gracefulRestartSchema = section({
  enabled: z.boolean().optional().meta({ description: "Offer and honour graceful restart.", default: true }),
  restartTimeSeconds: wholeNumber(0, 4095)
    .optional()
    .meta({ description: "How long our peers shall keep our routes while we restart.", default: 120 }),
  deferralSeconds: wholeNumber(0, 4095).optional().meta({
    description:
      "After our own restart: the longest wait for the End-of-RIB of peers that are there, before we send ours. Routes are used at once.",
    default: 60,
  }),
  staleTimeSeconds: wholeNumber(1, 86400)
    .optional()
    .meta({ description: "The longest time for which we keep routes of a restarting peer.", default: 300 }),
  notification: z.boolean().optional().meta({
    description:
      "RFC 8538: keep routes also when the hold time has run out or a NOTIFICATION came. A dead neighbour is then noticed only after its restart time.",
    default: false,
  }),
});

const multipathSchema = section({
  ebgp: wholeNumber(1, 256)
    .optional()
    .meta({ description: "Most equal paths from external peers used at a time.", default: 16 }),
  ibgp: wholeNumber(1, 256)
    .optional()
    .meta({ description: "Most equal paths from internal peers used at a time.", default: 16 }),
  relaxAsPath: z.boolean().optional().meta({
    description:
      "Paths through other ASes are equal if their AS paths are equally long; false: only with equal AS paths.",
    default: true,
  }),
});

const bestPathSchema = section({
  alwaysCompareMed: z.boolean().optional().meta({
    description: "Compare MED also between paths of different neighbouring ASes.",
    default: false,
  }),
  missingMedAsWorst: z.boolean().optional().meta({
    description: "A path without MED counts as the worst, not as one with MED 0.",
    default: false,
  }),
  deterministicMed: z
    .boolean()
    .refine(
      (isOn) => isOn,
      withHint("MED is always compared independently of the order of arrival", "leave deterministicMed out"),
    )
    .optional()
    .meta({ description: "Always so; the key is there for those who look for it.", default: true }),
});

export const configSchema = section({
  routerId: identifierValue
    .optional()
    .describe("BGP Identifier, a dotted quad. Without it: the IPv4 address of our own node in `mesh`."),
  as: asNumberValue.optional().describe("Our AS number. May be left out if our own node in `mesh` has one."),
  clusterId: identifierValue.optional().describe("CLUSTER_ID as route reflector (RFC 4456). Without it: `routerId`."),
  listen: z
    .array(listenEntry)
    .optional()
    .describe(
      'Where to accept connections: texts `ADDRESS:PORT` or mappings. Without it: `["0.0.0.0:179", "[::]:179"]`; an empty list: nowhere.',
    ),
  defaults: peerOptionsSchema
    .optional()
    .describe("Options of every peer, where neither its groups nor itself say otherwise."),
  peerGroups: peerGroupsSchema.optional().describe("Named sets of options."),
  mesh: meshSchema.optional().describe("A full mesh of nodes."),
  peers: z.array(peerSchema).optional().describe("Peers."),
  dynamicPeers: z.array(dynamicPeersSchema).optional().describe("Ranges of addresses from which peers may come."),
  gracefulRestart: gracefulRestartSchema.optional().describe("Graceful restart (RFC 4724)."),
  multipath: multipathSchema.optional().describe("Use of several equal paths."),
  bestPath: bestPathSchema.optional().describe("Options of the decision process."),
  prefixSets: prefixSetsSchema
    .optional()
    .describe("Named lists of prefixes for policies, written as in `match.prefix`."),
  asPathPatterns: asPathPatternsSchema.optional().describe("Named AS path patterns for policies."),
  communityNames: communityNamesSchema.optional().describe("Names for communities of any kind, for policies."),
  policies: policiesSchema
    .optional()
    .describe(
      "Policies: lists of rules. `accept` and `reject` are there from the start and accept or reject everything.",
    ),
  node: nodeSchema.optional().describe("Routes of the node itself."),
  kernel: kernelSchema.optional().describe("The kernel's routing table."),
  control: controlSchema.optional().describe("The socket of the command line."),
  log: logSchema.optional().describe("Log."),
});

export type ConfigInput = z.output<typeof configSchema>;

/** JSON Schema (2020-12) of a configuration file, for editors: completion, types and descriptions. It knows less than the
 *  parser: texts of addresses and patterns are strings to it. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "throw" });
  return { ...schema, title: "Starling configuration" };
}
