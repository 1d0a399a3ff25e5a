// The front door of `starling`: YAML, JSON lines on the control socket, a log with times and levels.

import type { ControlTarget } from "../control/api-types.js";
import { ControlServer } from "../control/server.js";
import { loadConfigFile } from "./config-loader.js";
import type { FrontDoor } from "./front-door.js";
import type { ConfigFileOptions } from "./read-config.js";
import { STARLING_HABITS } from "./signals.js";

export function yamlDoor(file: ConfigFileOptions, version: string): FrontDoor {
  return {
    version,
    source: { load: () => loadConfigFile(file) },
    openControl: async ({ control: { socket, mode, group } }, around) => {
      if (socket === "") return undefined;
      const server = new ControlServer({ path: socket, mode, group, version }, around);
      await server.listen();
      return { serve: (target: ControlTarget) => server.serve(target), close: () => server.close() };
    },
    reloadWords: {
      done: (changes) => `configuration reloaded: ${changes}`,
      failed: (error) => `configuration not reloaded: ${error}`,
    },
    habits: STARLING_HABITS,
    words: {
      running: (log) => log.info(`starling ${version} is running`, { pid: process.pid }),
      stopped: (log) => log.info("stopped"),
    },
  };
}
