// A path as people see it: attributes in words, and why it is best or not. Computed afresh, never stored.

import { FAMILIES } from "../base/family.js";
import { formatBytes, formatPrefix } from "../base/ip.js";
import { decodeAttributes } from "../packet/attributes/index.js";
import type { BgpRole } from "../packet/codes.js";
import { type AttributeFields, fieldsOf } from "./attribute-fields.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { LocRib } from "./loc-rib.js";
import type { NextHopTable } from "./next-hop-table.js";
import { prefixOf } from "./prefix-view.js";
import { REJECT, rejectText } from "./reject-reason.js";
import type { Rib } from "./rib.js";
import type { PrefixId, RouteId } from "./route-table.js";

/** Attribute fields of a set, in the texts of status and API. */
export function attributeFields(attrs: AttrsTable, id: AttrsId): AttributeFields {
  const at = attrs.bodyOffset(id);
  return fieldsOf(decodeAttributes(attrs.bodyChunk(id), at, at + attrs.bodyLength(id)));
}

/** Text of the next hop a set carries, or undefined where there is none. */
export function nextHopText(attrs: AttrsTable, nextHops: NextHopTable, id: AttrsId): string | undefined {
  const bytes = nextHops.bytes(attrs.nextHop(id));
  return bytes.length === 0 ? undefined : formatBytes(bytes, 0, Math.min(bytes.length, 16));
}

export function prefixText(rib: LocRib, prefix: PrefixId): string {
  return formatPrefix(prefixOf(rib.routes.prefixes, prefix));
}

export function familyName(rib: LocRib): "ipv4" | "ipv6" {
  return FAMILIES[rib.family].name;
}

/** Why the path is not the best one; undefined for the best. */
export function reasonText(rib: Rib, family: LocRib, prefix: PrefixId, route: RouteId): string | undefined {
  const best = family.best(prefix);
  if (best === route) return undefined;
  const reason = family.routes.reason(route);
  if (reason === REJECT.importPolicy) return importReason(rib, family, prefix, route);
  if (reason === REJECT.routeLeak) return leakReason(rib, family, route);
  if (reason !== REJECT.none) return rejectText(reason);
  if (!family.decision.isEligible(route)) {
    return rib.nextHops.isOwn(rib.attrs.nextHop(family.routes.attrs(route)))
      ? "NEXT_HOP is an address of our own (RFC 4271 §5.1.3)"
      : "NEXT_HOP is not reachable (RFC 4271 §9.1.2.1)";
  }
  return best === 0 ? undefined : `another path is better: ${family.decision.decisiveStep(best, route)}`;
}

/** What the peer's options did to the path before and after its import policy, one line each. */
export function importNotes(rib: Rib, family: LocRib, route: RouteId): readonly string[] {
  const { routes } = family;
  const source = rib.sources.get(routes.source(route));
  return rib.importPolicy.rewriting.notes(source, routes.received(route), routes.attrs(route));
}

const SENDER: Readonly<Partial<Record<BgpRole, string>>> = {
  provider: "a customer",
  routeServer: "a client of our route server",
  peer: "a peer with another AS",
};

function leakReason(rib: Rib, family: LocRib, route: RouteId): string {
  const { attrs, sources } = rib;
  const id = family.routes.received(route);
  const at = attrs.bodyOffset(id);
  const { onlyToCustomer } = decodeAttributes(attrs.bodyChunk(id), at, at + attrs.bodyLength(id));
  const role = sources.get(family.routes.source(route)).options.import?.role;
  const sender = (role === undefined ? undefined : SENDER[role]) ?? "a peer that may not send it";
  return `route leak: OTC ${onlyToCustomer} from ${sender} (RFC 9234 §5)`;
}

function importReason(rib: Rib, family: LocRib, prefix: PrefixId, route: RouteId): string {
  const { prefixes } = family.routes;
  const source = rib.sources.get(family.routes.source(route));
  const w = [0, 1, 2, 3].map((i) => prefixes.word(prefix, i));
  const received = family.routes.received(route);
  return `rejected by ${rib.importPolicy.explain(source, received, family.family, w, prefixes.length(prefix)).by}`;
}
