// Characters, comments, includes: what is read, and from where.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { BirdConfigError } from "../../../src/bird/language/bird-config-error.js";
import { readBirdConfig } from "../../../src/bird/language/read-bird-config.js";
import { errorOf, read } from "./read.js";

const DEVICE = "protocol device { }";

void t.test("blanks and comments separate", (t) => {
  const config = read(`# c\n/* d\n * e */protocol/**/device{scan\ttime 7;}# without newline`);
  t.match(config.protocols, [{ kind: "device", name: "device1", scanTimeSeconds: 7 }]);
  t.end();
});

void t.test("numbers and names", (t) => {
  const { protocols } = read("protocol static 'a.b-c:d' { preference 0x1F; } protocol static { preference 007; }");
  t.match(protocols, [
    { name: "a.b-c:d", preference: 31 },
    { name: "static1", preference: 7 },
  ]);
  t.equal(errorOf(`define ${"a".repeat(64)} = 1; ${DEVICE}`), "", "64 characters are not too long");
  t.end();
});

void t.test("a reserved word stays one in quotes", (t) => {
  t.equal(errorOf(`function 'accept'() { } ${DEVICE}`), "x.cfg:1:10 syntax error");
  t.end();
});

void t.test("includes stand for their text, whole statements or not", (t) => {
  const others = {
    "./a.cfg": "define A = 1;",
    "./sub/b.cfg": 'include "c.cfg";',
    "./sub/c.cfg": "protocol static {",
    "./d1.cfg": "define D1 = A;",
    "./d2.cfg": "define D2 = D1;",
  };
  const config = read(
    'include "a.cfg";\n\t include "sub/b.cfg" ;\npreference 3; }\ninclude "d*.cfg";\ninclude "nothing*";',
    4,
    others,
  );
  t.match(config.protocols, [{ kind: "static", preference: 3, at: { file: "./sub/c.cfg", line: 1 } }]);
  t.same(config.files, ["x.cfg", "./a.cfg", "./sub/b.cfg", "./sub/c.cfg", "./d1.cfg", "./d2.cfg"]);
  t.end();
});

void t.test("a comment that has no newline goes on behind the include", (t) => {
  t.equal(errorOf(`include "a.cfg"; @ not read\n${DEVICE}`, 4, { "./a.cfg": "# comment" }), "");
  t.end();
});

void t.test("files may include files eight deep, the main one among them, however many stand side by side", (t) => {
  const chain = (length: number): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Array.from({ length }, (_, i) => [`./n${i}.cfg`, i === length - 1 ? "" : `include "n${i + 1}.cfg";`]),
    );
  t.equal(errorOf(`include "n0.cfg";\n${DEVICE}`, 4, chain(7)), "");
  t.equal(errorOf(`include "n0.cfg";\n${DEVICE}`, 4, chain(8)), "./n6.cfg:1:1 Max include depth reached");
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`./m${i}.cfg`, 'include "n0.cfg";']));
  t.equal(errorOf(`include "m*.cfg";\n${DEVICE}`, 4, { ...many, ...chain(6) }), "");
  t.end();
});

void t.test("patterns are those of a shell, and never an error of their own", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bird-language-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const odd = join(folder, "odd[x]");
  mkdirSync(join(odd, "sub.cfg"), { recursive: true });
  const names = ["a.cfg", "b.cfg", "z.cfg", "-.cfg", "].cfg", "x[y.cfg", ".h.cfg", "a+.cfg", "sub.cfg/in.cfg"];
  for (const name of names) writeFileSync(join(odd, name), "");
  const main = join(odd, "main");
  const included = (argument: string): readonly string[] => {
    writeFileSync(main, `include "${argument}";\n${DEVICE}`);
    return readBirdConfig(main, { ipVersion: 4 })
      .files.slice(1)
      .map((path) => path.slice(odd.length + 1));
  };
  t.same(included("a.cfg"), ["a.cfg"], "a folder's own name is no pattern");
  const there = join(folder, "odd?x]");
  const found = (pattern: string): readonly string[] => included(`${there}/${pattern}`);
  t.same(found("[ab].cfg"), ["a.cfg", "b.cfg"]);
  t.same(found("[a-bz].cfg"), ["a.cfg", "b.cfg", "z.cfg"]);
  t.same(found("[z-a].cfg"), []);
  t.same(found("[z-ab].cfg"), ["b.cfg"]);
  t.same(found("[!a-y].cfg"), ["-.cfg", "].cfg", "z.cfg"]);
  t.same(found("[^a-y].cfg"), ["-.cfg", "].cfg", "z.cfg"]);
  t.same(found("[]-].cfg"), ["-.cfg", "].cfg"]);
  t.same(found("x[y.cfg"), ["x[y.cfg"], "a bracket that does not close is itself");
  t.same(found("a+.c*"), ["a+.cfg"]);
  t.same(found("s*.cfg"), [], "a folder is no file");
  t.same(found("s*/*.cfg"), ["sub.cfg/in.cfg"]);
  t.same(found("a.cfg/*"), []);
  t.end();
});

void t.test("a pattern below a folder that is not there is an error", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bird-language-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const main = join(folder, "main");
  writeFileSync(main, `include "none/*.cfg";\n${DEVICE}`);
  const message = `${main}:1:1 Unable to match pattern ${folder}/none/*.cfg: No such file or directory`;
  t.throws(() => readBirdConfig(main, { ipVersion: 4 }), { message });
  t.end();
});

void t.test("files of the disk", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bird-language-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "main.cfg"), `include "sub/part-[12].cfg";\n${DEVICE}`);
  for (const i of [2, 1, 3]) writeFileSync(join(folder, `sub/part-${i}.cfg`), `define P${i} = 1;`);
  const path = join(folder, "main.cfg");
  t.same(readBirdConfig(path, { ipVersion: 4 }).files, [
    path,
    join(folder, "sub/part-1.cfg"),
    join(folder, "sub/part-2.cfg"),
  ]);
  const missing = join(folder, "missing.cfg");
  t.throws(() => readBirdConfig(missing, { ipVersion: 4 }), {
    name: "BirdConfigError",
    message: `Unable to open configuration file ${missing}: No such file or directory`,
  });
  t.equal(new BirdConfigError("text", "f", 1, 2).message, "f:1:2 text");
  t.end();
});
