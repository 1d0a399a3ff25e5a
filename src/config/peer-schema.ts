// Schema of everything about peers: the options that groups and peers share, groups, peers, ranges of dynamic peers, mesh.
// Options have no defaults here: peer-options.ts fills them in after inheritance.

import { z } from "zod";
import {
  addressValue,
  asNumberValue,
  named,
  nameValue,
  oneOrMore,
  peerAddressValue,
  prefixValue,
  section,
  wholeNumber,
  withHint,
  wordValue,
} from "./schema-values.js";

const policyChain = oneOrMore(nameValue);

const holdTime = z
  .int()
  .min(0)
  .max(65535)
  .refine(
    (seconds) => seconds === 0 || seconds >= 3,
    withHint("a hold time is 0 or at least 3 seconds (RFC 4271 §4.2)", ""),
  );

/** RFC 9687 §4: not shorter than the hold time; that is checked where both are known. */
const sendHold = wholeNumber(0, 65535);

const prefixLimit = wholeNumber(1, 100_000_000);

const maxPrefixes = z.union([
  prefixLimit,
  section({
    ipv4: prefixLimit.optional().describe("Most IPv4 prefixes. Without it: no limit."),
    ipv6: prefixLimit.optional().describe("Most IPv6 prefixes. Without it: no limit."),
    warnPercent: wholeNumber(1, 100)
      .optional()
      .meta({ description: "A warning is logged at this part of the limit.", default: 75 }),
    action: z.enum(["warn", "restart", "disable"]).optional().meta({
      description:
        "Beyond the limit: `warn` only says so; `restart` ends the session (Cease) and tries again later; `disable` ends it until the peer is enabled by hand.",
      default: "restart",
    }),
    restartAfterSeconds: wholeNumber(1, 86400)
      .optional()
      .meta({ description: "With `restart`: how long the session stays down.", default: 300 }),
  }),
]);

const password = z
  .string()
  .min(1)
  .refine(
    (text) => Buffer.byteLength(text) <= 80,
    withHint("the password is too long", "TCP-MD5 keys have at most 80 octets"),
  );

/** Options that `defaults`, a group, a peer, a dynamic range may set; the nearest one wins. */
const OPTIONS = {
  as: asNumberValue.optional().describe("AS number of the peer."),
  localAs: asNumberValue
    .optional()
    .describe("Our AS number in this session, where it is not the speaker's `as` (RFC 7705)."),
  localAsNoPrepend: z.boolean().optional().meta({
    description: "With `localAs`: it is not put in front of the AS path of received routes.",
    default: false,
  }),
  localAsReplaceAs: z.boolean().optional().meta({
    description: "With `localAs`: the speaker's own AS is not seen behind it in announced routes.",
    default: false,
  }),
  localAddress: addressValue
    .optional()
    .describe(
      "Source address of the session. Without it the kernel chooses. A peer reached over the other family ignores it.",
    ),
  port: wholeNumber(1, 65535).optional().meta({ description: "TCP port of the peer.", default: 179 }),
  passive: z.boolean().optional().meta({ description: "Never connect, only accept connections.", default: false }),
  disabled: z
    .boolean()
    .optional()
    .meta({ description: "Administratively down until it is enabled on the command line.", default: false }),
  families: z
    .array(z.enum(["ipv4", "ipv6"]))
    .min(1)
    .optional()
    .describe("Address families to exchange. Without it: the family of the peer's address."),
  holdTimeSeconds: holdTime
    .optional()
    .meta({ description: "Hold time we offer; 0 turns keepalives off.", default: 90 }),
  keepaliveSeconds: wholeNumber(0, 21845)
    .optional()
    .meta({ description: "Seconds between keepalives; 0: a third of the negotiated hold time.", default: 0 }),
  connectRetrySeconds: wholeNumber(1, 65535)
    .optional()
    .meta({ description: "Seconds between attempts to connect.", default: 5 }),
  delayOpenSeconds: wholeNumber(0, 240).optional().meta({
    description:
      "DelayOpen (RFC 4271 §8.1.1): how long to wait for the peer's OPEN before ours is sent; 0: not at all.",
    default: 0,
  }),
  sendHoldSeconds: sendHold
    .optional()
    .describe(
      "Send hold time (RFC 9687): the session ends if the peer takes nothing for so long; 0: never. Without it: the greater of 480 and twice the hold time.",
    ),
  idleHoldSeconds: z
    .tuple([wholeNumber(0, 3600), wholeNumber(0, 3600)])
    .refine(
      ([first, longest]) => first <= longest,
      withHint("the first pause is longer than the longest", "[shortest, longest]"),
    )
    .optional()
    .meta({
      description: "First and longest pause after an error; doubled in between (RFC 4271 §8.1.1).",
      default: [1, 30],
    }),
  routeReflectorClient: z
    .boolean()
    .optional()
    .meta({ description: "The peer is our client (RFC 4456). Only inside our AS.", default: false }),
  nextHop: z.enum(["default", "self", "selfExternal", "keep", "unchanged"]).optional().meta({
    description:
      "`self`: always announce ourselves as next hop; `selfExternal`: only for our own routes and those of external peers, reflected ones keep theirs; `keep` or `unchanged`: never change it; `default`: RFC 4271 §5.1.3 (changed for external peers).",
    default: "default",
  }),
  multihop: wholeNumber(0, 255)
    .optional()
    .meta({ description: "Hops to an external peer that is not on our link; 0: it is.", default: 0 }),
  ttlSecurity: z
    .union([z.boolean(), wholeNumber(1, 254)])
    .optional()
    .meta({
      description:
        "GTSM (RFC 5082): drop packets that came from further away than one hop, or than the number of hops given.",
      default: false,
    }),
  password: password.optional().describe("Key for TCP-MD5 (RFC 2385), at most 80 octets."),
  importPolicy: policyChain
    .optional()
    .describe(
      "Policies for received routes, tried in order. Internal peers accept all without one, external peers reject all (RFC 8212).",
    ),
  exportPolicy: policyChain
    .optional()
    .describe(
      "Policies for announced routes, tried in order. Internal peers get all without one, external peers nothing (RFC 8212).",
    ),
  weight: wholeNumber(0, 65535).optional().meta({
    description:
      "Weight of the peer's routes: the greatest wins before anything else, and is never sent. The node's own routes have 32768.",
    default: 0,
  }),
  localPref: wordValue
    .optional()
    .describe("LOCAL_PREF of the peer's routes, unless it is an internal peer that sends one. Without it: 100."),
  allowAsIn: wholeNumber(0, 10).optional().meta({
    description: "How often our own AS may be in the AS path of received routes.",
    default: 0,
  }),
  asOverride: z.boolean().optional().meta({
    description: "Replace the peer's AS by ours in the AS paths it is told. External peers only.",
    default: false,
  }),
  removePrivateAs: z.enum(["no", "remove", "replace"]).optional().meta({
    description:
      "Private AS numbers in the AS paths that the peer is told: `remove` them, or `replace` them by ours. External peers only.",
    default: "no",
  }),
  enforceFirstAs: z.boolean().optional().meta({
    description: "Routes of an external peer must have its AS in front (RFC 4271 §6.3); off for route servers.",
    default: false,
  }),
  defaultOriginate: z.boolean().optional().meta({
    description: "Announce the default route of each family to the peer, whether we have one or not.",
    default: false,
  }),
  maxPrefixesIn: maxPrefixes
    .optional()
    .describe("Most prefixes that the peer may send: a number for each family, or a mapping. Without it: no limit."),
  maxPrefixesOut: maxPrefixes
    .optional()
    .describe("Most prefixes that we send to the peer: a number for each family, or a mapping. Without it: no limit."),
  role: z
    .enum(["provider", "routeServer", "routeServerClient", "customer", "peer"])
    .optional()
    .describe(
      "What we are to the external peer (RFC 9234): `provider` means that it is our customer. Routes that would leak are neither accepted nor announced.",
    ),
  roleStrict: z
    .boolean()
    .optional()
    .meta({ description: "Refuse a peer that does not state its role.", default: false }),
  gracefulShutdown: z.boolean().optional().meta({
    description: "Honour GRACEFUL_SHUTDOWN (RFC 8326): such routes of an external peer get LOCAL_PREF 0.",
    default: true,
  }),
  blackhole: z.boolean().optional().meta({
    description:
      "Honour BLACKHOLE (RFC 7999): such routes of the peer drop the traffic, and are not announced beyond our AS.",
    default: false,
  }),
  addPathReceive: z
    .boolean()
    .optional()
    .meta({ description: "Accept several paths per prefix from the peer (RFC 7911).", default: false }),
  addPathSend: z
    .union([z.literal("all"), wholeNumber(0, 64)])
    .optional()
    .meta({
      description:
        "Paths per prefix to announce to the peer, best first (RFC 7911): a number, or `all`; 0: the best one, without path identifiers.",
      default: 0,
    }),
  extendedMessage: z
    .boolean()
    .optional()
    .meta({ description: "Offer messages of up to 65535 octets (RFC 8654).", default: true }),
  extendedNextHop: z
    .boolean()
    .optional()
    .meta({ description: "IPv4 routes with IPv6 next hops (RFC 8950).", default: false }),
  gracefulRestart: z
    .boolean()
    .optional()
    .meta({ description: "Offer graceful restart (RFC 4724), where it is enabled for the speaker.", default: true }),
};

export const peerOptionsSchema = section(OPTIONS);

export type PeerOptions = z.output<typeof peerOptionsSchema>;

export const peerGroupSchema = section({
  inherits: nameValue.optional().describe("Group whose options hold where this one says nothing."),
  ...OPTIONS,
});

export const peerSchema = section({
  address: peerAddressValue.describe("Address of the peer; a link-local one with its interface, fe80::1%eth0."),
  name: z.string().min(1).max(64).optional().describe("Name in logs, status and policies. Without it: the address."),
  group: nameValue.optional().describe("Peer group it inherits from."),
  scope: z.enum(["node", "global"]).optional().meta({
    description: "Shown as PEER TYPE: `node specific` or `global`. Nothing else depends on it.",
    default: "node",
  }),
  ...OPTIONS,
});

export const dynamicPeersSchema = section({
  prefix: prefixValue.describe("Range of addresses from which peers may come. They connect to us, we never to them."),
  group: nameValue.describe("Peer group with their options."),
  limit: wholeNumber(1, 100000).optional().meta({ description: "Most sessions at a time.", default: 256 }),
  as: oneOrMore(asNumberValue).optional().describe("AS numbers accepted. Without it: the group's `as`."),
});

const meshNodeSchema = section({
  name: nameValue.describe("Name of the node."),
  addresses: z.array(peerAddressValue).min(1).max(2).describe("Its address, or one IPv4 and one IPv6 address."),
  as: asNumberValue.optional().describe("Its AS number, where it is not the speaker's `as`."),
});

export const meshSchema = section({
  enabled: z
    .boolean()
    .optional()
    .meta({ description: "False: the list of nodes is kept, but makes no peers.", default: true }),
  self: nameValue
    .optional()
    .describe("Our own entry in `nodes`. Without it: the node with the address that `routerId` shows."),
  group: nameValue.optional().describe("Peer group with the options of the mesh's sessions."),
  nodes: z
    .array(meshNodeSchema)
    .describe("All nodes, we among them: each node has a session with every other, one for each family both have."),
});

export const peerGroupsSchema = named(peerGroupSchema);
