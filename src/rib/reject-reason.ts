// Why a received route takes no part in the decision process. Kept with the path, so that "why not this route?" has an answer.

export const REJECT = {
  none: 0,
  importPolicy: 1,
  asLoop: 2,
  originatorLoop: 3,
  clusterLoop: 4,
  missingPolicy: 5,
  ownNextHop: 6,
  routeLeak: 7,
} as const;

export type RejectReason = (typeof REJECT)[keyof typeof REJECT];

const TEXTS: Readonly<Record<RejectReason, string>> = {
  [REJECT.none]: "accepted",
  [REJECT.importPolicy]: "rejected by import policy",
  [REJECT.asLoop]: "own AS in AS_PATH (RFC 4271 §9.1.2)",
  [REJECT.originatorLoop]: "own router id is ORIGINATOR_ID (RFC 4456 §8)",
  [REJECT.clusterLoop]: "own cluster id in CLUSTER_LIST (RFC 4456 §8)",
  [REJECT.missingPolicy]: "eBGP peer without import policy (RFC 8212)",
  [REJECT.ownNextHop]: "own address is NEXT_HOP (RFC 4271 §6.3)",
  [REJECT.routeLeak]: "route leak: OTC (RFC 9234 §5)",
};

export function rejectText(reason: number): string {
  return TEXTS[reason as RejectReason];
}
