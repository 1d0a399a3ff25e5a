// Our client beside BIRD's own, both against BIRD 1.6: the same octets and the same exit code, but for the words in lists of
// commands.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { DaemonProcess, execute, type Finished } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { Lab } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { makeFolder, removeFolder } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";

const [BIRD, , BIRDC] = BIRD1_PROGRAMS;
const BIRDCL = join(ROOT, "dist", "bin", "birdcl");

const CONFIGURATION = `router id 10.0.0.1;
protocol device { scan time 10; }
protocol static blocks { route 10.1.0.0/16 blackhole; route 10.2.0.0/16 blackhole; }
`;

/** Words behind `-s SOCKET`. */
const QUESTIONS = [
  "show status",
  "show proto",
  "show protocols all blocks",
  "show proto a",
  "show route",
  "show route all",
  "show route for 10.1.2.3",
  "show interfaces s",
  "show proto nope",
  "show",
  "foo",
  "?",
  "help",
  "disable",
  "ev 1 + 1",
  "enab blocks",
  "reload in blocks",
  "show symbols protocol",
  "configure",
  "conf check",
  "-v show status",
  "-v show route",
  "-v show proto all blocks",
  "-v foo",
  "-r conf",
  "-r -v conf",
  "show -v status",
  "-- show status",
  "rest",
  "show stat",
];

/** What may differ: times (BIRD's own differ by a second from one question to the next), and what a command is said to do. */
function comparable({ code, stdout, stderr }: Finished): Finished {
  const timeless = stdout.replace(/\d\d:\d\d:\d\d/g, "TIME");
  return { code, stdout: timeless.replace(/^(restart|restrict|show st)(.*?) {2,}[A-Z].*$/gm, "$1$2"), stderr };
}

t.test("birdcl prints what birdc prints", needs(BIRD, BIRDC), async (t) => {
  const lab = await Lab.open(t);
  const node = await lab.namespace("birdcl");
  const folder = await makeFolder("birdcl");
  t.teardown(() => removeFolder(folder));
  const [config, socket] = [join(folder, "bird.conf"), join(folder, "bird.ctl")];
  await writeFile(config, CONFIGURATION);
  const daemon = new DaemonProcess("bird", node.spawn([BIRD, "-d", "-c", config, "-s", socket]));
  t.teardown(() => daemon.stop());
  await eventually(
    "bird's first answer",
    async () => (await execute([BIRDC, "-s", socket, "show", "status"])).code === 0,
  );
  for (const question of QUESTIONS) {
    const words = ["-s", socket, ...question.split(" ")];
    const [theirs, ours] = [await execute([BIRDC, ...words]), await execute([BIRDCL, ...words])];
    t.strictSame(comparable(ours), comparable(theirs), question);
  }
  await daemon.stop();
  const words = ["-s", socket, "show", "status"];
  t.strictSame(await execute([BIRDCL, ...words]), await execute([BIRDC, ...words]), "without a daemon");
});
