// The programs `bird` and `bird6`: BIRD's daemons, by the name it was called by. Bundled as CommonJS, which knows no `await`
// out here.

import { basename } from "node:path";
import { runBird } from "../bird/daemon/program.js";

const called = basename(process.argv0);
const name = called === "bird6" ? "bird6" : "bird";
// Both the name of the process and its first word must be exact: that is how others find it. The launcher has seen to
// that; whoever starts Node by hand gets it here.
if (called !== name) process.title = name;

void runBird(name, process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  programs: {
    checkConfiguration: async (options) =>
      (await import("../bird/daemon/check-configuration.js")).checkConfiguration(options, process.stderr),
    runDaemon: async (options) => (await import("../daemon/bird-main.js")).runBirdDaemon(options),
  },
}).then((code) => {
  process.exitCode = code;
});
