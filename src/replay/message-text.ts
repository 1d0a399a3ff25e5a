// A replayed message as lines for people: time, ends and type first, then one fact a line, indented.

import { ByteWriter, type Bytes, toHex } from "../base/bytes.js";
import { FAMILIES } from "../base/family.js";
import { formatIpv4Word } from "../base/ip.js";
import { asPathText, attributeTexts, encodeAttributes, nextHopText } from "../packet/attributes/index.js";
import { type Capabilities, capabilityNames, type GracefulRestart } from "../packet/capabilities.js";
import { capabilityName } from "../packet/codes.js";
import { familyText } from "../packet/message.js";
import { notificationText } from "../packet/notification.js";
import type { OpenMessage } from "../packet/open.js";
import type { MessageContent, ReplayedMessage, ReplayedRoute, UpdateContent } from "./bgp/replayed-message.js";
import type { Verdict } from "./bgp/verdict.js";
import { type Endpoint, endpointText } from "./network/tcp-segment.js";

const REFRESH_WORDS = ["request", "beginning", "end"] as const;
const FQDN = 73;

/** Subtype of a ROUTE-REFRESH (RFC 7313) in words. */
export function refreshWord(subtype: number): string {
  return REFRESH_WORDS.at(subtype) ?? `subtype ${subtype}`;
}

/** Time in UTC with microseconds, RFC 3339. */
export function timeText(timeMicros: number): string {
  const whole = new Date(Math.floor(timeMicros / 1000)).toISOString();
  return `${whole.slice(0, -1)}${String(timeMicros % 1000).padStart(3, "0")}Z`;
}

/** `TIME FROM → TO`, which every line that is not indented begins with. */
export function wayText(timeMicros: number, from: Endpoint, to: Endpoint): string {
  return `${timeText(timeMicros)} ${endpointText(from)} → ${endpointText(to)}`;
}

/** The first line whole, the others indented. What strangers wrote is not made printable yet. */
export function messageLines(message: ReplayedMessage): string[] {
  const { stamp, from, to, content, verdict } = message;
  const [headline, ...facts] = contentLines(message.type, message.length, content);
  const lines = [...facts, ...(verdict === undefined ? [] : [verdictText(verdict)])];
  return [`${wayText(stamp.timeMicros, from, to)} ${headline}`, ...lines.map((line) => `  ${line}`)];
}

function contentLines(type: string, length: number, content: MessageContent): string[] {
  switch (content.kind) {
    case "OPEN":
      return openLines(content.open);
    case "UPDATE":
      return updateLines(content);
    case "NOTIFICATION": {
      const { code, subcode } = content.notification;
      return [`NOTIFICATION ${code}/${subcode} ${notificationText(content.notification)}`];
    }
    case "KEEPALIVE":
      return ["KEEPALIVE"];
    case "ROUTE-REFRESH": {
      const { afi, safi, subtype, whenToRefresh, filters } = content;
      const when = whenToRefresh === 1 ? "immediate" : whenToRefresh === 2 ? "defer" : `when ${whenToRefresh}`;
      const filtering = filters.map(
        (filter) => `outbound route filter ${filter.type}, ${filter.octets} octets, ${when}`,
      );
      return [`ROUTE-REFRESH ${refreshWord(subtype)} ${familyText(afi, safi)}`, ...filtering];
    }
    case "opaque":
      return [`${type} of ${length} octets`];
  }
}

function openLines(open: Partial<OpenMessage>): string[] {
  const { version, myAs, holdTimeSeconds, bgpIdentifier, capabilities } = open;
  if (version === undefined || bgpIdentifier === undefined) return ["OPEN"];
  const as = capabilities?.fourOctetAs ?? myAs;
  const field = as === myAs ? "" : ` (AS field ${myAs})`;
  const id = formatIpv4Word(bgpIdentifier);
  return [
    `OPEN version ${version} AS${as}${field} hold time ${holdTimeSeconds} s id ${id}`,
    ...(capabilities === undefined ? [] : capabilityLines(capabilities)),
  ];
}

function capabilityLines(capabilities: Capabilities): string[] {
  const { gracefulRestart, unknown } = capabilities;
  const known = capabilityNames({ ...capabilities, gracefulRestart: undefined, unknown: [] });
  return [
    ...known,
    ...(gracefulRestart === undefined ? [] : [restartText(gracefulRestart)]),
    ...unknown.map(({ code, value }) => unknownCapabilityText(code, value)),
  ];
}

function restartText({ restartTimeSeconds, restarting, notification, families }: GracefulRestart): string {
  const facts = [`${restartTimeSeconds} s`];
  if (restarting) facts.push("restarting");
  if (notification) facts.push("notification");
  for (const { family, forwardingPreserved } of families) {
    facts.push(`${FAMILIES[family].name} ${forwardingPreserved ? "preserved" : "not preserved"}`);
  }
  return `graceful restart (${facts.join(", ")})`;
}

function unknownCapabilityText(code: number, value: Bytes): string {
  const name = capabilityName(code);
  if (value.length === 0) return name;
  return `${name} ${code === FQDN ? hostText(value) : `0x${toHex(value)}`}`;
}

// draft-walton-bgp-hostname-capability: host and domain name, each with a length octet.
function hostText(value: Bytes): string {
  const hostEnd = 1 + value[0];
  if (hostEnd >= value.length || hostEnd + 1 + value[hostEnd] !== value.length) return `0x${toHex(value)}`;
  const text = (from: number, to: number): string => new TextDecoder().decode(value.subarray(from, to));
  const domain = text(hostEnd + 1, value.length);
  return JSON.stringify(domain === "" ? text(1, hostEnd) : `${text(1, hostEnd)}.${domain}`);
}

function updateLines(update: UpdateContent): string[] {
  const { announce, withdraw, foreign, nextHops, endOfRib } = update;
  if (endOfRib !== undefined) return [`UPDATE End-of-RIB ${familyText(endOfRib.afi, endOfRib.safi)}`];
  const foreignLine = (verb: "announce" | "withdraw"): string[] =>
    foreign
      .filter((field) => field.verb === verb)
      .map(({ afi, safi, octets }) => `${verb} ${familyText(afi, safi)}, ${octets} octets`);
  return [
    "UPDATE",
    ...withdraw.map((route) => `withdraw ${routeText(route)}`),
    ...foreignLine("withdraw"),
    ...announce.map((route) => `announce ${routeText(route)}`),
    ...foreignLine("announce"),
    ...nextHops.map(({ afi, safi, nextHop }) => `next hop ${anyNextHopText(nextHop)} (${familyText(afi, safi)})`),
    ...attributeLines(update),
  ];
}

function routeText({ prefix, pathId }: ReplayedRoute): string {
  return pathId === undefined ? prefix : `${prefix} path ${pathId}`;
}

function anyNextHopText(nextHop: Bytes): string {
  const isAddress = nextHop.length === 4 || nextHop.length === 16 || nextHop.length === 32;
  return isAddress ? nextHopText(nextHop, 0, nextHop.length) : `0x${toHex(nextHop)}`;
}

function attributeLines({ attributes }: UpdateContent): string[] {
  const out = new ByteWriter();
  encodeAttributes(attributes, out);
  return attributeTexts(out.bytes, 0, out.length).map(([name, text]) => {
    // Confederation segments are readable, though malformed to our speaker.
    const shown = name === "AS_PATH" && attributes.asPath !== undefined ? asPathText(attributes.asPath) : text;
    return shown === "" ? name : `${name}: ${shown}`;
  });
}

function verdictText({ error, reaction, notification }: Verdict): string {
  const numbers = notification === undefined ? "" : ` ${notification.code}/${notification.subcode}`;
  return `error: ${error}${reaction === "none" ? "" : ` → ${reaction}${numbers}`}`;
}
