// What tshark makes of a capture, brought to the words of `starling replay -o json`, to compare both message by message.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export const TSHARK_PROGRAMS = ["tshark"];

/** The facts of a message that both programs tell. Absent keys: not in the message. */
export type MessageFacts = Readonly<Record<string, unknown>>;

type Tree = Readonly<Record<string, unknown>>;

const TYPES: Readonly<Record<string, string>> = {
  1: "OPEN",
  2: "UPDATE",
  3: "NOTIFICATION",
  4: "KEEPALIVE",
  5: "ROUTE-REFRESH",
};
const ORIGINS = ["IGP", "EGP", "INCOMPLETE"];
const ATTRIBUTE = "bgp.update.path_attribute";

/** All messages of the capture in the order of its packets. */
export async function tsharkFacts(path: string): Promise<readonly MessageFacts[]> {
  const words = ["-n", "-r", path, "-Y", "bgp", "-T", "json", "--no-duplicate-keys"];
  const { stdout } = await run("tshark", words, { maxBuffer: 1 << 28 });
  const packets = JSON.parse(stdout) as readonly { readonly _source: { readonly layers: Tree } }[];
  return packets.flatMap(({ _source: { layers } }) => {
    const frame = layers["frame"] as Tree;
    return listOf(layers["bgp"]).map((message) => factsOf(message as Tree, Number(frame["frame.number"])));
  });
}

/** The same facts of a line of `starling replay -o json`. */
export function replayFacts(line: string): MessageFacts {
  const row = JSON.parse(line) as Tree;
  const { packet, type, length } = row;
  // tshark reads nothing of a message that is longer than RFC 4271 allows.
  if (Number(length) > 4096) return { packet, type: undefined, length };
  const facts = { packet, type, length };
  if (type === "OPEN") {
    const capabilities = row["capabilities"] as Tree | undefined;
    return without({
      ...facts,
      ...pick(row, "myAs", "holdTime", "routerId"),
      fourOctetAs: capabilities?.["fourOctetAs"],
    });
  }
  if (type === "NOTIFICATION") return { ...facts, ...pick(row, "code", "subcode") };
  if (type === "ROUTE-REFRESH") return { ...facts, ...pick(row, "afi", "safi", "subtype") };
  if (type !== "UPDATE") return facts;
  const attributes = row["attributes"] as Tree;
  const names = ["origin", "asPath", "nextHop", "med", "localPref", "originatorId", "clusterList", "largeCommunities"];
  return without({
    ...facts,
    announce: sorted(row["announce"]),
    withdraw: sorted(row["withdraw"]),
    pathIds: sorted(listOf((row["pathIds"] as Tree | undefined)?.["announce"]).map(String)),
    ...pick(attributes, ...names),
    communities: sorted(listOf(attributes["communities"]).map((text) => communityNumbers(text as string))),
    extendedCommunities: listOf(attributes["extendedCommunities"]).length,
  });
}

const WELL_KNOWN: Readonly<Record<string, string>> = {
  "graceful-shutdown": "65535:0",
  blackhole: "65535:666",
  "no-export": "65535:65281",
  "no-advertise": "65535:65282",
  "no-export-subconfed": "65535:65283",
};

function communityNumbers(text: string): string {
  return WELL_KNOWN[text] ?? text;
}

function factsOf(message: Tree, packet: number): MessageFacts {
  const type = TYPES[String(message["bgp.type"])];
  const facts = { packet, type, length: Number(message["bgp.length"]) };
  switch (type) {
    case "OPEN":
      return without({
        ...facts,
        myAs: Number(message["bgp.open.myas"]),
        holdTime: Number(message["bgp.open.holdtime"]),
        routerId: message["bgp.open.identifier"],
        fourOctetAs: numberOf(valuesOf(message, "bgp.cap.4as").at(-1)),
      });
    case "NOTIFICATION": {
      const minor = Object.entries(message).find(([key]) => key.startsWith("bgp.notify.minor_error"));
      return { ...facts, code: Number(message["bgp.notify.major_error"]), subcode: Number(minor?.[1] ?? 0) };
    }
    case "ROUTE-REFRESH":
      return {
        ...facts,
        afi: Number(message["bgp.route_refresh.afi"]),
        safi: Number(message["bgp.route_refresh.safi"]),
        subtype: Number(message["bgp.route_refresh.subtype"]),
      };
    case "UPDATE":
      return updateFacts(message, facts);
    default:
      return facts;
  }
}

function updateFacts(message: Tree, facts: MessageFacts): MessageFacts {
  const attributes = listOf(
    (message["bgp.update.path_attributes"] as Tree | undefined)?.[ATTRIBUTE],
  ) as readonly Tree[];
  const ofType = (code: number): readonly Tree[] =>
    attributes.filter((attribute) => Number(attribute[`${ATTRIBUTE}.type_code`]) === code);
  const value = (name: string): unknown => valuesOf(attributes, `${ATTRIBUTE}.${name}`).at(0);
  const announced = [message["bgp.update.nlri"], ...ofType(14)];
  const withdrawn = [message["bgp.update.withdrawn_routes"], ...ofType(15)];
  const mpNextHop = [...valuesOf(ofType(14), /next_hop\.ipv[46]$/)].at(0);
  const origin = numberOf(value("origin"));
  const [path] = ofType(2);
  return without({
    ...facts,
    announce: sorted(prefixesOf(announced)),
    withdraw: sorted(prefixesOf(withdrawn)),
    pathIds: sorted(valuesOf(announced, /path_id$/).map(String)),
    origin: origin === undefined ? undefined : ORIGINS[origin],
    asPath: path === undefined ? undefined : valuesOf(path, /as_path_segment\.as[24]$/).join(" "),
    nextHop: value("next_hop") ?? mpNextHop,
    med: numberOf(value("multi_exit_disc")),
    localPref: numberOf(value("local_pref")),
    originatorId: value("originator_id"),
    clusterList: valuesOf(ofType(10), /cluster_id$|cluster_list$/).filter((text) => /^\d+\.\d+\.\d+\.\d+$/.test(text)),
    communities: communitiesOf(ofType(8)),
    extendedCommunities: ofType(16).reduce((sum, tree) => sum + Number(tree[`${ATTRIBUTE}.length`]) / 8, 0),
    largeCommunities: largeCommunitiesOf(ofType(32)),
  });
}

// tshark tells well-known communities apart from the others, so that their order is lost.
function communitiesOf(attributes: readonly Tree[]): readonly string[] {
  const plain = nodesWith(attributes, `${ATTRIBUTE}.community_as`).map(
    (node) => `${Number(node[`${ATTRIBUTE}.community_as`])}:${Number(node[`${ATTRIBUTE}.community_value`])}`,
  );
  const wellKnown = valuesOf(attributes, `${ATTRIBUTE}.community_wellknown`).map(
    (text) => `${Number(text) >>> 16}:${Number(text) & 0xffff}`,
  );
  return sorted([...plain, ...wellKnown]);
}

function largeCommunitiesOf(attributes: readonly Tree[]): readonly string[] {
  return nodesWith(attributes, "bgp.large_communities.ga").map((node) =>
    ["ga", "ldp1", "ldp2"].map((part) => String(node[`bgp.large_communities.${part}`])).join(":"),
  );
}

function prefixesOf(trees: readonly unknown[]): readonly string[] {
  return nodesWith(trees, "bgp.prefix_length").flatMap((node) => {
    const prefix = Object.entries(node).find(([key]) => /prefix$/.test(key));
    return prefix === undefined ? [] : [`${String(prefix[1])}/${String(node["bgp.prefix_length"])}`];
  });
}

// ---- trees ----

/** Values of a key anywhere below, in order; arrays are taken apart. */
function valuesOf(tree: unknown, key: string | RegExp): string[] {
  if (Array.isArray(tree)) return tree.flatMap((entry) => valuesOf(entry, key));
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => {
    const isWanted = typeof key === "string" ? name === key : key.test(name);
    const own = isWanted ? listOf(value).filter((entry): entry is string => typeof entry === "string") : [];
    return own.length > 0 ? own : valuesOf(value, key);
  });
}

/** Objects anywhere below that have the key. */
function nodesWith(tree: unknown, key: string): Tree[] {
  if (Array.isArray(tree)) return tree.flatMap((entry) => nodesWith(entry, key));
  if (typeof tree !== "object" || tree === null) return [];
  if (key in tree) return [tree as Tree];
  return Object.values(tree).flatMap((value) => nodesWith(value, key));
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function sorted(value: unknown): readonly string[] {
  return [...(listOf(value) as readonly string[])].sort();
}

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function pick(row: Tree, ...keys: readonly string[]): Tree {
  return Object.fromEntries(keys.map((key) => [key, row[key]]));
}

// Empty lists are as good as absent keys.
function without(facts: Tree): MessageFacts {
  const isThere = (value: unknown): boolean =>
    value !== undefined && value !== 0 && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => isThere(value)));
}
