// TCP connections of a capture, told apart by addresses, ports and initial sequence numbers: a SYN with another number is
// a new connection. Knows when a connection began and ended; what it carries is its observer's business.

import type { StreamEvent, Stamp } from "./tcp-stream.js";
import { TcpStream } from "./tcp-stream.js";
import { type Endpoint, endpointText, type TcpSegment } from "./tcp-segment.js";

/** Index of a direction: 0 from the end that spoke first in the capture, 1 the other. */
export type Direction = 0 | 1;

export interface ConnectionObserver {
  /** `isWhole`: the direction was seen from its SYN on. */
  stream(direction: Direction, event: StreamEvent, isWhole: boolean): void;
  /** A FIN or RST was seen, or another connection took its place. Called once; octets may still follow. */
  ended(why: string, stamp: Stamp): void;
  /** Nothing more comes of either direction. */
  finish(stamp: Stamp): void;
}

interface Connection {
  readonly ends: readonly [Endpoint, Endpoint];
  readonly streams: [TcpStream | undefined, TcpStream | undefined];
  readonly observer: ConnectionObserver;
  isOver: boolean;
}

/** Octets that a sender repeats at most, generously. */
const FARTHEST = 1 << 24;
/** Beyond this the connection that was silent longest is forgotten. */
const MOST_CONNECTIONS = 16384;

export class TcpConnections {
  readonly #open = new Map<string, Connection>();
  readonly #begin: (from: Endpoint, to: Endpoint) => ConnectionObserver;

  /** `begin` is called for each new connection with its ends, first the one whose segment was seen first. */
  constructor(begin: (from: Endpoint, to: Endpoint) => ConnectionObserver) {
    this.#begin = begin;
  }

  add(segment: TcpSegment, stamp: Stamp): void {
    const key = [endpointText(segment.from), endpointText(segment.to)].sort().join(" ");
    let connection = this.#open.get(key);
    if (connection !== undefined && isAnother(connection, segment)) {
      this.#end(connection, "another connection from the same port", stamp);
      this.#open.delete(key);
      connection = undefined;
    }
    // Nothing to see before the first octet, and an RST that refuses a SYN is not a conversation.
    if (connection === undefined) {
      if (segment.isRst) return;
      connection = this.#add(key, segment, stamp);
    }
    const direction = directionOf(connection, segment);
    this.#take(connection, direction, segment, stamp);
  }

  /** The capture is over. */
  end(stamp: Stamp): void {
    for (const connection of this.#open.values()) this.#flush(connection, stamp);
    this.#open.clear();
  }

  #add(key: string, segment: TcpSegment, stamp: Stamp): Connection {
    if (this.#open.size >= MOST_CONNECTIONS) this.#forgetOldest(stamp);
    const { from, to } = segment;
    const connection: Connection = {
      ends: [from, to],
      streams: [undefined, undefined],
      observer: this.#begin(from, to),
      isOver: false,
    };
    this.#open.set(key, connection);
    return connection;
  }

  #forgetOldest(stamp: Stamp): void {
    for (const [key, connection] of this.#open) {
      this.#flush(connection, stamp);
      this.#open.delete(key);
      return;
    }
  }

  #take(connection: Connection, direction: Direction, segment: TcpSegment, stamp: Stamp): void {
    const { streams, observer } = connection;
    const { sequence, payload, payloadLength, isSyn } = segment;
    if (!segment.isRst) {
      const stream = streams[direction] ?? new TcpStream(sequence, isSyn);
      streams[direction] = stream;
      for (const event of stream.add(sequence, payload, payloadLength, stamp)) {
        observer.stream(direction, event, stream.isWhole);
      }
      if (segment.isFin) stream.finish((sequence + payloadLength) >>> 0);
    }
    const other = direction === 0 ? 1 : 0;
    if (segment.isAck) streams[other]?.acknowledge(segment.acknowledgement);
    for (const each of [0, 1] as const) this.#review(connection, each, stamp);
    if (segment.isRst) this.#end(connection, "connection reset (RST)", stamp);
    else if (streams[direction]?.isFinished === true && !connection.isOver) {
      connection.isOver = true;
      observer.ended("connection closed (FIN)", stamp);
    }
  }

  #review(connection: Connection, direction: Direction, stamp: Stamp): void {
    const stream = connection.streams[direction];
    if (stream === undefined) return;
    for (const event of stream.review(stamp)) connection.observer.stream(direction, event, stream.isWhole);
  }

  #end(connection: Connection, why: string, stamp: Stamp): void {
    this.#flush(connection, stamp);
    if (connection.isOver) return;
    connection.isOver = true;
    connection.observer.ended(why, stamp);
  }

  #flush(connection: Connection, stamp: Stamp): void {
    for (const direction of [0, 1] as const) {
      const stream = connection.streams[direction];
      if (stream === undefined) continue;
      for (const event of stream.end(stamp)) connection.observer.stream(direction, event, stream.isWhole);
    }
    connection.observer.finish(stamp);
  }
}

function directionOf(connection: Connection, { from }: TcpSegment): Direction {
  const [first] = connection.ends;
  return first.address === from.address && first.port === from.port ? 0 : 1;
}

// A SYN repeats the one before, or opens a new connection. Where it comes late, its stream was begun without it.
function isAnother(connection: Connection, segment: TcpSegment): boolean {
  const stream = connection.streams[directionOf(connection, segment)];
  if (!segment.isSyn) return stream !== undefined && isFarOff(connection, stream, segment);
  if (stream !== undefined) return stream.firstSequence !== segment.sequence;
  // The answer to a SYN; a SYN of its own in a connection that is over begins a new one.
  return !segment.isAck && connection.isOver;
}

// The SYN was not captured, but no retransmission reaches so far back. Ahead it may be a gap in the capture, unless the
// connection was over.
function isFarOff({ isOver }: Connection, stream: TcpStream, { sequence, payloadLength }: TcpSegment): boolean {
  if (payloadLength === 0) return false;
  const distance = stream.distanceTo(sequence);
  return distance < -FARTHEST || (isOver && distance > FARTHEST);
}
