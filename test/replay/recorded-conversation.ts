// Conversations made by tests: what an observer is told when synthetic packets are replayed, in short lines.

import type { Bytes } from "../../src/base/bytes.js";
import { IPV4_UNICAST } from "../../src/base/family.js";
import { parsePrefix } from "../../src/base/ip.js";
import { NO_CAPABILITIES, type Capabilities } from "../../src/packet/capabilities.js";
import { encodeMessage, type MessageContext, PLAIN_CONTEXT, type UpdateMessage } from "../../src/packet/message.js";
import { encodeOpen } from "../../src/packet/open.js";
import type { BgpSession, SessionNote, SessionObserver } from "../../src/replay/bgp/bgp-session.js";
import type { ReplayedMessage } from "../../src/replay/bgp/replayed-message.js";
import { Replay, type ReplayOptions } from "../../src/replay/replay.js";
import type { Direction } from "../../src/replay/network/tcp-connections.js";
import { endpointText } from "../../src/replay/network/tcp-segment.js";
import type { Stamp } from "../../src/replay/network/tcp-stream.js";
import { ReceiverTables } from "../../src/replay/receiver-table.js";
import { VirtualClock } from "../../src/base/virtual-clock.js";
import { packetOf, type Segment, type TimedFrame } from "./synthetic-capture.js";

export const PLAIN_OPTIONS: ReplayOptions = { port: 179, fourOctetAs: undefined, addPath: undefined };
export const RAW_LINK = 101;
export const START_MICROS = 1_700_000_000_000_000;

/** Notes what it is told. */
export class Listener implements SessionObserver {
  readonly messages: ReplayedMessage[] = [];
  readonly notes: string[] = [];
  readonly ends: string[] = [];
  readonly sessions = new Set<BgpSession>();
  readonly tables = new ReceiverTables(new VirtualClock(0));
  /** Messages and notes as they came. */
  readonly lines: string[] = [];

  message(session: BgpSession, direction: Direction, message: ReplayedMessage): void {
    this.sessions.add(session);
    this.messages.push(message);
    this.tables.receive(session, direction, message);
    this.lines.push(lineOf(message));
  }

  note({ text }: SessionNote): void {
    this.notes.push(text);
    this.lines.push(`… ${text}`);
  }

  ended(session: BgpSession, why: string, stamp: Stamp): void {
    this.tables.ended(session, why, stamp);
    this.ends.push(why);
  }
}

/** Type and prefixes of a message. */
export function lineOf({ type, content, verdict }: ReplayedMessage): string {
  const parts = [type];
  if (content.kind === "UPDATE") {
    const text = (prefix: string, pathId: number | undefined): string =>
      pathId === undefined ? prefix : `${prefix}#${pathId}`;
    parts.push(...content.withdraw.map(({ prefix, pathId }) => `-${text(prefix, pathId)}`));
    parts.push(...content.announce.map(({ prefix, pathId }) => `+${text(prefix, pathId)}`));
    if (content.endOfRib !== undefined) parts.push("End-of-RIB");
  }
  if (verdict !== undefined) parts.push(`(${verdict.error})`);
  return parts.join(" ");
}

/** Routes of the tables: sender, then prefixes. */
export function tablesOf(listener: Listener): string[] {
  return [...listener.tables].map((table) => {
    const prefixes = [...table.routes()].flat().map((route) => route.prefix);
    return [endpointText(table.from), ...prefixes.sort()].join(" ");
  });
}

/** Replays frames of raw IP. */
export function replayFrames(frames: readonly TimedFrame[], options = PLAIN_OPTIONS, link = RAW_LINK): Listener {
  const listener = new Listener();
  const replay = new Replay(options, listener);
  for (const [i, { timeMicros, frame, originalLength = frame.length }] of frames.entries()) {
    replay.add({ number: i + 1, timeMicros, link, bytes: frame, originalLength });
  }
  replay.end();
  listener.notes.push(...replay.remarks);
  return listener;
}

/** Replays segments a millisecond apart. */
export function replaySegments(segments: readonly Segment[], options = PLAIN_OPTIONS): Listener {
  const frames = segments.map((segment, i) => ({
    timeMicros: START_MICROS + 1000 * i,
    frame: packetOf(segment),
  }));
  return replayFrames(frames, options);
}

// ---- messages ----

export function openOf(as: number, capabilities: Partial<Capabilities> = {}): Bytes {
  return encodeOpen({
    version: 4,
    myAs: as > 65535 ? 23456 : as,
    holdTimeSeconds: 90,
    bgpIdentifier: 0x0a000000 + (as & 0xffff),
    capabilities: { ...NO_CAPABILITIES, families: [IPV4_UNICAST], fourOctetAs: as, ...capabilities },
  });
}

function entry(text: string): UpdateMessage["nlri"][number] {
  const [prefixText, pathId] = text.split("#");
  const prefix = parsePrefix(prefixText);
  if (prefix === undefined) throw new Error(`not a prefix: ${text}`);
  return pathId === undefined ? { prefix } : { prefix, pathId: Number(pathId) };
}

/** IPv4 routes (`PREFIX` or `PREFIX#PATH`) with the usual attributes. */
export function announcementOf(
  prefixes: readonly string[],
  asNumbers: readonly number[] = [65001],
  context: MessageContext = PLAIN_CONTEXT,
): Bytes {
  const asPath = [{ type: 2, asNumbers }];
  const attributes = { origin: 0, asPath, nextHop: Uint8Array.of(192, 0, 2, 1) };
  return encodeMessage({ type: "UPDATE", withdrawn: [], attributes, nlri: prefixes.map(entry) }, context);
}

export function withdrawalOf(prefixes: readonly string[]): Bytes {
  return encodeMessage({ type: "UPDATE", withdrawn: prefixes.map(entry), attributes: {}, nlri: [] });
}

export const KEEPALIVE = encodeMessage({ type: "KEEPALIVE" });

/** All of `messages` one behind the other. */
export function joined(...messages: readonly Bytes[]): Bytes {
  return Uint8Array.from(Buffer.concat(messages));
}
