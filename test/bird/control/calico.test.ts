// What Calico's clients make of our replies: peers, readiness, the status reporter's three classes.

import t from "tap";
import type { Teardown } from "../../control/socket-folder.js";
import { startServer } from "./bird-client.js";
import { CalicoConnection, readAgent, readDetails, readPeers, readRecovery, readRoutes } from "./calico-parsers.js";
import { NETWORKS } from "./lab-facts.js";
import { LabView, protocol, neighbor, STATUS } from "./lab-view.js";

process.env["TZ"] = "UTC";

async function connectTo(t: Teardown, view: LabView): Promise<CalicoConnection> {
  const { path } = await startServer(t, view);
  const connection = new CalicoConnection(path);
  t.teardown(() => connection.close());
  return connection;
}

t.test("calicoctl node status: peers by the pattern of their names, the others not at all", async (t) => {
  const connection = await connectTo(t, new LabView());
  connection.send("show protocols");
  const peers = await readPeers(connection, ".");
  t.strictSame(
    peers.map(({ ip, type, state, since, bgpState, info }) => [ip, type, state, since, bgpState, info]),
    [
      ["10.9.0.2", "node-to-node mesh", "up", "09:17:46", "Established", ""],
      ["10.9.0.7", "node-to-node mesh", "start", "09:17:45", "Passive", ""],
      ["10.9.0.9", "node specific", "start", "09:17:45", "Connect", "Socket: No route to host"],
    ],
  );
});

t.test("a peer that is down has no sixth column without an error, and is not seen", async (t) => {
  const view = new LabView();
  const session = { state: "Down", lastError: "" } as const;
  view.list = [protocol("Global_10_0_0_1", "BGP", "down", "09:17:45", { session, bgp: neighbor("10.0.0.1", 1) })];
  const connection = await connectTo(t, view);
  connection.send("show protocols");
  t.strictSame(await readPeers(connection, "."), []);
});

t.test("IPv6 peers and what is older than 20 hours", async (t) => {
  const view = new LabView();
  const session = { state: "Established", lastError: "" } as const;
  const bgp = neighbor("fd00::2", 65001);
  view.list = [
    { ...protocol("Mesh_fd00__2", "BGP", "up", "09:17:45", { session, bgp }), since: Date.UTC(2026, 10, 27) },
  ];
  const connection = await connectTo(t, view);
  connection.send("show protocols");
  const [peer] = await readPeers(connection, ":");
  t.match(peer, { ip: "fd00::2", since: "2026-11-27", bgpState: "Established" });
});

t.test("readiness: the second question on one connection, with and without a recovery", async (t) => {
  const view = new LabView();
  const connection = await connectTo(t, view);
  connection.send("show protocols");
  await readPeers(connection, ".");
  connection.send("show status");
  t.equal(await readRecovery(connection), undefined);
  view.statusView = { ...STATUS, recovery: { waitingFor: 1, leftSeconds: 235, totalSeconds: 240 } };
  connection.send("show status");
  t.equal(await readRecovery(connection), "graceful restart in progress");
});

t.test("the status reporter: agent", async (t) => {
  const view = new LabView();
  view.statusView = { ...STATUS, version: "v0.3.3+birdv1.6.8" };
  const connection = await connectTo(t, view);
  connection.send("show status");
  t.strictSame(await readAgent(connection), {
    state: "Ready",
    version: "v0.3.3+birdv1.6.8",
    routerId: "10.9.0.1",
    lastBootTime: "2026-11-29 09:17:45",
    lastReconfigurationTime: "2026-11-29 09:17:45",
  });
});

t.test("the status reporter: sessions, the details of each peer on the same connection", async (t) => {
  const connection = await connectTo(t, new LabView());
  connection.send("show protocols");
  const details = [];
  for (const { name } of await readPeers(connection, ".")) {
    connection.send(`show protocols all ${name}`);
    details.push(await readDetails(connection));
  }
  t.strictSame(details, [
    { state: "Established", address: "10.9.0.2" },
    { state: "Passive", address: "10.9.0.7" },
    { state: "Connect", address: "10.9.0.9" },
  ]);
});

t.test("the status reporter: routes", async (t) => {
  const view = new LabView();
  const isPlain = (kind: string): boolean => kind !== "multipath" && kind !== "prohibited";
  view.networks = NETWORKS.filter(({ paths }) =>
    paths.every(({ protocol, destination }) => protocol !== "Rack" && isPlain(destination.kind)),
  );
  const connection = await connectTo(t, view);
  connection.send("show route");
  const routes = await readRoutes(connection);
  t.equal(routes.length, view.networks.length);
  const rows = routes.map(({ type, destination, gateway, device, from }) =>
    [type, destination, gateway, device, from].join(" "),
  );
  for (const row of [
    "FIB 10.20.1.5/32 N/A cali12345678901 kernel1",
    "FIB 10.20.1.0/26 N/A blackhole static1",
    "FIB 10.24.0.0/24 N/A unreachable static1",
    "FIB 10.50.1.0/24 10.9.0.2 eth0 Mesh_10_9_0_2",
  ])
    t.ok(rows.includes(row), row);
});

t.test("a second path of a prefix belongs to the prefix above it", async (t) => {
  const view = new LabView();
  const [mesh] = NETWORKS.find(({ prefix }) => prefix === "10.50.1.0/24")?.paths ?? [];
  view.networks = [{ prefix: "10.50.1.0/24", paths: [mesh, { ...mesh, mark: undefined }] }];
  const connection = await connectTo(t, view);
  connection.send("show route");
  const routes = await readRoutes(connection);
  t.strictSame(
    routes.map(({ type, destination }) => [type, destination]),
    [
      ["FIB", "10.50.1.0/24"],
      ["RIB", "10.50.1.0/24"],
    ],
  );
});
