// What is known of a script without running it: its identity, the attributes it reads and changes, and what follows for
// those who remember verdicts.

import { createHash } from "node:crypto";
import { toHex } from "../base/bytes.js";
import { invariant } from "../base/invariant.js";
import type { Script, ScriptAttribute, ScriptTable } from "./script-ast.js";

export interface ScriptFacts {
  /** Attributes that may be set, edited or unset. */
  readonly changed: ReadonlySet<ScriptAttribute>;
  readonly readsPrefix: boolean;
  /** Reads where the next hop leads, which no attribute set says. */
  readonly readsWay: boolean;
  /** The verdict depends on the source alone, and nothing is changed. */
  readonly isPerSource: boolean;
  /** Equal texts: scripts that do the same, whatever their own names and wherever they stand. */
  readonly identity: string;
}

const OF_WAY: readonly ScriptAttribute[] = ["destination", "gateway", "interfaceName", "interfaceIndex"];
/** Not `source` and `protocolName`: static routes are one source, of several protocols and with two words for `source`. */
const OF_SOURCE: readonly ScriptAttribute[] = ["from", "scope"];

/** Facts of a filter and all functions it applies. */
export function factsOf(script: Script, scripts: ScriptTable): ScriptFacts {
  const { reads, changes, prints } = mentionsOf(script, scripts);
  return {
    changed: changes,
    readsPrefix: reads.has("prefix") || prints,
    readsWay: OF_WAY.some((attribute) => reads.has(attribute)),
    isPerSource: changes.size === 0 && !prints && [...reads].every((attribute) => OF_SOURCE.includes(attribute)),
    identity: `script:${digestOf(script, scripts)}`,
  };
}

interface Mentions {
  readonly reads: ReadonlySet<ScriptAttribute>;
  readonly changes: ReadonlySet<ScriptAttribute>;
  /** It prints: whoever reads that expects a line for every route. */
  readonly prints: boolean;
}

interface Known {
  readonly digest: string;
  readonly mentions: Mentions;
}

/** By function, for as long as the table lives: a thousand filters apply the same few. */
const known = new WeakMap<ScriptTable, Map<string, Known>>();

function functionOf(name: string, scripts: ScriptTable): Known {
  let table = known.get(scripts);
  if (table === undefined) {
    table = new Map();
    known.set(scripts, table);
  }
  let facts = table.get(name);
  if (facts === undefined) {
    const script = scripts.get(name);
    invariant(script !== undefined, `function ${name} is defined`);
    facts = { digest: digestOf(script, scripts), mentions: mentionsOf(script, scripts) };
    table.set(name, facts);
  }
  return facts;
}

/** SHA-256 of what the script does, without positions and without its own name; functions by name and their digest. */
function digestOf(script: Script, scripts: ScriptTable): string {
  const applied = new Map<string, string>();
  const { parameters, locals, body } = script;
  const text = JSON.stringify({ parameters, locals, body }, (key, value: unknown) => {
    if (key === "at") return undefined;
    if (value instanceof Uint8Array) return toHex(value);
    if (isApply(value)) applied.set(value.script, functionOf(value.script, scripts).digest);
    return value;
  });
  return createHash("sha256")
    .update(JSON.stringify([text, [...applied]]))
    .digest("hex");
}

function mentionsOf(script: Script, scripts: ScriptTable): Mentions {
  const reads = new Set<ScriptAttribute>();
  const changes = new Set<ScriptAttribute>();
  let prints = false;
  visit(script.body, (node) => {
    switch (node["kind"]) {
      case "attribute":
        reads.add(node["attribute"] as ScriptAttribute);
        break;
      case "setAttribute":
      case "unsetAttribute":
        changes.add(node["attribute"] as ScriptAttribute);
        break;
      case "editAttribute":
        reads.add(node["attribute"] as ScriptAttribute);
        changes.add(node["attribute"] as ScriptAttribute);
        break;
      case "print":
        prints = true;
        break;
      case "apply": {
        const { mentions } = functionOf(node["script"] as string, scripts);
        for (const attribute of mentions.reads) reads.add(attribute);
        for (const attribute of mentions.changes) changes.add(attribute);
        prints ||= mentions.prints;
        break;
      }
      default:
    }
  });
  return { reads, changes, prints };
}

type Node = Readonly<Record<string, unknown>>;

/** Every object of the syntax, outermost first. */
function visit(value: unknown, look: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, look);
  else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    look(value as Node);
    for (const child of Object.values(value)) visit(child, look);
  }
}

function isApply(value: unknown): value is { readonly script: string } {
  return typeof value === "object" && value !== null && (value as Node)["kind"] === "apply";
}
