// Whole messages as plain objects: for fixtures, for people, for replay. Sessions and RIB never use this form.

import { ByteWriter, type Bytes } from "../base/bytes.js";
import { FAMILIES, IPV4_UNICAST } from "../base/family.js";
import type { PathAttributes } from "./attributes/attribute.js";
import { appendAttribute, decodeAttributes, encodeAttributes } from "./attributes/codec.js";
import { AttributeSection } from "./attributes/section.js";
import { ATTRIBUTE, ERROR_CODE, FLAG_OPTIONAL, HEADER_ERROR, MESSAGE } from "./codes.js";
import { Framer } from "./framing.js";
import { makeMessage, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from "./header.js";
import { KEEPALIVE_MESSAGE } from "./keepalive.js";
import {
  decodeMpReach,
  decodeMpUnreach,
  decodePrefixes,
  encodeMpReach,
  encodeMpUnreach,
  encodePrefixes,
  type MpReach,
  type MpUnreach,
  type NlriEntry,
} from "./nlri.js";
import { decodeNotification, encodeNotification, type Notification, NotificationError } from "./notification.js";
import { decodeOpen, encodeOpen, type OpenMessage } from "./open.js";
import { decodeRouteRefresh, encodeRouteRefresh } from "./route-refresh.js";
import { decodeUpdate, type UpdateContext, UpdateView } from "./update.js";
import { unreachable } from "../base/invariant.js";

export interface UpdateMessage {
  readonly type: "UPDATE";
  readonly withdrawn: readonly NlriEntry[];
  /** As they came: AS numbers may be of two octets, AS4_PATH unmerged. */
  readonly attributes: PathAttributes;
  readonly nlri: readonly NlriEntry[];
  readonly mpReach?: MpReach;
  readonly mpUnreach?: MpUnreach;
  /** Why framing asks for treat-as-withdraw (RFC 7606 §4). Not encoded. */
  readonly fault?: string;
}

export interface RouteRefreshMessage {
  readonly type: "ROUTE-REFRESH";
  readonly afi: number;
  readonly safi: number;
  readonly subtype: number;
}

export type Message =
  | ({ readonly type: "OPEN" } & OpenMessage)
  | UpdateMessage
  | ({ readonly type: "NOTIFICATION" } & Notification)
  | { readonly type: "KEEPALIVE" }
  | RouteRefreshMessage;

export interface MessageContext extends UpdateContext {
  /** RFC 8654 was negotiated. */
  readonly extendedMessage?: boolean;
}

/** What a session speaks when nothing was negotiated but AS numbers of four octets. */
export const PLAIN_CONTEXT: MessageContext = { addPathReceive: [false, false], fourOctetAs: true };

/** Decodes one whole message, header included. Nothing in the result points into `bytes`.
 *  Throws NotificationError as framing and the decoder of the type do, and 1/2 if `bytes` is not exactly one
 *  message. */
export function decodeMessage(bytes: Bytes, context: MessageContext = PLAIN_CONTEXT): Message {
  const framer = new Framer();
  framer.maxLength = context.extendedMessage === true ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
  framer.push(bytes);
  if (!framer.next() || framer.pending > 0) {
    const detail = "not exactly one message";
    throw new NotificationError(ERROR_CODE.MESSAGE_HEADER, HEADER_ERROR.BAD_MESSAGE_LENGTH, undefined, detail);
  }
  return decodeBody(framer.type, framer.bytes, framer.start, framer.end, context);
}

/** Decodes the body of a message that framing has delivered. */
export function decodeBody(type: number, bytes: Bytes, start: number, end: number, context: UpdateContext): Message {
  switch (type) {
    case MESSAGE.OPEN:
      return { type: "OPEN", ...decodeOpen(bytes, start, end) };
    case MESSAGE.UPDATE:
      return decodeUpdateMessage(bytes, start, end, context);
    case MESSAGE.NOTIFICATION:
      return { type: "NOTIFICATION", ...decodeNotification(bytes, start, end) };
    case MESSAGE.KEEPALIVE:
      return { type: "KEEPALIVE" };
    case MESSAGE.ROUTE_REFRESH: {
      const { afi, safi, subtype } = decodeRouteRefresh(bytes, start, end);
      return { type: "ROUTE-REFRESH", afi, safi, subtype };
    }
    default:
      throw new NotificationError(ERROR_CODE.MESSAGE_HEADER, HEADER_ERROR.BAD_MESSAGE_TYPE, Uint8Array.of(type));
  }
}

function decodeUpdateMessage(bytes: Bytes, start: number, end: number, context: UpdateContext): UpdateMessage {
  const view = new UpdateView();
  decodeUpdate(bytes, start, end, context, view);
  const addPath = context.addPathReceive;
  const section = new AttributeSection();
  section.scan(bytes, view.attributesAt, view.attributesEnd);
  const range = (type: number): [number, number] => [
    section.valueAt[type],
    section.valueAt[type] + section.lengths[type],
  ];
  const { MP_REACH_NLRI, MP_UNREACH_NLRI } = ATTRIBUTE;
  return {
    type: "UPDATE",
    withdrawn: decodePrefixes(bytes, view.withdrawnAt, view.withdrawnEnd, IPV4_UNICAST, addPath[IPV4_UNICAST]),
    attributes: decodeAttributes(bytes, view.attributesAt, view.attributesEnd, context.fourOctetAs),
    nlri: decodePrefixes(bytes, view.nlriAt, view.nlriEnd, IPV4_UNICAST, addPath[IPV4_UNICAST]),
    ...(section.has(MP_REACH_NLRI) ? { mpReach: decodeMpReach(bytes, ...range(MP_REACH_NLRI), addPath) } : {}),
    ...(section.has(MP_UNREACH_NLRI) ? { mpUnreach: decodeMpUnreach(bytes, ...range(MP_UNREACH_NLRI), addPath) } : {}),
    ...(view.faultText === undefined ? {} : { fault: view.faultText }),
  };
}

/** The whole message. MP_REACH_NLRI and MP_UNREACH_NLRI go first (RFC 7606 §5.1), the others ascending by type.
 *  Throws RangeError if it does not fit the length the context allows. */
export function encodeMessage(message: Message, context: MessageContext = PLAIN_CONTEXT): Bytes {
  const bytes = encodeAny(message, context);
  const longest = context.extendedMessage === true ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
  if (bytes.length > longest) throw new RangeError(`${message.type} of ${bytes.length} octets`);
  return bytes;
}

function encodeAny(message: Message, context: MessageContext): Bytes {
  switch (message.type) {
    case "OPEN":
      return encodeOpen(message);
    case "UPDATE":
      return encodeUpdateMessage(message, context);
    case "NOTIFICATION":
      return encodeNotification(message);
    case "KEEPALIVE":
      return KEEPALIVE_MESSAGE.slice();
    case "ROUTE-REFRESH":
      return encodeRouteRefresh(message.afi, message.safi, message.subtype);
    default:
      return unreachable(message);
  }
}

function encodeUpdateMessage(message: UpdateMessage, context: MessageContext): Bytes {
  const body = new ByteWriter();
  const withdrawnAt = body.reserve(2);
  encodePrefixes(body, message.withdrawn);
  body.patchU16(withdrawnAt, body.length - withdrawnAt - 2);
  const attributesAt = body.reserve(2);
  const { mpReach, mpUnreach } = message;
  if (mpReach !== undefined) appendAttribute(body, FLAG_OPTIONAL, ATTRIBUTE.MP_REACH_NLRI, encodeMpReach(mpReach));
  if (mpUnreach !== undefined) {
    appendAttribute(body, FLAG_OPTIONAL, ATTRIBUTE.MP_UNREACH_NLRI, encodeMpUnreach(mpUnreach));
  }
  encodeAttributes(message.attributes, body, context.fourOctetAs);
  body.patchU16(attributesAt, body.length - attributesAt - 2);
  encodePrefixes(body, message.nlri);
  return makeMessage(MESSAGE.UPDATE, body.finish());
}

/** Name of AFI/SAFI: `ipv4`, or `AFI 25 SAFI 70`. */
export function familyText(afi: number, safi: number): string {
  const facts = FAMILIES.find((candidate) => candidate.afi === afi && candidate.safi === safi);
  return facts?.name ?? `AFI ${afi} SAFI ${safi}`;
}
