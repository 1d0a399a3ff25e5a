// The checks of a complete `protocol bgp`, in BIRD's order and words.

import { isLinkLocal } from "../../base/ip.js";
import type { BgpDeclaration } from "./declarations.js";
import type { BgpDraft } from "./protocol-draft.js";
import type { Reader } from "./reader.js";

const LARGEST_SHORT_AS = 0xffff;
const DEFAULT_HOPS = 64;

/** The declaration, if the draft says enough and nothing that contradicts itself. */
export function finishBgp(r: Reader, draft: BgpDraft): BgpDeclaration {
  const { neighborAddress, neighborPort, neighborAs, ...rest } = draft;
  if (draft.localAs === 0) r.fail("Local AS number must be set");
  if (neighborAddress === undefined) return r.fail("Neighbor must be configured");
  if (neighborAs === 0) r.fail("Remote AS number must be set");
  checkInterface(r, draft);
  const isInternal = draft.localAs === neighborAs;
  const hasLongAs = draft.capabilities !== false && draft.enableAs4 !== false;
  if (!hasLongAs && neighborAs > LARGEST_SHORT_AS) r.fail("Neighbor AS number out of range (AS4 not available)");
  if (draft.rrClient === true && !isInternal) r.fail("Only internal neighbor can be RR client");
  if (draft.rsClient === true && isInternal) r.fail("Only external neighbor can be RS client");
  checkHops(r, draft, draft.multihop ?? (isInternal ? DEFAULT_HOPS : 0));
  // Only the one table exists, and it is not sorted.
  if (draft.secondary === true) r.fail("BGP with secondary option requires sorted table");
  return { ...rest, neighbor: { address: neighborAddress, port: neighborPort, as: neighborAs } };
}

function isLinkLocalNeighbor(draft: BgpDraft): boolean {
  return draft.neighborAddress !== undefined && isLinkLocal(draft.neighborAddress.bytes);
}

function checkInterface(r: Reader, draft: BgpDraft): void {
  if (isLinkLocalNeighbor(draft) && draft.interface === undefined) {
    r.fail("Link-local neighbor address requires specified interface");
  }
}

function checkHops(r: Reader, draft: BgpDraft, hops: number): void {
  if (hops === 0) return;
  if (draft.gateway === "direct") r.fail("Multihop BGP cannot use direct gateway mode");
  if (isLinkLocalNeighbor(draft) || (draft.localAddress !== undefined && isLinkLocal(draft.localAddress.bytes))) {
    r.fail("Multihop BGP cannot be used with link-local addresses");
  }
  if (draft.interface !== undefined) r.fail("Multihop BGP cannot be bound to interface");
}
