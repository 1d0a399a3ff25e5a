// The programs of dist/bin as processes: what they print, how they end, and the names under which others look for them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ScriptedDaemon } from "../bird/client/scripted-daemon.js";
import { socketFolder } from "../control/socket-folder.js";
import { execute } from "../support/daemon-process.js";
import { ROOT } from "../support/root.js";

const BIN = join(ROOT, "dist", "bin");
const GREETING = "BIRD v0.3.3+birdv1.6.8 ready.\n";

t.test("birdcl asks one question", async (t) => {
  const { path } = await ScriptedDaemon.start(t, { "show status": "0013 Daemon is up and running\n" });
  for (const name of ["birdcl", "birdcl6"]) {
    t.strictSame(await execute([join(BIN, name), "-s", path, "show", "stat"]), {
      code: 0,
      stdout: `${GREETING}Ambiguous command, possible expansions are:
show static [<name>]                           Show static routes
show status                                    Show the state of the daemon
`,
      stderr: "",
    });
    t.strictSame(await execute([join(BIN, name), "-s", path, "show", "status"]), {
      code: 0,
      stdout: `${GREETING}Daemon is up and running\n`,
      stderr: "",
    });
  }
});

t.test("each name knows its own socket, also through a link", async (t) => {
  const folder = socketFolder(t);
  for (const [name, socket] of [
    ["birdcl", "bird.ctl"],
    ["birdcl6", "bird6.ctl"],
  ]) {
    symlinkSync(join(BIN, name), join(folder, name));
    const { code, stderr } = await execute([join(folder, name), "-l", "show", "status"]);
    t.equal(stderr, `Unable to connect to server control socket (${socket}): No such file or directory\n`);
    t.equal(code, 1);
  }
});

t.test("bird tells its version and its usage", async (t) => {
  for (const name of ["bird", "bird6"]) {
    const version = "BIRD version v0.3.3+birdv1.6.8\n";
    t.strictSame(await execute([join(BIN, name), "--version"]), { code: 0, stdout: "", stderr: version });
    t.match(await execute([join(BIN, name), "-h"]), { code: 0, stdout: new RegExp(`^Usage: ${name} `), stderr: "" });
    t.match(await execute([join(BIN, name), "-x"]), { code: 1, stdout: "", stderr: new RegExp(`^${name}: invalid`) });
  }
});

t.test("a process is found by its name and by its first word", async (t) => {
  const { path } = await ScriptedDaemon.start(t, {});
  for (const name of ["birdcl", "birdcl6"]) {
    // A conversation lives as long as its input.
    const child = spawn(join(BIN, name), ["-s", path], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    t.equal(readFileSync(`/proc/${child.pid}/comm`, "utf8"), `${name}\n`);
    t.equal(readFileSync(`/proc/${child.pid}/cmdline`, "utf8").split("\0", 1)[0], name);
    child.stdin.end("exit\n");
    t.strictSame(await once(child, "exit"), [0, null]);
  }
});
