// A moment of quiet: nobody says anything new, and every peer must have been told exactly what the model says, no more and
// no less; the daemon's own counts must agree.

import { pause } from "../support/eventually.js";
import type { DaemonUnderSoak } from "./daemon-under-soak.js";
import type { Disturbances } from "./disturbances.js";
import { differences, type Ranking, type SoakModel } from "./soak-model.js";
import type { SoakPeer } from "./soak-peer.js";
import { describeEntry, prefixText, type Universe } from "./universe.js";

const PATIENCE_MS = 60_000;
const LOOK_MS = 100;
/** Behind the first agreement nothing may change any more. */
const AFTERMATH_MS = 500;
const MOST_SHOWN = 5;

export interface CheckpointParts {
  readonly universe: Universe;
  readonly model: SoakModel;
  readonly peers: readonly SoakPeer[];
  readonly disturbances: Disturbances;
  readonly daemon: DaemonUnderSoak;
}

export interface CheckpointResult {
  /** From the end of the churn until everybody agreed. */
  readonly settledMs: number;
  readonly sessions: number;
  /** Prefixes that some peer announced. */
  readonly prefixes: number;
  /** Entries of all views compared. */
  readonly compared: number;
}

/** Waits until all views are right; throws Error with the differences when they are not after a minute. */
export async function checkpoint(parts: CheckpointParts): Promise<CheckpointResult> {
  const { model, peers, disturbances } = parts;
  const begin = performance.now();
  await until("every session", begin, () => waitingFor(peers, disturbances));
  const ranking = model.ranking();
  let open = peers.filter((peer) => peer.isUp);
  const sessions = open.length;
  await until("the views of the peers", begin, () => {
    open = open.filter((peer) => faultsOf(parts, peer, ranking).length > 0);
    return open.flatMap((peer) => faultsOf(parts, peer, ranking)).slice(0, MOST_SHOWN);
  });
  await until("the counts of the daemon", begin, () => countFaults(parts, ranking));
  const settledMs = performance.now() - begin;
  await pause(AFTERMATH_MS);
  const late = peers.filter((peer) => peer.isUp).flatMap((peer) => faultsOf(parts, peer, ranking));
  if (late.length > 0) throw new Error(`changed after all was settled:\n${late.slice(0, MOST_SHOWN).join("\n")}`);
  const counts = model.counts(ranking);
  return {
    settledMs,
    sessions,
    prefixes: counts[0].prefixes + counts[1].prefixes,
    compared: peers.filter((peer) => peer.isUp).reduce((sum, peer) => sum + peer.view.size, 0),
  };
}

/** Asks for faults again and again until there are none. */
async function until(
  what: string,
  begin: number,
  faults: () => readonly string[] | Promise<readonly string[]>,
): Promise<void> {
  for (;;) {
    const found = await faults();
    if (found.length === 0) return;
    if (performance.now() - begin > PATIENCE_MS) {
      throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}:\n${found.join("\n")}`);
    }
    await pause(LOOK_MS);
  }
}

function waitingFor(peers: readonly SoakPeer[], { absent }: Disturbances): readonly string[] {
  return peers
    .filter((peer) => (absent.has(peer) ? !peer.isDown : !peer.isUp))
    .map((peer) => `peer ${peer.plan.number} is ${peer.isDown ? "down" : "not down"}`);
}

function faultsOf({ universe, model }: CheckpointParts, peer: SoakPeer, ranking: Ranking): readonly string[] {
  const { number, kind } = peer.plan;
  const who = `peer ${number} (${kind})`;
  const found = differences(peer.view.byIndex(), model.expected(peer.plan, ranking)).map(({ index, told, wanted }) => {
    const words = (entries: readonly number[]): string => entries.map(describeEntry).join(" + ") || "nothing";
    return `${who}, ${prefixText(universe, index)}: was told ${words(told)}; should have been ${words(wanted)}`;
  });
  return peer.view.isRefreshing ? [...found, `${who}: a refresh has not ended`] : found;
}

async function countFaults({ model, peers, daemon }: CheckpointParts, ranking: Ranking): Promise<readonly string[]> {
  const { status, peers: told } = await daemon.counts();
  const faults: string[] = [];
  const check = (what: string, is: unknown, wanted: unknown): void => {
    if (is !== wanted) faults.push(`${what}: the daemon says ${String(is)}, should be ${String(wanted)}`);
  };
  check("sessions", status.peers.established, peers.filter((peer) => peer.isUp).length);
  const counts = model.counts(ranking);
  for (const [family, name] of (["ipv4", "ipv6"] as const).entries()) {
    check(`${name} prefixes`, status.routes[name].prefixes, counts[family].prefixes);
    check(`${name} paths`, status.routes[name].paths, counts[family].paths);
    for (const { plan } of peers) {
      const peer = told.find(({ address }) => address === plan.address);
      const held = peer?.families.find((facts) => facts.family === name);
      if (held === undefined) continue;
      check(`${name} received from peer ${plan.number}`, held.received, model.countsOf(plan.number)[family]);
      check(`${name} stale of peer ${plan.number}`, held.stale, 0);
    }
  }
  return faults;
}
