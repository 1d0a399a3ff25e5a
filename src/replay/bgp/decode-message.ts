// Captured octets → ReplayedMessage: everything that can be told, also of broken messages, and the verdict beside it.
//
// RFC 4271 §4, RFC 4760, RFC 2918, RFC 5291 (outbound route filters in ROUTE-REFRESH), RFC 7313.

import { type Bytes, readU16, readU32 } from "../../base/bytes.js";
import { formatPrefix } from "../../base/ip.js";
import { decodeAsPath } from "../../packet/attributes/as-path.js";
import { decodeAttributes, type PathAttributes } from "../../packet/attributes/index.js";
import { ATTRIBUTE } from "../../packet/codes.js";
import { HEADER_LENGTH } from "../../packet/header.js";
import type { MessageContext } from "../../packet/message.js";
import { decodePrefixes } from "../../packet/nlri.js";
import { decodeNotification } from "../../packet/notification.js";
import { decodeOpen, type OpenMessage } from "../../packet/open.js";
import { decodeRouteRefresh } from "../../packet/route-refresh.js";
import { prefixesAreSound } from "../../packet/update.js";
import type { ForeignRoutes, MessageContent, ReplayedRoute, RouteFilters, UpdateContent } from "./replayed-message.js";
import { partsOfUpdate, type PrefixField, type UpdateParts } from "./update-parts.js";
import { judgeUpdate, type Verdict, verdictOf } from "./verdict.js";

export interface Decoded {
  readonly content: MessageContent;
  readonly verdict: Verdict | undefined;
}

/** An OPEN, header included. */
export function decodeOpenMessage(message: Bytes): Decoded {
  let open: Partial<OpenMessage> = {};
  const verdict = verdictOf(() => {
    open = decodeOpen(message, HEADER_LENGTH, message.length);
  });
  // The fields of fixed size can be told, whatever is wrong with the optional parameters.
  if (verdict !== undefined && message.length >= HEADER_LENGTH + 9) {
    open = {
      version: message[HEADER_LENGTH],
      myAs: readU16(message, HEADER_LENGTH + 1),
      holdTimeSeconds: readU16(message, HEADER_LENGTH + 3),
      bgpIdentifier: readU32(message, HEADER_LENGTH + 5),
    };
  }
  return { content: { kind: "OPEN", open }, verdict };
}

/** A NOTIFICATION, header included. */
export function decodeNotificationMessage(message: Bytes): Decoded {
  let content: MessageContent = { kind: "opaque" };
  const verdict = verdictOf(() => {
    content = { kind: "NOTIFICATION", notification: decodeNotification(message, HEADER_LENGTH, message.length) };
  });
  // RFC 4271 §6.4: nothing is sent in answer to a NOTIFICATION.
  return { content, verdict: verdict === undefined ? undefined : { error: verdict.error, reaction: "none" } };
}

/** A ROUTE-REFRESH, header included. `mayFilter`: false if it is known that no outbound route filters were agreed on. */
export function decodeRouteRefreshMessage(message: Bytes, mayFilter: boolean): Decoded {
  const at = HEADER_LENGTH;
  if (message.length < at + 4) {
    return { content: { kind: "opaque" }, verdict: verdictOf(() => decodeRouteRefresh(message, at, message.length)) };
  }
  const filters = message.length === at + 4 ? [] : filtersOf(message, at + 5);
  const content: MessageContent = {
    kind: "ROUTE-REFRESH",
    afi: readU16(message, at),
    subtype: message[at + 2],
    safi: message[at + 3],
    whenToRefresh: message.length > at + 4 ? message[at + 4] : undefined,
    filters: filters ?? [],
  };
  const isSound = message.length === at + 4 || (mayFilter && filters !== undefined);
  return { content, verdict: isSound ? undefined : verdictOf(() => decodeRouteRefresh(message, at, message.length)) };
}

// RFC 5291 §4: groups of entries by type, each with its length. Undefined if they do not fit the message.
function filtersOf(message: Bytes, start: number): RouteFilters[] | undefined {
  const filters: RouteFilters[] = [];
  let at = start;
  while (at + 3 <= message.length) {
    const octets = readU16(message, at + 1);
    filters.push({ type: message[at], octets });
    at += 3 + octets;
  }
  return at === message.length && filters.length > 0 ? filters : undefined;
}

/** True if the capability of outbound route filtering (3, or 130 as before RFC 5291) is among them. */
export function offersFilters(open: OpenMessage): boolean {
  return open.capabilities.unknown.some(
    ({ code }) => code === CAPABILITY_ROUTE_FILTERS || code === CAPABILITY_OLD_ROUTE_FILTERS,
  );
}

const CAPABILITY_ROUTE_FILTERS = 3;
const CAPABILITY_OLD_ROUTE_FILTERS = 130;

/** An UPDATE, header included, read as `context` says. `ebgp`: the sender is external to the receiver. */
export function decodeUpdateMessage(message: Bytes, context: MessageContext, ebgp: boolean): Decoded {
  const parts = partsOfUpdate(message, HEADER_LENGTH, message.length);
  const { prefixFields, attributesAt, attributesEnd } = parts;
  const routes = (verb: PrefixField["verb"]): ReplayedRoute[] =>
    prefixFields.filter((field) => field.verb === verb).flatMap((field) => routesOf(message, field, context));
  const content: UpdateContent = {
    kind: "UPDATE",
    announce: routes("announce"),
    withdraw: routes("withdraw"),
    foreign: prefixFields.flatMap(foreignOf),
    nextHops: prefixFields.flatMap(({ afi, safi, nextHop }) => (nextHop === undefined ? [] : [{ afi, safi, nextHop }])),
    attributes: withAnyPath(message, parts, context.fourOctetAs),
    endOfRib: endOfRibOf(prefixFields, attributesEnd - attributesAt),
    context,
  };
  return { content, verdict: judgeUpdate(message, HEADER_LENGTH, message.length, context, ebgp) };
}

function routesOf(bytes: Bytes, field: PrefixField, context: MessageContext): ReplayedRoute[] {
  const { family, at } = field;
  if (family === undefined) return [];
  const addPath = context.addPathReceive[family];
  const end = soundEnd(bytes, field, addPath);
  return decodePrefixes(bytes, at, end, family, addPath).map(({ prefix, pathId }) => ({
    family,
    prefix: formatPrefix(prefix),
    pathId,
  }));
}

// Where the prefixes that make sense end.
function soundEnd(bytes: Bytes, { family, at, end }: PrefixField, addPath: boolean): number {
  const longest = family === 0 ? 32 : 128;
  if (prefixesAreSound(bytes, at, end, longest, addPath)) return end;
  let last = at;
  for (;;) {
    const lengthAt = last + (addPath ? 4 : 0);
    const next = lengthAt + 1 + ((bytes[lengthAt] + 7) >>> 3);
    if (lengthAt >= end || bytes[lengthAt] > longest || next > end) return last;
    last = next;
  }
}

function foreignOf({ verb, afi, safi, family, at, end }: PrefixField): ForeignRoutes[] {
  return family === undefined && end > at ? [{ verb, afi, safi, octets: end - at }] : [];
}

// RFC 4724 §2: an empty UPDATE for IPv4 unicast, nothing but an empty MP_UNREACH_NLRI for others.
function endOfRibOf(fields: readonly PrefixField[], attributesLength: number): UpdateContent["endOfRib"] {
  if (fields.some(({ at, end }) => end > at)) return undefined;
  if (attributesLength === 0) return { afi: 1, safi: 1 };
  const [first, ...others] = fields.slice(1, -1);
  if (first?.verb !== "withdraw" || others.length > 0) return undefined;
  const isAlone = attributesLength === 6 || attributesLength === 7; // with a header of three or four octets
  return isAlone ? { afi: first.afi, safi: first.safi } : undefined;
}

// Confederation segments are malformed to our speaker, which is the verdict's business: they can be read all the same.
function withAnyPath(bytes: Bytes, parts: UpdateParts, fourOctetAs: boolean): PathAttributes {
  const attributes = decodeAttributes(bytes, parts.attributesAt, parts.attributesEnd, fourOctetAs);
  const raw = attributes.unknown?.find(({ code }) => code === ATTRIBUTE.AS_PATH);
  if (raw === undefined || !segmentsFit(raw.value, fourOctetAs ? 4 : 2)) return attributes;
  const unknown = attributes.unknown?.filter((other) => other !== raw) ?? [];
  const { unknown: _, ...others } = attributes;
  const asPath = decodeAsPath(raw.value, 0, raw.value.length, fourOctetAs ? 4 : 2);
  return unknown.length === 0 ? { ...others, asPath } : { ...others, asPath, unknown };
}

function segmentsFit(value: Bytes, asLength: 2 | 4): boolean {
  let at = 0;
  while (at + 2 <= value.length) at += 2 + value[at + 1] * asLength;
  return at === value.length;
}
