// What `show protocols all` tells of a protocol, from its declaration and the counters of the speaker.

import type { Family } from "../../base/family.js";
import type { Source } from "../../rib/sources.js";
import type { Peer } from "../../speaker/peer.js";
import type { PeerDetails } from "../../speaker/peer-details.js";
import type { Fib } from "../../speaker/ports.js";
import type { Speaker } from "../../speaker/speaker.js";
import type { FilterChoice, LimitDeclaration, ProtocolDeclaration } from "../language/declarations.js";
import { bgpDetails } from "./bgp-protocol.js";
import type { ChangeCounts, FilterView, LimitView, ProtocolDetails, ProtocolView } from "./bird-view.js";

export interface DetailFacts {
  readonly speaker: Speaker;
  readonly fib: Fib | undefined;
  readonly family: Family;
  /** Networks whose best route is the source's, by its id. */
  readonly best: Int32Array;
  /** The daemon waits for its peers after a restart. */
  readonly recovers: boolean;
  readonly preference: number;
  /** Of the last command that changed it. */
  readonly message: string | undefined;
  /** Only BGP, and what the speaker tells of it. */
  readonly peer: Peer | undefined;
  readonly details: PeerDetails | undefined;
}

export function protocolDetails(
  declaration: ProtocolDeclaration,
  row: ProtocolView,
  facts: DetailFacts,
): ProtocolDetails {
  const { details, preference } = facts;
  const counts = countRoutes(declaration, facts);
  const isFull = (limit: LimitDeclaration | undefined, count: number): boolean =>
    limit !== undefined && count >= limit.count;
  const { importLimit } = declaration;
  const routeLimit =
    importLimit === undefined ? undefined : { used: counts.imported + counts.refused, limit: importLimit.count };
  return {
    ...row,
    description: declaration.description,
    message: row.session?.state === "Established" ? undefined : (facts.message ?? messageOf(details)),
    preference,
    inputFilter: filterView(declaration.import, "all"),
    outputFilter: filterView(declaration.export, "none"),
    recovery: facts.recovers ? recoveryOf(row, details) : undefined,
    receiveLimit: limitView(
      declaration.receiveLimit,
      isFull(declaration.receiveLimit, counts.imported + counts.refused),
    ),
    importLimit: limitView(importLimit, isFull(importLimit, counts.imported)),
    exportLimit: limitView(declaration.exportLimit, isFull(declaration.exportLimit, counts.exported)),
    routes: {
      imported: counts.imported,
      filtered: declaration.importKeepFiltered ? counts.refused : undefined,
      exported: counts.exported,
      preferred: counts.preferred,
    },
    changes: details === undefined ? unseenChanges(counts) : seenChanges(details.counts),
    bgp: declaration.kind === "bgp" ? bgpDetails(declaration, details, routeLimit) : undefined,
  };
}

/** What the peer said when it shut the session down or reset it (RFC 9003). */
function messageOf(details: PeerDetails | undefined): string | undefined {
  const failure = details?.lastFailure;
  return failure?.kind === "received" && failure.text !== "" ? failure.text.replace(/^"(.*)"$/, "$1") : undefined;
}

interface RouteCounts {
  readonly imported: number;
  /** By the import filter and by the rules of BGP. */
  readonly refused: number;
  readonly exported: number;
  readonly preferred: number;
}

const NOTHING: RouteCounts = { imported: 0, refused: 0, exported: 0, preferred: 0 };

function countRoutes(declaration: ProtocolDeclaration, facts: DetailFacts): RouteCounts {
  const { speaker, fib, family, best, peer } = facts;
  const sources =
    declaration.kind === "bgp" ? (peer === undefined ? [] : [peer.source]) : localSources(declaration, speaker);
  const sum = (of: (source: Source) => number): number => sources.reduce((total, source) => total + of(source), 0);
  if (declaration.kind === "device") return NOTHING;
  const imported = sum((source) => source.accepted[family]);
  return {
    imported,
    refused: sum((source) => source.received[family]) - imported,
    exported: declaration.kind === "kernel" ? (fib?.counts().wanted ?? 0) : (peer?.advertisedCount(family) ?? 0),
    preferred: sum((source) => best[source.id] ?? 0),
  };
}

/** The node's own routes of this kind. */
function localSources({ kind }: ProtocolDeclaration, { rib }: Speaker): readonly Source[] {
  return [...rib.sources].filter(({ options }) => options.kind === kind);
}

const NONE: ChangeCounts = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

function seenChanges({ imported, exported }: PeerDetails["counts"]): ProtocolDetails["changes"] {
  const { updates, rejected, filtered, ignored, accepted } = imported;
  return {
    importUpdates: { received: updates, rejected, filtered, ignored, accepted },
    importWithdraws: {
      received: imported.withdrawals,
      rejected: 0,
      filtered: undefined,
      ignored: imported.ignoredWithdrawals,
      accepted: imported.acceptedWithdrawals,
    },
    exportUpdates: {
      received: exported.updates,
      rejected: exported.rejected,
      filtered: exported.filtered,
      ignored: undefined,
      accepted: exported.accepted,
    },
    exportWithdraws: {
      ...{ received: exported.withdrawals, rejected: undefined, filtered: undefined, ignored: undefined },
      accepted: exported.acceptedWithdrawals,
    },
  };
}

/** Changes of the node's own routes are not counted: those that led to the routes there are, one for each. */
function unseenChanges({ imported, refused, exported }: RouteCounts): ProtocolDetails["changes"] {
  return {
    importUpdates: { ...NONE, received: imported + refused, filtered: refused, accepted: imported },
    importWithdraws: { ...NONE, filtered: undefined },
    exportUpdates: { ...NONE, received: exported, ignored: undefined, accepted: exported },
    exportWithdraws: { ...NONE, rejected: undefined, filtered: undefined, ignored: undefined },
  };
}

function filterView(choice: FilterChoice | undefined, fallback: "all" | "none"): FilterView {
  if (choice === undefined) return { kind: fallback };
  if (choice.kind !== "filter") return { kind: choice.kind };
  return choice.isInline ? { kind: "inline" } : { kind: "named", name: choice.script };
}

function limitView(limit: LimitDeclaration | undefined, isHit: boolean): LimitView | undefined {
  return limit === undefined ? undefined : { count: limit.count, action: limit.action, isHit };
}

/** `pending`: recovery waits for it; `waiting`: it waits for the end of recovery. */
function recoveryOf({ state }: ProtocolView, details: PeerDetails | undefined): ProtocolDetails["recovery"] {
  return details?.gracefulRestart.recovery ?? (state === "wait" ? "waiting" : "none");
}
