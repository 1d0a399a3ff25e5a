// FRR as a ToR: zebra and bgpd in the ToR's namespace, with files and sockets in the lab's folder only.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./lab-requirements.js";
import type { Lab, LabProcess } from "./lab.js";
import type { RoutingDaemon, SessionCounts } from "./routing-daemon.js";
import type { TorPlan } from "./tor-plan.js";

/** Its own folders first: other projects call their daemon bgpd, too. */
const DAEMON_FOLDERS = ["/usr/lib/frr", "/usr/libexec/frr", "/usr/local/lib/frr", "/usr/sbin"];
const START_LIMIT_MS = 5000;

function daemonFolder(): string | undefined {
  return DAEMON_FOLDERS.find((folder) => existsSync(join(folder, "bgpd")) && existsSync(join(folder, "zebra")));
}

/** `FRR 8.4.4`, or undefined where it is not installed. */
export function frrVersion(): string | undefined {
  const folder = daemonFolder();
  if (folder === undefined || findProgram("vtysh") === undefined) return undefined;
  const { stdout } = spawnSync(join(folder, "bgpd"), ["--version"], { encoding: "utf8" });
  const version = /^bgpd version (\S+)/.exec(stdout)?.[1];
  return version === undefined ? undefined : `FRR ${version}`;
}

/** The configuration of bgpd. */
export function frrConfiguration(plan: TorPlan): string {
  const lines = [`hostname ${plan.host}`, `router bgp ${plan.as}`, ` bgp router-id ${plan.addresses[0] ?? ""}`];
  // RFC 8212 is on by default; this ToR is meant to pass on everything.
  lines.push(" no bgp ebgp-requires-policy", " no bgp network import-check");
  for (const neighbor of plan.neighbors) {
    lines.push(` neighbor ${neighbor.address} remote-as ${neighbor.as}`);
    lines.push(` neighbor ${neighbor.address} description ${neighbor.name}`);
    lines.push(` neighbor ${neighbor.address} timers ${Math.floor(plan.holdTimeSeconds / 3)} ${plan.holdTimeSeconds}`);
    lines.push(` neighbor ${neighbor.address} timers connect 1`);
    // FRR holds changes back for 30 s between eBGP neighbours where its profile is `traditional`.
    lines.push(` neighbor ${neighbor.address} advertisement-interval 0`);
  }
  return `${lines.join("\n")}\n`;
}

/** A daemon for the plan; nothing runs until `start`. */
export function frrDaemon(lab: Lab, plan: TorPlan, version: string): RoutingDaemon {
  const folder = join(lab.folder, `${plan.host}-frr`);
  let processes: readonly LabProcess[] = [];
  const vtysh = (...words: readonly string[]): Promise<{ code: number; stdout: string }> =>
    lab.exec(plan.host, [findProgram("vtysh") ?? "vtysh", "--vty_socket", folder, ...words]);

  const launch = async (name: "zebra" | "bgpd", configuration: string): Promise<LabProcess> => {
    const file = join(folder, `${name}.conf`);
    writeFileSync(file, configuration);
    const program = join(daemonFolder() ?? "", name);
    const files = [
      "-f",
      file,
      "-i",
      join(folder, `${name}.pid`),
      "-z",
      join(folder, "zserv.api"),
      "--vty_socket",
      folder,
    ];
    const child = lab.spawn(plan.host, [program, ...files, "-P", "0", "--log", "stdout"]);
    const answers = async (): Promise<boolean> => (await vtysh("-d", name, "-c", "show version")).code === 0;
    await lab.until(async () => !child.running || answers(), START_LIMIT_MS, 20);
    return child;
  };

  return {
    host: plan.host,
    software: version,
    statusCommand: "vtysh -c 'show bgp ipv4 unicast summary'",
    async start() {
      mkdirSync(folder, { recursive: true });
      // Its daemons give up root for the user `frr`, who must reach and write this folder.
      chmodSync(lab.folder, 0o711);
      await lab.must(plan.host, ["chown", "frr", folder]);
      processes = [await launch("zebra", `hostname ${plan.host}\n`), await launch("bgpd", frrConfiguration(plan))];
    },
    async kill() {
      await Promise.all(processes.map((child) => child.end("SIGKILL")));
    },
    async sessions() {
      const { code, stdout } = await vtysh("-c", "show bgp ipv4 unicast summary json");
      return code === 0 ? readSummary(stdout) : undefined;
    },
    async statusText() {
      return (await vtysh("-c", "show bgp ipv4 unicast summary")).stdout;
    },
    log: () => processes.map((child) => child.output).join(""),
  };
}

/** Counts in the JSON of `show bgp ipv4 unicast summary`. */
export function readSummary(json: string): SessionCounts {
  const summary = JSON.parse(json) as { peers?: Record<string, { state?: string }> };
  const states = Object.values(summary.peers ?? {}).map((peer) => peer.state);
  return {
    established: states.filter((state) => state === "Established").length,
    total: states.length,
    recovering: false,
  };
}
