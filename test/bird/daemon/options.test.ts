// The command line of bird and bird6.

import t from "tap";
import { type BirdOptions, readBirdOptions } from "../../../src/bird/daemon/options.js";
import { runBird } from "../../../src/bird/daemon/program.js";

const BARE: BirdOptions = {
  ipVersion: 4,
  configFile: "/etc/calico/confd/config/bird.cfg",
  controlSocket: "/var/run/calico/bird.ctl",
  foreground: false,
  debug: "none",
  parseOnly: false,
  gracefulRestart: false,
  pidFile: undefined,
  user: undefined,
  group: undefined,
};
const BARE_6: BirdOptions = {
  ...BARE,
  ipVersion: 6,
  configFile: "/etc/calico/confd/config/bird6.cfg",
  controlSocket: "/var/run/calico/bird6.ctl",
};

const RUNS: readonly [line: string, options: BirdOptions][] = [
  ["bird", BARE],
  ["bird6", BARE_6],
  ["/usr/sbin/bird6", BARE_6],
  [
    "bird -R -s /x.ctl -d -c /y.cfg",
    {
      ...BARE,
      gracefulRestart: true,
      controlSocket: "/x.ctl",
      foreground: true,
      debug: "stderr",
      configFile: "/y.cfg",
    },
  ],
  ["bird -p -c .bird.cfg123", { ...BARE, parseOnly: true, configFile: ".bird.cfg123" }],
  ["bird -pc x", { ...BARE, parseOnly: true, configFile: "x" }],
  [
    "bird -Rdfpc x",
    { ...BARE, gracefulRestart: true, foreground: true, debug: "stderr", parseOnly: true, configFile: "x" },
  ],
  ["bird -c a -c b", { ...BARE, configFile: "b" }],
  ["bird -f", { ...BARE, foreground: true }],
  ["bird -D log -d", { ...BARE, foreground: true, debug: { file: "log" } }],
  ["bird -l", { ...BARE, configFile: "bird.cfg", controlSocket: "bird.ctl" }],
  ["bird6 -c /a/b -l", { ...BARE_6, configFile: "/a/b", controlSocket: "bird6.ctl" }],
  ["bird -P pid -u bird -g 12", { ...BARE, pidFile: "pid", user: "bird", group: "12" }],
];

for (const [line, options] of RUNS) {
  t.test(line, async (t) => {
    const [program, ...words] = line.split(" ");
    t.strictSame(readBirdOptions(program, words), { kind: "run", options });
  });
}

const USAGE = "Usage: bird [--version] [--help] [-c <config-file>] [OPTIONS]\n";

const WORDS: readonly [line: string, kind: string, text: RegExp | string][] = [
  ["bird --version", "version", "BIRD version v0.3.3+birdv1.6.8\n"],
  ["bird6 --version", "version", "BIRD version v0.3.3+birdv1.6.8\n"],
  ["bird --help", "help", /^Usage: bird .*\n\nOptions:\n[^]*-c <config-file>[^]*confd\/config\/bird\.cfg/],
  ["bird6 -h", "help", /^Usage: bird6 [^]*\/var\/run\/calico\/bird6\.ctl/],
  ["bird -ph", "help", /^Usage/],
  ["bird -v", "refusal", `bird: invalid option -- 'v'\n\n${USAGE}`],
  ["bird -p --version", "refusal", `bird: invalid option -- '-'\n\n${USAGE}`],
  ["bird --parse", "refusal", `bird: invalid option -- '-'\n\n${USAGE}`],
  ["bird -p -c", "refusal", `bird: option requires an argument -- 'c'\n\n${USAGE}`],
  ["bird -p file", "refusal", USAGE],
  ["bird -", "refusal", USAGE],
];

for (const [line, kind, text] of WORDS) {
  t.test(line, async (t) => {
    const [program, ...words] = line.split(" ");
    const request = readBirdOptions(program, words);
    t.equal(request.kind, kind);
    t.match("text" in request ? request.text : "", text);
  });
}

t.test("every option in the help is one, and none is missing", async (t) => {
  const request = readBirdOptions("bird", ["--help"]);
  const letters = [...("text" in request ? request.text : "").matchAll(/^ {2}-(\w)/gm)].map((match) => match[1]);
  t.strictSame([...letters].sort(), [..."DPRcdfghlpsu"]);
  for (const letter of letters) t.not(readBirdOptions("bird", [`-${letter}x`]).kind, "version", letter);
});

/** Runs the program; gives the exit code, what it printed and which of its parts ran. */
async function play(line: string): Promise<readonly [code: number, stdout: string, stderr: string, ran: string]> {
  let [stdout, stderr, ran] = ["", "", ""];
  const [program, ...words] = line.split(" ");
  const code = await runBird(program, words, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    programs: {
      checkConfiguration: async (options) => ((ran = `check ${options.configFile}`), 1),
      runDaemon: async (options) => ((ran = `run ${options.configFile}`), 7),
    },
  });
  return [code, stdout, stderr, ran];
}

t.test("the program prints where BIRD prints, and hands over the rest", async (t) => {
  t.strictSame(await play("bird --version"), [0, "", "BIRD version v0.3.3+birdv1.6.8\n", ""]);
  t.match(await play("bird -h"), [0, /^Usage/, "", ""]);
  t.match(await play("bird -x"), [1, "", /^bird: invalid option/, ""]);
  t.strictSame(await play("bird -p -c a"), [1, "", "", "check a"]);
  t.strictSame(await play("bird -d -c a"), [7, "", "", "run a"]);
});
