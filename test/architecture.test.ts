// The shape of the source tree, checked: layers, cycles, file sizes, where time, files and sockets may be touched.
//
// The rule of layers is told in docs/architecture.md. The checks read syntax trees; each is also run on a small
// doctored tree, because a check that cannot fail is none.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import t from "tap";
import ts from "typescript";
import { ROOT } from "./support/root.js";

const LAYER_OF_ROOM: Readonly<Record<string, number>> = {
  base: 0,
  ...{ packet: 1, policy: 1 },
  ...{ session: 2, rib: 2, bfd: 2, config: 2 },
  speaker: 3,
  ...{ native: 4, transport: 4, kernel: 4, control: 4, datastore: 4, calico: 4, bird: 4, metrics: 4, replay: 4 },
  daemon: 5,
  bin: 6,
};
const SIDEWAYS = [
  "transport → native",
  "kernel → native",
  "control → native",
  "control → replay",
  "bird → control",
  "calico → datastore",
];
const MAX_LINES = 500;
const INPUT_OUTPUT = /^(node:)?(net|tls|dgram|dns|fs|http|https|http2|child_process|worker_threads)(\/promises)?$/;
const TIME = /^(setTimeout|setInterval|setImmediate|queueMicrotask)$|^(process\.nextTick|Date\.now|performance\.now)$/;
const OWNS_TIME = ["base/clock.ts", "base/work-queue.ts"];
const PLAYS_WITH_TIME = /^daemon\/demo/;
/** A barrel needs a reason: these are the registries where one line is one attribute or one datastore. */
const REGISTRIES = ["packet/attributes/index.ts", "datastore/index.ts"];

/** Path below src/ → text. */
type Tree = ReadonlyMap<string, string>;

/** What one file does that the rules speak of. */
interface Facts {
  readonly imports: string[];
  readonly faults: string[];
}

const room = (path: string): string => path.split("/")[0];

function readFacts(path: string, text: string): Facts {
  const facts: Facts = { imports: [], faults: [] };
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  if (source.getLineStarts().length - 1 > MAX_LINES) facts.faults.push(`${path}: longer than ${MAX_LINES} lines`);
  if (/(^|\/)index\.ts$/.test(path) && !REGISTRIES.includes(path)) facts.faults.push(`${path}: is a barrel`);
  visit(source, path, facts);
  return facts;
}

function visit(node: ts.Node, path: string, facts: Facts): void {
  const fault = (what: string): void => {
    const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
    facts.faults.push(`${path}:${line + 1}: ${what}`);
  };
  const specifier = importedName(node);
  if (specifier?.startsWith(".")) {
    facts.imports.push(normalize(join(dirname(path), specifier)).replace(/\.js$/, ".ts"));
    if (!specifier.endsWith(".js") && !specifier.endsWith(".node")) fault(`import of ${specifier} without .js`);
  } else if (specifier !== undefined && INPUT_OUTPUT.test(specifier) && LAYER_OF_ROOM[room(path)] < 4) {
    fault(`touches ${specifier} below layer 4`);
  }
  if (ts.isExportDeclaration(node) && node.exportClause === undefined) fault("exports all of another file (barrel)");
  if (ts.isExportAssignment(node)) fault("default export");
  if (node.kind === ts.SyntaxKind.DefaultKeyword && ts.canHaveModifiers(node.parent)) fault("default export");
  if (node.kind === ts.SyntaxKind.AnyKeyword) fault("any");
  if (ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) {
    const allowed = OWNS_TIME.includes(path) || PLAYS_WITH_TIME.test(path);
    if (!allowed && TIME.test(node.getText()) && !isPropertyName(node)) fault(`takes time from ${node.getText()}`);
  }
  ts.forEachChild(node, (child) => visit(child, path, facts));
}

function importedName(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : undefined;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return node.argument.literal.text;
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  const [argument] = node.arguments;
  return ts.isStringLiteral(argument) ? argument.text : undefined;
}

/** `x.setTimeout` of a socket is its own business, and so is a property of that name. */
function isPropertyName(node: ts.Node): boolean {
  return ts.isIdentifier(node) && ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
}

function layerFault(from: string, to: string): string | undefined {
  const [fromRoom, toRoom] = [room(from), room(to)];
  if (to.startsWith("..")) return `${from}: imports ${to} from outside src`;
  if (!(fromRoom in LAYER_OF_ROOM)) return `${from}: the room ${fromRoom} is in no layer`;
  if (fromRoom === toRoom || SIDEWAYS.includes(`${fromRoom} → ${toRoom}`)) return undefined;
  return LAYER_OF_ROOM[fromRoom] > LAYER_OF_ROOM[toRoom] ? undefined : `${from}: imports ${to}, not a lower layer`;
}

/** The first cycle found among files, as a path that ends where it began. Imports of types count too. */
function findCycle(imports: ReadonlyMap<string, readonly string[]>): string | undefined {
  const finished = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(" → ");
    if (finished.has(path)) return undefined;
    trail.push(path);
    for (const next of imports.get(path) ?? []) {
      const cycle = walk(next);
      if (cycle !== undefined) return cycle;
    }
    trail.pop();
    finished.add(path);
    return undefined;
  };
  for (const path of imports.keys()) {
    const cycle = walk(path);
    if (cycle !== undefined) return `cycle: ${cycle}`;
  }
  return undefined;
}

function findFaults(tree: Tree): string[] {
  const facts = new Map([...tree].map(([path, text]) => [path, readFacts(path, text)]));
  const faults = [...facts.values()].flatMap((each) => each.faults);
  for (const [path, { imports }] of facts) faults.push(...imports.flatMap((to) => layerFault(path, to) ?? []));
  const cycle = findCycle(new Map([...facts].map(([path, each]) => [path, each.imports])));
  return cycle === undefined ? faults : [...faults, cycle];
}

function readTree(): Tree {
  const root = join(ROOT, "src");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => path.endsWith(".ts"));
  return new Map(paths.sort().map((path) => [relative(root, path), readFileSync(path, "utf8")]));
}

t.test("the source tree keeps the rules", async (t) => {
  const tree = readTree();
  t.ok(tree.size > 5, "source files were found");
  t.strictSame(findFaults(tree), []);
});

const BREACHES: readonly { name: string; tree: Record<string, string>; fault: RegExp }[] = [
  {
    name: "an upward import",
    tree: { "rib/a.ts": 'import type { X } from "../speaker/b.js";' },
    fault: /not a lower layer/,
  },
  {
    name: "a sideways import",
    tree: { "rib/a.ts": 'import { x } from "../session/b.js";' },
    fault: /not a lower layer/,
  },
  { name: "a lazy upward import", tree: { "base/a.ts": 'await import("../rib/b.js");' }, fault: /not a lower layer/ },
  {
    name: "a type query upward",
    tree: { "base/a.ts": 'type X = import("../rib/b.js").X;' },
    fault: /not a lower layer/,
  },
  { name: "an unknown room", tree: { "attic/a.ts": 'import { x } from "../base/b.js";' }, fault: /in no layer/ },
  { name: "a way out of src", tree: { "base/a.ts": 'import { x } from "../../test/b.js";' }, fault: /outside src/ },
  {
    name: "a cycle of three files",
    tree: {
      "rib/a.ts": 'import { b } from "./b.js";',
      "rib/b.ts": 'import { c } from "./c.js";',
      "rib/c.ts": 'import type { a } from "./a.js";',
    },
    fault: /^cycle: rib\/a.ts → rib\/b.ts → rib\/c.ts → rib\/a.ts$/,
  },
  { name: "a long file", tree: { "base/a.ts": "let a;\n".repeat(501) }, fault: /longer than 500/ },
  {
    name: "files below layer 4",
    tree: { "speaker/a.ts": 'import { open } from "node:fs/promises";' },
    fault: /below layer 4/,
  },
  {
    name: "a timer",
    tree: { "speaker/a.ts": "setTimeout(() => 1, 5);" },
    fault: /speaker\/a.ts:1: takes time from setTimeout/,
  },
  {
    name: "a reading of the clock",
    tree: { "rib/a.ts": "\nconst now = Date.now();" },
    fault: /a.ts:2: takes time from Date.now/,
  },
  { name: "a barrel", tree: { "rib/a.ts": 'export * from "./b.js";' }, fault: /barrel/ },
  { name: "an index file", tree: { "rib/index.ts": "export const a = 1;" }, fault: /barrel/ },
  { name: "a default export", tree: { "rib/a.ts": "export default function f() {}" }, fault: /default export/ },
  { name: "an exported default value", tree: { "rib/a.ts": "export default 1;" }, fault: /default export/ },
  { name: "any", tree: { "rib/a.ts": "const a: Record<string, any> = {};" }, fault: /a.ts:1: any/ },
];

for (const { name, tree, fault } of BREACHES) {
  t.test(`${name} is found`, async (t) => {
    const faults = findFaults(new Map(Object.entries(tree)));
    t.equal(faults.filter((text) => fault.test(text)).length, 1, faults.join("\n"));
  });
}

t.test("what the rules allow is not a fault", async (t) => {
  const tree = new Map([
    ["kernel/a.ts", 'import { sys } from "../native/b.js"; import net from "node:net"; socket.setTimeout(5);'],
    ["base/clock.ts", "export const now = () => performance.now(); setTimeout(now, 1);"],
    ["daemon/a.ts", 'import { x } from "../rib/c.js"; export const any = "any"; switch (x) { default: break; }'],
  ]);
  t.strictSame(findFaults(tree), []);
});
