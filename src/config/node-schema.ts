// Schema of the node's own routes, the kernel, the control socket and the log.

import { z } from "zod";
import {
  addressValue,
  devicePatternValue,
  deviceValue,
  nameValue,
  oneOrMore,
  prefixValue,
  section,
  wholeNumber,
  withHint,
} from "./schema-values.js";

const staticRoute = section({
  prefix: prefixValue.describe("Destination."),
  via: oneOrMore(addressValue)
    .optional()
    .describe(
      "Gateway, or several that share the load. The route is there while one of them is on a link of the node.",
    ),
  device: deviceValue.optional().describe("Interface, alone or with `via`."),
  type: z
    .enum(["blackhole", "unreachable", "prohibit", "none"])
    .optional()
    .describe("Instead of `via` and `device`: a route that drops packets, or `none`: announced only."),
  install: z.boolean().optional().meta({ description: "Write it to the kernel, too. `none` never is.", default: true }),
  metric: wholeNumber(0, 0xffffffff).optional().describe("Metric in the kernel; without it `kernel.metric`."),
});

export type StaticRouteInput = z.output<typeof staticRoute>;

export const nodeSchema = section({
  pools: z
    .array(prefixValue)
    .optional()
    .describe("Address pools of the cluster. Where given, every block must lie in one."),
  blocks: z
    .array(prefixValue)
    .optional()
    .describe("The node's address blocks: announced, and a blackhole in the kernel."),
  borrowed: z
    .array(prefixValue)
    .optional()
    .describe("Single addresses (/32, /128) borrowed from blocks of other nodes: announced as they are."),
  static: z.array(staticRoute).optional().describe("Static routes: announced, and by default written to the kernel."),
  aggregates: z
    .array(
      section({
        prefix: prefixValue.describe("Announced while a longer prefix inside it exists."),
        summaryOnly: z.boolean().optional().meta({ description: "Do not announce the longer ones.", default: false }),
      }),
    )
    .optional()
    .describe("Aggregates, a blackhole in the kernel while they are active."),
  direct: z
    .array(devicePatternValue)
    .optional()
    .describe(
      "Announce the connected prefixes of these interfaces; the first pattern that matches decides, `!` excludes.",
    ),
  kernelRoutes: z
    .array(devicePatternValue)
    .optional()
    .describe("Announce the kernel's other routes through these interfaces; patterns as for `direct`."),
});

export const kernelSchema = section({
  enabled: z
    .boolean()
    .optional()
    .meta({ description: "False: a pure reflector that neither reads nor writes kernel routes.", default: true }),
  table: z
    .union([z.literal("main"), wholeNumber(1, 0xffffffff)])
    .optional()
    .meta({ description: "Routing table.", default: "main" }),
  protocol: z
    .union([z.enum(["bird", "bgp"]), wholeNumber(5, 255)])
    .optional()
    .meta({
      description: "Mark of our routes in the kernel (rtm_protocol): `bird` is 12, `bgp` is 186.",
      default: "bird",
    }),
  metric: wholeNumber(0, 0xffffffff)
    .optional()
    .meta({ description: "Metric of our routes; 0: the kernel's default.", default: 0 }),
  exportPolicy: oneOrMore(nameValue)
    .optional()
    .describe("Policies for best routes on their way to the kernel. Without it: all."),
  encapsulation: z
    .array(
      section({
        prefix: prefixValue.describe("For routes inside this prefix; the first entry that matches decides."),
        mode: z
          .enum(["never", "always", "crossSubnet"])
          .describe("`crossSubnet`: only where the next hop is not in a connected prefix."),
        device: deviceValue.optional().meta({ description: "Tunnel interface.", default: "tunl0" }),
      }),
    )
    .optional()
    .describe("IP-in-IP for routes to other nodes."),
  auditSeconds: wholeNumber(5, 86400)
    .optional()
    .meta({ description: "Seconds between full comparisons with the kernel.", default: 60 }),
  removeAtExit: z
    .boolean()
    .optional()
    .meta({ description: "Remove our routes when the daemon ends in order.", default: false }),
  staleSeconds: wholeNumber(1, 86400).optional().meta({
    description:
      "Seconds until routes of an earlier run that nobody claimed are removed; with graceful restart not before every peer has told its routes, or its restart time is over.",
    default: 120,
  }),
});

export const controlSchema = section({
  socket: z
    .string()
    .regex(
      /^(\/.{1,106})?$/,
      withHint("not the path of a socket", "absolute, at most 107 characters, or empty for none"),
    )
    .optional()
    .meta({ description: "Unix socket of the command line; empty: none.", default: "/run/starling/starling.sock" }),
  mode: z
    .string({ error: withHint("the mode is a text of octal digits", 'in quotes: "0660"') })
    .regex(/^0?[0-7]{3}$/, withHint("the mode is a text of octal digits", 'for example "0660"'))
    .optional()
    .meta({ description: "Permissions of the socket, octal, in quotes.", default: "0660" }),
  group: z
    .string()
    .max(32)
    .optional()
    .meta({ description: "Group that owns the socket; empty: left as it is.", default: "" }),
});

export const logSchema = section({
  level: z
    .enum(["error", "warn", "info", "debug"])
    .optional()
    .meta({ description: "Least level that is logged.", default: "info" }),
  format: z
    .enum(["text", "json"])
    .optional()
    .meta({ description: "Lines for people or for machines.", default: "text" }),
});
