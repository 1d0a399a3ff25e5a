// Does the reaction to a vector meet its expectation? Gives words for what is wrong, or undefined.

import { unreachable } from "../../src/base/invariant.js";
import { toHex } from "../../src/base/bytes.js";
import type { RouteAttributes } from "./messages.js";
import type { Reaction } from "./scripted-peer.js";
import { type Expectation, fill, type Place, type Prefix, type Seen, type Vector } from "./vector.js";

/** ORIGIN of what a peer announces before its vector, and of what the vector announces unless it says otherwise. */
const BEFORE = "02";
const AS_PATH = 2;

/** How exactly notifications are compared: `code` takes any subcode, `data` also looks at the data. */
export type Strictness = "data" | "subcode" | "code";

export function faultOf(vector: Vector, place: Place, reaction: Reaction, strictness: Strictness): string | undefined {
  const fault = oneFault(vector.expect, place, reaction, strictness);
  if (fault === undefined || vector.also === undefined) return fault;
  return oneFault(vector.also, place, reaction, strictness) === undefined ? undefined : fault;
}

function oneFault(expect: Expectation, place: Place, reaction: Reaction, strictness: Strictness): string | undefined {
  switch (expect.is) {
    case "notification":
      return notificationFault(expect, place, reaction, strictness);
    case "close":
      return reaction.is === "closed" ? undefined : `wants the end of the connection, ${told(reaction)}`;
    case "establish":
      return reaction.is === "alive" && reaction.isEstablished ? undefined : `wants a session, ${told(reaction)}`;
    case "withdraw":
      return withdrawFault(expect.gone, reaction);
    case "ignore":
      return ignoreFault(reaction);
    case "accept":
    case "discard":
      return acceptFault(expect.prefix, expect.seen, reaction);
    default:
      return unreachable(expect);
  }
}

function notificationFault(
  expect: Extract<Expectation, { is: "notification" }>,
  place: Place,
  reaction: Reaction,
  strictness: Strictness,
): string | undefined {
  const wanted = `wants NOTIFICATION ${expect.code}/${expect.subcode}, ${told(reaction)}`;
  if (reaction.is !== "notification" || reaction.code !== expect.code) return wanted;
  if (strictness === "code") return undefined;
  if (reaction.subcode !== expect.subcode) return wanted;
  const data = expect.data === undefined ? reaction.data : toHex(fill(expect.data, place));
  return strictness !== "data" || data === reaction.data ? undefined : `wants data ${data}, ${told(reaction)}`;
}

function withdrawFault(gone: readonly Prefix[], reaction: Reaction): string | undefined {
  if (reaction.is !== "alive") return `wants treat-as-withdraw, ${told(reaction)}`;
  for (const prefix of ["p4", "p6"] as const) {
    const route = reaction[prefix];
    if (gone.includes(prefix) && route !== undefined) return `wants ${prefix} withdrawn, ${told(reaction)}`;
    if (!gone.includes(prefix) && route === undefined) return `wants ${prefix} kept, ${told(reaction)}`;
  }
  return undefined;
}

function ignoreFault(reaction: Reaction): string | undefined {
  if (reaction.is !== "alive") return `wants nothing to happen, ${told(reaction)}`;
  const isUnchanged = (["p4", "p6"] as const).every((prefix) => reaction[prefix]?.get(1) === BEFORE);
  return isUnchanged ? undefined : `wants the routes unchanged, ${told(reaction)}`;
}

function acceptFault(prefix: Prefix, seen: Seen, reaction: Reaction): string | undefined {
  if (reaction.is !== "alive") return `wants the route, ${told(reaction)}`;
  const route = reaction[prefix];
  if (route === undefined || route.get(1) === BEFORE) return `wants the new route, ${told(reaction)}`;
  for (const [type, value] of Object.entries(seen)) {
    const got = route.get(Number(type));
    if ((got ?? null) === value) continue;
    if (Number(type) === AS_PATH && got !== undefined && value !== null && joined(got) === joined(value)) continue;
    return `wants attribute ${type} to be ${value ?? "absent"}, it is ${got ?? "absent"}`;
  }
  return undefined;
}

/** An AS_PATH with sequences that touch made one: RFC 6793 §4.2.3 does not say how segments are put together. */
function joined(path: string): string {
  let result = "";
  for (let at = 0; at < path.length;) {
    const count = parseInt(path.slice(at + 2, at + 4), 16);
    const isSequence = path.startsWith("02", at);
    const end = at + 4 + 8 * count;
    result += `${isSequence ? "" : path.slice(at, at + 4)}${path.slice(at + 4, end)}`;
    at = end;
  }
  return result;
}

function told(reaction: Reaction): string {
  switch (reaction.is) {
    case "notification":
      return `got NOTIFICATION ${reaction.code}/${reaction.subcode} with data "${reaction.data.slice(0, 80)}"`;
    case "closed":
      return "got the end of the connection";
    case "alive":
      if (!reaction.isEstablished) return "got no answer";
      return `the session lives; p4 ${routeText(reaction.p4)}, p6 ${routeText(reaction.p6)}`;
    default:
      return unreachable(reaction);
  }
}

function routeText(route: RouteAttributes | undefined): string {
  return route === undefined ? "is gone" : route.get(1) === BEFORE ? "is as before" : "is new";
}
