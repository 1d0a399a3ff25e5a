// The command line as a whole: words in, text and exit code out, against a server of the test.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { SILENT_LOG } from "../../src/base/log.js";
import {
  type CliOutput,
  type DemoOptions,
  OutputClosedError,
  type RunOptions,
} from "../../src/control/command-context.js";
import { runProgram } from "../../src/control/program.js";
import { ControlServer } from "../../src/control/server.js";
import {
  FAILED_PEER,
  fakeTarget,
  type FakeTarget,
  KERNEL_ROUTE,
  NO_DELAY,
  NOW_MS,
  peerStatus,
  routeView,
  speakerStatus,
} from "./snapshots.js";
import { socketFolder, type Teardown } from "./socket-folder.js";

process.env["TZ"] = "UTC";

class Recorder implements CliOutput {
  text = "";
  isTTY = false;
  /** Writes that succeed before the reader goes away. */
  patience = Infinity;

  write(text: string): Promise<void> {
    if (this.patience-- <= 0) return Promise.reject(new OutputClosedError());
    this.text += text;
    return Promise.resolve();
  }
}

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly env?: Record<string, string>;
  readonly isTTY?: boolean;
  readonly patience?: number;
}

/** The real clock for sockets, a fixed time of day for tables. */
class FixedWallClock extends SystemClock {
  override wallTime(): number {
    return NOW_MS;
  }
}

const started: (RunOptions | DemoOptions)[] = [];

async function starling(
  words: readonly string[],
  { env = {}, isTTY = false, patience = Infinity }: Surroundings = {},
): Promise<Result> {
  const stdout = new Recorder();
  const stderr = new Recorder();
  stdout.isTTY = isTTY;
  stdout.patience = patience;
  const note = (options: RunOptions | DemoOptions): Promise<number> => {
    started.push(options);
    return Promise.resolve(7);
  };
  const code = await runProgram(words, {
    env,
    clock: new FixedWallClock(),
    version: "0.1.0",
    stdout,
    stderr,
    programs: { runDaemon: note, runDemo: note },
  });
  return { code, out: stdout.text, err: stderr.text };
}

async function serve(t: Teardown): Promise<{ readonly target: FakeTarget; readonly env: Record<string, string> }> {
  const path = join(socketFolder(t), "s.sock");
  const server = new ControlServer(
    { path, mode: 0o660, group: "", version: "0.1.0" },
    { clock: new SystemClock(), log: SILENT_LOG, sys: undefined },
  );
  await server.listen();
  t.teardown(() => server.close());
  const target = fakeTarget();
  server.serve(target);
  return { target, env: { STARLING_SOCKET: path } };
}

t.test("status: the exit code says how things are", async (t) => {
  const { target, env } = await serve(t);
  const good = await starling(["status"], { env });
  t.equal(good.code, 0);
  t.match(good.out, /^Starling 0\.1\.0 is running: router id 172\.17\.8\.101, AS 64512/);
  t.match(good.out, "| 172.17.8.102 | node-to-node mesh | up    | 09:30:04 | Established |");
  target.speaker.all = [peerStatus(), FAILED_PEER];
  t.equal((await starling(["status"], { env })).code, 1);
  target.speaker.all = [];
  target.speaker.current = speakerStatus({ kernel: { ...speakerStatus().kernel, failed: 2 } });
  t.equal((await starling(["status"], { env })).code, 1);
  target.speaker.current = speakerStatus();
  target.lastReloadResult = { ok: false, at: "2026-11-21T09:00:00.000Z", message: "f.yaml:1:2: wrong" };
  const bad = await starling(["status"], { env });
  t.equal(bad.code, 1);
  t.match(bad.out, "Reload of 2026-11-21 09:00:00 failed: f.yaml:1:2: wrong\n");
});

t.test("no daemon is exit code 2, whatever is asked", async (t) => {
  const path = join(socketFolder(t), "none.sock");
  for (const words of [["status"], ["peers"], ["routes"], ["reload"], ["peer", "reset", "10.0.0.1"]]) {
    const { code, out, err } = await starling([...words, "--socket", path]);
    t.same(
      { code, out, err },
      { code: 2, out: "", err: `starling: no daemon: ${path} does not exist\n` },
      words.join(" "),
    );
  }
});

t.test("wrong words are exit code 64 and reach no daemon", async (t) => {
  const cases: readonly { words: readonly string[]; err: RegExp }[] = [
    { words: [], err: /say what to do/ },
    { words: ["bogus"], err: /Unknown argument: bogus/ },
    { words: ["statu"], err: /Did you mean status\?/ },
    { words: ["status", "--nope"], err: /Unknown argument: nope/ },
    { words: ["status", "-o", "xml"], err: /Choices: "table", "wide", "json", "yaml"/ },
    { words: ["routes", "worst"], err: /Choices: "received", "best", "advertised", "kernel"/ },
    { words: ["routes", "advertised"], err: /say --peer/ },
    { words: ["routes", "--longer"], err: /--longer needs --prefix/ },
    { words: ["routes", "--prefix", "10.0.0.1/8"], err: /did you mean 10\.0\.0\.0\/8\?/ },
    { words: ["peer", "explode", "10.0.0.1"], err: /Choices: "enable"/ },
    { words: ["peer", "enable"], err: /Not enough non-option arguments/ },
    { words: ["peer", "enable", "10.0.0.1", "--reason", "x"], err: /--reason means nothing for enable/ },
    { words: ["check"], err: /Not enough non-option arguments/ },
  ];
  for (const { words, err } of cases) {
    const result = await starling(words, { env: { STARLING_SOCKET: "/nonexistent/s.sock" } });
    t.equal(result.code, 64, words.join(" "));
    t.match(result.err, err);
    t.match(result.err, /See starling help\.\n$/);
    t.equal(result.out, "");
  }
});

t.test("help and version are no errors", async (t) => {
  for (const words of [["help"], ["--help"], ["-h"]]) {
    const { code, out } = await starling(words);
    t.equal(code, 0);
    for (const command of [
      "run",
      "check",
      "status",
      "peers",
      "routes",
      "reload",
      "peer",
      "demo",
      "schema",
      "completion",
    ])
      t.match(out, `starling ${command}`);
  }
  t.match((await starling(["help", "routes"])).out, "--prefix");
  t.match((await starling(["help", "routes"])).out, /^starling routes \[stage\]/);
  t.same(await starling(["--version"]), { code: 0, out: "starling 0.1.0\n", err: "" });
});

t.test("completion prints a script and completes commands", async (t) => {
  t.match(
    (await starling(["completion"])).out,
    "complete -o bashdefault -o default -F _starling_yargs_completions starling",
  );
});

t.test("peers: all, failed ones, one; an unknown one is exit code 1", async (t) => {
  const { target, env } = await serve(t);
  target.speaker.all = [peerStatus(), FAILED_PEER];
  const all = await starling(["peers"], { env });
  t.equal(all.code, 0);
  t.equal(all.out.split("\n").length, 4);
  const failed = await starling(["peers", "--failed", "--no-headers"], { env });
  t.equal(failed.out, "172.17.8.103  64512  Active  2026-11-01         0         0           0  connection refused\n");
  t.match((await starling(["peers", "node2"], { env })).out, /^Peer: .* 172\.17\.8\.102 \(node2\)\n/);
  t.same(await starling(["peers", "nobody"], { env }), { code: 1, out: "", err: 'starling: no peer "nobody"\n' });
});

t.test("the same facts come as JSON and YAML", async (t) => {
  const { target, env } = await serve(t);
  target.speaker.all = [peerStatus()];
  const status = { ...target.speaker.current, eventLoopDelay: NO_DELAY };
  const wire: unknown = JSON.parse(JSON.stringify({ status, peers: target.speaker.all }));
  t.strictSame(JSON.parse((await starling(["status", "-o", "json"], { env })).out), wire);
  const { parse } = await import("yaml");
  t.strictSame(parse((await starling(["status", "-o", "yaml"], { env })).out), wire);
  t.match(JSON.parse((await starling(["peers", "node2", "-o", "json"], { env })).out), { address: "172.17.8.102" });
});

t.test("the delay of the event loop is shown, and measured anew where that is asked for", async (t) => {
  const { target, env } = await serve(t);
  target.delay = { p50Ms: 0.4, p99Ms: 3.1, maxMs: 12.5, samples: 900, sinceSeconds: 3725 };
  const words = "Event loop: while at work late by 0.4 ms (median), 3.1 ms (99 %), at most 12.5 ms; in 1h02m\n";
  t.match((await starling(["status"], { env })).out, words);
  t.match((await starling(["status", "--reset-delay"], { env })).out, words, "it is shown once more");
  t.strictSame(target.delay, NO_DELAY);
  t.notMatch((await starling(["status"], { env })).out, "Event loop", "nothing was measured yet");
});

t.test("routes come as they are made, in every format, with titles once", async (t) => {
  const { target, env } = await serve(t);
  target.speaker.chunks = [[routeView()], [routeView({ prefix: "10.2.0.0/26" }), routeView({ prefix: "10.3.0.0/26" })]];
  const wire: unknown = JSON.parse(JSON.stringify(target.speaker.chunks.flat()));
  const table = await starling(["routes"], { env });
  t.same(
    table.out.split("\n").map((line) => line.split(" ")[0]),
    ["PREFIX", "10.1.0.0/26", "10.2.0.0/26", "10.3.0.0/26", ""],
  );
  t.strictSame(JSON.parse((await starling(["routes", "-o", "json"], { env })).out), wire);
  const { parse } = await import("yaml");
  t.strictSame(parse((await starling(["routes", "-o", "yaml"], { env })).out), wire);
  t.equal((await starling(["routes", "--count"], { env })).out, "3\n");
  t.equal((await starling(["routes", "--count", "-o", "json"], { env })).out, "3\n");
  target.speaker.chunks = [];
  t.match((await starling(["routes"], { env })).out, /^PREFIX .*AS-PATH\n$/);
  t.equal((await starling(["routes", "-o", "json"], { env })).out, "[]\n");
  t.equal((await starling(["routes", "-o", "yaml"], { env })).out, "[]\n");
});

t.test("routes: the question reaches the speaker whole", async (t) => {
  const { target, env } = await serve(t);
  await starling(
    ["routes", "advertised", "--peer", "tor", "--prefix", "2001:DB8::/32", "--longer", "--family", "ipv6"],
    { env },
  );
  t.same(target.speaker.lastQuery, {
    stage: "advertised",
    peer: "2001:db8::1",
    prefix: "2001:db8::/32",
    longer: true,
    family: "ipv6",
  });
  target.speaker.chunks = [[KERNEL_ROUTE]];
  t.match(
    (await starling(["routes", "kernel"], { env })).out,
    /^PREFIX +KIND +STATE +NEXT-HOPS +ERROR\n10\.1\.0\.0\/26 +unicast +failed/,
  );
  t.equal((await starling(["routes", "received", "--peer", "nobody"], { env })).code, 1);
});

t.test("peer commands say what was done, with the reason for the peer", async (t) => {
  const { target, env } = await serve(t);
  t.same(await starling(["peer", "disable", "tor", "--reason", "rack is moved"], { env }), {
    code: 0,
    out: "disabled 2001:db8::1\n",
    err: "",
  });
  t.equal((await starling(["peer", "enable", "tor"], { env })).out, "enabled 2001:db8::1\n");
  t.equal((await starling(["peer", "reset", "172.17.8.102"], { env })).out, "reset 172.17.8.102\n");
  t.equal(
    (await starling(["peer", "refresh", "node2", "--direction", "out"], { env })).out,
    "refreshing 172.17.8.102\n",
  );
  t.same(target.speaker.told, [
    "disable 2001:db8::1 rack is moved",
    "enable 2001:db8::1",
    "reset 172.17.8.102 -",
    "refresh 172.17.8.102 out",
  ]);
  t.equal((await starling(["peer", "disable", "tor", "--reason", "x".repeat(256)], { env })).code, 64);
});

t.test("drain says which peers it concerns, and asks for no more than it was told", async (t) => {
  const { target, env } = await serve(t);
  const rows = [
    { words: ["tor"], out: "draining 2001:db8::1\n", told: "drain 2001:db8::1 true" },
    {
      words: ["node2", "tor"],
      out: "draining 172.17.8.102\ndraining 2001:db8::1\n",
      told: "drain 172.17.8.102 2001:db8::1 true",
    },
    { words: ["tor", "--off"], out: "no longer draining 2001:db8::1\n", told: "drain 2001:db8::1 false" },
    { words: ["--all"], out: "draining 172.17.8.102\ndraining 2001:db8::1\n", told: "drain all true" },
    {
      words: ["--all", "--off"],
      out: "no longer draining 172.17.8.102\nno longer draining 2001:db8::1\n",
      told: "drain all false",
    },
  ];
  for (const { words, out, told } of rows) {
    t.same(await starling(["drain", ...words], { env }), { code: 0, out, err: "" });
    t.equal(target.speaker.told.at(-1), told);
  }
  const before = target.speaker.told.length;
  t.same(await starling(["drain", "tor", "nobody"], { env }), {
    code: 1,
    out: "",
    err: 'starling: no peer "nobody"\n',
  });
  t.match(await starling(["drain"], { env }), { code: 64, err: /which peers\?/ });
  t.match(await starling(["drain", "tor", "--all"], { env }), { code: 64, err: /not both/ });
  t.equal(target.speaker.told.length, before, "errors change nothing");
  target.speaker.all = [];
  t.equal((await starling(["drain", "--all"], { env })).out, "draining any peer that comes\n");
});

t.test("reload prints what changed, or why nothing did", async (t) => {
  const { target, env } = await serve(t);
  t.same(await starling(["reload"], { env }), { code: 0, out: "Reloaded: nothing changed.\n", err: "" });
  target.reloadResult = { ok: true, changes: ["peer 10.0.0.2 added"] };
  t.equal((await starling(["reload"], { env })).out, "Reloaded:\n  peer 10.0.0.2 added\n");
  target.reloadResult = { ok: false, errors: ["f.yaml:3:5: unknown key"] };
  t.same(await starling(["reload"], { env }), {
    code: 1,
    out: "",
    err: "The configuration was not changed:\nf.yaml:3:5: unknown key\n",
  });
  t.strictSame(JSON.parse((await starling(["reload", "-o", "json"], { env })).out), target.reloadResult);
});

t.test("colours only on a terminal, and not with NO_COLOR", async (t) => {
  const { env } = await serve(t);
  const escape = "\u001b[32m";
  t.notOk((await starling(["peers"], { env })).out.includes(escape));
  t.ok((await starling(["peers"], { env, isTTY: true })).out.includes(escape));
  t.notOk((await starling(["peers"], { env: { ...env, NO_COLOR: "1" }, isTTY: true })).out.includes(escape));
  t.ok(
    (await starling(["peers"], { env: { ...env, NO_COLOR: "" }, isTTY: true })).out.includes(escape),
    "an empty NO_COLOR says nothing",
  );
  t.notOk((await starling(["peers", "--no-color"], { env, isTTY: true })).out.includes(escape));
  t.ok((await starling(["peers", "--color"], { env })).out.includes(escape));
});

t.test("a reader that leaves early is no error", async (t) => {
  const { target, env } = await serve(t);
  target.speaker.chunks = new Array<[ReturnType<typeof routeView>]>(50).fill([routeView()]);
  t.match(await starling(["routes"], { env, patience: 2 }), { code: 0, err: "" });
});

t.test("check names file, line and column, or says that all is well", async (t) => {
  const folder = socketFolder(t);
  const good = join(folder, "good.yaml");
  writeFileSync(good, "routerId: 10.0.0.1\nas: 64512\npeers:\n  - address: 10.0.0.2\n    as: 64512\n");
  t.match(await starling(["check", good]), { code: 0, out: `${good}: ok, 1 peer\n` });
  const bad = join(folder, "bad.yaml");
  writeFileSync(bad, "routerId: 10.0.0.1\nas: 64512\npears: []\n");
  const { code, out, err } = await starling(["check", bad]);
  t.equal(code, 1);
  t.equal(out, "");
  t.ok(err.startsWith(`${bad}:3:1: `), err);
  t.match(await starling(["run", "-c", bad, "--check-only"]), { code: 1, err });
  t.match(await starling(["check", join(folder, "none.yaml")]), { code: 1, err: /cannot read .*none\.yaml/ });
});

t.test("run and demo start the rooms above with their options", async (t) => {
  started.length = 0;
  t.equal((await starling(["run", "-c", "/tmp/x.yaml"], { env: { STARLING_NODE: "node1" } })).code, 7);
  t.equal((await starling(["demo", "--act", "2", "--plain"], { isTTY: true })).code, 7);
  t.same(started, [
    { config: "/tmp/x.yaml", node: "node1", version: "0.1.0" },
    { act: 2, plain: true, color: true },
  ]);
});

t.test("schema prints the JSON Schema of the configuration", async (t) => {
  const { code, out } = await starling(["schema"]);
  t.equal(code, 0);
  t.match(JSON.parse(out), { type: "object", properties: { routerId: {}, peers: {} } });
});
