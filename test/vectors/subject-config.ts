// The configuration of our own daemon as the speaker under test: a passive peer per vector, and the observer.

import { OUR_AS, PEER_AS, type Vector } from "./vector.js";

export interface SubjectPeer {
  readonly address: string;
  readonly vector: Vector;
}

/** As it would stand in YAML. */
export function subjectConfig(
  us: string,
  observer: string,
  peers: readonly SubjectPeer[],
): Readonly<Record<string, unknown>> {
  const families = ["ipv4", "ipv6"];
  return {
    routerId: us,
    as: OUR_AS,
    kernel: { enabled: false },
    peers: [
      {
        address: observer,
        as: OUR_AS,
        families,
        passive: true,
        routeReflectorClient: true,
        extendedNextHop: true,
      },
      ...peers.map(({ address, vector: { session } }) => ({
        address,
        as: session.kind === "ebgp" ? PEER_AS : OUR_AS,
        families,
        passive: true,
        importPolicy: "accept",
        exportPolicy: "reject",
        extendedNextHop: session.extendedNextHop,
        addPathReceive: session.addPath,
        ...(session.kind === "ibgp" ? { routeReflectorClient: true } : {}),
        ...(session.role === undefined ? {} : { role: session.role, roleStrict: session.roleStrict === true }),
      })),
    ],
  };
}
