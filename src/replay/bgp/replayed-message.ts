// What replay knows of one captured message. Plain data: texts and JSON are made from it elsewhere.

import type { Bytes } from "../../base/bytes.js";
import type { Family } from "../../base/family.js";
import type { PathAttributes } from "../../packet/attributes/index.js";
import type { MessageContext } from "../../packet/message.js";
import type { Notification } from "../../packet/notification.js";
import type { OpenMessage } from "../../packet/open.js";
import type { Endpoint } from "../network/tcp-segment.js";
import type { Stamp } from "../network/tcp-stream.js";
import type { Verdict } from "./verdict.js";

export interface ReplayedRoute {
  readonly family: Family;
  readonly prefix: string;
  readonly pathId: number | undefined;
}

/** Prefixes of an address family that we do not speak. */
export interface ForeignRoutes {
  readonly verb: "announce" | "withdraw";
  readonly afi: number;
  readonly safi: number;
  readonly octets: number;
}

/** Next hop of an MP_REACH_NLRI. */
export interface MultiprotocolNextHop {
  readonly afi: number;
  readonly safi: number;
  readonly nextHop: Bytes;
}

export interface UpdateContent {
  readonly kind: "UPDATE";
  /** In the order of the message: MP_REACH_NLRI before NLRI. */
  readonly announce: readonly ReplayedRoute[];
  readonly withdraw: readonly ReplayedRoute[];
  readonly foreign: readonly ForeignRoutes[];
  readonly nextHops: readonly MultiprotocolNextHop[];
  /** As they came: AS numbers may be of two octets, AS4_PATH unmerged. */
  readonly attributes: PathAttributes;
  /** Family whose initial routes are all told (RFC 4724 §2). */
  readonly endOfRib: { readonly afi: number; readonly safi: number } | undefined;
  /** How the octets were read. */
  readonly context: MessageContext;
}

/** Outbound route filters in a ROUTE-REFRESH (RFC 5291 §4). */
export interface RouteFilters {
  readonly type: number;
  readonly octets: number;
}

export type MessageContent =
  /** Fields behind what is wrong with it are missing. */
  | { readonly kind: "OPEN"; readonly open: Partial<OpenMessage> }
  | UpdateContent
  | { readonly kind: "NOTIFICATION"; readonly notification: Notification }
  | { readonly kind: "KEEPALIVE" }
  | {
      readonly kind: "ROUTE-REFRESH";
      readonly afi: number;
      readonly safi: number;
      readonly subtype: number;
      /** 1 immediate, 2 defer; undefined: no filters. */
      readonly whenToRefresh: number | undefined;
      readonly filters: readonly RouteFilters[];
    }
  /** Not enough of it, or a type that nobody knows. */
  | { readonly kind: "opaque" };

export interface ReplayedMessage {
  readonly stamp: Stamp;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** `UPDATE`, `message type 9`. */
  readonly type: string;
  /** As its header says, header included. */
  readonly length: number;
  readonly content: MessageContent;
  /** What is wrong, and what comes of it. */
  readonly verdict: Verdict | undefined;
  /** With its header; cut short where octets are missing. */
  readonly bytes: Bytes;
}
