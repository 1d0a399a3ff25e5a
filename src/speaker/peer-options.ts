// What a change of each peer option costs, and what the option has to do with the peer's update groups. A new option of
// PeerConfig does not compile until it is classified in both tables.

import { equalAddresses } from "../base/ip.js";
import type { PeerConfig } from "../config/speaker-config.js";

/** From cheapest to dearest. `session`: takes effect with the next session or timer. `identity`: it is another peer. */
export type ChangeCost = "none" | "session" | "re-import" | "re-export" | "reset-session" | "identity";

export const PEER_OPTIONS = {
  key: "identity",
  name: "none",
  type: "none",
  group: "none",
  address: "identity",
  port: "session",
  as: "reset-session",
  localAs: "reset-session",
  localAddress: "reset-session",
  passive: "session",
  disabled: "session",
  families: "reset-session",
  holdTimeSeconds: "reset-session",
  keepaliveSeconds: "reset-session",
  connectRetrySeconds: "session",
  delayOpenSeconds: "session",
  sendHoldSeconds: "session",
  idleHoldSeconds: "session",
  birdWaits: "session",
  routeReflectorClient: "reset-session",
  nextHop: "re-export",
  multihop: "reset-session",
  ttlSecurity: "reset-session",
  password: "reset-session",
  importPolicy: "re-import",
  exportPolicy: "re-export",
  missingPolicy: "none",
  weight: "re-import",
  localPref: "re-import",
  localAsNoPrepend: "reset-session",
  localAsReplaceAs: "re-export",
  allowAsIn: "reset-session",
  asOverride: "re-export",
  removePrivateAs: "re-export",
  enforceFirstAs: "reset-session",
  defaultOriginate: "re-export",
  maxPrefixesIn: "session",
  maxPrefixesOut: "session",
  maxPrefixesAccepted: "session",
  role: "reset-session",
  roleStrict: "reset-session",
  gracefulShutdown: "re-import",
  blackhole: "re-import",
  addPathReceive: "reset-session",
  addPathSend: "reset-session",
  extendedMessage: "reset-session",
  extendedNextHop: "reset-session",
  gracefulRestart: "reset-session",
  restartTimeSeconds: "reset-session",
} as const satisfies Record<keyof PeerConfig, ChangeCost>;

/** What an option has to do with the update groups of the peer. `splits`: peers that differ in it are in different groups;
 *  groupOptions (peer-translation.ts) reads these options of a configuration and no others. `facts`: it counts by what came
 *  of it in the session: relation, negotiated values, and where the export policy asks for it who the peer is. `none`:
 *  nothing; peers that differ in it share a group. */
export type GroupEffect = "splits" | "facts" | "none";

export const GROUP_EFFECTS = {
  key: "facts",
  name: "facts",
  type: "none",
  group: "facts",
  address: "facts",
  port: "none",
  as: "facts",
  localAs: "splits",
  localAddress: "facts",
  passive: "none",
  disabled: "none",
  families: "facts",
  holdTimeSeconds: "none",
  keepaliveSeconds: "none",
  connectRetrySeconds: "none",
  delayOpenSeconds: "none",
  sendHoldSeconds: "none",
  idleHoldSeconds: "none",
  birdWaits: "none",
  routeReflectorClient: "facts",
  nextHop: "splits",
  multihop: "facts",
  ttlSecurity: "none",
  password: "none",
  importPolicy: "none",
  exportPolicy: "splits",
  missingPolicy: "none",
  weight: "none",
  localPref: "none",
  localAsNoPrepend: "none",
  localAsReplaceAs: "splits",
  allowAsIn: "none",
  asOverride: "splits",
  removePrivateAs: "splits",
  enforceFirstAs: "none",
  defaultOriginate: "splits",
  maxPrefixesIn: "none",
  maxPrefixesOut: "none",
  maxPrefixesAccepted: "none",
  role: "splits",
  roleStrict: "none",
  gracefulShutdown: "none",
  blackhole: "none",
  addPathReceive: "none",
  addPathSend: "splits",
  extendedMessage: "facts",
  extendedNextHop: "facts",
  gracefulRestart: "none",
  restartTimeSeconds: "none",
} as const satisfies Record<keyof PeerConfig, GroupEffect>;

/** The options that groupOptions may read. */
export type SplittingOption = {
  [Name in keyof PeerConfig]: (typeof GROUP_EFFECTS)[Name] extends "splits" ? Name : never;
}[keyof PeerConfig];

/** The options in which two configurations of a peer differ. */
export function changedOptions(before: PeerConfig, after: PeerConfig): readonly (keyof PeerConfig)[] {
  const names = Object.keys(PEER_OPTIONS) as (keyof PeerConfig)[];
  return names.filter((name) => !isEqual(name, before, after));
}

function isEqual(name: keyof PeerConfig, before: PeerConfig, after: PeerConfig): boolean {
  switch (name) {
    case "importPolicy":
    case "exportPolicy":
      return before[name].identity === after[name].identity;
    case "address":
      return equalAddresses(before.address, after.address);
    case "localAddress": {
      const [a, b] = [before.localAddress, after.localAddress];
      return a === undefined || b === undefined ? a === b : equalAddresses(a, b);
    }
    default:
      return JSON.stringify(before[name]) === JSON.stringify(after[name]);
  }
}
