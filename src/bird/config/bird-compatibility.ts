// BIRD 1.6 as Calico uses it: all of its differences.

import type { CompatibilityConfig } from "../../config/speaker-config.js";

export const BIRD_COMPATIBILITY: CompatibilityConfig = {
  birdCapabilities: true,
  fixedKeepalive: true,
  refusesSilently: true,
  preparedExport: true,
  zeroMedToExternal: true,
  keepsUnresolved: true,
  ownFirst: true,
  announcesGateways: true,
  olderWins: true,
  clusterLoopOnlyWithClients: true,
  separatesLocalAs: true,
  ceaseAtStop: true,
  globalNextHopOverMultihop: true,
  recoveryOnRequest: true,
  reloadEnables: true,
};
