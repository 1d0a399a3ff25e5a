// `starling status` for people: what the daemon does, then the peers of each address family as calicoctl shows them.

import { addressFamily, parseAddress } from "../base/ip.js";
import { IPV6_UNICAST } from "../base/family.js";
import type { EventLoopDelay, PeerStatus, SpeakerStatus } from "../speaker/snapshot.js";
import {
  borderedTable,
  type CellColor,
  type Column,
  type ColumnOptions,
  durationText,
  momentText,
  paint,
  printable,
  sinceText,
} from "./render.js";

export interface StatusViewOptions extends ColumnOptions {
  readonly nowMs: number;
  readonly wide: boolean;
}

/** True where the daemon needs somebody's attention: exit code 1. */
export function isDegraded(status: SpeakerStatus, peers: readonly PeerStatus[]): boolean {
  return status.kernel.failed > 0 || !status.lastReload.ok || peers.some(isFailed);
}

/** Not Established although nobody wants it to be down. */
export function isFailed(peer: PeerStatus): boolean {
  return !peer.adminDown && peer.state !== "Established";
}

/** BIRD's word for the state of a protocol, as calicoctl shows it. */
export function stateWord(peer: PeerStatus): "up" | "start" | "down" {
  if (peer.adminDown) return "down";
  return peer.state === "Established" ? "up" : "start";
}

/** Why it is as it is, in words. */
export function infoText(peer: PeerStatus): string {
  return peer.draining ? `${peer.info}, draining` : peer.info;
}

export function peerColor(peer: PeerStatus): CellColor {
  if (peer.adminDown) return "yellow";
  return peer.state === "Established" ? "green" : "red";
}

export function formatStatus(status: SpeakerStatus, peers: readonly PeerStatus[], options: StatusViewOptions): string {
  const isIpv6 = (peer: PeerStatus): boolean => {
    const address = parseAddress(peer.address);
    return address !== undefined && addressFamily(address) === IPV6_UNICAST;
  };
  return [
    formatHeader(status, options),
    formatFamily(
      "IPv4",
      peers.filter((peer) => !isIpv6(peer)),
      options,
    ),
    formatFamily("IPv6", peers.filter(isIpv6), options),
  ].join("\n");
}

function formatHeader(status: SpeakerStatus, options: StatusViewOptions): string {
  const { kernel, routes, gracefulRestart, lastReload } = status;
  const lines = [
    `Starling ${status.version} is running: router id ${status.routerId}, AS ${status.localAs}, since ${momentText(status.startedAt)}`,
    `${capitalised(kernel.text)}${kernel.enabled ? `; ${kernelCounts(kernel)}` : ""}`,
    `Routes: ${(["ipv4", "ipv6"] as const).map((name) => `${name === "ipv4" ? "IPv4" : "IPv6"} ${count(routes[name].prefixes, "prefix", "prefixes")}, ${count(routes[name].paths, "path", "paths")}`).join("; ")}`,
    `Peers: ${status.peers.established} of ${status.peers.total - status.peers.disabled} established${status.peers.disabled > 0 ? `, ${status.peers.disabled} disabled` : ""}`,
    `Configuration: of ${momentText(status.configuredAt)}`,
  ];
  const { eventLoopDelay } = status;
  if (eventLoopDelay !== undefined && eventLoopDelay.samples > 0) lines.push(delayText(eventLoopDelay));
  if (status.draining.all) lines.push("Draining: all peers, also those that come later (RFC 8326)");
  else if (status.draining.peers > 0)
    lines.push(`Draining: ${count(status.draining.peers, "peer", "peers")} (RFC 8326)`);
  if (gracefulRestart.recovering)
    lines.push(`Graceful restart: waiting for End-of-RIB${waitingFor(gracefulRestart.waitingFor)}`);
  const text = lines.map((line) => `${printable(line)}\n`).join("");
  const faults = lastReload.ok ? [] : [`Reload of ${momentText(lastReload.at)} failed: ${lastReload.message}`];
  const warnings = status.warnings.map((warning) => `Warning: ${warning}`);
  return (
    text +
    faults
      .flatMap((fault) => fault.split("\n"))
      .map((line) => `${paint(printable(line), "red", options.color)}\n`)
      .join("") +
    warnings.map((line) => `${paint(printable(line), "yellow", options.color)}\n`).join("")
  );
}

function delayText({ p50Ms, p99Ms, maxMs, sinceSeconds }: EventLoopDelay): string {
  const since = durationText(sinceSeconds);
  return `Event loop: while at work late by ${p50Ms} ms (median), ${p99Ms} ms (99 %), at most ${maxMs} ms; in ${since}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function kernelCounts(kernel: SpeakerStatus["kernel"]): string {
  const counts = [`${kernel.installed} of ${count(kernel.wanted, "route", "routes")} installed`];
  if (kernel.failed > 0) counts.push(`${kernel.failed} failed`);
  if (kernel.stale > 0) counts.push(`${kernel.stale} stale`);
  return counts.join(", ");
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

const MOST_NAMES = 5;

function waitingFor(peers: readonly string[]): string {
  if (peers.length === 0) return "";
  const more = peers.length > MOST_NAMES ? ` and ${peers.length - MOST_NAMES} more` : "";
  return ` from ${peers.slice(0, MOST_NAMES).join(", ")}${more}`;
}

function formatFamily(family: "IPv4" | "IPv6", peers: readonly PeerStatus[], options: StatusViewOptions): string {
  const title = `${family} BGP status\n`;
  if (peers.length === 0) return `${title}No ${family} peers found.\n`;
  return title + borderedTable(statusColumns(options), peers, options);
}

function statusColumns(options: StatusViewOptions): readonly Column<PeerStatus>[] {
  const total = (peer: PeerStatus, field: "received" | "advertised"): string =>
    String(peer.families.reduce((sum, family) => sum + family[field], 0));
  const wide: readonly Column<PeerStatus>[] = [
    { title: "NAME", cell: (peer) => peer.name },
    { title: "AS", cell: (peer) => String(peer.as), align: "right" },
    { title: "RECEIVED", cell: (peer) => total(peer, "received"), align: "right" },
    { title: "ADVERTISED", cell: (peer) => total(peer, "advertised"), align: "right" },
  ];
  return [
    { title: "PEER ADDRESS", cell: (peer) => peer.address },
    { title: "PEER TYPE", cell: (peer) => peer.type },
    { title: "STATE", cell: stateWord, color: peerColor },
    { title: "SINCE", cell: (peer) => sinceText(peer.since, options.nowMs) },
    ...(options.wide ? wide : []),
    { title: "INFO", cell: infoText },
  ];
}
