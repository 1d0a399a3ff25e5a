// `protocol` and `template`: the heading with name and `from`, the options, the checks at the closing brace.

import { finishBgp } from "./finish-bgp.js";
import { parseBgpOption } from "./parse-bgp.js";
import { parseDeviceOption, parseDirectOption, parseKernelOption, parseStaticOption } from "./parse-local-protocols.js";
import { emptyDraft, inherit, type ProtocolDraft, type ProtocolKind } from "./protocol-draft.js";
import type { Reader } from "./reader.js";

const KINDS = ["kernel", "device", "direct", "static", "bgp"] as const satisfies ProtocolKind[];
const FOREIGN_KINDS: ReadonlySet<string> = new Set(["ospf", "rip", "pipe", "bfd", "mrt", "radv", "babel"]);

/** Everything behind the word `protocol` or `template`. */
export function parseProtocol(r: Reader, role: "protocol" | "template"): void {
  const at = r.position();
  const word = r.take();
  if (word === "bfd" && role === "protocol" && isEmptyProtocol(r)) return;
  if (FOREIGN_KINDS.has(word)) r.notSupported(`protocol ${word}`);
  const kind = KINDS.find((each) => each === word) ?? r.syntaxError();
  if (kind === "device") {
    if (r.hasDevice) r.fail("Kernel device protocol already defined");
    r.hasDevice = true;
  }
  const draft = emptyDraft(kind, at);
  draft.debug = r.defaultDebug;
  parseHeading(r, role, draft);
  r.expect("{");
  while (!r.takeIf("}")) {
    const check = parseOption(r, draft);
    r.expect(";");
    check?.();
  }
  if (role === "protocol") finish(r, draft);
}

/** Some of Calico's files have `protocol bfd { }`, which does nothing as long as no peer asks for it. */
function isEmptyProtocol(r: Reader): boolean {
  r.takeIf("SYMBOL");
  return r.takeIf("{") && r.takeIf("}");
}

/** `[NAME] [from NAME]`. The name is defined before the template is looked up. */
function parseHeading(r: Reader, role: "protocol" | "template", draft: ProtocolDraft): void {
  const name = r.takeIf("SYMBOL") ? r.text : undefined;
  const template = r.takeIf("from") ? r.symbol() : undefined;
  draft.name = name ?? r.unusedName(draft.kind);
  const symbol = { kind: role, draft };
  if (name === undefined && template !== undefined) checkTemplate(r, template);
  r.define(draft.name, symbol);
  if (template !== undefined) inheritFrom(r, draft, template);
}

function checkTemplate(r: Reader, name: string): ProtocolDraft {
  const symbol = r.symbols.find(name);
  if (symbol?.kind === "protocol" || symbol?.kind === "template") return symbol.draft;
  return r.fail("Template or protocol name expected");
}

function inheritFrom(r: Reader, draft: ProtocolDraft, name: string): void {
  const template = checkTemplate(r, name);
  if (template.kind !== draft.kind) r.fail("Can't copy configuration from a different protocol type");
  inherit(draft, template);
}

function parseOption(r: Reader, draft: ProtocolDraft): (() => void) | undefined {
  switch (draft.kind) {
    case "kernel":
      parseKernelOption(r, draft);
      return undefined;
    case "device":
      parseDeviceOption(r, draft);
      return undefined;
    case "direct":
      parseDirectOption(r, draft);
      return undefined;
    case "static":
      parseStaticOption(r, draft);
      return undefined;
    case "bgp":
      return parseBgpOption(r, draft);
  }
}

function finish(r: Reader, draft: ProtocolDraft): void {
  if (draft.kind === "bgp") {
    r.protocols.push(finishBgp(r, draft));
    return;
  }
  const first = draft.kind === "kernel" ? r.protocols.find(({ kind }) => kind === "kernel") : undefined;
  if (first !== undefined) r.fail(`Kernel syncer (${first.name}) already attached to table master`);
  r.protocols.push({ ...draft });
}
