// A scenario of the model test in words, for whoever has to find out why it failed.

import { formatBytes, formatPrefix, type IpPrefix } from "../../src/base/ip.js";
import { FAMILIES, type Family } from "../../src/base/family.js";
import { communityText } from "../../src/packet/attributes/index.js";
import { ENCAPSULATIONS } from "../speaker/model-kernel.js";
import type { Command, Exporting, Importing, Judging, ModelStatic, Scenario, Sketch, Way } from "./model-commands.js";
import { MODEL_FILTERS } from "./model-filters.js";
import { AGGREGATES, NEXT_HOPS, PEERS, PREFIXES } from "./model-universe.js";

const named = (indices: readonly number[]): string => indices.map((i) => PEERS[i].name).join(", ") || "nobody";
const families = (list: readonly Family[]): string =>
  list.map((family) => FAMILIES[family].name).join(" and ") || "none";
const prefixes = (list: readonly IpPrefix[]): string => list.map(formatPrefix).join(", ") || "none";
const nextHop = (family: Family, index: number): string => {
  const bytes = NEXT_HOPS[family][index];
  return bytes.length === 32 ? `${formatBytes(bytes, 0, 16)}+${formatBytes(bytes, 16, 16)}` : formatBytes(bytes);
};

function listed(entries: readonly { readonly prefix: number; readonly pathId: number }[]): string {
  return entries.map(({ prefix, pathId }) => `${formatPrefix(PREFIXES[prefix])} #${pathId}`).join(", ") || "nothing";
}

/** `KEY VALUE, …` of what is set. */
function facts(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => (value === true ? key : `${key} ${Array.isArray(value) ? value.join(" ") : String(value)}`))
    .join(", ");
}

function sketchWords({ communities, nextHops, ...rest }: Sketch): string {
  const told = facts({ ...rest, communities: communities.map(communityText) });
  return `(${told}; next hops ${nextHop(0, nextHops[0])}, ${nextHop(1, nextHops[1])})`;
}

function filterWords(index: number): string {
  return `filter "${MODEL_FILTERS[index].identity}"`;
}

function exportWords({ filter, ...rest }: Exporting): string {
  return `${filterWords(filter)}, ${facts(rest)}`;
}

function optionWords(options: Importing | Judging): string {
  return facts(options) || "plain options";
}

function wayWords(way: Way): string {
  switch (way.kind) {
    case "none":
      return "is lost";
    case "local":
      return "is ourselves";
    case "connected":
      return `is on the link of ${way.device}`;
    case "recursive":
      return `is behind gateway ${way.gateway} on ${way.device} at cost ${way.cost}`;
  }
}

function staticWords({ prefix, via, nextHop: hop, install }: ModelStatic): string {
  const { family } = PREFIXES[prefix];
  const way = via === "gateway" ? `via ${nextHop(family, hop)}` : via;
  return `${formatPrefix(PREFIXES[prefix])} ${way}${install ? "" : " (not installed)"}`;
}

/** What happens, in one line. */
export function commandWords(command: Command): string {
  const who = "peer" in command ? PEERS[command.peer].name : "";
  switch (command.kind) {
    case "announce": {
      const how = command.wide ? " (IPv4 over IPv6)" : "";
      const gone = command.withdrawn.length === 0 ? "" : `, withdraws ${listed(command.withdrawn)}`;
      return `${who} announces ${listed(command.entries)}${how} ${sketchWords(command.sketch)}${gone}`;
    }
    case "announceAlike":
      return `${named(command.peers)} announce ${formatPrefix(PREFIXES[command.prefix])}, each over the next next hop ${sketchWords(command.sketch)}`;
    case "announceBlock":
      return `${who} announces the ${families([command.family])} block ${sketchWords(command.sketch)}`;
    case "withdraw":
      return `${who} withdraws ${listed(command.entries)}`;
    case "withdrawBlock":
      return `${who} withdraws the ${families([command.family])} block`;
    case "up":
      return `${who} comes up`;
    case "down":
      return `${who} goes down, ${families(command.keep)} kept`;
    case "remove":
      return `${who} is removed and made anew`;
    case "sweep":
      return `${who} has told its ${families([command.family])} table: stale routes go`;
    case "beginRefresh":
      return `${who} begins to tell its ${families([command.family])} table again, ${command.times} times`;
    case "flap":
      return `${who} goes down and comes up ${command.times} times, ${families(command.keep)} kept`;
    case "refresh":
      return `${who} asks for the ${families([command.family])} table`;
    case "importFilter":
      return `import of ${who}: ${filterWords(command.filter)}`;
    case "importing":
      return `import of ${who}: ${optionWords(command.importing)}`;
    case "judging":
      return `${who} is reset, ${families(command.keep)} kept, for ${optionWords(command.judging)}`;
    case "export":
      return `export to ${named(command.peers)}: ${exportWords(command.exporting)}`;
    case "way":
      return command.nextHop === undefined
        ? `each ${families([command.family])} next hop ${wayWords(command.way)}`
        : `next hop ${nextHop(command.family, command.nextHop)} ${wayWords(command.way)}`;
    case "decision": {
      const { kind: _kind, ...choices } = command;
      return `decision: ${facts(choices)}`;
    }
    case "own": {
      const med = command.med === undefined ? "" : ` with MED ${command.med}`;
      return `we ${command.announce ? "announce" : "withdraw"} ${formatPrefix(PREFIXES[command.prefix])}${med}`;
    }
    case "statics":
      return `static routes: ${command.routes.map(staticWords).join(", ") || "none"}`;
    case "aggregates":
      return `aggregates: ${prefixes(command.prefixes.map((i) => AGGREGATES[i]))}${command.summaryOnly ? ", summary only" : ""}`;
    case "kernel": {
      const rules = ENCAPSULATIONS[command.encapsulation].map(
        ({ prefix, mode, device }) => `${formatPrefix(prefix)} ${mode} ${device}`,
      );
      return `kernel: ${filterWords(command.filter)}, tunnels ${rules.join(", ") || "none"}`;
    }
    case "hold":
      return `${who} stops reading`;
    case "drain":
      return `${who} reads ${command.count} chunks`;
    case "step":
      return `${command.count} turns pass`;
    case "check":
      return "everything is compared";
  }
}

/** The whole scenario, a line each. */
export function scenarioWords(scenario: Scenario): string {
  const { up, takesPaths, paths, slices, batchBytes, retainedBytes, spread, multipath, commands } = scenario;
  const world = facts({ multipath, slices, spread, batchBytes, retainedBytes });
  const lines = commands.map((command, i) => `${String(i + 1).padStart(3)}. ${commandWords(command)}`);
  return [`up at first: ${named(up)}; several paths (${paths}) to: ${named(takesPaths)}; ${world}`, ...lines].join(
    "\n",
  );
}
