// `starling replay`: forms of output, filters, damaged files, and the recorded routes in a speaker of our own.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ROOT } from "../support/root.js";
import { starling } from "../replay/starling-words.js";
import { socketFolder } from "./socket-folder.js";

const FRR = join(ROOT, "proto-fixtures", "pcap", "ebgp-frr.pcap");
const EXABGP = join(ROOT, "proto-fixtures", "pcap", "ebgp-exabgp.pcap");

interface Row {
  readonly time: number;
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly announce?: readonly string[];
  readonly text?: string;
}

async function rowsOf(...words: readonly string[]): Promise<readonly Row[]> {
  const { out, code } = await starling("replay", FRR, "-o", "json", ...words);
  if (code !== 0) throw new Error(`exit code ${code}`);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

t.test("filters by type, address and time", async (t) => {
  const all = await rowsOf();
  t.ok(all.length > 20);
  const updates = await rowsOf("--type", "update");
  t.strictSame(
    updates,
    all.filter(({ type }) => type === "UPDATE"),
  );
  const two = await rowsOf("--type", "open,NOTIFICATION");
  t.strictSame(
    two,
    all.filter(({ type }) => type === "OPEN" || type === "NOTIFICATION"),
  );
  const ipv6 = await rowsOf("--peer", "fd00::2");
  t.ok(ipv6.length > 0);
  t.strictSame(
    ipv6,
    all.filter(({ from }) => from.startsWith("[fd00::")),
  );
  t.strictSame(await rowsOf("--peer", "203.0.113.9"), []);
  const { time } = all[10];
  t.strictSame(await rowsOf("--from", String(time)), all.slice(10), "seconds");
  const iso =
    new Date(Math.floor(time * 1000)).toISOString().slice(0, -1) + `${String(Math.round(time * 1e6)).slice(-3)}Z`;
  t.strictSame(await rowsOf("--to", iso), all.slice(0, 11), "ISO time with microseconds");
});

t.test("what an operator wrote is given as it was written", async (t) => {
  const texts = (await rowsOf("--type", "notification")).map(({ text }) => text);
  t.strictSame(texts, ["end of recording", "end of recording – Ende"]);
});

t.test("the tables at the end, or at a time", async (t) => {
  const { out } = await starling("replay", FRR, "--rib", "-o", "json");
  const tables = JSON.parse(out) as readonly { from: string; ended: unknown; routes: readonly { prefix: string }[] }[];
  t.strictSame(
    tables.map(({ from, routes }) => [from.replace(/:\d+$/, ""), ...routes.map(({ prefix }) => prefix)]).sort(),
    [["10.0.0.1"], ["10.0.0.2", "198.18.1.0/24"], ["[fd00::1]"], ["[fd00::2]"]],
  );
  t.ok(tables.every(({ ended }) => ended !== null));
  const before = await starling("replay", FRR, "--rib", "--peer", "10.0.0.2", "--to", "2026-11-21T23:10:55Z");
  t.match(before.out, /^1 route from 10\.0\.0\.1:\d+ at 10\.0\.0\.2:179\nPREFIX .*REASON\n192\.0\.2\.0\/24 +\* /m);
  t.notMatch(before.out, /fd00/);
  const wide = await starling("replay", FRR, "--rib", "-o", "wide");
  t.match(wide.out, /COMMUNITIES/);
  const yaml = await starling("replay", FRR, "--rib", "-o", "yaml");
  t.match(yaml.out, /^- from: /);
});

t.test("messages as YAML are one sequence", async (t) => {
  const { parse } = await import("yaml");
  const { out } = await starling("replay", FRR, "-o", "yaml", "--type", "open");
  t.strictSame(parse(out), JSON.parse(JSON.stringify(await rowsOf("--type", "open"))));
});

t.test("files that are missing, empty, of another kind or damaged: one line, exit code 1", async (t) => {
  const folder = socketFolder(t);
  const write = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const capture = readFileSync(FRR);
  const rows: [string, string, RegExp, boolean][] = [
    ["missing", join(folder, "none.pcap"), /^starling: cannot read .*none\.pcap: ENOENT.*\n$/, false],
    ["a folder", folder, /^starling: cannot read .*EISDIR.*\n$/, false],
    ["empty", write("empty", ""), /^starling: .*empty: the file is empty.*\n$/, false],
    ["a text", write("text", "hello, world\n"), /^starling: .*text: neither a pcap nor a pcapng file.*\n$/, false],
    [
      "cut off",
      write("cut", capture.subarray(0, 3000)),
      /^starling: .*cut: the file ends inside packet \d+ \(at octet \d+\)\n$/,
      true,
    ],
  ];
  for (const [name, path, error, hasMessages] of rows) {
    const { code, out, err } = await starling("replay", path);
    t.equal(code, 1, name);
    t.match(err, error, name);
    t.equal(/OPEN version 4/.test(out), hasMessages, `${name}: what lies before is shown`);
  }
});

t.test("a capture without BGP says so", async (t) => {
  const { code, out, err } = await starling("replay", FRR, "--port", "1790");
  t.equal(code, 0);
  t.equal(out, "");
  t.match(err, /no TCP with port 1790 in the capture/);
});

t.test("wrong words are exit code 64", async (t) => {
  const rows: [string[], RegExp][] = [
    [["--port", "0"], /--port: not a port: 0/],
    [["--peer", "router1"], /--peer: not an address: router1/],
    [["--from", "noon"], /--from: not a time: noon/],
    [["--as2", "--as4"], /exclude each other/],
    [["--type", "hello"], /type/],
    [["--speaker", "x.yaml"], /--speaker and --as-peer belong together/],
  ];
  for (const [words, error] of rows) {
    const { code, err } = await starling("replay", FRR, ...words);
    t.equal(code, 64, words.join(" "));
    t.match(err, error);
  }
});

// ---- a speaker of our own ----

const CONFIG = `
routerId: 10.9.9.9
as: 65000
policies:
  tagged:
    rules:
      - match: {largeCommunity: "65005:1:2"}
        set: {localPref: 300}
        action: accept
    default: reject
peers:
  - {address: 10.0.0.2, name: exa, as: 65005, importPolicy: tagged, exportPolicy: reject}
  - {address: 10.0.0.7, as: 65007, importPolicy: accept, exportPolicy: reject}
`;

t.test("--speaker shows what our policies make of a recorded peer", async (t) => {
  const folder = socketFolder(t);
  const config = join(folder, "starling.yaml");
  writeFileSync(config, CONFIG);
  const feed = (...words: string[]): ReturnType<typeof starling> =>
    starling("replay", EXABGP, "--speaker", config, ...words);
  const { code, out, err } = await feed("--as-peer", "exa", "-o", "json");
  t.equal(code, 0);
  t.match(err, /^starling: \d+ UPDATEs of 10\.0\.0\.2:\d+ as peer 10\.0\.0\.2\n$/);
  const routes = JSON.parse(out) as readonly { prefix: string; localPref?: number; best: boolean; reason?: string }[];
  t.strictSame(routes.map(({ prefix, best, localPref }) => [prefix, best, localPref]).sort(), [
    ["198.18.1.0/24", false, undefined],
    ["198.18.2.128/25", true, 300],
  ]);
  t.match(routes.find(({ best }) => !best)?.reason, /^rejected by .*tagged/);
  const table = await feed("--as-peer", "10.0.0.2");
  t.match(table.out, /^198\.18\.2\.128\/25 +\* .* 300 /m);
  const other = await feed("--as-peer", "10.0.0.7", "--peer", "10.0.0.2");
  t.match(other.err, /as peer 10\.0\.0\.7 \(recorded from AS65005, configured AS65007\)/);
  t.equal((await feed("--as-peer", "nobody")).code, 64);
  const unclear = await feed("--as-peer", "10.0.0.7");
  t.equal(unclear.code, 64, "whose routes?");
  t.match(unclear.err, /say with --peer whose routes: /);
});

t.test("--speaker with a configuration that is wrong or missing", async (t) => {
  const folder = socketFolder(t);
  const config = join(folder, "starling.yaml");
  writeFileSync(config, "as: none\n");
  const wrong = await starling("replay", EXABGP, "--speaker", config, "--as-peer", "10.0.0.2");
  t.equal(wrong.code, 1);
  t.match(wrong.err, /starling\.yaml:1:5/);
  const missing = await starling("replay", EXABGP, "--speaker", join(folder, "none.yaml"), "--as-peer", "10.0.0.2");
  t.equal(missing.code, 1);
  t.match(missing.err, /cannot read .*none\.yaml/);
});
