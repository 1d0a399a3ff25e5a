// A reload while routes of a restarting peer are kept: what is known of the peer from its session stays known.

import t from "tap";
import { World } from "./world.js";

const reflector = (weight: number): string => `
as: 64512
gracefulRestart: {restartTimeSeconds: 120, staleTimeSeconds: 300}
peers:
  - {address: 10.0.0.2, as: 64512, routeReflectorClient: true, weight: ${weight}}
  - {address: 10.0.0.3, as: 64512, routeReflectorClient: true}`;

const client = (routes: string): string => `
as: 64512
gracefulRestart: {restartTimeSeconds: 120, staleTimeSeconds: 300}
peers: [{address: 10.0.0.1, as: 64512}]
node: {static: [${routes}]}`;

t.test("a reload does not make a stale route's originator forgotten", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", reflector(0));
  await world.start("10.0.0.2", client("{prefix: 10.9.0.0/16, type: none}"));
  const c = await world.start("10.0.0.3", client(""));
  world.run(10_000);
  const originator = (): unknown => c.routes({ stage: "received", peer: "10.0.0.1" })[0]?.originatorId;
  t.equal(originator(), "10.0.0.2");
  for (const address of ["10.0.0.1", "10.0.0.2"]) world.network.setFailure(address, "silent");
  world.network.cut("10.0.0.1", "10.0.0.2");
  world.run(1000);
  t.equal(a.routes({ stage: "received", peer: "10.0.0.2" })[0]?.stale, true);
  await a.apply(reflector(1));
  world.run(1000);
  a.speaker.refreshPeer("10.0.0.3", "out");
  world.run(1000);
  t.equal(originator(), "10.0.0.2");
});
