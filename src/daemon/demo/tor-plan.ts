// What BGP on a ToR host shall do, as plain data; tor.ts decides whose daemon does it.

import type { Rack } from "./topology.js";

export interface TorNeighbor {
  readonly name: string;
  readonly address: string;
  readonly as: number;
}

/** A ToR that passes on all it hears by eBGP and forwards accordingly. IPv4. */
export interface TorPlan {
  readonly host: string;
  readonly rack: Rack;
  /** Its addresses: towards the rack first. */
  readonly addresses: readonly string[];
  readonly as: number;
  readonly neighbors: readonly TorNeighbor[];
  readonly holdTimeSeconds: number;
}
