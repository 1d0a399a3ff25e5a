// A message as readable lines, for debug logs, the command line and replay.

import { ByteWriter, type Bytes, toHex } from "../base/bytes.js";
import { unreachable } from "../base/invariant.js";
import { formatIpv4Word, formatPrefix } from "../base/ip.js";
import { attributeTexts, encodeAttributes, nextHopText } from "./attributes/index.js";
import { capabilityNames } from "./capabilities.js";
import { decodeMessage, familyText, type Message, type MessageContext, type UpdateMessage } from "./message.js";
import type { NlriEntry } from "./nlri.js";
import { notificationText } from "./notification.js";
import type { OpenMessage } from "./open.js";

const REFRESH_WORDS = ["request", "beginning", "end"] as const;

/** Lines of a message as it stands on the wire, header included. Throws as decodeMessage does. */
export function describeBytes(bytes: Bytes, context?: MessageContext): string[] {
  return describeMessage(decodeMessage(bytes, context));
}

/** First line: type and what matters most; the others, indented by two spaces, one fact each. */
export function describeMessage(message: Message): string[] {
  switch (message.type) {
    case "OPEN":
      return describeOpen(message);
    case "UPDATE":
      return describeUpdate(message);
    case "NOTIFICATION":
      return [`NOTIFICATION ${message.code}/${message.subcode} ${notificationText(message)}`];
    case "KEEPALIVE":
      return ["KEEPALIVE"];
    case "ROUTE-REFRESH": {
      const word = REFRESH_WORDS.at(message.subtype) ?? `subtype ${message.subtype}`;
      return [`ROUTE-REFRESH ${word} ${familyText(message.afi, message.safi)}`];
    }
    default:
      return unreachable(message);
  }
}

function describeOpen(open: OpenMessage): string[] {
  const as = open.capabilities.fourOctetAs ?? open.myAs;
  return [
    `OPEN version ${open.version} AS${as} hold time ${open.holdTimeSeconds} s id ${formatIpv4Word(open.bgpIdentifier)}`,
    ...capabilityNames(open.capabilities).map((name) => `  ${name}`),
  ];
}

function describeUpdate(message: UpdateMessage): string[] {
  const { withdrawn, nlri, mpReach, mpUnreach, fault } = message;
  const attributes = attributeLines(message);
  const lines = [
    ...entryLines("withdraw", withdrawn),
    ...(mpUnreach === undefined ? [] : entryLines("withdraw", mpUnreach.prefixes)),
    ...foreignLines("withdraw", mpUnreach),
    ...(mpReach === undefined ? [] : entryLines("announce", mpReach.prefixes)),
    ...foreignLines("announce", mpReach),
    ...(mpReach === undefined ? [] : [`next hop ${anyNextHopText(mpReach.nextHop)}`]),
    ...entryLines("announce", nlri),
    ...attributes,
    ...(fault === undefined ? [] : [`fault: ${fault}`]),
  ];
  if (lines.length > 0) return ["UPDATE", ...lines.map((line) => `  ${line}`)];
  // RFC 4724 §2: an empty UPDATE, or one with an empty MP_UNREACH_NLRI, ends the initial update.
  return [`UPDATE End-of-RIB ${mpUnreach === undefined ? "ipv4" : familyText(mpUnreach.afi, mpUnreach.safi)}`];
}

function entryLines(verb: string, entries: readonly NlriEntry[]): string[] {
  return entries.map(({ prefix, pathId }) => {
    const path = pathId === undefined ? "" : ` path ${pathId}`;
    return `${verb} ${formatPrefix(prefix)}${path}`;
  });
}

interface ForeignNlri {
  readonly afi: number;
  readonly safi: number;
  readonly nlri?: Bytes;
}

function foreignLines(verb: string, attribute: ForeignNlri | undefined): string[] {
  if (attribute?.nlri === undefined || attribute.nlri.length === 0) return [];
  return [`${verb} ${familyText(attribute.afi, attribute.safi)} 0x${toHex(attribute.nlri)}`];
}

function anyNextHopText(nextHop: Bytes): string {
  const isAddress = nextHop.length === 4 || nextHop.length === 16 || nextHop.length === 32;
  return isAddress ? nextHopText(nextHop, 0, nextHop.length) : `0x${toHex(nextHop)}`;
}

function attributeLines(message: UpdateMessage): string[] {
  const out = new ByteWriter();
  encodeAttributes(message.attributes, out);
  return attributeTexts(out.bytes, 0, out.length).map(([name, text]) => (text === "" ? name : `${name}: ${text}`));
}
