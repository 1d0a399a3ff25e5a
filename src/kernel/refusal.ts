// Why the kernel refused a request for a route, in words.

import type { FibTable } from "./fib-table.js";
import { describeAnswer, EEXIST, EPERM, protocolName } from "./kernel-error.js";
import type { FibSurroundings } from "./kernel-ports.js";
import type { NetlinkAnswer } from "./netlink.js";
import type { RouteRequest } from "./route-message.js";

export interface Refusal extends NetlinkAnswer {
  readonly request: RouteRequest;
  /** Of the route that the request was about. */
  readonly metric: number;
}

/** Undefined: there is a route that we do not know of. */
export function describeRefusal(
  table: FibTable,
  row: number,
  refusal: Refusal,
  surroundings: FibSurroundings,
): string | undefined {
  if (refusal.errno === EPERM) return "writing kernel routes needs CAP_NET_ADMIN";
  if (!isTaken(refusal)) return describeAnswer(refusal);
  const prefix = { w0: 0, w1: 0, w2: 0, w3: 0, length: 0 };
  table.readPrefix(row, prefix);
  const protocol = surroundings.foreignProtocol(table.family, prefix, refusal.metric);
  return protocol === undefined ? undefined : `a route of protocol ${protocolName(protocol)} exists`;
}

/** Another route has the place: the prefix with the metric. */
export function isTaken({ request, errno }: Refusal): boolean {
  return request === "add" && errno === EEXIST;
}
