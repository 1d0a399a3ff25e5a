// `starling replay --speaker CONFIG --as-peer PEER`: finds the stream of that peer in the capture, then gives its UPDATEs to
// a speaker with this configuration and shows what it made of them. The file is played twice, so that a full table
// need not be kept.

import { equalAddresses, parseAddress } from "../base/ip.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { MessageContext } from "../packet/message.js";
import type { OpenMessage } from "../packet/open.js";
import { asOf, type BgpSession, type SessionObserver } from "../replay/bgp/bgp-session.js";
import type { ReplayedMessage } from "../replay/bgp/replayed-message.js";
import { playFile } from "../replay/capture-file.js";
import { isOfPeer } from "../replay/capture-filter.js";
import type { Direction } from "../replay/network/tcp-connections.js";
import { endpointText } from "../replay/network/tcp-segment.js";
import { Replay } from "../replay/replay.js";
import { SpeakerFeed } from "../replay/speaker-feed.js";
import {
  type CommandContext,
  EXIT_DEGRADED,
  EXIT_OK,
  type GlobalOptions,
  toYaml,
  UsageError,
} from "./command-context.js";
import { loadConfig } from "./config-argument.js";
import { jsonRows, routeLines } from "./replay-routes.js";
import { type ReplayRequest, type SpeakerFeedRequest, tellFault } from "./replay-request.js";

/** One direction of one session that has UPDATEs. */
interface Stream {
  /** Sessions are numbered in order of their first message, so that the second pass finds them again. */
  readonly session: number;
  readonly direction: Direction;
  readonly from: string;
  readonly address: string;
  readonly open: OpenMessage | undefined;
  context: MessageContext;
  updates: number;
}

/** Gives the exit code. Throws UsageError where peer or stream cannot be told. */
export async function runSpeakerFeed(
  context: CommandContext,
  request: ReplayRequest,
  wanted: SpeakerFeedRequest,
  format: GlobalOptions,
): Promise<number> {
  const config = (await loadConfig(context, wanted.config, wanted.node))?.config;
  if (config === undefined) return EXIT_DEGRADED;
  const peer = findPeer(config, wanted);
  const streams = new StreamFinder(request);
  const fault = await playFile(request.file, new Replay(request.options, streams), () => Promise.resolve());
  if (fault !== undefined && streams.found.length === 0) return tellFault(context, request.file, fault);
  const stream = chooseStream(streams.found, peer, request);
  await tellStream(context, stream, peer);
  const { clock, version } = context.environment;
  const feed = new SpeakerFeed(config, peer, stream, clock.wallTime(), version);
  const problem = await feed.start();
  if (problem !== undefined) {
    await context.printError(`starling: ${wanted.config}: peer ${peer.key}: ${problem}`);
    return EXIT_DEGRADED;
  }
  const feeder = new StreamFeeder(request, stream, feed);
  await playFile(request.file, new Replay(request.options, feeder), () => Promise.resolve());
  await printRoutes(context, feed, format);
  if (feed.refusal !== undefined) {
    await context.printError(`starling: the speaker reset the session: ${feed.refusal}`);
    return EXIT_DEGRADED;
  }
  return fault === undefined ? EXIT_OK : tellFault(context, request.file, fault);
}

function findPeer({ peers }: SpeakerConfig, { config, peer }: SpeakerFeedRequest): PeerConfig {
  const found = peers.find(({ key, name }) => key === peer || name === peer);
  if (found !== undefined) return found;
  const known = peers.map(({ key }) => key).join(", ");
  throw new UsageError(`--as-peer: ${config} has no peer ${peer}${known === "" ? "" : `, but ${known}`}`);
}

// The sender with the peer's address, or the only one there is; of several sessions the last.
function chooseStream(streams: readonly Stream[], peer: PeerConfig, { file, filter }: ReplayRequest): Stream {
  if (streams.length === 0) throw new UsageError(`${file}: no UPDATE in the capture`);
  const address = filter.peer ?? peer.address;
  const named = streams.filter((stream) => {
    const sender = parseAddress(stream.address);
    return sender !== undefined && equalAddresses(sender, address);
  });
  const senders = new Set(streams.map((stream) => stream.address));
  const chosen = named.at(-1) ?? (senders.size === 1 ? streams.at(-1) : undefined);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`say with --peer whose routes: ${[...senders].join(", ")}`);
}

async function tellStream(context: CommandContext, stream: Stream, peer: PeerConfig): Promise<void> {
  const as = asOf(stream.open);
  const note = as === undefined || as === peer.as ? "" : ` (recorded from AS${as}, configured AS${peer.as})`;
  await context.printError(`starling: ${stream.updates} UPDATEs of ${stream.from} as peer ${peer.key}${note}`);
}

async function printRoutes(context: CommandContext, feed: SpeakerFeed, format: GlobalOptions): Promise<void> {
  if (format.output === "json" || format.output === "yaml") {
    const routes = [...feed.routes()].flat();
    return context.print(format.output === "yaml" ? await toYaml(routes) : jsonRows(routes));
  }
  for (const lines of routeLines(feed.routes(), context.columnOptions(format))) await context.print(lines);
}

/** Numbers sessions in order of their first message. */
class SessionNumbers {
  readonly #numbers = new Map<BgpSession, number>();

  of(session: BgpSession): number {
    const number = this.#numbers.get(session) ?? this.#numbers.size;
    this.#numbers.set(session, number);
    return number;
  }
}

/** First pass: which streams there are, and how their UPDATEs are written. */
class StreamFinder implements SessionObserver {
  readonly found: Stream[] = [];
  readonly #request: ReplayRequest;
  readonly #numbers = new SessionNumbers();

  constructor(request: ReplayRequest) {
    this.#request = request;
  }

  message(session: BgpSession, direction: Direction, message: ReplayedMessage): void {
    const number = this.#numbers.of(session);
    const { content } = message;
    if (content.kind !== "UPDATE" || !isFed(this.#request, session, message)) return;
    const known = this.found.find((stream) => stream.session === number && stream.direction === direction);
    if (known !== undefined) {
      known.updates++;
      known.context = joined(known.context, content.context);
      return;
    }
    this.found.push({
      session: number,
      direction,
      from: endpointText(message.from),
      address: message.from.address,
      open: session.open(direction),
      context: content.context,
      updates: 1,
    });
  }

  note(): void {
    // Said when the capture is shown.
  }

  ended(): void {
    // The routes are of interest as they were before.
  }
}

// What was guessed of later messages is better founded; path identifiers, once seen, are there.
function joined(earlier: MessageContext, later: MessageContext): MessageContext {
  const [ipv4, ipv6] = earlier.addPathReceive;
  return { ...later, addPathReceive: [ipv4 || later.addPathReceive[0], ipv6 || later.addPathReceive[1]] };
}

function isFed({ filter }: ReplayRequest, session: BgpSession, { stamp }: ReplayedMessage): boolean {
  return isOfPeer(filter, ...session.ends) && stamp.timeMicros <= filter.toMicros;
}

/** Second pass: the UPDATEs of one stream go to the speaker. */
class StreamFeeder implements SessionObserver {
  readonly #request: ReplayRequest;
  readonly #stream: Stream;
  readonly #feed: SpeakerFeed;
  readonly #numbers = new SessionNumbers();

  constructor(request: ReplayRequest, stream: Stream, feed: SpeakerFeed) {
    this.#request = request;
    this.#stream = stream;
    this.#feed = feed;
  }

  message(session: BgpSession, direction: Direction, message: ReplayedMessage): void {
    const isWanted = this.#numbers.of(session) === this.#stream.session && direction === this.#stream.direction;
    if (!isWanted || message.content.kind !== "UPDATE" || !isFed(this.#request, session, message)) return;
    this.#feed.update(message);
  }

  note(): void {
    // Said when the capture is shown.
  }

  ended(): void {
    // The routes are of interest as they were before.
  }
}
