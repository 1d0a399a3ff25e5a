// A replayed message as a plain JSON value. Numbers of families, octets and identifiers become what people read.

import { type Bytes, toHex } from "../base/bytes.js";
import { FAMILIES } from "../base/family.js";
import { formatBytes, formatIpv4Word } from "../base/ip.js";
import {
  asPathText,
  attributeName,
  communityText,
  extendedCommunityText,
  largeCommunityText,
  type PathAttributes,
} from "../packet/attributes/index.js";
import { type Capabilities, capabilityNames } from "../packet/capabilities.js";
import { capabilityName, CEASE, ERROR_CODE, errorName, ORIGIN_NAMES } from "../packet/codes.js";
import { familyText } from "../packet/message.js";
import { type Notification, notificationText } from "../packet/notification.js";
import type { OpenMessage } from "../packet/open.js";
import { refreshWord } from "./message-text.js";
import type { MessageContent, ReplayedMessage, ReplayedRoute, UpdateContent } from "./bgp/replayed-message.js";
import { endpointText } from "./network/tcp-segment.js";

export type JsonObject = Readonly<Record<string, unknown>>;

/** One line of `-o json`: `time` in seconds since 1970 with microseconds. Absent keys: nothing to say. */
export function messageJson(message: ReplayedMessage): JsonObject {
  const { stamp, from, to, type, length, content, verdict } = message;
  return {
    time: stamp.timeMicros / 1e6,
    packet: stamp.packet,
    from: endpointText(from),
    to: endpointText(to),
    type,
    length,
    ...contentJson(content),
    ...verdict,
  };
}

function contentJson(content: MessageContent): JsonObject {
  switch (content.kind) {
    case "OPEN":
      return openJson(content.open);
    case "UPDATE":
      return updateJson(content);
    case "NOTIFICATION":
      return notificationJson(content.notification);
    case "ROUTE-REFRESH": {
      const { afi, safi, subtype, whenToRefresh, filters } = content;
      const filtering = whenToRefresh === undefined ? {} : { whenToRefresh, filters };
      return { family: familyText(afi, safi), afi, safi, subtype, subtypeName: refreshWord(subtype), ...filtering };
    }
    case "KEEPALIVE":
    case "opaque":
      return {};
  }
}

function openJson({ version, myAs, holdTimeSeconds, bgpIdentifier, capabilities }: Partial<OpenMessage>): JsonObject {
  return {
    version,
    as: capabilities?.fourOctetAs ?? myAs,
    myAs,
    holdTime: holdTimeSeconds,
    routerId: bgpIdentifier === undefined ? undefined : formatIpv4Word(bgpIdentifier),
    ...(capabilities === undefined
      ? {}
      : { capabilities: capabilitiesJson(capabilities), capabilityNames: capabilityNames(capabilities) }),
  };
}

// What was not offered is left out; the families are always there.
function capabilitiesJson({ unknown, families, ...known }: Capabilities): JsonObject {
  const offered = Object.entries(known).filter(([, value]) => value !== false && !isEmpty(value));
  const others = unknown.map(({ code, value }) => ({ code, name: capabilityName(code), value: toHex(value) }));
  return {
    families: readable(families, "families"),
    ...(readable(Object.fromEntries(offered)) as JsonObject),
    ...(others.length > 0 ? { unknown: others } : {}),
  };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

// The capabilities we know are plain data but for families, which are numbers of ours.
function readable(value: unknown, key = ""): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === "number" && (key === "family" || key === "families")) return FAMILIES[value].name;
  if (Array.isArray(value)) return value.map((entry) => readable(entry, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, readable(entry, name)]));
}

function notificationJson(notification: Notification): JsonObject {
  const { code, subcode, data } = notification;
  const name = errorName(code, subcode);
  const text = notificationText(notification);
  return {
    code,
    subcode,
    name,
    // What the data says behind the name: the operator's words, the NOTIFICATION inside a Hard Reset …
    ...(text.length > name.length ? { text: shutdownText(notification) ?? text.slice(name.length + 2) } : {}),
    ...(data.length > 0 ? { data: toHex(data) } : {}),
  };
}

// RFC 9003 §2: as it was written; JSON has escapes of its own.
function shutdownText({ code, subcode, data }: Notification): string | undefined {
  const isShutdown = subcode === CEASE.ADMINISTRATIVE_SHUTDOWN || subcode === CEASE.ADMINISTRATIVE_RESET;
  if (code !== ERROR_CODE.CEASE || !isShutdown || 1 + data[0] > data.length) return undefined;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data.subarray(1, 1 + data[0]));
  return text.includes("\ufffd") ? undefined : text;
}

function updateJson(update: UpdateContent): JsonObject {
  const { announce, withdraw, foreign, endOfRib, context } = update;
  const hasPaths = [...announce, ...withdraw].some(({ pathId }) => pathId !== undefined);
  const pathIds = (routes: readonly ReplayedRoute[]): (number | null)[] => routes.map(({ pathId }) => pathId ?? null);
  return {
    announce: announce.map(({ prefix }) => prefix),
    withdraw: withdraw.map(({ prefix }) => prefix),
    ...(hasPaths ? { pathIds: { announce: pathIds(announce), withdraw: pathIds(withdraw) } } : {}),
    ...(foreign.length > 0
      ? { otherFamilies: foreign.map((field) => ({ ...field, family: familyText(field.afi, field.safi) })) }
      : {}),
    ...(endOfRib === undefined ? {} : { endOfRib: familyText(endOfRib.afi, endOfRib.safi) }),
    attributes: attributesJson(update),
    fourOctetAs: context.fourOctetAs,
  };
}

/** `nextHop` is that of MP_REACH_NLRI where there is no NEXT_HOP; all of them stand in `mpNextHops`. */
function attributesJson({ attributes, nextHops }: UpdateContent): JsonObject {
  const { nextHop, origin, med, localPref, atomicAggregate, onlyToCustomer } = attributes;
  const first = nextHop ?? nextHops.at(0)?.nextHop;
  return {
    ...ifGiven("origin", origin, (value) => ORIGIN_NAMES[value]),
    ...ifGiven("asPath", attributes.asPath, asPathText),
    ...ifGiven("nextHop", first, globalText),
    ...ifGiven("med", med, (value) => value),
    ...ifGiven("localPref", localPref, (value) => value),
    ...ifGiven("atomicAggregate", atomicAggregate, (value) => value),
    ...ifGiven("aggregator", attributes.aggregator, aggregatorJson),
    ...ifGiven("communities", attributes.communities, (values) => values.map(communityText)),
    ...ifGiven("originatorId", attributes.originatorId, formatIpv4Word),
    ...ifGiven("clusterList", attributes.clusterList, (values) => values.map(formatIpv4Word)),
    ...ifGiven("extendedCommunities", attributes.extendedCommunities, (values) => values.map(extendedCommunityText)),
    ...ifGiven("as4Path", attributes.as4Path, asPathText),
    ...ifGiven("as4Aggregator", attributes.as4Aggregator, aggregatorJson),
    ...ifGiven("ipv6ExtendedCommunities", attributes.ipv6ExtendedCommunities, (values) =>
      values.map((value) => toHex(value)),
    ),
    ...ifGiven("largeCommunities", attributes.largeCommunities, (values) => values.map(largeCommunityText)),
    ...ifGiven("onlyToCustomer", onlyToCustomer, (value) => value),
    ...(nextHops.length > 0 ? { mpNextHops: nextHops.map(mpNextHopJson) } : {}),
    ...ifGiven("unknown", attributes.unknown, (values) => values.map(unknownJson)),
  };
}

function ifGiven<T>(key: string, value: T | undefined, toJson: (value: T) => unknown): JsonObject {
  return value === undefined ? {} : { [key]: toJson(value) };
}

function aggregatorJson({ as, id }: NonNullable<PathAttributes["aggregator"]>): JsonObject {
  return { as, id: formatIpv4Word(id) };
}

function unknownJson({ code, flags, value }: NonNullable<PathAttributes["unknown"]>[number]): JsonObject {
  return { code, name: attributeName(code), flags, value: toHex(value) };
}

function mpNextHopJson({ afi, safi, nextHop }: UpdateContent["nextHops"][number]): JsonObject {
  const linkLocal = nextHop.length === 32 ? { linkLocal: formatBytes(nextHop, 16, 16) } : {};
  return { family: familyText(afi, safi), nextHop: globalText(nextHop), ...linkLocal };
}

function globalText(nextHop: Bytes): string {
  if (nextHop.length === 4) return formatBytes(nextHop);
  return nextHop.length === 16 || nextHop.length === 32 ? formatBytes(nextHop, 0, 16) : `0x${toHex(nextHop)}`;
}
