// Waiting until a real peer has what the test expects; a timeout tells what it had instead.

import { eventually } from "../eventually.js";
import { familyOfText, type NeighborState, type PeerRoute, type RealPeer } from "./real-peer.js";

/** Resolves when the peer's command line says that the session is Established; gives its text. */
export function established(peer: RealPeer, address: string, timeoutMs = 20_000): Promise<NeighborState> {
  return eventually(
    `${peer.name}: session with ${address}`,
    async () => {
      const neighbor = await peer.neighborState(address);
      if (neighbor.state !== "Established") throw new Error(neighbor.text);
      return neighbor;
    },
    timeoutMs,
  );
}

/** Resolves with the peer's best route for the prefix, once it has one that `fits`. */
export function bestRoute(
  peer: RealPeer,
  prefix: string,
  fits: (route: PeerRoute) => boolean = () => true,
): Promise<PeerRoute> {
  return eventually(`${peer.name}: route ${prefix}`, async () => {
    const routes = await peer.routes(familyOfText(prefix));
    const found = routes.find((route) => route.prefix === prefix && route.best && fits(route));
    if (found === undefined) throw new Error(`it has ${JSON.stringify(routes)}`);
    return found;
  });
}

/** Resolves when the peer has no route for the prefix any more. */
export async function noRoute(peer: RealPeer, prefix: string): Promise<void> {
  await eventually(`${peer.name}: withdrawal of ${prefix}`, async () => {
    const routes = await peer.routes(familyOfText(prefix));
    return routes.every((route) => route.prefix !== prefix);
  });
}
