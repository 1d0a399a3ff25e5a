// The daemons of an act together: started at once, awaited, shown. Shared by the real and the simulated variant.

import type { Lab } from "./lab.js";
import type { Printer } from "./print.js";
import type { RoutingDaemon } from "./routing-daemon.js";

export const CONVERGENCE_LIMIT_MS = 20_000;
const LOG_LINES = 15;

/** Starts all of them side by side. */
export async function startAll(daemons: readonly RoutingDaemon[]): Promise<void> {
  await Promise.all(daemons.map((daemon) => daemon.start()));
}

/** Waits until every session of every daemon is Established and nobody defers route selection any more.
 *  Gives the milliseconds it took, or undefined if it did not come to that. */
export function allEstablished(lab: Lab, daemons: readonly RoutingDaemon[]): Promise<number | undefined> {
  const ready = new Set<RoutingDaemon>();
  const established = async (): Promise<boolean> => {
    await Promise.all(
      daemons
        .filter((daemon) => !ready.has(daemon))
        .map(async (daemon) => {
          const counts = await daemon.sessions();
          if (counts !== undefined && counts.total > 0 && counts.established === counts.total && !counts.recovering)
            ready.add(daemon);
        }),
    );
    return ready.size === daemons.length;
  };
  return lab.until(established, CONVERGENCE_LIMIT_MS);
}

/** Which sessions are up, in words: `node1 2 of 2, tor-a 1 of 3`. */
export async function sessionsText(daemons: readonly RoutingDaemon[]): Promise<string> {
  const texts = daemons.map(async (daemon) => {
    const counts = await daemon.sessions();
    return counts === undefined
      ? `${daemon.host} does not answer`
      : `${daemon.host} ${counts.established} of ${counts.total}`;
  });
  return (await Promise.all(texts)).join(", ");
}

/** Prints the status of each daemon. */
export async function showStatus(printer: Printer, daemons: readonly RoutingDaemon[]): Promise<void> {
  const texts = await Promise.all(daemons.map((daemon) => daemon.statusText()));
  daemons.forEach((daemon, index) => printer.command(daemon.host, daemon.statusCommand, texts[index] ?? ""));
}

/** Prints the end of each daemon's log: something went wrong. */
export function showLogs(printer: Printer, daemons: readonly RoutingDaemon[]): void {
  for (const daemon of daemons) {
    const lines = daemon.log().trimEnd().split("\n").slice(-LOG_LINES);
    printer.warn(`The last lines that ${daemon.software} wrote on ${daemon.host}:`);
    printer.verbatim(lines.join("\n"));
  }
}

/** ` after 1.2 s`, or nothing for what did not happen. */
export function afterText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? "" : ` after ${(milliseconds / 1000).toFixed(1)} s`;
}
