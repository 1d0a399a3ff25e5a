// What a session is told about its peer: plain data, made by the speaker from PeerConfig.

import type { Family } from "../base/family.js";
import type { IpAddress } from "../base/ip.js";
import type { BgpRole } from "../packet/codes.js";
import type { Capabilities } from "../packet/capabilities.js";
import type { BirdWaits } from "./idle-hold.js";

export interface SessionOptions {
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  /** Source address of our connections; undefined: the kernel chooses. */
  readonly localAddress: IpAddress | undefined;
  readonly localAs: number;
  /** AS numbers the peer may have; more than one only for dynamic peers. Never empty. */
  readonly peerAsNumbers: readonly number[];
  /** Our BGP Identifier, unsigned. */
  readonly routerId: number;
  readonly families: readonly Family[];
  /** 0, or 3 and more. */
  readonly holdTimeSeconds: number;
  /** 0: a third of the negotiated Hold Time. */
  readonly keepaliveSeconds: number;
  readonly connectRetrySeconds: number;
  /** First and longest pause of the back-off after errors. */
  readonly idleHoldSeconds: readonly [number, number];
  /** Pauses and patience of BIRD; undefined: the RFC's, and our back-off. */
  readonly birdWaits: BirdWaits | undefined;
  /** 0: send the OPEN at once (RFC 4271 §8.1.1 DelayOpen). */
  readonly delayOpenSeconds: number;
  /** RFC 9687; undefined: the greater of 480 s and twice the negotiated hold time; 0: no such timer. */
  readonly sendHoldSeconds: number | undefined;
  /** RFC 9234: what we are to the peer; undefined: no role capability. */
  readonly role: BgpRole | undefined;
  /** RFC 9234 §4.2: the peer must send its role. */
  readonly roleStrict: boolean;
  readonly passive: boolean;
  readonly ttl: number;
  readonly minTtl: number | undefined;
  readonly md5Key: string | undefined;
  readonly device: string | undefined;
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly extendedMessage: boolean;
  readonly extendedNextHop: boolean;
  /** BIRD's capabilities in BIRD's order, and no others. */
  readonly birdCapabilities: boolean;
  /** keepaliveSeconds counts as it is, even where it is more than a third of the negotiated Hold Time. */
  readonly fixedKeepalive: boolean;
  /** Unwanted connections are closed without a NOTIFICATION. */
  readonly refusesSilently: boolean;
  /** The graceful restart capability, asked for whenever an OPEN is sent: its bits change over time (RFC 4724 §3).
   *  undefined: not offered, and what the peer offers is not used. */
  readonly gracefulRestart: () => Capabilities["gracefulRestart"];
}
