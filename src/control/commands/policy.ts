// `starling policy test FILE`: runs policies of a configuration file on one route and says which line decided. Needs no
// daemon.

import type { CommandModule } from "yargs";
import type { ParsedConfig } from "../../config/parse-yaml.js";
import type { PeerConfig } from "../../config/speaker-config.js";
import type { Policy } from "../../policy/ast.js";
import { nearestHint } from "../../policy/nearest-name.js";
import type { PeerFacts, RouteOrigin, Verdict } from "../../policy/route.js";
import { traceChain, type TraceStep } from "../../policy/trace.js";
import { type CommandContext, EXIT_DEGRADED, EXIT_OK, type GlobalOptions, UsageError } from "../command-context.js";
import { loadConfig } from "../config-argument.js";
import { routePrefixText, type RouteTexts, routeTexts, type RouteWords, sampleRoute } from "../sample-route.js";

/** Words of the options whose names have no hyphen, and those that have one under the names that yargs is told. */
interface TestOptions extends GlobalOptions, Omit<RouteWords, Hyphened> {
  readonly "as-path": string | undefined;
  readonly "next-hop": string | undefined;
  readonly "local-pref": string | undefined;
  readonly "large-community": readonly string[];
  readonly "extended-community": readonly string[];
  readonly file: string;
  readonly node: string | undefined;
  readonly policy: readonly string[];
  readonly peer: string | undefined;
  readonly direction: "import" | "export";
  readonly from: string | undefined;
  readonly expect: "accept" | "reject" | undefined;
}

type Hyphened = "asPath" | "nextHop" | "localPref" | "largeCommunity" | "extendedCommunity";

const SOURCES: readonly RouteOrigin[] = ["bgp", "static", "direct", "kernel", "aggregate"];

export function policyCommand(context: CommandContext): CommandModule<GlobalOptions, GlobalOptions> {
  return {
    command: "policy",
    describe: "Try out policies",
    builder: (parser) => parser.command(testCommand(context)).demandCommand(1, "say what to do: policy test"),
    handler: () => undefined,
  };
}

function testCommand(context: CommandContext): CommandModule<GlobalOptions, TestOptions> {
  const text = { type: "string", requiresArg: true } as const;
  const texts = { ...text, coerce: listOf, default: "" } as const;
  return {
    command: "test <file>",
    describe: "Run policies of a configuration file on a route, and say which line decided",
    builder: (parser) =>
      parser
        .positional("file", { type: "string", demandOption: true, describe: "YAML file" })
        .option("policy", { ...texts, describe: "Policy to run, or a chain of them: first,second" })
        .option("peer", { ...text, describe: "Run the policies of this peer (address or name)" })
        .option("direction", {
          choices: ["import", "export"] as const,
          default: "import" as const,
          describe: "With --peer: which of its policies",
        })
        .option("prefix", { ...text, demandOption: true, describe: "The route's prefix" })
        .option("as-path", { ...text, describe: "Its AS path: 65001 65002 {65003,65004}" })
        .option("next-hop", { ...text, describe: "Its next hop; an imported route's default is the peer" })
        .option("community", { ...texts, describe: "Its communities: 65000:1,no-export" })
        .option("large-community", { ...texts, describe: "Its large communities: 65000:1:2" })
        .option("extended-community", { ...texts, describe: "Its extended communities: rt:65000:1" })
        .option("origin", {
          choices: ["igp", "egp", "incomplete"] as const,
          default: "igp" as const,
          describe: "Its ORIGIN",
        })
        .option("med", { ...text, describe: "Its MULTI_EXIT_DISC" })
        .option("local-pref", { ...text, describe: "Its LOCAL_PREF" })
        .option("weight", { ...text, describe: "Its weight" })
        .option("source", { choices: SOURCES, default: "bgp" as const, describe: "Where it comes from" })
        .option("from", { ...text, describe: "Peer it was learned from (address or name), in an export policy" })
        .option("expect", {
          choices: ["accept", "reject"] as const,
          describe: "Exit code 1 if the verdict is another one",
        })
        .option("node", {
          ...text,
          describe: "Name of this node in the mesh (or STARLING_NODE)",
          default: context.environment.env["STARLING_NODE"],
        }),
    handler: (args) => context.run(() => testPolicy(context, args)),
  };
}

/** The words between commas or spaces. */
function listOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

interface Step extends TraceStep {
  readonly before: RouteTexts;
  readonly after: RouteTexts;
}

async function testPolicy(context: CommandContext, args: TestOptions): Promise<number> {
  const parsed = await loadConfig(context, args.file, args.node);
  if (parsed === undefined) return EXIT_DEGRADED;
  const peer = args.peer === undefined ? undefined : findPeer(parsed, args.peer);
  const chain = chainOf(parsed, args, peer);
  const isExport = args.direction === "export";
  const from = args.from === undefined ? undefined : findPeer(parsed, args.from);
  const learnedFrom = isExport || peer === undefined ? from : peer;
  const route = sampleRoute(wordsOf(args), factsOf(learnedFrom), isExport ? factsOf(peer) : undefined);
  const steps: Step[] = [];
  let last = routeTexts(route);
  const before = last;
  const localAs = peer?.localAs ?? parsed.config.localAs;
  const options = { policies: parsed.policies, localAs, fallThrough: "reject" } as const;
  const verdict = traceChain(chain, options, route, (step) => {
    const after = routeTexts(route);
    steps.push({ ...step, before: last, after });
    last = after;
  });
  const prefix = routePrefixText(args.prefix);
  const result = { prefix, ...verdict, policies: chain.map(({ name }) => name), steps: steps.map(toJson), route: last };
  await context.printAs(args, result, () => describe(prefix, verdict, steps, before, last));
  const told = verdict.accept ? "accept" : "reject";
  return args.expect === undefined || args.expect === told ? EXIT_OK : EXIT_DEGRADED;
}

function wordsOf(args: TestOptions): RouteWords {
  return {
    ...args,
    asPath: args["as-path"],
    nextHop: args["next-hop"],
    localPref: args["local-pref"],
    largeCommunity: args["large-community"],
    extendedCommunity: args["extended-community"],
  };
}

function findPeer({ config }: ParsedConfig, word: string): PeerConfig {
  const peers = [...config.peers, ...config.dynamicPeers.map(({ template }) => template)];
  const named = peers.filter(({ key, name }) => key === word || name === word);
  if (named.length === 1) return named[0];
  if (named.length > 1) throw new UsageError(`${named.length} peers are called "${word}": say the address`);
  const hint = nearestHint(
    word,
    peers.map(({ name }) => name),
  );
  throw new UsageError(`there is no peer "${word}"${hint === "" ? "" : ` (${hint})`}`);
}

function chainOf(parsed: ParsedConfig, args: TestOptions, peer: PeerConfig | undefined): readonly Policy[] {
  const names = args.policy.length > 0 ? args.policy : policiesOf(args, peer);
  return names.map((name) => {
    const policy = parsed.policies.get(name);
    if (policy !== undefined) return policy;
    const hint = nearestHint(name, parsed.policies.keys());
    throw new UsageError(`unknown policy "${name}"${hint === "" ? "" : ` (${hint})`}`);
  });
}

function policiesOf({ direction }: TestOptions, peer: PeerConfig | undefined): readonly string[] {
  if (peer === undefined) throw new UsageError("say which policy: --policy NAME, or --peer PEER with --direction");
  if (peer.missingPolicy.includes(direction)) {
    throw new UsageError(`${peer.key} is external and has no ${direction} policy: all is rejected (RFC 8212)`);
  }
  // The filter that takes everything as it comes is not made of policies.
  return (direction === "import" ? peer.importPolicy : peer.exportPolicy).policies ?? ["accept"];
}

function factsOf(peer: PeerConfig | undefined): PeerFacts | undefined {
  if (peer === undefined) return undefined;
  const { key, name, group, as, localAs } = peer;
  return { address: key, name, group, as, isEbgp: as !== localAs };
}

function toJson({ policy, at, depth, event, subject, after }: Step): Record<string, unknown> {
  const change = event === "changed" ? { value: after[subject as keyof RouteTexts] } : {};
  return { policy, file: at?.file, line: at?.line, column: at?.column, depth, event, subject, ...change };
}

function describe(
  prefix: string,
  verdict: Verdict,
  steps: readonly Step[],
  before: RouteTexts,
  after: RouteTexts,
): string {
  const places = steps.map(({ policy, at }) => (at === undefined ? policy : `${at.file}:${at.line}`));
  const width = Math.max(0, ...places.map((place) => place.length));
  const lines = steps.map((step, i) => `${places[i].padEnd(width)}  ${"  ".repeat(step.depth)}${stepText(step)}`);
  const keys = Object.keys(after) as (keyof RouteTexts)[];
  const changed = keys.filter((key) => valueText(before[key]) !== valueText(after[key]));
  const changes = verdict.accept
    ? changed.map((key) => `  ${key}: ${valueText(before[key])} → ${valueText(after[key])}`)
    : [];
  const word = verdict.accept ? "accepted" : "rejected";
  return `${[...lines, `${prefix} ${word} by ${verdict.by}`, ...changes].join("\n")}\n`;
}

function stepText({ event, subject, before, after, policy }: Step): string {
  if (event === "called") return `calls ${subject}`;
  if (event === "next") return `leaves policy ${policy}`;
  if (event === "no verdict") return `policy ${policy} gives no verdict`;
  if (event !== "changed") return event;
  const key = subject as keyof RouteTexts;
  return `${key}: ${valueText(before[key])} → ${valueText(after[key])}`;
}

function valueText(value: RouteTexts[keyof RouteTexts]): string {
  const text = Array.isArray(value) ? value.join(" ") : String(value ?? "");
  return text === "" ? "none" : text;
}
