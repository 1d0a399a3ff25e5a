// The configurations of proto-fixtures/bird: shapes that Calico's releases write, and the whole language.

import { join } from "node:path";
import t from "tap";
import { formatAddress } from "../../../src/base/ip.js";
import { readBirdConfig } from "../../../src/bird/language/read-bird-config.js";
import { ROOT } from "../../support/root.js";

const FOLDER = join(ROOT, "proto-fixtures/bird");

void t.test("today's shape", (t) => {
  for (const [file, ipVersion, address] of [
    ["bird.cfg", 4, "198.51.100.12"],
    ["bird6.cfg", 6, "2001:db8::12"],
  ] as const) {
    const config = readBirdConfig(join(FOLDER, "mesh", file), { ipVersion });
    t.equal(config.files.length, 3);
    t.same(
      config.protocols.map(({ kind }) => kind),
      ["static", "kernel", "device", "direct", "bgp", "bgp", "bgp"],
    );
    const peer = config.protocols.find(({ name }) => name.startsWith("Mesh_"));
    if (peer?.kind !== "bgp") return t.fail("no mesh peer");
    t.equal(formatAddress(peer.neighbor.address), address);
    t.match(peer, { addPaths: "both", gracefulRestart: "on", errorWaitSeconds: [5, 30], passive: true, multihop: 64 });
    t.ok(config.scripts.has(`bgp_lab_exportFilterV${ipVersion}`));
    t.ok(config.scripts.has(`export of ${peer.name}`));
  }
  t.end();
});

void t.test("the oldest shape", (t) => {
  const { protocols } = readBirdConfig(join(FOLDER, "older/bird.cfg"), { ipVersion: 4 });
  t.match(
    protocols.filter(({ kind }) => kind === "bgp"),
    [
      { multihop: 64, rrClient: true, rrClusterId: 0xe0000001, gracefulRestartTimeSeconds: 1 },
      { multihop: 0, allowLocalAs: Infinity, export: { script: "calico_export_to_bgp_peers", isInline: false } },
    ],
  );
  t.end();
});

void t.test("the whole language", (t) => {
  const config = readBirdConfig(join(FOLDER, "language/bird.cfg"), { ipVersion: 4 });
  t.equal(config.scripts.get("everything")?.parameters.length, 0);
  t.equal(config.gracefulRestartWaitSeconds, 90);
  t.ok(readBirdConfig(join(FOLDER, "language/bird6.cfg"), { ipVersion: 6 }).protocols.length > 1);
  t.end();
});
