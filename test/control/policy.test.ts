// `starling policy test`: words in, the deciding line out.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { runCli } from "../../src/control/cli.js";

const FILE = `routerId: 192.0.2.1
as: 65000
peers:
  - { address: 192.0.2.2, name: tor, as: 65001, importPolicy: from-tor, exportPolicy: to-tor }
  - { address: 192.0.2.3, name: node, as: 65000 }
  - { address: 192.0.2.4, name: silent, as: 65002 }
policies:
  from-tor:
    - match: { nextHop: 192.0.2.2/32, community: "65001:1" }
      set: { localPref: 200 }
      action: accept
  to-tor:
    - match: { learnedFrom: { name: node } }
      set: { prepend: 1 }
      action: accept
    - action: reject
`;

const folder = mkdtempSync(join(tmpdir(), "starling-policy-"));
const file = join(folder, "node.yaml");
writeFileSync(file, FILE);
t.teardown(() => {
  rmSync(folder, { recursive: true });
});

async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: "", err: "" };
  const output = (key: "out" | "err") => ({
    isTTY: false,
    write: async (text: string): Promise<void> => void (texts[key] += text.replaceAll(`${folder}/`, "")),
  });
  const refuse = (): Promise<number> => Promise.reject(new Error("not here"));
  const code = await runCli(["policy", "test", file, ...words], {
    env: {},
    clock: new SystemClock(),
    version: "test",
    stdout: output("out"),
    stderr: output("err"),
    programs: { runDaemon: refuse, runDemo: refuse },
  });
  return { code, ...texts };
}

t.test("the line that decided, what it changed, and the route afterwards", async (t) => {
  const { code, out } = await run("--peer", "tor", "--prefix", "10.0.0.0/8", "--community", "65001:1");
  t.equal(code, 0);
  t.equal(
    out,
    [
      "node.yaml:9   matched",
      "node.yaml:10    localPref: none → 200",
      "node.yaml:11    accept",
      "10.0.0.0/8 accepted by policy from-tor, node.yaml:11",
      "  localPref: none → 200",
      "",
    ].join("\n"),
  );
});

t.test("an export policy sees whom the route was learned from", async (t) => {
  const words = ["--peer", "192.0.2.2", "--direction", "export", "--prefix", "10.0.0.0/8", "--as-path", "65009 {1 2}"];
  const told = await run(...words, "--from", "node", "-o", "json");
  const { accept, by, route, steps } = JSON.parse(told.out) as Record<string, unknown>;
  t.same({ accept, by }, { accept: true, by: "policy to-tor, node.yaml:15" });
  t.match(route, { asPath: "65000 65009 {1 2}" });
  t.match(steps, [
    { line: 13, event: "matched" },
    { line: 14, event: "changed", subject: "asPath" },
    { event: "accept" },
  ]);
  t.match((await run(...words)).out, /10\.0\.0\.0\/8 rejected by policy to-tor, node\.yaml:16/);
});

t.test("every attribute can be said", async (t) => {
  const words = ["--policy", "accept", "--prefix", "2001:db8::/32", "--next-hop", "2001:db8::1", "--origin", "egp"];
  const more = ["--med", "7", "--local-pref", "8", "--weight", "9", "--source", "static"];
  const lists = ["--community", "1:2, no-export", "--large-community", "1:2:3"];
  const { out, code } = await run(...words, ...more, ...lists, "--extended-community", "rt:65000:5", "-o", "json");
  t.equal(code, 0);
  t.match((JSON.parse(out) as { route: unknown }).route, {
    nextHop: "2001:db8::1",
    origin: "egp",
    med: 7,
    localPref: 8,
    weight: 9,
    communities: ["1:2", "no-export"],
    largeCommunities: ["1:2:3"],
    extendedCommunities: ["rt:65000:5"],
  });
});

t.test("an expectation that does not hold is an exit code", async (t) => {
  const words = ["--policy", "from-tor", "--prefix", "10.0.0.0/8"];
  t.equal((await run(...words, "--expect", "reject")).code, 0);
  t.equal((await run(...words, "--expect", "accept")).code, 1);
});

const WRONG: readonly (readonly [name: string, words: readonly string[], message: RegExp])[] = [
  ["a policy that is not there", ["--policy", "from-to"], /unknown policy "from-to" \(did you mean "from-tor"\?\)/],
  ["no policy at all", [], /say which policy: --policy NAME, or --peer/],
  ["a peer that is not there", ["--peer", "tur"], /there is no peer "tur" \(did you mean "tor"\?\)/],
  ["an external peer without policies", ["--peer", "silent"], /has no import policy: all is rejected \(RFC 8212\)/],
  ["a broken AS path", ["--policy", "accept", "--as-path", "1 x"], /--as-path: "x" in "1 x" is not an AS number/],
  ["a broken community", ["--policy", "accept", "--community", "1:x"], /--community: "1:x" is not one/],
  ["a MED too large", ["--policy", "accept", "--med", "4294967296"], /--med: "4294967296" is not a number from 0 to/],
  ["a broken next hop", ["--policy", "accept", "--next-hop", "here"], /--next-hop: "here" is not an address/],
];

for (const [name, words, message] of WRONG) {
  t.test(`${name}: wrong usage`, async (t) => {
    const { code, err, out } = await run("--prefix", "10.0.0.0/8", ...words);
    t.equal(code, 64);
    t.match(err, message);
    t.equal(out, "");
  });
}

t.test("an internal peer without policies accepts", async (t) => {
  const { out } = await run("--peer", "node", "--prefix", "10.0.0.0/8");
  t.match(out, /10\.0\.0\.0\/8 accepted by policy accept/);
});

t.test("a file with faults and a file that is not there", async (t) => {
  writeFileSync(join(folder, "bad.yaml"), "routerId: x\nas: 1\n");
  const words = ["--policy", "accept", "--prefix", "10.0.0.0/8"];
  const environment = async (path: string): Promise<{ code: number; err: string }> => {
    let err = "";
    const output = { isTTY: false, write: async (text: string): Promise<void> => void (err += text) };
    const refuse = (): Promise<number> => Promise.reject(new Error("not here"));
    const code = await runCli(["policy", "test", path, ...words], {
      env: {},
      clock: new SystemClock(),
      version: "test",
      stdout: output,
      stderr: output,
      programs: { runDaemon: refuse, runDemo: refuse },
    });
    return { code, err };
  };
  const bad = await environment(join(folder, "bad.yaml"));
  t.equal(bad.code, 1);
  t.match(bad.err, /bad\.yaml:1:11: "x" is not a BGP Identifier/);
  const missing = await environment(join(folder, "none.yaml"));
  t.equal(missing.code, 1);
  t.match(missing.err, /cannot read .*none\.yaml/);
});
