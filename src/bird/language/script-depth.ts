// How deep scripts nest. Whoever looks at a script, compiles it or runs it goes down with it, on a stack that has an end: what
// is deeper than that is refused when it is read. BIRD's own parser has such a limit, too.

import type { Script, ScriptTable } from "../../policy/script-ast.js";
import type { Reader } from "./reader.js";

/** In levels of the syntax as data: statements are two deep, operators one. Two thirds of what the stack has room for. */
export const DEEPEST_SCRIPT = 2000;
/** What the call of a function takes beside its body. */
const CALL_DEPTH = 8;

const depths = new WeakMap<Script, number>();

/** Ends the reading if this part of a script, which is complete, nests too deeply. */
export function checkDepth(r: Reader, part: unknown): void {
  if (depthOf(part, r.scripts) > DEEPEST_SCRIPT) r.notSupported("nesting as deep as this");
}

/** Goes down without recursion. Functions must have been defined before. */
function depthOf(part: unknown, scripts: ScriptTable): number {
  let deepest = 0;
  const waiting: [part: unknown, depth: number][] = [[part, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [node, depth] = next;
    if (typeof node !== "object" || node === null || isLeaf(node)) continue;
    const callee =
      "kind" in node && node.kind === "apply" && "script" in node ? scripts.get(String(node.script)) : undefined;
    deepest = Math.max(deepest, callee === undefined ? depth : depth + CALL_DEPTH + depthOfScript(callee, scripts));
    for (const child of Object.values(node)) waiting.push([child, depth + 1]);
  }
  return deepest;
}

/** Functions call only those before them, each of which was measured when it was complete. */
function depthOfScript(script: Script, scripts: ScriptTable): number {
  let depth = depths.get(script);
  if (depth === undefined) {
    depth = depthOf(script.body, scripts);
    depths.set(script, depth);
  }
  return depth;
}

/** Sets have thousands of members and no expressions. */
function isLeaf(node: object): boolean {
  return node instanceof Uint8Array || ("type" in node && (node.type === "set" || node.type === "prefixSet"));
}
