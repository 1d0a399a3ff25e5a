// The client against a daemon that answers from a table: one question, a conversation, and what goes wrong.

import { PassThrough, Writable } from "node:stream";
import t from "tap";
import { runClient } from "../../../src/bird/client/program.js";
import { type Answer, GREETING, ScriptedDaemon } from "./scripted-daemon.js";

const STATUS = "1000-BIRD v1\n1011-Router ID is 10.0.0.1\n Last reboot on 2026\n0013 Daemon is up and running\n";
const STATUS_TEXT = "BIRD v1\nRouter ID is 10.0.0.1\nLast reboot on 2026\nDaemon is up and running\n";
const GREETING_TEXT = "BIRD v0.3.3+birdv1.6.8 ready.\n";

const ANSWERS: Readonly<Record<string, Answer>> = {
  "show status": STATUS,
  "show protocols": "2002-name     proto\n1002-kernel1  Kernel\n0000 \n",
  restrict: "0016 Access restricted\n",
  configure: "0002-Reading configuration\n8002 bird.cfg:1:1 syntax error\n",
  down: (socket) => socket.end("0007 Shutdown requested\n"),
  "show memory": (socket) => socket.end("1018-BIRD memory usage\n"),
  "show symbols": (socket) => {
    // A line in pieces, a log line in between.
    for (const piece of ["10", "10-mas", "ter\ttable\n+log", " line\n00", "00 \n"]) socket.write(piece);
  },
};

interface Played {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the client; `input` is what a script would write. */
async function play(words: readonly string[], input = ""): Promise<Played> {
  const stdin = new PassThrough();
  stdin.end(input);
  let [out, stderr] = ["", ""];
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      out += chunk.toString("latin1");
      done();
    },
  });
  const code = await runClient("birdcl", words, {
    stdin,
    stdout,
    stderr: { write: (text) => (stderr += text) },
    env: {},
  });
  return { code, stdout: out, stderr };
}

t.test("one question", async (t) => {
  const { path, asked } = await ScriptedDaemon.start(t, ANSWERS);
  const cases: readonly [words: string, stdout: string][] = [
    ["show status", STATUS_TEXT],
    ["sh stat", "Ambiguous command, possible expansions are:\n" + "show static [<name>]"],
    ["show proto", "name     proto\nkernel1  Kernel\n"],
    ["show proto nope", "syntax error\n"],
    ["configure", "Reading configuration\nbird.cfg:1:1 syntax error\n"],
    ["show symbols", "master\ttable\n>>> log line\n"],
    ["foo", "No such command. Press `?' for help.\n"],
    ["-r show status", `Access restricted\n${STATUS_TEXT}`],
  ];
  for (const [words, stdout] of cases) {
    const played = await play(["-s", path, ...words.split(" ")]);
    t.match(played, { code: 0, stderr: "" }, words);
    t.ok(played.stdout.startsWith(`${GREETING_TEXT}${stdout}`), `${words}: ${played.stdout}`);
  }
  t.strictSame(asked.slice(0, 2), ["show status", "show protocols"], "an ambiguous command is not sent");
  t.strictSame(asked.slice(-2), ["restrict", "show status"]);
});

t.test("with codes", async (t) => {
  const { path } = await ScriptedDaemon.start(t, ANSWERS);
  const { stdout } = await play(["-v", "-s", path, "show", "status"]);
  t.equal(stdout, `${GREETING}${STATUS.replace("\n Last", "\n     Last")}`);
});

t.test("a conversation", async (t) => {
  const { path, asked } = await ScriptedDaemon.start(t, ANSWERS);
  const input = "show proto\n\nfoo\nhelp\nshow proto ?\nshow status\nquit\nshow status\n";
  const played = await play(["-s", path], input);
  const help = played.stdout.slice(
    played.stdout.indexOf("bird> show proto ?"),
    played.stdout.indexOf("bird> show status"),
  );
  t.equal(help.split("\n").length, 4, help);
  t.strictSame(
    { ...played, stdout: played.stdout.replace(help, "") },
    {
      code: 0,
      stdout: `${GREETING_TEXT}bird> show proto\nname     proto\nkernel1  Kernel\nbird> \nbird> foo\nNo such command. Press \`?' for help.
bird> help\nPress \`?' for context sensitive help.\nbird> show status\n${STATUS_TEXT}bird> quit\n`,
      stderr: "",
    },
  );
  t.strictSame(asked, ["show protocols", "show status"]);
  t.equal(
    (await play(["-s", path], "show status")).stdout,
    `${GREETING_TEXT}bird> show status\n${STATUS_TEXT}bird> \n`,
  );
  t.equal((await play(["-s", path])).stdout, `${GREETING_TEXT}bird> \n`);
});

t.test("a daemon that is not there, or goes", async (t) => {
  const daemon = await ScriptedDaemon.start(t, ANSWERS);
  const refused = (path: string, why: string): Played => ({
    code: 1,
    stdout: "",
    stderr: `Unable to connect to server control socket (${path}): ${why}\n`,
  });
  t.strictSame(await play(["-s", "/nonexistent/x"]), refused("/nonexistent/x", "No such file or directory"));
  const long = `/${"x".repeat(107)}`;
  t.strictSame(await play(["-s", long]), refused(long, "File name too long"));
  t.match(await play(["-s", daemon.path, "show", "memory"]), {
    code: 1,
    stdout: `${GREETING_TEXT}BIRD memory usage\n`,
    stderr: "Connection closed by server\n",
  });
  t.match(await play(["-s", daemon.path, "down"]), {
    code: 0,
    stdout: `${GREETING_TEXT}Shutdown requested\n`,
    stderr: "",
  });
  t.match(await play(["-s", daemon.path], "down\nshow status\n"), {
    code: 1,
    stdout: /Shutdown requested\nbird> show status\n$/,
    stderr: "Connection closed by server\n",
  });
  daemon.close();
  t.strictSame(await play(["-s", daemon.path, "show", "status"]), refused(daemon.path, "No such file or directory"));
  const mute = await ScriptedDaemon.hangingUp(t);
  t.strictSame(await play(["-s", mute.path, "show", "status"]), {
    code: 1,
    stdout: "",
    stderr: "Connection closed by server\n",
  });
});

t.test("a reader that leaves is no error", async (t) => {
  const { path } = await ScriptedDaemon.start(t, ANSWERS);
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
  });
  const streams = { stdin: new PassThrough(), stdout, stderr: { write: (text: string) => t.fail(text) }, env: {} };
  t.equal(await runClient("birdcl", ["-s", path, "show", "status"], streams), 0);
});

t.test("a long reply waits for a slow reader", async (t) => {
  const rows = Array.from({ length: 20_000 }, (_, row) => `${row === 0 ? "1007-" : " "}10.${row}.0.0/16 via x`);
  const { path } = await ScriptedDaemon.start(t, { "show route": `${rows.join("\n")}\n0000 \n` });
  let [lines, largest] = [0, 0];
  const stdout = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => {
      lines += chunk.toString().split("\n").length - 1;
      largest = Math.max(largest, chunk.length);
      setImmediate(done);
    },
  });
  const streams = { stdin: new PassThrough(), stdout, stderr: { write: (text: string) => t.fail(text) }, env: {} };
  t.equal(await runClient("birdcl", ["-s", path, "show", "route"], streams), 0);
  t.equal(lines, rows.length + 1);
  t.ok(largest < 100_000, `${largest} octets at once`);
});

t.test("a name of digits is that of a file, not a port", async (t) => {
  for (const path of ["1.50", "65001"]) {
    t.same(await play(["-s", path, "show", "status"]), {
      code: 1,
      stdout: "",
      stderr: `Unable to connect to server control socket (${path}): No such file or directory\n`,
    });
  }
});
