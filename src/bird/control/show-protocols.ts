// `show protocols` and `show protocols all`.

import { formatSince } from "./bird-times.js";
import type {
  BgpDetails,
  ChangeCounts,
  EstablishedDetails,
  FilterView,
  LimitView,
  ProtocolDetails,
  ProtocolView,
  TimerView,
} from "./bird-view.js";
import { type ReplyLine, withCode } from "./reply.js";

export const PROTOCOL_HEADING: ReplyLine = {
  code: 2002,
  text: "name     proto    table    state  since       info",
};

export function protocolRow(protocol: ProtocolView, now: number): ReplyLine {
  const { name, kind, table, state, since } = protocol;
  const time = formatSince(since, now);
  const row = `${name.padEnd(8)} ${kind.padEnd(8)} ${table.padEnd(8)} ${state.padEnd(5)}  ${time.padEnd(10)}  `;
  return { code: 1002, text: row + infoColumn(protocol) };
}

function infoColumn({ state, session }: ProtocolView): string {
  if (session === undefined) return "";
  return state === "down" ? session.lastError : session.state.padEnd(14) + session.lastError;
}

/** The block below a row of `show protocols all`, with the empty line that ends it. */
export function protocolDetailLines(protocol: ProtocolDetails): readonly ReplyLine[] {
  const { description, message, recovery } = protocol;
  const isDown = protocol.state === "down";
  return withCode(1006, [
    ...(description === undefined ? [] : [field("Description:", description)]),
    ...(message === undefined ? [] : [field("Message:", message)]),
    field("Preference:", String(protocol.preference)),
    field("Input filter:", filterText(protocol.inputFilter)),
    field("Output filter:", filterText(protocol.outputFilter)),
    ...(recovery === undefined ? [] : [`  GR recovery:   ${recovery === "none" ? "" : ` ${recovery}`}`]),
    ...limitLines("Receive limit:", protocol.receiveLimit),
    ...limitLines("Import limit:", protocol.importLimit),
    ...limitLines("Export limit:", protocol.exportLimit),
    ...(isDown ? [] : counterLines(protocol)),
    ...(protocol.bgp === undefined ? [] : bgpLines(protocol, protocol.bgp)),
    "",
  ]);
}

function field(label: string, value: string): string {
  return `  ${label.padEnd(16)}${value}`;
}

function filterText(filter: FilterView): string {
  switch (filter.kind) {
    case "all":
      return "ACCEPT";
    case "none":
      return "REJECT";
    case "inline":
      return "(unnamed)";
    case "named":
      return filter.name;
  }
}

function limitLines(label: string, limit: LimitView | undefined): readonly string[] {
  if (limit === undefined) return [];
  return [field(label, `${limit.count}${limit.isHit ? " [HIT]" : ""}`), `    ${"Action:".padEnd(14)}${limit.action}`];
}

function counterLines({ routes, changes }: ProtocolDetails): readonly string[] {
  const filtered = routes.filtered === undefined ? "" : `${routes.filtered} filtered, `;
  const { imported, exported, preferred } = routes;
  return [
    field("Routes:", `${imported} imported, ${filtered}${exported} exported, ${preferred} preferred`),
    "  Route change stats:     received   rejected   filtered    ignored   accepted",
    changesLine("Import updates:", changes.importUpdates),
    changesLine("Import withdraws:", changes.importWithdraws),
    changesLine("Export updates:", changes.exportUpdates),
    changesLine("Export withdraws:", changes.exportWithdraws),
  ];
}

function changesLine(label: string, counts: ChangeCounts): string {
  const columns = [counts.received, counts.rejected, counts.filtered, counts.ignored, counts.accepted];
  return `    ${label.padEnd(20)}${columns.map((count) => String(count ?? "---").padStart(10)).join(" ")}`;
}

function bgpLines({ session, state }: ProtocolDetails, bgp: BgpDetails): readonly string[] {
  const lastError = session?.lastError ?? "";
  const isStarting = state === "start";
  return [
    `  ${"BGP state:".padEnd(20)}${state === "down" ? "Down" : (session?.state ?? "Down")}`,
    bgpField("Neighbor address:", bgp.neighborAddress),
    bgpField("Neighbor AS:", String(bgp.neighborAs)),
    ...(bgp.neighborRestarts ? ["    Neighbor graceful restart active"] : []),
    ...(bgp.restartSecondsLeft === undefined ? [] : [bgpField("Restart timer:", `${bgp.restartSecondsLeft}/-`)]),
    ...(isStarting ? timerLine("Error wait:", bgp.errorWait) : []),
    ...(isStarting ? timerLine("Connect delay:", bgp.connectDelay) : []),
    ...(bgp.established === undefined ? [] : establishedLines(bgp.established)),
    ...(lastError === "" ? [] : [bgpField("Last error:", lastError)]),
  ];
}

function bgpField(label: string, value: string): string {
  return `    ${label.padEnd(18)}${value}`;
}

function timerLine(label: string, timer: TimerView | undefined): readonly string[] {
  return timer === undefined ? [] : [bgpField(label, `${timer.left}/${timer.total}`)];
}

function establishedLines(details: EstablishedDetails): readonly string[] {
  const { routeLimit } = details;
  return [
    bgpField("Neighbor ID:", details.neighborId),
    bgpField("Neighbor caps:", details.neighborCapabilities.join(" ")),
    bgpField("Session:", details.session.join(" ")),
    bgpField("Source address:", details.sourceAddress),
    ...(routeLimit === undefined ? [] : [bgpField("Route limit:", `${routeLimit.used}/${routeLimit.limit}`)]),
    ...timerLine("Hold timer:", details.hold),
    ...timerLine("Keepalive timer:", details.keepalive),
  ];
}
