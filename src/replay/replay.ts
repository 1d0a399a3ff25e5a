// From packets to BGP: frames, IP, fragments, TCP, sessions. Packets in, what was said out; nothing here reads a file or
// keeps more than what is unfinished.

import type { CapturedPacket } from "./capture/captured-packet.js";
import { BgpSession, type SessionObserver } from "./bgp/bgp-session.js";
import type { InterpretationOverrides } from "./bgp/interpretation.js";
import { IpFragments } from "./network/ip-fragments.js";
import { readIpPacket } from "./network/ip-packet.js";
import { findIpHeader, isKnownLink } from "./network/link.js";
import { TcpConnections } from "./network/tcp-connections.js";
import { readTcpSegment } from "./network/tcp-segment.js";
import type { Stamp } from "./network/tcp-stream.js";

export const BGP_PORT = 179;

export interface ReplayOptions extends InterpretationOverrides {
  /** BGP is what has this port on either side. */
  readonly port: number;
}

export class Replay {
  readonly #port: number;
  readonly #fragments = new IpFragments();
  readonly #connections: TcpConnections;
  readonly #unknownLinks = new Set<number>();
  #stamp: Stamp = { timeMicros: 0, packet: 0 };
  #segments = 0;

  /** `observer` is told what the sessions say while packets are added. */
  constructor(options: ReplayOptions, observer: SessionObserver) {
    this.#port = options.port;
    this.#connections = new TcpConnections((from, to) => new BgpSession(from, to, options, observer));
  }

  /** Takes the next packet; its octets must not change afterwards. */
  add(packet: CapturedPacket): void {
    const { bytes, link } = packet;
    this.#stamp = { timeMicros: packet.timeMicros, packet: packet.number };
    if (!isKnownLink(link)) this.#unknownLinks.add(link);
    const at = findIpHeader(link, bytes);
    if (at === undefined) return;
    const part = readIpPacket(bytes, at, packet.originalLength - bytes.length);
    const whole = part === undefined ? undefined : this.#fragments.add(part);
    const segment = whole === undefined ? undefined : readTcpSegment(whole);
    if (segment === undefined || (segment.from.port !== this.#port && segment.to.port !== this.#port)) return;
    this.#segments++;
    this.#connections.add(segment, this.#stamp);
  }

  /** The capture is over: what waited is told. */
  end(): void {
    this.#connections.end(this.#stamp);
    this.#fragments.end();
  }

  /** What a user should know about the capture as a whole, in words; complete after end(). */
  get remarks(): readonly string[] {
    const remarks = [...this.#unknownLinks].map((link) => `packets of link type ${link} cannot be read`);
    const { lost } = this.#fragments;
    if (lost > 0) remarks.push(`${lost} fragmented packet${lost === 1 ? " was" : "s were"} incomplete`);
    if (this.#segments === 0) remarks.push(`no TCP with port ${this.#port} in the capture`);
    return remarks;
  }
}
