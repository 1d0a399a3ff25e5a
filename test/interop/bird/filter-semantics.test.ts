// Generated filters run by BIRD 1.6 and by us on the same routes: verdicts and what is left of the attributes must be equal.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { readI32 } from "../../../src/base/bytes.js";
import { formatBytes, formatIpv4Word, type IpPrefix, parsePrefix } from "../../../src/base/ip.js";
import type { Route } from "../../../src/policy/route.js";
import { compileScript } from "../../../src/policy/script.js";
import type { Script } from "../../../src/policy/script-ast.js";
import { formatValue } from "../../../src/policy/script-value.js";
import { DaemonProcess, run } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { Lab, type Namespace } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { makeFolder, removeFolder } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { scriptText } from "../../support/script-text.js";
import { type Program, programs } from "./script-arbitrary.js";

const ROUNDS = Number(process.env["FILTER_ROUNDS"] ?? 4);
/** Filters in one configuration file. */
const PROGRAMS = 60;

/** Where the routes come from: what each protocol's import filter makes of them, and what that is to us. */
const PROTOCOLS: readonly {
  readonly name: string;
  readonly setup: string;
  readonly prefixes: readonly string[];
  readonly facts: Partial<Route>;
}[] = [
  {
    name: "bare",
    setup: "accept;",
    prefixes: ["10.0.0.0/24", "10.1.0.0/16", "0.0.0.0/0"],
    facts: { isBare: true },
  },
  {
    name: "rich",
    setup:
      "bgp_origin = ORIGIN_EGP; bgp_path = +empty+; bgp_path.prepend(65002); bgp_path.prepend(65001); " +
      "bgp_next_hop = 192.0.2.1; bgp_med = 24; bgp_local_pref = 150; bgp_originator_id = 1.2.3.4; " +
      "bgp_community.add((1, 2)); bgp_community.add((3, 4)); bgp_large_community.add((1, 2, 3)); " +
      "bgp_ext_community.add((rt, 1, 2)); bgp_cluster_list.add(1.2.3.4); preference = 100; accept;",
    prefixes: ["10.0.0.128/25", "192.0.2.1/32"],
    facts: {
      isBare: false,
      origin: 1,
      asPath: [{ type: 2, asNumbers: [65001, 65002] }],
      nextHop: Uint8Array.of(192, 0, 2, 1),
      med: 24,
      localPref: 150,
      originatorId: 0x01020304,
      communities: [0x00010002, 0x00030004],
      largeCommunities: [[1, 2, 3]],
      extendedCommunities: [[0x00020001, 2]],
      clusterList: [0x01020304],
      weight: 100,
    },
  },
];

/** A route as both sides show it. */
interface Shown {
  readonly preference: number;
  readonly attributes: Readonly<Record<string, string>>;
}

const ORIGINS = ["IGP", "EGP", "Incomplete"];

function routeOf(prefix: IpPrefix, protocol: string, facts: Partial<Route>): Route {
  return {
    family: prefix.family,
    w0: readI32(prefix.bytes, 0),
    w1: 0,
    w2: 0,
    w3: 0,
    prefixLength: prefix.length,
    from: "static",
    learnedFrom: undefined,
    sentTo: undefined,
    origin: 0,
    asPath: [],
    nextHop: new Uint8Array(0),
    med: undefined,
    localPref: undefined,
    communities: [],
    extendedCommunities: [],
    largeCommunities: [],
    weight: 200,
    isBare: true,
    originatorId: undefined,
    clusterList: undefined,
    atomicAggregate: false,
    aggregator: undefined,
    protocolName: protocol,
    fromAddress: new Uint8Array(0),
    destination: "blackhole",
    gateway: new Uint8Array(0),
    interfaceName: "",
    kernelMetric: undefined,
    kernelSource: undefined,
    kernelTunnel: undefined,
    ...facts,
  };
}

/** The attributes that are not empty, as BIRD writes them. */
function shown(route: Route): Shown {
  const listText = (text: string): string => text.replace(/^\(\w+ /, "").slice(0, -1);
  const number = (value: number | undefined): string => (value === undefined ? "" : String(value));
  const path = listText(formatValue({ type: "path", path: route.asPath }));
  const attributes: Record<string, string> = {
    "BGP.as_path": path,
    "BGP.next_hop": route.nextHop.length === 0 ? "" : formatBytes(route.nextHop),
    "BGP.med": number(route.med),
    "BGP.local_pref": number(route.localPref),
    "BGP.originator_id": route.originatorId === undefined ? "" : formatIpv4Word(route.originatorId),
    "BGP.community": listText(formatValue({ type: "communityList", values: route.communities })),
    "BGP.cluster_list": (route.clusterList ?? []).map(formatIpv4Word).join(" "),
    "BGP.ext_community": listText(formatValue({ type: "extendedCommunityList", values: route.extendedCommunities })),
    "BGP.large_community": listText(formatValue({ type: "largeCommunityList", values: route.largeCommunities })),
    "Kernel.metric": number(route.kernelMetric),
  };
  if (!route.isBare) attributes["BGP.origin"] = ORIGINS[route.origin];
  return { preference: route.weight, attributes: withoutEmpty(attributes) };
}

function withoutEmpty(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).filter(([, text]) => text !== ""));
}

/** `show route all`: prefixes that were accepted, and what they look like. */
function parseShown(output: string): Map<string, Shown> {
  const routes = new Map<string, Shown>();
  let attributes: Record<string, string> = {};
  for (const line of output.split("\n")) {
    const route = /^(\d\S*)\s.*\((\d+)(?:\/\S+)?\)/.exec(line);
    if (route !== null) {
      attributes = {};
      routes.set(route[1], { preference: Number(route[2]), attributes });
      continue;
    }
    const attribute = /^\t([A-Za-z]+\.\w+):\s*(.*?)\s*$/.exec(line);
    if (attribute !== null && attribute[2] !== "") attributes[attribute[1]] = attribute[2];
  }
  return routes;
}

/** The program with symbols that no other one in the file has. */
function numbered({ functions, filter }: Program, number: number): Program {
  const rename = (script: Script): Script =>
    JSON.parse(
      JSON.stringify(script, keepBytes).replaceAll(/\b(first|second)_function\b/g, `$1_function_${number}`),
      asBytes,
    ) as Script;
  const renamed = { functions: functions.map(rename), filter: { ...rename(filter), name: `filter_${number}` } };
  return renamed;
}

function keepBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: [...value] } : value;
}

function asBytes(_key: string, value: unknown): unknown {
  const isBytes = typeof value === "object" && value !== null && Object.keys(value).join() === "bytes";
  return isBytes && Array.isArray((value as { bytes: unknown }).bytes)
    ? Uint8Array.from((value as { bytes: number[] }).bytes)
    : value;
}

function configText(all: readonly Program[]): string {
  const protocols = PROTOCOLS.map(
    ({ name, setup, prefixes }) =>
      `protocol static ${name} { ${prefixes.map((prefix) => `route ${prefix} blackhole;`).join(" ")} import filter { ${setup} }; }`,
  );
  const head = ["log stderr all;", "router id 192.0.2.9;", "protocol device { }"];
  return [...head, ...protocols, ...all.flatMap(scriptsOf), ""].join("\n");
}

function scriptsOf({ functions, filter }: Program): readonly string[] {
  return [...functions.map((script) => scriptText(script, "function")), scriptText(filter, "filter")];
}

/** What differs, in words. */
function differenceOf(ours: ReadonlyMap<string, Shown>, theirs: ReadonlyMap<string, Shown>): string | undefined {
  for (const prefix of PROTOCOLS.flatMap(({ prefixes }) => prefixes)) {
    const here = entriesOf(ours.get(prefix));
    const there = entriesOf(theirs.get(prefix));
    const surplus = here.filter((entry) => !there.includes(entry));
    const missing = there.filter((entry) => !here.includes(entry));
    if (surplus.length + missing.length > 0) return `${prefix}: here ${surplus.join()}, in BIRD ${missing.join()}`;
  }
  return undefined;
}

function entriesOf(route: Shown | undefined): readonly string[] {
  if (route === undefined) return ["rejected"];
  return [String(route.preference), ...Object.entries(route.attributes).map(([name, text]) => `${name}: ${text}`)];
}

function runHere({ functions, filter }: Program): { readonly accepted: Map<string, Shown>; readonly words: string[] } {
  const words: string[] = [];
  const scripts = new Map([...functions, filter].map((script) => [script.name, script]));
  const compiled = compileScript(filter, { scripts, log: (_kind, text) => words.push(text) });
  const accepted = new Map<string, Shown>();
  for (const { name, prefixes, facts } of PROTOCOLS) {
    for (const text of prefixes) {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new RangeError(text);
      const route = routeOf(prefix, name, facts);
      if (compiled(route).accept) accepted.set(text, shown(route));
    }
  }
  return { accepted, words };
}

/** BIRD, started again where a filter kills it: some masks with expressions in them do. */
class FilterDaemon {
  readonly #namespace: Namespace;
  readonly #file: string;
  readonly #socket: string;
  #process: DaemonProcess | undefined;
  crashes = 0;

  constructor(namespace: Namespace, folder: string) {
    this.#namespace = namespace;
    this.#file = join(folder, "bird.conf");
    this.#socket = join(folder, "bird.ctl");
  }

  async configure(text: string): Promise<void> {
    await writeFile(this.#file, text);
    if (this.#process === undefined) return this.#start();
    const answer = await this.#ask("configure");
    if (!answer.includes("Reconfigured")) throw new Error(`BIRD refuses what was generated: ${answer}`);
  }

  /** `show route all` for the filter; undefined: BIRD did not survive it. */
  async accepted(filter: string): Promise<string | undefined> {
    try {
      return await this.#ask(`show route all filter ${filter}`);
    } catch (error) {
      if (this.#process?.isRunning !== false) throw error;
      this.crashes++;
      await this.#start();
      return undefined;
    }
  }

  async stop(): Promise<void> {
    if (this.#process?.isRunning === true) await this.#process.stop();
  }

  async #start(): Promise<void> {
    const command = [BIRD1_PROGRAMS[0], "-f", "-c", this.#file, "-s", this.#socket];
    const process = new DaemonProcess("bird", this.#namespace.spawn(command));
    this.#process = process;
    await eventually("birdc's first answer", async () => {
      if (!process.isRunning) throw new Error(`bird ended:\n${process.output}`);
      return (await this.#ask("show status")).includes("up and running");
    });
  }

  #ask(command: string): Promise<string> {
    return run([BIRD1_PROGRAMS[2], "-s", this.#socket, ...command.split(" ")]);
  }
}

t.test(
  "generated filters decide and change as in BIRD",
  { ...needs(...BIRD1_PROGRAMS, "ip"), timeout: 120_000 },
  async (t) => {
    const folder = await makeFolder("filters");
    t.teardown(() => removeFolder(folder));
    const namespace = await (await Lab.open(t)).namespace("filters");
    const daemon = new FilterDaemon(namespace, folder);
    t.teardown(() => daemon.stop());
    let accepted = 0;
    let rejected = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(programs, { minLength: PROGRAMS, maxLength: PROGRAMS }), async (generated) => {
        const all = generated.map(numbered);
        await daemon.configure(configText(all));
        for (const program of all) {
          const output = await daemon.accepted(program.filter.name);
          if (output === undefined) continue;
          const theirs = parseShown(output);
          const { accepted: ours, words } = runHere(program);
          const difference = differenceOf(ours, theirs);
          if (difference !== undefined) throw new Error([...scriptsOf(program), difference, ...words].join("\n"));
          accepted += ours.size;
          rejected += PROTOCOLS.flatMap(({ prefixes }) => prefixes).length - ours.size;
        }
      }),
      { numRuns: ROUNDS, endOnFailure: true },
    );
    t.ok(daemon.crashes < 3 * ROUNDS, `BIRD crashed ${daemon.crashes} times`);
    t.ok(accepted > 50 * ROUNDS && rejected > 50 * ROUNDS, `${accepted} accepted, ${rejected} rejected`);
  },
);
