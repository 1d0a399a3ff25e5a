// The short way for plain words means what the library of the command line means by them.

import * as fc from "fast-check";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { runCli } from "../../src/control/cli.js";
import type { CliEnvironment, CliOutput, RunOptions } from "../../src/control/command-context.js";
import { plainCommand } from "../../src/control/plain-command.js";
import { runProgram } from "../../src/control/program.js";

interface Stage {
  readonly environment: CliEnvironment;
  readonly seen: { out: string; err: string; run: RunOptions[] };
}

function makeStage(env: Record<string, string>): Stage {
  const seen: Stage["seen"] = { out: "", err: "", run: [] };
  const output = (name: "out" | "err"): CliOutput => ({
    isTTY: true,
    write: async (text) => {
      seen[name] += text;
    },
  });
  const environment: CliEnvironment = {
    env,
    clock: new SystemClock(),
    version: "0.1.0",
    stdout: output("out"),
    stderr: output("err"),
    programs: {
      runDaemon: async (options) => {
        seen.run.push(options);
        return 7;
      },
      runDemo: async () => 8,
    },
  };
  return { environment, seen };
}

const NOWHERE = "/nonexistent/starling.sock";

const PLAIN: readonly { readonly words: string; readonly env?: Record<string, string>; readonly want: object }[] = [
  { words: "--version", want: { name: "version" } },
  { words: "run", want: { name: "run", config: "/etc/starling/starling.yaml", node: undefined } },
  { words: "run -c a.yaml", want: { name: "run", config: "a.yaml", node: undefined } },
  { words: "run --config /x/a.yaml --node=n1", want: { name: "run", config: "/x/a.yaml", node: "n1" } },
  { words: "run", env: { STARLING_NODE: "n2" }, want: { name: "run", node: "n2" } },
  { words: "run --node n3", env: { STARLING_NODE: "n2" }, want: { name: "run", node: "n3" } },
  { words: "status", want: { name: "status", options: { output: "table", headers: true, color: true } } },
  { words: "status -o json --no-headers", want: { name: "status", options: { output: "json", headers: false } } },
  { words: "peers --no-color --socket /s", want: { name: "peers", options: { color: false, socket: "/s" } } },
  { words: "reload --socket=/s", env: { NO_COLOR: "1" }, want: { name: "reload", options: { color: false } } },
  { words: "status", env: { STARLING_SOCKET: "/t" }, want: { name: "status", options: { socket: "/t" } } },
];

t.test("plain words are understood", async (t) => {
  for (const { words, env = {}, want } of PLAIN)
    t.match(plainCommand(words.split(" "), makeStage(env).environment), want, words);
});

const LEFT = [
  "",
  "help",
  "--help",
  "run --help",
  "run -h",
  "run --check-only",
  "run extra",
  "run -c",
  "run -c a -c b",
  "run --config=",
  "run -c -x",
  "run --nod n1",
  "run constructor x",
  "run -- x",
  "status --reset-delay",
  "status -o xml",
  "status toString",
  "status --headers",
  "peers 10.0.0.1",
  "peers --failed",
  "statu",
  "--version run",
];

t.test("everything else is left to the library", async (t) => {
  for (const words of LEFT)
    t.equal(plainCommand(words === "" ? [] : words.split(" "), makeStage({}).environment), undefined, words);
});

const WORD = fc.constantFrom(
  ...["-c", "--config", "--config=b.yaml", "--node", "--node=n1", "a.yaml", "n2", "-o", "--output", "json", "wide"],
  ...["--output=yaml", "--socket", NOWHERE, `--socket=${NOWHERE}`, "--no-headers", "--no-color", "--check-only", "-h"],
  ...["--failed", "x=y", "", "-", "--", "--headers=false", "1.50", "true", "'q'", "--config.a=b", "a,b", "~", "é"],
);
const COMMAND = fc.constantFrom("run", "status", "peers", "reload", "--version");

t.test("whatever is taken the short way ends as it would the long way", async (t) => {
  let short = 0;
  await fc.assert(
    fc.asyncProperty(COMMAND, fc.array(WORD, { maxLength: 5 }), async (command, rest) => {
      const words = [command, ...rest];
      const env = { STARLING_SOCKET: NOWHERE, STARLING_NODE: "here" };
      const [one, other] = [makeStage(env), makeStage(env)];
      if (plainCommand(words, one.environment) === undefined) return;
      short++;
      const code = await runProgram(words, one.environment);
      const want = await runCli(words, other.environment);
      t.strictSame({ code, ...one.seen }, { code: want, ...other.seen }, words.join(" "));
    }),
    { numRuns: 600 },
  );
  t.ok(short > 60, `${short} of them were plain`);
});

t.test("what is left goes the long way", async (t) => {
  const { environment, seen } = makeStage({ STARLING_SOCKET: NOWHERE });
  t.equal(await runProgram(["statu"], environment), 64);
  t.match(seen.err, /Did you mean status\?/);
  t.equal(await runProgram(["--help"], environment), 0);
  t.match(seen.out, /^starling COMMAND/);
});
