// The acts: each configuration that they write is one that the daemon accepts, and says what the act is about.

import t from "tap";
import { stringify } from "yaml";
import { parseConfig } from "../../../src/config/parse-yaml.js";
import type { SpeakerConfig } from "../../../src/config/speaker-config.js";
import type { Act, SpeakerPlan } from "../../../src/daemon/demo/act.js";
import { torSpeaker } from "../../../src/daemon/demo/act-racks.js";
import { ACTS } from "../../../src/daemon/demo/demo.js";
import { makeTopology, type Topology } from "../../../src/daemon/demo/topology.js";

function configOf(plan: SpeakerPlan): SpeakerConfig {
  const result = parseConfig(stringify(plan.config), `${plan.host}.yaml`);
  if ("errors" in result) throw new Error(result.errors.map((error) => error.message).join("\n"));
  return result.config;
}

function topologyOf(act: Act, simulated: boolean): Topology {
  return makeTopology({ layout: act.layout, dualStack: act.dualStack && !simulated, simulated });
}

function allPlans(act: Act, simulated: boolean): readonly SpeakerPlan[] {
  const topology = topologyOf(act, simulated);
  return [...act.speakers(topology), ...act.tors(topology).map((plan) => torSpeaker(topology, plan))];
}

t.test("the acts are numbered from 1, and one of them is dual-stack", (t) => {
  t.strictSame(
    ACTS.map((act) => act.number),
    [1, 2, 3, 4],
  );
  t.equal(ACTS.filter((act) => act.dualStack).length, 1);
  t.end();
});

for (const act of ACTS) {
  for (const simulated of [false, true]) {
    t.test(
      `act ${act.number}, ${simulated ? "simulated" : "real"}: every configuration is accepted and every eBGP session has policies`,
      (t) => {
        for (const plan of allPlans(act, simulated)) {
          const config = configOf(plan);
          t.ok(config.peers.length > 0, `${plan.host} has peers`);
          t.ok(
            config.peers.every((peer) => peer.missingPolicy.length === 0),
            `${plan.host} lacks no policy`,
          );
          t.ok(
            config.peers.every((peer) => peer.port === (simulated ? 1790 : 179)),
            `${plan.host} uses the act's port`,
          );
          if (simulated) t.equal(config.kernel.enabled, false, `${plan.host} leaves the kernel alone`);
        }
        t.end();
      },
    );
  }

  t.test(`act ${act.number}: sessions are configured at both ends, with each other's AS`, (t) => {
    const plans = allPlans(act, true).map((plan) => ({ plan, config: configOf(plan) }));
    const owner = (address: string): SpeakerConfig | undefined =>
      plans.find(({ config }) =>
        config.listen.some((listen) => Buffer.from(listen.address.bytes).join(".") === address),
      )?.config;
    for (const { plan, config } of plans) {
      for (const peer of config.peers) {
        const other = owner(peer.key);
        t.equal(other?.localAs, peer.as, `${plan.host}: ${peer.name} has AS ${peer.as}`);
        const back = other?.peers.some((candidate) =>
          config.listen.some((listen) => Buffer.from(listen.address.bytes).join(".") === candidate.key),
        );
        t.ok(back, `${plan.host}: ${peer.name} knows it, too`);
      }
    }
    t.end();
  });

  t.test(`act ${act.number}: the host that is killed has a daemon`, (t) => {
    t.ok(allPlans(act, false).some((plan) => plan.host === act.killed));
    t.end();
  });
}

t.test("act 1 has a session per family with every other node", (t) => {
  const [node1] = allPlans(ACTS[0], false);
  const families = configOf(node1).peers.map((peer) => peer.families.join());
  t.strictSame(families.toSorted(), ["ipv4", "ipv4", "ipv6", "ipv6"]);
  t.end();
});

t.test("act 2: the nodes are clients of the reflectors, which leave the kernel alone and share a cluster id", (t) => {
  const reflectors = allPlans(ACTS[1], false)
    .filter((plan) => plan.host.startsWith("tor-"))
    .map(configOf);
  t.strictSame(
    reflectors.map((config) => config.peers.filter((peer) => peer.routeReflectorClient).length),
    [3, 3],
  );
  t.ok(reflectors.every((config) => !config.kernel.enabled));
  t.equal(new Set(reflectors.map((config) => config.clusterId)).size, 1);
  t.end();
});

t.test("act 3: each rack has its own AS", (t) => {
  const systems = allPlans(ACTS[2], false).map((plan) => [plan.host, configOf(plan).localAs]);
  t.strictSame(systems, [
    ["node1", 65101],
    ["node2", 65101],
    ["node3", 65102],
    ["tor-a", 65001],
    ["tor-b", 65002],
  ]);
  t.end();
});

t.test("act 4: routes of the pod pool go through tunl0 where the next hop is in another subnet", (t) => {
  for (const plan of allPlans(ACTS[3], false)) {
    const [rule] = configOf(plan).kernel.encapsulation;
    t.match(rule, { mode: "crossSubnet", device: "tunl0" });
  }
  t.end();
});
