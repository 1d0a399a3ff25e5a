// What keeps a daemon from starting, told in words: another daemon, a port that is held, missing privileges.

import { chmod } from "node:fs/promises";
import t, { type Test } from "tap";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";

t.setTimeout(120_000);
t.jobs = 3;

const EXIT_FAILED = "exit 1";

/** nobody, who may read everything (the program may lie in a private folder) and do nothing else. */
const UNPRIVILEGED = [
  "setpriv",
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
  "--inh-caps=-all,+dac_read_search",
  "--ambient-caps=-all,+dac_read_search",
  "--bounding-set=-all,+dac_read_search",
];

interface Prepared {
  readonly starling: Starling;
  readonly us: Host;
}

async function prepare(t: Test, config: (us: Host) => StarlingConfig): Promise<Prepared> {
  const lan = await Lan.open(["starling"]);
  t.teardown(() => lan.close());
  const [us] = lan.hosts;
  const base = { routerId: us.ipv4, as: 65000, listen: [`${us.ipv4}:179`], kernel: { enabled: false }, peers: [] };
  const starling = new Starling(us.namespace, {});
  t.teardown(() => starling.remove());
  await starling.writeConfig({ ...base, ...config(us) });
  return { starling, us };
}

async function ended(daemon: DaemonProcess): Promise<string> {
  let how: string | undefined;
  daemon.ended.then(
    (text) => (how = text),
    (error: unknown) => (how = String(error)),
  );
  return eventually(`the end of starling, which says:\n${daemon.output}`, () => how, 20_000);
}

t.test(
  "a second daemon on the same control socket does not start and harms nobody",
  { buffered: true, ...needs() },
  async (t) => {
    const { starling } = await prepare(t, () => ({}));
    await starling.start();
    const first = (await starling.status()).status.startedAt;
    const second = starling.launch();
    t.equal(await ended(second), EXIT_FAILED, second.output);
    t.match(second.output, starling.path("control"), "it names the socket");
    t.match(second.output, /another|already|running/);
    t.notMatch(second.output, /bug:|\bat .*:\d+:\d+/, "no stack trace");
    t.equal((await starling.status()).status.startedAt, first, "the first one still answers");
  },
);

t.test("a socket file that a killed daemon left behind is taken over", { buffered: true, ...needs() }, async (t) => {
  const { starling } = await prepare(t, () => ({}));
  await starling.start();
  const first = (await starling.status()).status.startedAt;
  await starling.kill();
  await starling.start();
  t.not((await starling.status()).status.startedAt, first);
});

t.test(
  "a port that another program holds is named, and so is the program",
  { buffered: true, ...needs() },
  async (t) => {
    const { starling, us } = await prepare(t, () => ({}));
    const program = `require("node:net").createServer().listen(179, "0.0.0.0", () => console.log("listening"))`;
    const holder = new DaemonProcess("holder", us.namespace.spawn([process.execPath, "-e", program]));
    t.teardown(() => holder.stop());
    await eventually("the other program", () => holder.output.includes("listening"));
    const daemon = starling.launch();
    t.equal(await ended(daemon), EXIT_FAILED, daemon.output);
    t.match(daemon.output, /179/);
    t.match(daemon.output, /held by|in use/);
    t.match(daemon.output, new RegExp(`node.*\\b${holder.pid}\\b|\\b${holder.pid}\\b.*node`), "name and process id");
    t.notMatch(daemon.output, /bug:|\bat .*:\d+:\d+/, "no stack trace");
  },
);

t.test("an address that the node does not have is named", { buffered: true, ...needs() }, async (t) => {
  const { starling } = await prepare(t, () => ({ listen: ["203.0.113.9:179"] }));
  const daemon = starling.launch();
  t.equal(await ended(daemon), EXIT_FAILED, daemon.output);
  t.match(daemon.output, /203\.0\.113\.9/);
  t.notMatch(daemon.output, /bug:|\bat .*:\d+:\d+/, "no stack trace");
});

t.test(
  "without the right to port 179 the daemon says which right is missing",
  { buffered: true, ...needs("setpriv") },
  async (t) => {
    const { starling } = await prepare(t, () => ({}));
    await chmod(starling.path(""), 0o777);
    const daemon = starling.launch(UNPRIVILEGED);
    t.equal(await ended(daemon), EXIT_FAILED, daemon.output);
    t.match(daemon.output, /179/);
    t.match(daemon.output, /CAP_NET_BIND_SERVICE|root/);
    t.notMatch(daemon.output, /bug:|\bat .*:\d+:\d+/, "no stack trace");
  },
);

t.test(
  "without the right to kernel routes the daemon runs as a reflector and says so",
  { buffered: true, ...needs("setpriv") },
  async (t) => {
    const { starling, us } = await prepare(t, (us) => ({
      listen: [`${us.ipv4}:1179`],
      kernel: { enabled: true },
      node: { blocks: ["198.18.0.0/26"] },
    }));
    await chmod(starling.path(""), 0o777);
    const daemon = starling.launch(UNPRIVILEGED);
    const { status } = await eventually("its first answer", () => starling.status());
    t.match(status.warnings.join("\n"), "CAP_NET_ADMIN");
    t.match(status.kernel.text, "CAP_NET_ADMIN");
    t.match(daemon.output, /warn .*CAP_NET_ADMIN/);
    t.match((await starling.cli("status")).stdout, /Warning: .*CAP_NET_ADMIN/, "the command line shows it");
    t.notMatch(await us.namespace.exec("ip route"), /198\.18\.0\.0/, "no route was written");
  },
);

t.test("a pure reflector on a high port needs no rights at all", { buffered: true, ...needs("setpriv") }, async (t) => {
  const { starling, us } = await prepare(t, (us) => ({ listen: [`${us.ipv4}:1179`] }));
  await chmod(starling.path(""), 0o777);
  const daemon = starling.launch(UNPRIVILEGED);
  const { status } = await eventually("its first answer", () => starling.status());
  t.strictSame(status.listeners, [{ address: us.ipv4, port: 1179 }]);
  t.ok(daemon.isRunning);
});
