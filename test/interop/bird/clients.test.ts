// Real clients of BIRD against our socket: birdc of BIRD 1.6 and of BIRD 2, and the exporter of Prometheus.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { startServer } from "../../bird/control/bird-client.js";
import { LabView, protocol, neighbor } from "../../bird/control/lab-view.js";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { findProgram } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";

process.env["TZ"] = "UTC";

const run = promisify(execFile);
const BIRDC1 = join(dirname(BIRD1_PROGRAMS[0]), "birdc");
const EXPORTER = "prometheus-bird-exporter";

const ROWS = [
  "name     proto    table    state  since       info",
  "static1  Static   master   up     09:17:45    ",
  "kernel1  Kernel   master   up     09:17:45    ",
  "device1  Device   master   up     09:17:45    ",
  "direct1  Direct   master   up     09:17:45    ",
  "Mesh_10_9_0_2 BGP      master   up     09:17:46    Established   ",
];

for (const birdc of [BIRDC1, "birdc"]) {
  t.test(
    `${birdc === "birdc" ? "birdc of BIRD 2" : "birdc of BIRD 1.6"} reads, changes and abbreviates`,
    needs(birdc),
    async (t) => {
      const view = new LabView();
      const { path, server } = await startServer(t, view);
      const ask = async (...words: string[]): Promise<readonly string[]> => {
        const { stdout } = await run(findProgram(birdc) ?? birdc, ["-s", path, ...words]).catch(told);
        return stdout.split("\n").slice(0, -1);
      };
      const [greeting, ...rows] = await ask("show", "protocols");
      t.equal(greeting, "BIRD 1.6.8 ready.");
      t.strictSame(rows.slice(0, ROWS.length), ROWS);
      t.strictSame(await ask("sh", "route", "count"), [greeting, "23 of 23 routes for 21 networks"]);
      t.equal((await ask("show", "route", "all")).length, 104, "rows with all their attributes");
      t.strictSame(await ask("configure"), [greeting, "Reading configuration from /etc/bird/a.cfg", "Reconfigured"]);
      t.strictSame(await ask("disable", "Rack"), [greeting, "Rack: disabled"]);
      t.strictSame(await ask("show", "route", "protocol", "Nope"), [greeting, "Nope is not a protocol"]);
      t.strictSame(await ask("down"), [greeting, "Shutdown requested"]);
      t.strictSame(view.told, ["configure /etc/bird/a.cfg hard", "down"]);
      await eventually("all clients are gone", () => server.connectionCount === 0);
    },
  );
}

/** BIRD 2's client ends with 1 where the daemon refuses something. */
function told(error: unknown): { readonly stdout: string } {
  if (error instanceof Error && "stdout" in error && typeof error.stdout === "string") return { stdout: error.stdout };
  throw error;
}

/** A TCP port of the loopback interface that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

t.test("the exporter finds its numbers in `show protocols all`", needs(EXPORTER), async (t) => {
  const six = new LabView();
  six.ipVersion = 6;
  const session = { state: "Active", lastError: "Socket: Connection refused" } as const;
  six.list = [protocol("Global_fd00__9", "BGP", "start", "09:17:45", { session, bgp: neighbor("fd00::9", 65009) })];
  const [four, other] = [await startServer(t, new LabView()), await startServer(t, six)];
  const port = await freePort();
  const words = ["-bird.socket", four.path, "-bird.socket6", other.path, "-format.new=true"];
  const exporter = new DaemonProcess(
    EXPORTER,
    spawn(EXPORTER, [...words, "-web.listen-address", `127.0.0.1:${port}`], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  t.teardown(() => exporter.stop());
  const metrics = await eventually("the exporter's metrics", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return response.text();
  });
  const metric = (name: string, of: string): string | undefined =>
    metrics
      .split("\n")
      .find((line) => line.startsWith(`${name}{`) && line.includes(`name="${of}"`))
      ?.split("} ")[1];
  t.equal(metric("bird_protocol_up", "Mesh_10_9_0_2"), "1");
  t.equal(metric("bird_protocol_up", "Node_10_9_0_9"), "0");
  t.equal(metric("bird_protocol_up", "Global_fd00__9"), "0");
  t.equal(metric("bird_protocol_prefix_import_count", "Mesh_10_9_0_2"), "3");
  t.equal(metric("bird_protocol_prefix_export_count", "Mesh_10_9_0_2"), "4");
  t.equal(metric("bird_protocol_prefix_preferred_count", "Rack"), "2");
  t.equal(metric("bird_protocol_prefix_filter_count", "Rack"), "1");
  t.equal(metric("bird_protocol_changes_update_export_receive_count", "Mesh_10_9_0_2"), "24");
  t.equal(metric("bird_protocol_changes_update_export_reject_count", "Mesh_10_9_0_2"), "3");
  t.equal(metric("bird_protocol_prefix_import_count", "static1"), "8");
});
