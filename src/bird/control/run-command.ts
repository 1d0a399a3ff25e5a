// From a command to its reply.

import { unreachable } from "../../base/invariant.js";
import type { BirdView, ProtocolView, SymbolKind } from "./bird-view.js";
import { changeProtocols, configure, reloadProtocols } from "./change-commands.js";
import type { Command, SymbolChoice } from "./commands.js";
import { chooseProtocols } from "./protocol-choice.js";
import { oneLine, type Reply, ReplyError, type ReplyLine, withCode } from "./reply.js";
import { compiled, showRoutes } from "./route-listing.js";
import { PROTOCOL_HEADING, protocolDetailLines, protocolRow } from "./show-protocols.js";
import { statusLines } from "./show-status.js";
import { interfaceLines, interfaceSummaryLines, memoryLines, staticLines, symbolText } from "./show-tables.js";

/** What belongs to one client. */
export interface ClientState {
  /** Only looking is allowed from now on. */
  isRestricted: boolean;
  /** Log lines of these classes from now on. */
  echo(view: BirdView, classes: readonly string[] | "all" | "off"): void;
}

/** Throws ReplyError. */
export function runCommand(command: Command, view: BirdView, client: ClientState): Reply {
  if (client.isRestricted && changes(command)) throw new ReplyError(8007, "Access denied");
  switch (command.kind) {
    case "show status":
      return [statusLines(view.status())];
    case "show protocols": {
      const protocols = chooseProtocols(command.which, view.protocols());
      return command.all ? detailedProtocols(protocols, view) : [protocolRows(protocols, view)];
    }
    case "show route":
      return showRoutes(command, view);
    case "show interfaces":
      return [command.summary ? interfaceSummaryLines(view.interfaces()) : interfaceLines(view.interfaces())];
    case "show static":
      return [staticLines(view.staticRoutes(staticProtocol(command.protocol, view)))];
    case "show memory":
      return [memoryLines(view.memory())];
    case "show symbols":
      return showSymbols(command.of, command.name, view);
    case "show bfd":
      throw new ReplyError(9001, bfdProblem(command.protocol, view));
    case "show roa":
      throw new ReplyError(9001, "No ROA table defined");
    case "show foreign":
      throw new ReplyError(9001, `There is no ${command.protocol} protocol running`);
    default:
      return act(command, view, client);
  }
}

type Action = Exclude<Command, { readonly kind: `show ${string}` }>;

function act(command: Action, view: BirdView, client: ClientState): Reply {
  switch (command.kind) {
    case "configure":
      return configure(command.action, view.commands);
    case "enable":
    case "disable":
    case "restart":
      return changeProtocols(command, view);
    case "reload":
      return reloadProtocols(command.direction, command.which, view);
    case "debug":
    case "mrtdump": {
      const names = chooseProtocols(command.which, view.protocols()).map(({ name }) => name);
      if (command.kind === "debug") view.commands.debug(names, command.flags);
      return [];
    }
    case "echo":
      client.echo(view, command.classes);
      return [];
    case "dump":
      view.commands.dump(command.what);
      return [];
    case "eval": {
      const value = compiled(view.expressions.evaluate(command.text));
      return value === undefined ? oneLine(8008, "runtime error") : oneLine(23, value);
    }
    case "restrict":
      client.isRestricted = true;
      return oneLine(16, "Access restricted");
    case "down":
      return shutDown(view);
    default:
      return unreachable(command);
  }
}

function changes(command: Command): boolean {
  switch (command.kind) {
    case "configure":
      return command.action.kind !== "check";
    case "enable":
    case "disable":
    case "restart":
    case "reload":
    case "debug":
    case "mrtdump":
    case "down":
      return true;
    default:
      return false;
  }
}

/** The answer is on its way when the end begins. */
function* shutDown({ commands }: BirdView): Generator<readonly ReplyLine[], void> {
  yield [{ code: 7, text: "Shutdown requested", isLast: true }];
  commands.shutDown();
}

function protocolRows(protocols: readonly ProtocolView[], view: BirdView): readonly ReplyLine[] {
  const { now } = view.status();
  return [PROTOCOL_HEADING, ...protocols.map((protocol) => protocolRow(protocol, now))];
}

function* detailedProtocols(protocols: readonly ProtocolView[], view: BirdView): Generator<readonly ReplyLine[], void> {
  const { now } = view.status();
  yield [PROTOCOL_HEADING];
  const chunks = view.protocolDetails(protocols.map(({ name }) => name));
  for (let next = chunks.next(); next.done !== true; next = chunks.next())
    yield next.value.flatMap((each) => [protocolRow(each, now), ...protocolDetailLines(each)]);
}

/** Undefined: all of them. */
function staticProtocol(name: string | undefined, view: BirdView): string | undefined {
  if (name === undefined) return undefined;
  const found = view.protocols().find((each) => each.name === name);
  if (found === undefined) throw new ReplyError(9001, `${name}: Not a protocol`);
  if (found.kind !== "Static") throw new ReplyError(9001, `${name}: Not a Static protocol`);
  return name;
}

function bfdProblem(name: string | undefined, view: BirdView): string {
  if (name === undefined) return "There is no BFD protocol running";
  const isProtocol = view.protocols().some((each) => each.name === name);
  return isProtocol ? `${name}: Not a BFD protocol` : `${name}: Not a protocol`;
}

const KIND_OF_CHOICE: Readonly<Record<SymbolChoice, SymbolKind>> = {
  table: "routing table",
  filter: "filter",
  function: "function",
  protocol: "protocol",
  template: "protocol template",
  roa: "ROA table",
};

function showSymbols(of: SymbolChoice | undefined, name: string | undefined, view: BirdView): Reply {
  const symbols = view.symbols();
  if (name !== undefined) {
    const found = symbols.find((symbol) => symbol.name === name);
    return oneLine(1010, symbolText(found ?? { name, kind: "undefined" }));
  }
  const wanted = of === undefined ? symbols : symbols.filter(({ kind }) => kind === KIND_OF_CHOICE[of]);
  return [withCode(1010, wanted.map(symbolText))];
}
