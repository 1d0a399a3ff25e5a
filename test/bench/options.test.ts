// The benchmark's command line, and what becomes of it.

import t from "tap";
import { loadArguments } from "./measurement.js";
import { HELP, type Options, quickScenario, readCommand, UsageError } from "./options.js";
import { readEventLoopDelay, readProbe } from "./probe.js";
import { SCENARIOS } from "./targets.js";

function read(...words: readonly string[]): Options {
  const command = readCommand(words);
  if (command.kind !== "run") throw new Error("asked for help");
  return command.options;
}

const names = ({ scenarios }: Options): string[] => scenarios.map(({ name }) => name);

t.test("without words everything is run, with all peers that are there", async (t) => {
  t.strictSame(read(), {
    scenarios: SCENARIOS,
    peers: undefined,
    rounds: undefined,
    isQuick: false,
    withProbe: true,
    jsonFile: undefined,
    noiseRetries: 2,
    seed: 1,
  });
});

t.test("a whole name means one scenario, a beginning all that begin so", async (t) => {
  t.strictSame(names(read("full-table-1m-1")), ["full-table-1m-1"]);
  t.strictSame(names(read("calico")), ["calico-100", "calico-250", "calico-500"]);
  t.strictSame(names(read("memory", "churn")), ["churn", "memory"]);
});

t.test("options are read", async (t) => {
  const words = ["--vs", "bird2,frr", "--rounds", "7", "--json", "x", "--no-probe", "--noise-retries=0", "--seed", "9"];
  const options = read(...words, "churn");
  t.match(options, { peers: ["bird2", "frr"], rounds: 7, jsonFile: "x", withProbe: false, noiseRetries: 0, seed: 9 });
});

const WRONG = [["nonsense"], ["--rounds", "0"], ["--rounds", "x"], ["--frobnicate"], ["--quick", "clients"]];

for (const words of WRONG) {
  t.test(`${words.join(" ")} is refused in words`, async (t) => {
    t.throws(() => readCommand(words), UsageError);
  });
}

t.test("help is asked for, and names every scenario", async (t) => {
  t.strictSame(readCommand(["--help"]), { kind: "help" });
  for (const { name } of SCENARIOS) t.match(HELP, `  ${name} `);
});

t.test("a quick run leaves the large scenarios out and shrinks the others", async (t) => {
  const quick = names(read("--quick"));
  t.notOk(quick.includes("clients-2000"));
  t.ok(quick.includes("calico-100"));
  const table = SCENARIOS.find(({ name }) => name === "full-table-1m-1");
  t.equal(table && quickScenario(table)?.load.table, 100_000);
});

t.test("a load becomes the generator's command line", async (t) => {
  t.strictSame(
    loadArguments({ kind: "kernel", clients: 1, senders: 0, blocks: 5, ebgp: true, thirdPartyNextHop: true }),
    ["--kind", "kernel", "--clients", "1", "--senders", "0", "--blocks", "5", "--ebgp", "--third-party-nh"],
  );
});

t.test("answers in the measured phase are counted", async (t) => {
  const output =
    "daemon 50 9000000\ndaemon 100 1000000\ndaemon 200 3000000\necho 100 20000\ndaemon 999 7000000\nlost 3\n";
  t.strictSame(readProbe(output, { startNs: 100, endNs: 200 }), {
    daemon: { count: 2, p50Ms: 1, p99Ms: 3, maxMs: 3 },
    echo: { count: 1, p50Ms: 0.02, p99Ms: 0.02, maxMs: 0.02 },
    lostConnections: 3,
  });
  t.equal(readProbe(output, { startNs: 300, endNs: 400 }), undefined);
});

t.test("a daemon's own words about its event loop are found where there are any", async (t) => {
  t.strictSame(readEventLoopDelay('{"v":1,"id":1,"result":{"eventLoopDelay":{"p99Ms":4}}}'), { p99Ms: 4 });
  t.equal(readEventLoopDelay('{"v":1,"id":1,"result":{}}'), undefined);
  t.equal(readEventLoopDelay('{"v":1,"id":1,"error":{"code":"starting"}}'), undefined);
  t.equal(readEventLoopDelay("garbage"), undefined);
});
