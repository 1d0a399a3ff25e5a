// BIRD 2 as a ToR: one process in the ToR's namespace, with its files in the lab's folder only.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./lab-requirements.js";
import type { Lab, LabProcess } from "./lab.js";
import type { RoutingDaemon, SessionCounts } from "./routing-daemon.js";
import type { TorPlan } from "./tor-plan.js";

/** `BIRD 2.0.12`, or undefined where no BIRD 2 or later is installed. */
export function birdVersion(): string | undefined {
  const bird = findProgram("bird");
  if (bird === undefined || findProgram("birdc") === undefined) return undefined;
  const result = spawnSync(bird, ["--version"], { encoding: "utf8" });
  // BIRD 1 speaks another configuration language.
  const version = /version ([2-9]\S*)/.exec(`${result.stdout}${result.stderr}`)?.[1];
  return version === undefined ? undefined : `BIRD ${version}`;
}

/** The configuration file of a ToR. */
export function birdConfiguration(plan: TorPlan): string {
  const sessions = plan.neighbors.map(
    (neighbor) => `protocol bgp ${neighbor.name.replaceAll("-", "_")} {
  local as ${plan.as};
  neighbor ${neighbor.address} as ${neighbor.as};
  hold time ${plan.holdTimeSeconds};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  graceful restart on;
  ipv4 { import all; export where source = RTS_BGP; };
}
`,
  );
  return `log stderr all;
router id ${plan.addresses[0] ?? ""};
protocol device { }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
${sessions.join("")}`;
}

/** A daemon for the plan; nothing runs until `start`. */
export function birdDaemon(lab: Lab, plan: TorPlan, version: string): RoutingDaemon {
  const folder = join(lab.folder, `${plan.host}-bird`);
  const socket = join(folder, "bird.ctl");
  let child: LabProcess | undefined;
  const birdc = (command: string): Promise<{ code: number; stdout: string }> =>
    lab.exec(plan.host, [findProgram("birdc") ?? "birdc", "-s", socket, ...command.split(" ")]);

  return {
    host: plan.host,
    software: version,
    statusCommand: "birdc show protocols",
    start() {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, "bird.conf");
      writeFileSync(file, birdConfiguration(plan));
      child = lab.spawn(plan.host, [
        findProgram("bird") ?? "bird",
        "-f",
        "-c",
        file,
        "-s",
        socket,
        "-P",
        join(folder, "bird.pid"),
      ]);
      return Promise.resolve();
    },
    async kill() {
      await child?.end("SIGKILL");
    },
    async sessions() {
      const { code, stdout } = await birdc("show protocols");
      return code === 0 ? readProtocols(stdout) : undefined;
    },
    async statusText() {
      return (await birdc("show protocols")).stdout;
    },
    log: () => child?.output ?? "",
  };
}

/** Counts the BGP lines of `show protocols`. */
export function readProtocols(text: string): SessionCounts {
  const lines = text.split("\n").filter((line) => /^\S+\s+BGP\s/.test(line));
  return {
    established: lines.filter((line) => line.includes("Established")).length,
    total: lines.length,
    recovering: false,
  };
}
