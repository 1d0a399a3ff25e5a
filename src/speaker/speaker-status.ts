// The speaker as status shows it.

import { formatIpv4Word } from "../base/ip.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { Rib } from "../rib/rib.js";
import type { Peer } from "./peer.js";
import type { Fib } from "./ports.js";
import type { RecoveryStatus } from "./recovery.js";
import type { SpeakerStatus } from "./snapshot.js";

export interface StatusFacts {
  readonly config: SpeakerConfig | undefined;
  readonly version: string;
  readonly startedAt: number;
  readonly configuredAt: number;
  readonly rib: Rib;
  readonly fib: Fib | undefined;
  readonly kernelProblem: string | undefined;
  readonly recovery: RecoveryStatus;
  readonly peers: readonly Peer[];
  readonly drainsAll: boolean;
  readonly listeners: readonly { readonly address: string; readonly port: number }[];
  readonly listenerFailures: readonly string[];
}

export function speakerStatus(facts: StatusFacts): SpeakerStatus {
  const { config, rib, peers } = facts;
  const iso = (wallTime: number): string => new Date(wallTime).toISOString();
  return {
    version: facts.version,
    routerId: formatIpv4Word(config?.routerId ?? 0),
    localAs: config?.localAs ?? 0,
    startedAt: iso(facts.startedAt),
    configuredAt: iso(facts.configuredAt),
    lastReload: { ok: true, at: iso(facts.configuredAt), message: "applied" },
    kernel: kernelStatus(facts),
    gracefulRestart: {
      recovering: facts.recovery.isRecovering,
      waitingFor: facts.recovery.waitingFor,
      elapsedSeconds: facts.recovery.elapsedSeconds,
      totalSeconds: facts.recovery.totalSeconds,
    },
    routes: {
      ipv4: { prefixes: rib.families[0].routes.prefixes.size, paths: rib.families[0].routes.size },
      ipv6: { prefixes: rib.families[1].routes.prefixes.size, paths: rib.families[1].routes.size },
    },
    peers: {
      total: peers.length,
      established: peers.filter((peer) => peer.negotiated !== undefined).length,
      disabled: peers.filter((peer) => peer.session.isAdminDown && peer.heldText === undefined).length,
    },
    draining: { peers: peers.filter((peer) => peer.isDraining).length, all: facts.drainsAll },
    listeners: facts.listeners,
    warnings: warnings(facts),
  };
}

function kernelStatus({ config, fib, kernelProblem }: StatusFacts): SpeakerStatus["kernel"] {
  const counts = fib?.counts() ?? { wanted: 0, installed: 0, failed: 0, stale: 0 };
  if (config === undefined || !config.kernel.enabled) {
    return { enabled: false, text: "kernel routes: off (pure reflector)", ...counts };
  }
  if (fib === undefined) {
    return {
      enabled: false,
      text: `kernel routes: none: ${kernelProblem ?? "the native addon is missing"}`,
      ...counts,
    };
  }
  const table = config.kernel.table === 254 ? "main" : String(config.kernel.table);
  return { enabled: true, text: `kernel routes: table ${table}, protocol ${config.kernel.protocol}`, ...counts };
}

function warnings({ config, kernelProblem, fib, listenerFailures, peers }: StatusFacts): readonly string[] {
  const found = [...listenerFailures];
  if (config?.kernel.enabled === true && kernelProblem !== undefined) found.push(kernelProblem);
  const failed = fib?.counts().failed ?? 0;
  if (failed > 0) found.push(`${failed} kernel routes could not be written: see "routes kernel"`);
  for (const { config: peer } of peers) {
    if (peer.missingPolicy.length === 0) continue;
    found.push(
      `peer ${peer.key}: eBGP without ${peer.missingPolicy.join(" and ")} policy, no routes in that direction (RFC 8212)`,
    );
  }
  return found;
}
