// `show route`: rows of networks, their attributes, the count below them.

import { formatSince } from "./bird-times.js";
import type { BgpPathView, Destination, NetworkView, PathView } from "./bird-view.js";
import type { ReplyLine } from "./reply.js";

const ORIGIN_LETTERS: Readonly<Record<BgpPathView["origin"], string>> = { IGP: "i", EGP: "e", Incomplete: "?" };

/** The rows of a network; with `all` the attributes of each path below its row. */
export function networkLines(network: NetworkView, all: boolean, now: number): readonly ReplyLine[] {
  const lines: ReplyLine[] = [];
  let prefix = network.prefix;
  for (const path of network.paths) {
    lines.push(...pathLines(prefix, path, now));
    if (all) lines.push(...attributeLines(path));
    prefix = "";
  }
  return lines;
}

export function countText({ shown, looked, networks }: Counts): string {
  return `${shown} of ${looked} routes for ${networks} networks`;
}

/** Sums over the networks of a listing. */
export interface Counts {
  readonly shown: number;
  readonly looked: number;
  readonly networks: number;
}

function pathLines(prefix: string, path: PathView, now: number): readonly ReplyLine[] {
  const { destination, protocol, from } = path;
  const time = formatSince(path.changedAt, now);
  const origin = `[${protocol} ${time}${from === undefined ? "" : ` from ${from}`}]`;
  const mark = path.mark === undefined ? "" : path.mark === "best" ? " *" : " !";
  const row = `${prefix.padEnd(18)} ${destinationText(destination)} ${origin}${mark}${tail(path)}`;
  const lines = [{ code: 1007, text: row }];
  if (destination.kind !== "multipath") return lines;
  for (const { gateway, device, weight } of destination.hops)
    lines.push({ code: 1007, text: `\tvia ${gateway} on ${device} weight ${weight}` });
  return lines;
}

function destinationText(destination: Destination): string {
  switch (destination.kind) {
    case "via":
      return `via ${destination.gateway} on ${destination.device}`;
    case "device":
      return `dev ${destination.device}`;
    default:
      return destination.kind;
  }
}

function tail({ preference, bgp }: PathView): string {
  if (bgp === undefined) return ` (${preference})`;
  const metric = bgp.igpMetric === undefined ? "" : `/${bgp.igpMetric}`;
  const as = bgp.originAs === undefined ? "" : `AS${bgp.originAs}`;
  return ` (${preference}${bgp.isStale ? "s" : ""}${metric}) [${as}${ORIGIN_LETTERS[bgp.origin]}]`;
}

function attributeLines(path: PathView): readonly ReplyLine[] {
  return [
    { code: 1008, text: `\tType: ${path.source} unicast univ` },
    ...path.attributes().map((text) => ({ code: 1012, text: `\t${text}` })),
  ];
}
