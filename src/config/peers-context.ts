// What every peer of a configuration file is made with, wherever it is listed.

import type { IpAddress } from "../base/ip.js";
import type { PeerBuilderContext } from "./peer-builder.js";
import type { PeerGroups } from "./peer-options.js";

/** Our own entry in the mesh's list of nodes. */
export interface OwnNode {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  readonly as: number | undefined;
}

export interface PeersContext extends PeerBuilderContext {
  readonly groups: PeerGroups;
  /** Undefined where there is no mesh. */
  readonly self: OwnNode | undefined;
}
