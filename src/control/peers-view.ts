// `starling peers` for people: one line a peer, or everything about one.

import type { MessageCounts, PeerFamilyStatus, PeerStatus } from "../speaker/snapshot.js";
import {
  type Column,
  ColumnPrinter,
  type ColumnOptions,
  durationText,
  momentText,
  nameValueBlock,
  sinceText,
} from "./render.js";
import { infoText, peerColor } from "./status-view.js";

export interface PeersViewOptions extends ColumnOptions {
  readonly nowMs: number;
  readonly wide: boolean;
}

/** Plain columns; only the last may hold blanks. */
export function formatPeers(peers: readonly PeerStatus[], options: PeersViewOptions): string {
  return new ColumnPrinter(options.wide ? wideColumns(options) : columns(options), options).format(peers);
}

function total(peer: PeerStatus, field: "received" | "accepted" | "best" | "advertised" | "stale"): string {
  return String(peer.families.reduce((sum, family) => sum + family[field], 0));
}

function columns(options: PeersViewOptions): readonly Column<PeerStatus>[] {
  return [
    { title: "PEER", cell: (peer) => peer.address },
    { title: "AS", cell: (peer) => String(peer.as), align: "right" },
    { title: "STATE", cell: (peer) => peer.state, color: peerColor },
    { title: "SINCE", cell: (peer) => sinceText(peer.since, options.nowMs) },
    { title: "RECEIVED", cell: (peer) => total(peer, "received"), align: "right" },
    { title: "ACCEPTED", cell: (peer) => total(peer, "accepted"), align: "right" },
    { title: "ADVERTISED", cell: (peer) => total(peer, "advertised"), align: "right" },
    { title: "INFO", cell: infoText },
  ];
}

function wideColumns(options: PeersViewOptions): readonly Column<PeerStatus>[] {
  const plain = columns(options);
  return [
    plain[0],
    { title: "NAME", cell: (peer) => oneWord(peer.name) },
    { title: "TYPE", cell: (peer) => oneWord(peer.type) },
    { title: "GROUP", cell: (peer) => oneWord(peer.group) },
    ...plain.slice(1, 4),
    { title: "ROUTER-ID", cell: (peer) => peer.routerId ?? "" },
    { title: "LOCAL", cell: (peer) => peer.localAddress ?? "" },
    { title: "CLIENT", cell: (peer) => (peer.routeReflectorClient ? "yes" : "no") },
    { title: "HOLD", cell: (peer) => String(peer.holdTimeSeconds), align: "right" },
    ...plain.slice(4, 6),
    { title: "BEST", cell: (peer) => total(peer, "best"), align: "right" },
    { title: "STALE", cell: (peer) => total(peer, "stale"), align: "right" },
    ...plain.slice(6, 7),
    { title: "QUEUED", cell: (peer) => String(peer.outputQueueBytes), align: "right" },
    { title: "FLAPS", cell: (peer) => String(peer.transitions), align: "right" },
    plain[7],
  ];
}

function oneWord(text: string): string {
  return text.replaceAll(" ", "-");
}

/** Everything about one peer. */
export function formatPeer(peer: PeerStatus, options: PeersViewOptions): string {
  const block = nameValueBlock([
    ["Peer", peer.name === "" || peer.name === peer.address ? peer.address : `${peer.address} (${peer.name})`],
    ["Type", peer.group === "" ? peer.type : `${peer.type}, group ${peer.group}`],
    ["State", peer.adminDown ? `${peer.state}, administratively down` : peer.state],
    ["Since", momentText(peer.since)],
    ["Uptime", peer.uptimeSeconds === undefined ? undefined : durationText(peer.uptimeSeconds)],
    ["Info", peer.info],
    ["Draining", peer.draining ? "yes: told to take other ways (RFC 8326)" : undefined],
    ["Last error", peer.lastError],
    ["AS", `${peer.as}, ours ${peer.localAs} (${peer.as === peer.localAs ? "internal" : "external"})`],
    ["Router id", peer.routerId],
    ["Route reflector client", peer.routeReflectorClient ? "yes" : "no"],
    ["Local address", peer.localAddress],
    ["Remote port", peer.remotePort === undefined ? undefined : String(peer.remotePort)],
    ["Passive", peer.passive ? "yes" : "no"],
    ["Timers", `hold ${peer.holdTimeSeconds} s, keepalive ${peer.keepaliveSeconds} s`],
    ["Capabilities", peer.capabilities.length === 0 ? undefined : peer.capabilities.join(", ")],
    [
      "Missing policy",
      peer.missingPolicy.length === 0 ? undefined : `${peer.missingPolicy.join(", ")} (RFC 8212: nothing passes)`,
    ],
    ["Transitions", String(peer.transitions)],
    ["Output queue", `${peer.outputQueueBytes} octets`],
  ]);
  return `${block}\n${formatFamilies(peer, options)}\n${formatMessages(peer, options)}`;
}

function formatFamilies(peer: PeerStatus, options: PeersViewOptions): string {
  const number = (
    title: string,
    read: (family: PeerFamilyStatus) => number,
    limit: (family: PeerFamilyStatus) => number | undefined = () => undefined,
  ): Column<PeerFamilyStatus> => ({
    title,
    cell: (family) => (limit(family) === undefined ? `${read(family)}` : `${read(family)}/${limit(family)}`),
    align: "right",
  });
  const familyColumns: readonly Column<PeerFamilyStatus>[] = [
    { title: "FAMILY", cell: (family) => family.family },
    number(
      "RECEIVED",
      (family) => family.received,
      (family) => family.receivedLimit,
    ),
    number("ACCEPTED", (family) => family.accepted),
    number("BEST", (family) => family.best),
    number(
      "ADVERTISED",
      (family) => family.advertised,
      (family) => family.advertisedLimit,
    ),
    number("STALE", (family) => family.stale),
    { title: "END-OF-RIB", cell: (family) => (family.endOfRibReceived ? "received" : "waiting") },
  ];
  return new ColumnPrinter(familyColumns, options).format(peer.families);
}

function formatMessages(peer: PeerStatus, options: PeersViewOptions): string {
  const rows = [
    { name: "open", of: (counts: MessageCounts) => counts.open },
    { name: "update", of: (counts: MessageCounts) => counts.update },
    { name: "notification", of: (counts: MessageCounts) => counts.notification },
    { name: "keepalive", of: (counts: MessageCounts) => counts.keepalive },
    { name: "route-refresh", of: (counts: MessageCounts) => counts.routeRefresh },
  ];
  const messageColumns: readonly Column<(typeof rows)[number]>[] = [
    { title: "MESSAGE", cell: (row) => row.name },
    { title: "RECEIVED", cell: (row) => String(row.of(peer.messages.received)), align: "right" },
    { title: "SENT", cell: (row) => String(row.of(peer.messages.sent)), align: "right" },
  ];
  return new ColumnPrinter(messageColumns, options).format(rows);
}
