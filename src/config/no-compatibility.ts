// Starling by itself: none of BIRD's differences.

import type { CompatibilityConfig } from "./speaker-config.js";

export const NO_COMPATIBILITY: CompatibilityConfig = {
  birdCapabilities: false,
  fixedKeepalive: false,
  refusesSilently: false,
  preparedExport: false,
  zeroMedToExternal: false,
  keepsUnresolved: false,
  ownFirst: false,
  announcesGateways: false,
  globalNextHopOverMultihop: false,
  olderWins: false,
  clusterLoopOnlyWithClients: false,
  separatesLocalAs: false,
  ceaseAtStop: false,
  recoveryOnRequest: false,
  reloadEnables: false,
};
