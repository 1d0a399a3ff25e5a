// The options that every protocol has.

import type { LimitDeclaration } from "./declarations.js";
import { parseFilterChoice } from "./parse-script.js";
import { parseDebug, parseId, parseNumber, parseSwitch, parseTable, parseText, skipMrtDump } from "./parse-values.js";
import type { ProtocolDraft } from "./protocol-draft.js";
import type { Reader } from "./reader.js";

const LARGEST_PREFERENCE = 0xffff;
const ACTIONS = ["warn", "block", "restart", "disable"] as const;

/** Reads one option without its `;`. The next token is no word that the protocol itself knows. */
export function parseCommonOption(r: Reader, draft: ProtocolDraft): void {
  switch (r.peek()) {
    case ";":
      return;
    case "preference":
      r.take();
      draft.preference = parseNumber(r);
      if (draft.preference > LARGEST_PREFERENCE) r.fail("Invalid preference");
      return;
    case "disabled":
      r.take();
      draft.disabled = parseSwitch(r);
      return;
    case "debug":
      r.take();
      draft.debug = parseDebug(r);
      return;
    case "mrtdump":
      r.take();
      skipMrtDump(r);
      return;
    case "description":
      r.take();
      draft.description = parseText(r);
      return;
    case "table":
      r.take();
      parseTable(r);
      return;
    case "router":
      r.expect("router", "id");
      draft.routerId = parseId(r);
      return;
    case "vrf":
      r.take();
      parseText(r);
      return r.notSupported("vrf");
    default:
      parseExchange(r, draft);
  }
}

/** `import`, `export` and the limits. */
function parseExchange(r: Reader, draft: ProtocolDraft): void {
  const word = r.take();
  if (word === "receive") {
    r.expect("limit");
    draft.receiveLimit = parseLimit(r);
  } else if (word === "import") {
    if (r.takeIf("limit")) draft.importLimit = parseLimit(r);
    else if (r.takeIf("keep")) {
      r.expect("filtered");
      draft.importKeepFiltered = parseSwitch(r);
    } else draft.import = parseFilterChoice(r, `import of ${draft.name}`);
  } else if (word === "export") {
    if (r.takeIf("limit")) draft.exportLimit = parseLimit(r);
    else draft.export = parseFilterChoice(r, `export of ${draft.name}`);
  } else r.syntaxError();
}

function parseLimit(r: Reader): LimitDeclaration | undefined {
  if (r.takeIf("off")) return undefined;
  const count = parseNumber(r);
  if (!r.takeIf("action")) return { count, action: "disable" };
  const word = r.take();
  const action = ACTIONS.find((each) => each === word) ?? r.syntaxError();
  return { count, action };
}
