// What CompatibilityConfig makes of a configuration for those who act on it, and of the kernel's table.

import t from "tap";
import { IPV6_UNICAST } from "../../src/base/family.js";
import type { CompatibilityConfig, SpeakerConfig } from "../../src/config/speaker-config.js";
import { NO_COMPATIBILITY } from "../../src/config/no-compatibility.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import type { Negotiated } from "../../src/session/negotiate.js";
import { type GroupFacts, groupOptions, sessionOptions, sourceOptions } from "../../src/speaker/peer-translation.js";
import type { InterfaceAddress, KernelView } from "../../src/speaker/ports.js";
import { address } from "../support/memory-network.js";
import { prefix } from "../rib/updates.js";
import { configOf, World } from "./world.js";
import { ScriptedPeer } from "./scripted-peer.js";

const { ebgp, ibgpClient, ibgpNonClient } = RELATION;

/** An external and an internal peer; each has a local AS of its own. */
const YAML = `
as: 64512
peers:
  - {address: 10.0.0.2, as: 65010, localAs: 64600, importPolicy: accept, exportPolicy: accept}
  - {address: 10.0.0.3, as: 64601, localAs: 64601}
  - {address: 10.0.0.4, as: 64512, routeReflectorClient: true, multihop: 4}`;

function withFields(...names: readonly (keyof CompatibilityConfig)[]): SpeakerConfig {
  const compatibility = { ...NO_COMPATIBILITY, ...Object.fromEntries(names.map((name) => [name, true])) };
  return { ...configOf("10.0.0.1", YAML), compatibility };
}

function groupOf(
  speaker: SpeakerConfig,
  peer: 0 | 1 | 2,
  relation: Relation,
  changes: Partial<GroupFacts> = {},
): ReturnType<typeof groupOptions> {
  const config = speaker.peers[peer];
  const negotiated = {
    peerAs: config.as,
    fourOctetAs: true,
    maxMessageLength: 4096,
    localAddress: address("10.0.0.1"),
    addPathSend: [false, false],
    extendedNextHop: [false, false],
  } as unknown as Negotiated;
  const { key, name, group, as } = config;
  return groupOptions(config, speaker, {
    family: 0,
    relation,
    negotiated,
    isDraining: false,
    isMultihop: config.multihop > 0,
    address: config.address,
    peer: { address: key, name, group, as, isEbgp: relation === ebgp },
    view: undefined,
    ...changes,
  });
}

t.test("without compatibility no option of a group differs from the RFCs'", async (t) => {
  const none = { zeroesMed: false, announcesGateways: false, separatesLocalAs: false, checksClusterList: false };
  t.match(groupOf(withFields(), 0, ebgp), { ...none, globalAs: 64512 });
  t.match(groupOf(withFields(), 2, ibgpClient), none);
});

t.test("each field reaches the groups it concerns, and no others", async (t) => {
  t.equal(groupOf(withFields("zeroMedToExternal"), 0, ebgp).zeroesMed, true);
  t.equal(groupOf(withFields("zeroMedToExternal"), 1, ibgpNonClient).zeroesMed, false);
  t.equal(groupOf(withFields("announcesGateways"), 0, ebgp).announcesGateways, false);
  t.equal(groupOf(withFields("announcesGateways"), 1, ibgpNonClient).announcesGateways, true);
  const keeping = withFields("announcesGateways");
  const peers = keeping.peers.map((peer) => ({ ...peer, nextHop: "keep" as const }));
  t.equal(groupOf({ ...keeping, peers }, 0, ebgp).announcesGateways, true, "next hop keep");
  t.equal(groupOf(withFields("clusterLoopOnlyWithClients"), 2, ibgpClient).checksClusterList, true);
  t.equal(groupOf(withFields("clusterLoopOnlyWithClients"), 1, ibgpNonClient).checksClusterList, false);
  t.equal(groupOf(withFields("separatesLocalAs"), 1, ibgpNonClient).separatesLocalAs, true);
  t.equal(groupOf(withFields("separatesLocalAs"), 0, ebgp).globalAs, 64600, "the speaker's AS is not seen behind");
});

t.test("separatesLocalAs and clusterLoopOnlyWithClients on the way in", async (t) => {
  const importing = (speaker: SpeakerConfig, peer: 0 | 1 | 2) =>
    sourceOptions(speaker.peers[peer], speaker, speaker.peers[peer].as, false).import;
  t.match(importing(withFields(), 0), { globalAs: 64512, prependsLocalAs: true, ignoresClusterList: false });
  t.match(importing(withFields("separatesLocalAs"), 0), { globalAs: 64600, prependsLocalAs: false });
  t.equal(importing(withFields("clusterLoopOnlyWithClients"), 1)?.ignoresClusterList, true);
  t.equal(importing(withFields("clusterLoopOnlyWithClients"), 2)?.ignoresClusterList, false, "a client");
});

t.test("what the session is told", async (t) => {
  const told = (...names: readonly (keyof CompatibilityConfig)[]): ReturnType<typeof sessionOptions> => {
    const speaker = withFields(...names);
    return sessionOptions(speaker.peers[0], speaker, [65010], () => undefined);
  };
  t.match(told(), { birdCapabilities: false, fixedKeepalive: false, refusesSilently: false });
  t.equal(told("birdCapabilities").birdCapabilities, true);
  t.equal(told("fixedKeepalive").fixedKeepalive, true);
  t.equal(told("refusesSilently").refusesSilently, true);
});

t.test("globalNextHopOverMultihop: the link-local address is left out over several hops", async (t) => {
  const addresses: readonly InterfaceAddress[] = [
    { device: "eth0", address: address("fd00::1"), prefix: prefix("fd00::/64") },
    { device: "eth0", address: address("fe80::1"), prefix: prefix("fe80::/64") },
  ];
  const view = { addresses: () => addresses } as unknown as KernelView;
  for (const [names, isMultihop, length] of [
    [[], true, 32],
    [["globalNextHopOverMultihop"], true, 16],
    [["globalNextHopOverMultihop"], false, 32],
  ] as const) {
    const speaker = withFields(...names);
    const negotiated = {
      peerAs: 64512,
      fourOctetAs: true,
      maxMessageLength: 4096,
      localAddress: address("fd00::1"),
      addPathSend: [false, false],
      extendedNextHop: [false, false],
    } as unknown as Negotiated;
    const facts: Partial<GroupFacts> = {
      family: IPV6_UNICAST,
      isMultihop,
      view,
      negotiated,
      address: address("fd00::4"),
    };
    t.equal(groupOf(speaker, 2, ibgpClient, facts).selfNextHop.length, length);
  }
});

t.test("keepsUnresolved: a route without a way is unreachable in the kernel, and is told on", async (t) => {
  for (const keepsUnresolved of [false, true]) {
    const world = new World();
    const node = world.node("10.0.0.1");
    const config = configOf("10.0.0.1", YAML.replace("multihop: 4", "multihop: 3"));
    const resolve = node.kernel.resolve.bind(node.kernel);
    node.kernel.resolve = (nextHop, zone) => (nextHop[0] === 192 ? undefined : resolve(nextHop, zone));
    await node.speaker.apply({ ...config, compatibility: { ...NO_COMPATIBILITY, keepsUnresolved } });
    const peer = new ScriptedPeer(world, "10.0.0.4", "10.0.0.1");
    world.run(8000);
    peer.announce(["10.1.0.0/16"], { nextHop: Uint8Array.of(192, 0, 2, 1) });
    peer.announce(["10.2.0.0/16"], { nextHop: Uint8Array.of(10, 0, 0, 4) });
    world.run(1000);
    const resolved = "10.2.0.0/16 unicast via 10.0.0.4 dev eth0";
    t.same(node.fib(), keepsUnresolved ? ["10.1.0.0/16 unreachable", resolved] : [resolved]);
    const [view] = node.routes({ stage: "received", peer: "10.0.0.4", prefix: "10.1.0.0/16" });
    t.match(view, { best: keepsUnresolved, nextHopReachable: false });
  }
});
