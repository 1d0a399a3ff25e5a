// Connection collision detection (RFC 4271 §6.8, RFC 6286 §2.3, RFC 4724 §4.2): which of two connections to a peer stays.

import type { FsmState } from "./fsm-types.js";

export interface CollisionIdentity {
  /** BGP Identifier, unsigned. */
  readonly bgpIdentifier: number;
  readonly as: number;
}

/** A connection of the peer, as far as the referee cares. */
export interface CollidingConnection {
  readonly state: FsmState;
  /** Who opened the TCP connection. */
  readonly initiator: "local" | "remote";
  /** Counts up with every connection of the peer: the larger is the younger. */
  readonly sequence: number;
}

export type CollisionVerdict =
  /** Nothing to decide: the other one is not far enough. */
  | "both"
  /** Close the other one with Cease. */
  | "keepNew"
  /** Close the one that got the OPEN with Cease. */
  | "keepOld"
  /** The peer has restarted: close the other one without a word, its session may be resumed gracefully. */
  | "restarted";

export interface CollisionFacts {
  /** The connection over which an OPEN came. */
  readonly opened: CollidingConnection;
  readonly other: CollidingConnection;
  readonly local: CollisionIdentity;
  readonly remote: CollisionIdentity;
  /** `other` is Established, its peer offered graceful restart, and `opened` was accepted after that. */
  readonly openedAfterGracefulSession: boolean;
}

/** Who stays when a valid OPEN came over `opened`. */
export function judgeCollision(facts: CollisionFacts): CollisionVerdict {
  const { opened, other } = facts;
  switch (other.state) {
    case "Idle":
    case "Connect":
    case "Active":
    case "OpenSent":
      return "both";
    case "Established":
      // RFC 4271 §6.8: the new one goes. RFC 4724 §4.2: unless the peer may have restarted without our knowing.
      return facts.openedAfterGracefulSession ? "restarted" : "keepOld";
    case "OpenConfirm":
      break;
  }
  if (opened.initiator === other.initiator) {
    // The RFC's rule cannot tell them apart; who opens twice has given up on the older one.
    return opened.sequence > other.sequence ? "keepNew" : "keepOld";
  }
  return opened.initiator === collisionWinner(facts.local, facts.remote) ? "keepNew" : "keepOld";
}

/** Whose connection stays where each side has opened one. RFC 4271 §6.8, RFC 6286 §2.3. */
export function collisionWinner(local: CollisionIdentity, remote: CollisionIdentity): "local" | "remote" {
  if (local.bgpIdentifier !== remote.bgpIdentifier)
    return local.bgpIdentifier > remote.bgpIdentifier ? "local" : "remote";
  return local.as > remote.as ? "local" : "remote";
}
