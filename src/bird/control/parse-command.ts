// The grammar of the control socket. There are no abbreviations: expanding them is the client's business.

import type { Command, ConfigureAction, FilterText, ShowRoute, SymbolChoice } from "./commands.js";
import { readTokens } from "./command-tokens.js";
import { ReplyError } from "./reply.js";
import { syntaxError, TokenReader } from "./token-reader.js";

/** Reads a command. Throws ReplyError 9001. */
export function parseCommand(line: string, ipVersion: 4 | 6): Command {
  const reader = new TokenReader(line, readTokens(line, ipVersion), ipVersion);
  const command = parse(reader);
  reader.end();
  return command;
}

function parse(reader: TokenReader): Command {
  const word = reader.takeSymbol();
  switch (word) {
    case "show":
      return parseShow(reader);
    case "configure":
      return { kind: "configure", action: parseConfigure(reader) };
    case "enable":
    case "disable":
    case "restart":
      return { kind: word, which: reader.protocols(), message: reader.takeText() };
    case "reload": {
      const direction = reader.takeOneOf(["in", "out"]) ?? "both";
      return { kind: "reload", direction, which: reader.protocols() };
    }
    case "debug":
      return { kind: word, which: reader.protocols(), flags: flags(reader, DEBUG_FLAGS) };
    case "mrtdump":
      return { kind: word, which: reader.protocols(), flags: flags(reader, ["states", "messages"]) };
    case "echo":
      return parseEcho(reader);
    case "dump":
      return { kind: "dump", what: reader.takeOneOf(DUMPS) ?? fail() };
    case "eval":
      return { kind: "eval", text: reader.expression([]) };
    case "restrict":
    case "down":
      return { kind: word };
    default:
      throw syntaxError();
  }
}

const DEBUG_FLAGS = ["states", "routes", "filters", "interfaces", "events", "packets"];
const DUMPS = ["resources", "sockets", "events", "interfaces", "neighbors", "attributes", "routes", "protocols"];
const LOG_CLASSES = ["debug", "trace", "info", "remote", "warning", "error", "auth", "fatal", "bug"];
const SYMBOL_KINDS: readonly SymbolChoice[] = ["table", "filter", "function", "protocol", "template", "roa"];
const FOREIGN = ["ospf", "rip"];

function parseShow(reader: TokenReader): Command {
  const what = reader.takeSymbol();
  switch (what) {
    case "status":
      return { kind: "show status" };
    case "memory":
      return { kind: "show memory" };
    case "protocols": {
      const all = reader.take("all");
      return { kind: "show protocols", all, which: reader.takeProtocols() ?? { kind: "pattern", pattern: "*" } };
    }
    case "route":
      return parseShowRoute(reader);
    case "interfaces":
      return { kind: "show interfaces", summary: reader.take("summary") };
    case "static":
      return { kind: "show static", protocol: reader.takeSymbol() };
    case "symbols": {
      const of = reader.takeOneOf(SYMBOL_KINDS);
      return { kind: "show symbols", of, name: reader.takeSymbol() };
    }
    case "bfd":
      reader.expect("sessions");
      return { kind: "show bfd", protocol: reader.takeSymbol() };
    case "roa":
      reader.skipRest(); // there are no tables that it could be about
      return { kind: "show roa" };
    default:
      if (what === undefined || !FOREIGN.includes(what)) throw syntaxError();
      while (reader.takeSymbol() !== undefined);
      return { kind: "show foreign", protocol: what.toUpperCase() };
  }
}

type Draft = { -readonly [K in keyof ShowRoute]: ShowRoute[K] };

/** Options come in any order. */
const ROUTE_OPTIONS = {
  all: (draft) => void (draft.all = true),
  primary: (draft) => void (draft.primary = true),
  filtered: (draft) => void (draft.filtered = true),
  // BIRD lets `stats` win, whatever the order.
  stats: (draft) => void (draft.counts = "stats"),
  count: (draft) => void (draft.counts ??= "count"),
  table: (draft, reader) => void (draft.table = reader.symbol()),
  for: (draft, reader) => setNetwork(draft, { prefix: reader.prefixOrAddress(), match: "longest" }),
  filter: (draft, reader) => setFilter(draft, parseFilter(reader)),
  where: (draft, reader) => setFilter(draft, { kind: "where", text: reader.expression(Object.keys(ROUTE_OPTIONS)) }),
  export: (draft, reader) => setExported(draft, "export", reader),
  preexport: (draft, reader) => setExported(draft, "preexport", reader),
  noexport: (draft, reader) => setExported(draft, "noexport", reader),
  protocol: (draft, reader) => {
    if (draft.protocol !== undefined) throw new ReplyError(9001, "Protocol specified twice");
    draft.protocol = reader.symbol();
  },
} satisfies Record<string, (draft: Draft, reader: TokenReader) => void>;

function parseShowRoute(reader: TokenReader): ShowRoute {
  const draft: Draft = {
    kind: "show route",
    network: undefined,
    table: undefined,
    filter: undefined,
    exported: undefined,
    protocol: undefined,
    all: false,
    primary: false,
    filtered: false,
    counts: undefined,
  };
  const names = Object.keys(ROUTE_OPTIONS) as readonly (keyof typeof ROUTE_OPTIONS)[];
  while (!reader.isAtEnd) {
    const option = reader.takeOneOf(names);
    if (option !== undefined) ROUTE_OPTIONS[option](draft, reader);
    else setNetwork(draft, { prefix: reader.prefix(), match: "exact" });
  }
  return draft;
}

function setNetwork(draft: Draft, network: NonNullable<ShowRoute["network"]>): void {
  if (draft.network !== undefined) throw new ReplyError(9001, "Only one prefix expected");
  draft.network = network;
}

function setFilter(draft: Draft, filter: FilterText): void {
  if (draft.filter !== undefined) throw new ReplyError(9001, "Filter specified twice");
  draft.filter = filter;
}

function parseFilter(reader: TokenReader): FilterText {
  const name = reader.takeSymbol();
  return name === undefined ? { kind: "body", text: reader.block() } : { kind: "named", name };
}

function setExported(draft: Draft, stage: "export" | "preexport" | "noexport", reader: TokenReader): void {
  if (draft.exported !== undefined) throw new ReplyError(9001, "Protocol specified twice");
  draft.exported = { stage, protocol: reader.symbol() };
}

const DEFAULT_UNDO_SECONDS = 300;

function parseConfigure(reader: TokenReader): ConfigureAction {
  if (reader.take("confirm")) return { kind: "confirm" };
  if (reader.take("undo")) return { kind: "undo" };
  if (reader.take("check")) return { kind: "check", file: reader.takeText() };
  const isSoft = reader.take("soft");
  const file = reader.takeText();
  // The seconds may be missing; none at all and 0 mean that nothing is to be confirmed.
  const seconds = reader.take("timeout") ? (reader.takeNumber() ?? DEFAULT_UNDO_SECONDS) : 0;
  return { kind: "apply", file, isSoft, timeoutSeconds: seconds === 0 ? undefined : seconds };
}

/** `all`, `off`, or a list in braces. */
function flags(reader: TokenReader, known: readonly string[]): readonly string[] {
  if (reader.take("all")) return known;
  if (reader.take("off")) return [];
  return braces(reader, known);
}

function braces(reader: TokenReader, known: readonly string[]): readonly string[] {
  const found: string[] = [];
  reader.expect("{");
  do found.push(reader.takeOneOf(known) ?? fail());
  while (reader.take(","));
  reader.expect("}");
  return found;
}

const ECHO_BUFFER_BYTES = { least: 256, most: 65_536 };

function parseEcho(reader: TokenReader): Command {
  const word = reader.takeOneOf(["off", "all"]);
  const classes = word ?? braces(reader, LOG_CLASSES);
  const bufferBytes = reader.takeNumber();
  const { least, most } = ECHO_BUFFER_BYTES;
  if (bufferBytes !== undefined && (bufferBytes < least || bufferBytes > most))
    throw new ReplyError(9001, "Invalid log buffer size");
  return { kind: "echo", classes, bufferBytes };
}

function fail(): never {
  throw syntaxError();
}
