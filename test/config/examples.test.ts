// Each file in config/ is a promise: it loads without a warning and means what its comments say.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { formatPrefix } from "../../src/base/ip.js";
import { formatConfigErrors } from "../../src/config/config-error.js";
import { parseConfig } from "../../src/config/parse-yaml.js";
import type { PeerConfig, SpeakerConfig } from "../../src/config/speaker-config.js";
import { samplePeer, sampleRoute, sequence } from "../policy/sample-route.js";
import { ROOT } from "../support/root.js";

const FOLDER = join(ROOT, "config");

function load(name: string): SpeakerConfig {
  const result = parseConfig(readFileSync(join(FOLDER, name), "utf8"), name);
  if ("errors" in result) throw new Error(formatConfigErrors(result.errors));
  t.same(result.warnings, [], `${name} gives no warning`);
  return result.config;
}

function peerOf(config: SpeakerConfig, key: string): PeerConfig {
  const peer = config.peers.find((candidate) => candidate.key === key);
  if (peer === undefined) throw new Error(`no peer ${key}`);
  return peer;
}

const CHECKS: Readonly<Record<string, (t: Test, config: SpeakerConfig) => void>> = {
  "mesh-node.yaml": (t, config) => {
    t.same(
      config.peers.map(({ key, name, type, families }) => [key, name, type, families.join()]),
      [
        ["192.0.2.12", "node-2", "node-to-node mesh", "ipv4"],
        ["2001:db8::12", "node-2", "node-to-node mesh", "ipv6"],
        ["192.0.2.13", "node-3", "node-to-node mesh", "ipv4"],
      ],
    );
    t.equal(config.routerId, 0xc000020b, "the router id is the node's address");
    const { exportPolicy } = peerOf(config, "192.0.2.12");
    t.ok(exportPolicy(sampleRoute({}, "10.244.1.0/26")).accept);
    t.notOk(exportPolicy(sampleRoute({}, "10.96.0.0/16")).accept);
  },
  "route-reflector.yaml": (t, config) => {
    const [range] = config.dynamicPeers;
    t.equal(formatPrefix(range.prefix), "192.0.2.64/26");
    t.match(range.template, {
      routeReflectorClient: true,
      passive: true,
      as: 64512,
      password: "change-me",
      type: "dynamic",
      holdTimeSeconds: 30,
    });
    t.match(peerOf(config, "192.0.2.2"), { routeReflectorClient: false, type: "global", name: "reflector-2" });
    t.equal(config.clusterId, 0xc00002ff);
    t.equal(config.kernel.enabled, false);
  },
  "ebgp-per-rack.yaml": (t, config) => {
    const tor = peerOf(config, "192.0.2.31");
    t.match(tor, { as: 65001, ttlSecurity: true, holdTimeSeconds: 9, missingPolicy: [], group: "tor" });
    const received = { learnedFrom: samplePeer({ name: "tor-b" }), asPath: sequence(65001, 65000, 65102) };
    const backup = sampleRoute({ ...received, communities: [0xfde80032] }, "10.244.9.0/26");
    t.equal(tor.importPolicy(backup).accept, true);
    t.equal(backup.localPref, 50);
    t.equal(tor.importPolicy(sampleRoute(received, "10.244.9.0/27")).accept, false);
    t.match(tor.exportPolicy(sampleRoute({ from: "static" }, "10.96.0.10/32")), {
      accept: true,
      by: /^policy to-tor, ebgp-per-rack.yaml:\d+$/,
    });
    t.equal(tor.exportPolicy(sampleRoute({}, "10.244.9.0/26")).accept, false, "a node is no transit");
  },
  "as-per-node.yaml": (t, config) => {
    const [first, second] = config.peers;
    t.equal(config.localAs, 4200000033);
    const paths = [first, second].map((peer) => {
      const route = sampleRoute({ from: "static", sentTo: samplePeer({ name: peer.name }) }, "10.244.33.0/26");
      return [peer.exportPolicy(route).accept, route.asPath];
    });
    t.same(paths, [
      [true, []],
      [true, sequence(4200000033)],
    ]);
    t.equal(first.exportPolicy.readsPeer, true);
    t.equal(first.importPolicy(sampleRoute({ asPath: sequence(65000, 4200000034) })).accept, true);
    t.equal(first.importPolicy(sampleRoute({ asPath: sequence(65000, 64999) })).accept, false);
  },
  "ipip-cross-subnet.yaml": (t, config) => {
    t.equal(config.peers.length, 2);
    t.match(config.kernel.encapsulation, [{ mode: "crossSubnet", device: "tunl0" }]);
    t.equal(config.kernel.exportPolicy(sampleRoute({}, "10.244.2.0/26")).accept, true);
    t.equal(config.kernel.exportPolicy(sampleRoute({}, "0.0.0.0/0")).accept, false);
  },
  "dual-stack.yaml": (t, config) => {
    t.match(peerOf(config, "fe80::1%eth0"), {
      families: ["ipv4", "ipv6"],
      extendedNextHop: true,
      ttlSecurity: true,
      multihop: 0,
    });
    t.same(config.node.direct, ["!cali*", "eth*"]);
    t.same(config.log, { level: "info", format: "json" });
  },
};

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));

t.same(files.sort(), Object.keys(CHECKS).sort(), "every example is checked");

for (const [name, check] of Object.entries(CHECKS)) {
  t.test(`${name} means what it says`, (t) => {
    check(t, load(name));
    t.end();
  });
}
