// Whose daemon runs on a ToR host. Real ToRs run something else than their nodes, so FRR and BIRD come first where they
// are installed: one per rack if both are.

import type { Lab } from "./lab.js";
import { birdDaemon, birdVersion } from "./tor-bird.js";
import { frrDaemon, frrVersion } from "./tor-frr.js";
import type { RoutingDaemon } from "./routing-daemon.js";
import type { TorPlan } from "./tor-plan.js";

/** The daemon of a ToR: FRR in rack a and BIRD in rack b, either in both, or undefined where neither is installed. */
export function foreignTor(lab: Lab, plan: TorPlan): RoutingDaemon | undefined {
  const frr = frrVersion();
  const bird = birdVersion();
  const makers = [
    frr === undefined ? undefined : (): RoutingDaemon => frrDaemon(lab, plan, frr),
    bird === undefined ? undefined : (): RoutingDaemon => birdDaemon(lab, plan, bird),
  ];
  const preferred = plan.rack === "a" ? makers : makers.reverse();
  return preferred.find((maker) => maker !== undefined)?.();
}
