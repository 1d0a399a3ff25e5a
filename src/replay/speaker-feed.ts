// A recorded stream given to a speaker of our own, in this process, as if one of its configured peers had sent it: what
// would our policies have made of it? No socket is opened, no kernel route written.

import { FAMILIES, type Family } from "../base/family.js";
import { SILENT_LOG } from "../base/log.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import { NO_CAPABILITIES } from "../packet/capabilities.js";
import { AS_TRANS } from "../packet/codes.js";
import type { MessageContext } from "../packet/message.js";
import { notificationText } from "../packet/notification.js";
import { BGP_VERSION, type OpenMessage } from "../packet/open.js";
import type { ListenerFactory } from "../speaker/ports.js";
import { Speaker } from "../speaker/speaker.js";
import type { RouteView } from "../speaker/snapshot.js";
import type { ReplayedMessage } from "./bgp/replayed-message.js";
import { ScriptedPeer } from "./scripted-peer.js";
import { VirtualClock } from "../base/virtual-clock.js";

/** What is known of the recorded stream before it is fed. */
export interface RecordedStream {
  /** Of the sender; undefined where its OPEN was not captured. */
  readonly open: OpenMessage | undefined;
  /** How its UPDATEs are written. */
  readonly context: MessageContext;
}

const SOME_IDENTIFIER = 0xc0000201; // 192.0.2.1, where the sender's own is not known
/** How many UPDATEs go in between two flushes of the tables. */
const FLUSH_EVERY = 256;

const NO_LISTENERS: ListenerFactory = {
  listen: ({ address, port }) => Promise.resolve({ address, port, close: () => undefined }),
};

export class SpeakerFeed {
  readonly #clock: VirtualClock;
  readonly #speaker: Speaker;
  readonly #script: ScriptedPeer;
  readonly #peer: PeerConfig;
  readonly #config: SpeakerConfig;
  #count = 0;

  /** `peer`: the one of `config` that the stream is to come from. */
  constructor(config: SpeakerConfig, peer: PeerConfig, recorded: RecordedStream, wallTimeMs: number, version: string) {
    this.#clock = new VirtualClock(wallTimeMs);
    this.#peer = readyFor(peer, recorded.context);
    this.#config = { ...config, peers: config.peers.map((other) => (other === peer ? this.#peer : other)) };
    this.#script = new ScriptedPeer(peer.address, this.#clock, (theirs) => answerTo(theirs, peer, recorded));
    this.#speaker = new Speaker({
      clock: this.#clock,
      log: SILENT_LOG,
      version,
      transport: this.#script,
      listeners: NO_LISTENERS,
      fib: undefined,
      view: undefined,
      random: () => 0,
    });
  }

  /** Brings the session up; gives words if it does not come up. */
  async start(): Promise<string | undefined> {
    await this.#speaker.apply(this.#config);
    this.#clock.settle();
    return this.#isEstablished ? undefined : (this.refusal ?? "the session does not come up");
  }

  /** An UPDATE of the stream. Nothing happens once the session was reset. */
  update(message: ReplayedMessage): void {
    if (this.refusal !== undefined) return;
    this.#script.say(message.bytes);
    if (++this.#count % FLUSH_EVERY === 0) this.#clock.settle();
  }

  /** Why the speaker has ended the session. */
  get refusal(): string | undefined {
    const { refusal } = this.#script;
    return refusal === undefined || refusal === "closed" ? refusal : notificationText(refusal);
  }

  /** What the speaker holds of the peer, and why it does not use what it does not use. */
  *routes(): Generator<readonly RouteView[]> {
    this.#clock.settle();
    for (const chunk of this.#speaker.routes({ stage: "received", peer: this.#peer.key })) {
      yield (chunk as readonly RouteView[]).map((route) => route);
    }
  }

  get #isEstablished(): boolean {
    return this.#speaker.peer(this.#peer.key)?.state === "Established";
  }
}

// What decides whether the recorded octets can be read is taken from the recording; all that judges routes stays as it is
// configured.
function readyFor(peer: PeerConfig, { addPathReceive }: MessageContext): PeerConfig {
  return {
    ...peer,
    passive: false,
    disabled: false,
    delayOpenSeconds: 0,
    roleStrict: false,
    extendedMessage: true,
    extendedNextHop: true,
    addPathReceive: addPathReceive.includes(true),
  };
}

function answerTo(theirs: OpenMessage, peer: PeerConfig, { open, context }: RecordedStream): OpenMessage {
  const families = FAMILIES.map(({ family }) => family);
  const identifier = open?.bgpIdentifier ?? SOME_IDENTIFIER;
  const mine = theirs.capabilities;
  return {
    version: BGP_VERSION,
    myAs: peer.as > 0xffff ? AS_TRANS : peer.as,
    holdTimeSeconds: theirs.holdTimeSeconds,
    // The recording may be of ourselves: two routers of one AS must not have the same identifier (RFC 6286 §2.2).
    bgpIdentifier: identifier === theirs.bgpIdentifier ? SOME_IDENTIFIER : identifier,
    capabilities: {
      ...NO_CAPABILITIES,
      families,
      routeRefresh: true,
      extendedMessage: true,
      extendedNextHop: mine.extendedNextHop,
      fourOctetAs: context.fourOctetAs ? peer.as : undefined,
      addPath: families
        .filter((family: Family) => context.addPathReceive[family])
        .map((family) => ({ family, receive: false, send: true })),
    },
  };
}
