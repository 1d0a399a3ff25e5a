// `starling demo`: three nodes in two racks, four acts, in network namespaces where they can be had and on 127.0.x.x
// where not. Leaves nothing behind, whatever way it ends.

import { SystemClock } from "../../base/clock.js";
import { type DemoOptions, OutputClosedError } from "../../control/command-context.js";
import type { Act, SpeakerPlan } from "./act.js";
import { MESH_ACT } from "./act-mesh.js";
import { RACKS_ACT } from "./act-racks.js";
import { REFLECTOR_ACT } from "./act-reflector.js";
import { playInNamespaces } from "./act-run.js";
import { TUNNEL_ACT } from "./act-tunnel.js";
import { Checks } from "./checks.js";
import { loadSys } from "../../native/load-sys.js";
import { missingForNamespaces } from "./lab-requirements.js";
import { Interruption } from "./interruption.js";
import { Lab, LabError, removeLeftovers } from "./lab.js";
import { Printer, type Output } from "./print.js";
import { playSimulated } from "./simulated.js";
import { SpeakerProcess } from "./speaker-process.js";

const PREFIX = "starling-demo";

/** In the order of their numbers. */
export const ACTS: readonly Act[] = [MESH_ACT, REFLECTOR_ACT, RACKS_ACT, TUNNEL_ACT];

/** Plays the demonstration on standard output. Gives the exit status: 0 if everything was seen as claimed, 1 if not,
 *  64 for an act that there is not. On Ctrl-C, SIGTERM and SIGHUP it removes what it made, then ends by that signal.
 *  Rejects with OutputClosedError when nobody reads any more. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const printer = new Printer(standardOutput(), options.color);
  const acts = ACTS.filter((act) => options.act === undefined || act.number === options.act);
  if (acts.length === 0) {
    printer.verdict(false, `There is no act ${options.act ?? ""}: the acts are 1 to ${ACTS.length}.`);
    return 64;
  }
  const clock = new SystemClock();
  const start = clock.now();
  const checks = new Checks(printer);
  const interruption = new Interruption(printer);
  const missing = options.plain ? [] : missingForNamespaces(`${PREFIX}-${process.pid}-probe`, loadSys());
  const namespaces = !options.plain && missing.length === 0;
  const lab = new Lab({ prefix: PREFIX, namespaces }, clock);
  interruption.protect(lab);
  try {
    introduce(printer, namespaces, missing);
    await playAll(acts, lab, printer, checks, namespaces);
  } finally {
    await interruption.passed();
    await lab.close();
    interruption.release();
  }
  return conclude(printer, checks, (clock.now() - start) / 1000);
}

/** Writes to standard output; throws once its reader is gone (`| head`), so that the demonstration ends, too. */
function standardOutput(): Output {
  let isOpen = true;
  process.stdout.on("error", () => (isOpen = false));
  return (text) => {
    if (!isOpen) throw new OutputClosedError();
    process.stdout.write(text);
  };
}

function introduce(printer: Printer, namespaces: boolean, missing: readonly string[]): void {
  printer.heading("Starling: BGP for Kubernetes nodes and data centre fabrics");
  for (const name of removeLeftovers(PREFIX)) printer.say(`Removed what an interrupted run left: ${name}`);
  if (namespaces) {
    printer.say(
      `Three nodes in two racks, two ToR hosts, four pods: network namespaces ${PREFIX}-${process.pid}-…, one daemon per node.`,
    );
    return;
  }
  const why = missing.length === 0 ? "as asked" : `what is missing: ${missing.join("; ")}`;
  printer.warn(`Without network namespaces (${why}).`);
  printer.say(
    "The same topology on 127.0.x.x, port 1790: the daemons and their sessions are real, the kernel part is simulated.",
  );
}

async function playAll(
  acts: readonly Act[],
  lab: Lab,
  printer: Printer,
  checks: Checks,
  namespaces: boolean,
): Promise<void> {
  const stage = {
    lab,
    printer,
    checks,
    makeSpeaker: (plan: SpeakerPlan) => new SpeakerProcess(lab, plan, printer.color),
  };
  for (const act of acts) {
    printer.heading(`Act ${act.number}: ${act.title}`);
    checks.begin(`act ${act.number}`);
    for (const line of act.story) printer.say(line);
    try {
      await (namespaces ? playInNamespaces(act, stage) : playSimulated(act, stage));
    } catch (error) {
      // The network could not be built: the other acts may still have something to show.
      if (!(error instanceof LabError)) throw error;
      checks.expect(false, "the act can be played", error.message);
    }
  }
}

function conclude(printer: Printer, checks: Checks, seconds: number): number {
  const time = `${seconds.toFixed(0)} s`;
  if (checks.failed.length === 0) {
    printer.verdict(true, `${checks.passed} checks passed in ${time}. Everything that was made is removed.`);
    return 0;
  }
  printer.verdict(
    false,
    `${checks.failed.length} of ${checks.passed + checks.failed.length} checks failed in ${time}:`,
  );
  for (const claim of checks.failed) printer.check(false, claim);
  return 1;
}
