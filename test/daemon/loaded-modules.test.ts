// What a running daemon carries, and what a probe loads: followed through the imports of the sources, because a module that
// was loaded is never given back.

import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import t from "tap";
import ts from "typescript";
import { ROOT } from "../support/root.js";

const SOURCE = join(ROOT, "src");

/** Modules that `file` loads at once; with `lazy` also those that it may load later. */
function importsOf(file: string, lazy: boolean): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && !isTypeOnly(node))
      found.push(node.moduleSpecifier.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && lazy) {
      const [argument] = node.arguments;
      if (ts.isStringLiteral(argument)) found.push(argument.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(SOURCE, file), "utf8"), ts.ScriptTarget.Latest, true));
  return found;
}

/** With verbatimModuleSyntax only `import type` disappears; an import of nothing but types does not. */
function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  return importClause !== undefined && importClause.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

interface Loaded {
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/** Everything that is loaded with `entries`; lazy imports of the files in `alsoLazy` are followed too. */
function loadedBy(entries: readonly string[], alsoLazy: readonly string[] = []): Loaded {
  const files = new Set<string>();
  const packages = new Set<string>();
  const add = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const name of importsOf(file, alsoLazy.includes(file))) {
      if (name.startsWith(".")) add(normalize(join(dirname(file), name)).replace(/\.js$/, ".ts"));
      else if (!name.startsWith("node:")) packages.add(name);
    }
  };
  entries.forEach(add);
  return { files, packages };
}

t.test("the daemon carries its log library and no other package", async (t) => {
  const daemon = ["bin/starling.ts", "daemon/main.ts"];
  const { files, packages } = loadedBy(daemon, ["daemon/main.ts", "daemon/plain-config.ts"]);
  t.ok(files.has("rib/rib.ts") && files.has("policy/compile.ts"), "the rooms were found");
  t.strictSame([...packages], ["winston"]);
  const parsers = [...files].filter((file) => file.startsWith("config/") || file.startsWith("control/commands/"));
  t.strictSame(parsers, [], "nor what reads configurations and command lines");
});

t.test("status, peers, reload and --version load no package", async (t) => {
  const commands = ["status", "peers", "reload"].map((name) => `control/commands/${name}.ts`);
  const { files, packages } = loadedBy(["bin/starling.ts", ...commands]);
  t.strictSame([...packages], []);
  t.notOk(files.has("rib/rib.ts"));
  t.ok(files.size < 25, `${files.size} files`);
});

t.test("a question of birdcl loads the client only, and nothing of the prompt", async (t) => {
  const { files, packages } = loadedBy(["bin/birdcl.ts"]);
  t.strictSame([...packages], []);
  t.notOk(files.has("bird/client/session.ts"));
  const others = [...files].filter((file) => !/^(bin\/birdcl|bird\/([a-z]+|client\/[a-z-]+))\.ts$/.test(file));
  t.strictSame(others, []);
});

t.test("what is not needed at once is loaded lazily, and can be followed", async (t) => {
  t.ok(loadedBy(["control/program.ts"], ["control/program.ts"]).packages.has("yargs"));
  t.ok(loadedBy(["daemon/config-process.ts"]).packages.has("zod"));
});

t.test("bird carries no package at all, and bird -p nothing but the language", async (t) => {
  const daemon = loadedBy(["bin/bird.ts", "daemon/bird-main.ts", "daemon/assemble.ts"], ["daemon/daemon-process.ts"]);
  t.ok(daemon.files.has("rib/rib.ts") && daemon.files.has("policy/script.ts"), "the rooms were found");
  t.strictSame([...daemon.packages], []);
  t.notOk(daemon.files.has("control/server.ts"));
  const check = loadedBy(["bin/bird.ts", "bird/daemon/check-configuration.ts"]);
  const rooms = [...new Set([...check.files].map((file) => file.split("/").slice(0, 2).join("/")))];
  const allowed = /^(base|policy|bin)\/|^bird\/(config|daemon|language|[a-z-]+\.ts)$/;
  t.strictSame(
    rooms.filter((room) => !allowed.test(room)),
    [],
  );
  t.notOk(check.files.has("policy/script.ts"), "scripts are not compiled");
});
