// How one direction of a session writes its UPDATEs: from the OPENs of both sides where they are in the capture, else by
// judging which reading of the octets is sound. RFC 6793 §4 (AS numbers), RFC 7911 §3 (path identifiers).

import { type Bytes, readU16, readU32 } from "../../base/bytes.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../../base/family.js";
import { AttributeSection } from "../../packet/attributes/section.js";
import type { Capabilities } from "../../packet/capabilities.js";
import { ATTRIBUTE, SEGMENT } from "../../packet/codes.js";
import type { MessageContext } from "../../packet/message.js";
import type { OpenMessage } from "../../packet/open.js";
import { prefixesAreSound } from "../../packet/update.js";
import { partsOfUpdate, type UpdateParts } from "./update-parts.js";

/** What the user knows better; undefined: found out. */
export interface InterpretationOverrides {
  readonly fourOctetAs: boolean | undefined;
  readonly addPath: boolean | undefined;
}

/** The reading of one direction; remembers what earlier messages have shown. */
export class Interpretation {
  readonly #overrides: InterpretationOverrides;
  #sender: Capabilities | undefined;
  #receiver: Capabilities | undefined;
  #seenFourOctetAs: boolean | undefined;
  readonly #seenAddPath: [boolean | undefined, boolean | undefined] = [undefined, undefined];

  constructor(overrides: InterpretationOverrides) {
    this.#overrides = overrides;
  }

  /** The OPEN of the side that sends in this direction. */
  senderOpened({ capabilities }: OpenMessage): void {
    this.#sender = capabilities;
  }

  receiverOpened({ capabilities }: OpenMessage): void {
    this.#receiver = capabilities;
  }

  /** Both OPENs are known: nothing is guessed. */
  get isNegotiated(): boolean {
    return this.#sender !== undefined && this.#receiver !== undefined;
  }

  /** Both sides are able to send and to take messages of more than 4096 octets; undefined: not known. */
  get extendedMessage(): boolean | undefined {
    return both(this.#sender?.extendedMessage, this.#receiver?.extendedMessage);
  }

  /** How to read the UPDATE whose body is `bytes[start, end)`. */
  contextFor(bytes: Bytes, start: number, end: number): MessageContext {
    const parts = partsOfUpdate(bytes, start, end);
    return {
      fourOctetAs: this.#fourOctetAs(parts),
      addPathReceive: [this.#addPath(IPV4_UNICAST, parts), this.#addPath(IPV6_UNICAST, parts)],
      extendedNextHop: both(hasExtendedNextHop(this.#sender), hasExtendedNextHop(this.#receiver)) ?? true,
      extendedMessage: this.extendedMessage ?? true,
    };
  }

  #fourOctetAs(parts: UpdateParts): boolean {
    const known = this.#overrides.fourOctetAs ?? both(hasFourOctetAs(this.#sender), hasFourOctetAs(this.#receiver));
    if (known !== undefined) return known;
    this.#seenFourOctetAs = judgeAsNumbers(parts) ?? this.#seenFourOctetAs;
    return this.#seenFourOctetAs ?? true;
  }

  #addPath(family: Family, parts: UpdateParts): boolean {
    const sends = this.#sender === undefined ? undefined : canAddPath(this.#sender, family, "send");
    const receives = this.#receiver === undefined ? undefined : canAddPath(this.#receiver, family, "receive");
    const known = this.#overrides.addPath ?? both(sends, receives);
    if (known !== undefined) return known;
    this.#seenAddPath[family] = judgeAddPath(parts, family) ?? this.#seenAddPath[family];
    return this.#seenAddPath[family] ?? false;
  }
}

// A capability counts if both sides have it: one that has not is enough to know.
function both(one: boolean | undefined, other: boolean | undefined): boolean | undefined {
  if (one === false || other === false) return false;
  return one === undefined || other === undefined ? undefined : true;
}

function hasFourOctetAs(capabilities: Capabilities | undefined): boolean | undefined {
  return capabilities === undefined ? undefined : capabilities.fourOctetAs !== undefined;
}

function hasExtendedNextHop(capabilities: Capabilities | undefined): boolean | undefined {
  return capabilities?.extendedNextHop.some(({ family }) => family === IPV4_UNICAST);
}

function canAddPath({ addPath }: Capabilities, family: Family, way: "send" | "receive"): boolean {
  return addPath.some((entry) => entry.family === family && entry[way]);
}

/** True if AS numbers have four octets, false if two, undefined if the message could be read either way. */
export function judgeAsNumbers({ bytes, attributesAt, attributesEnd }: UpdateParts): boolean | undefined {
  const section = new AttributeSection();
  section.scan(bytes, attributesAt, attributesEnd);
  // RFC 6793 §4.2.2: only speakers of two-octet AS numbers send these.
  if (section.has(ATTRIBUTE.AS4_PATH) || section.has(ATTRIBUTE.AS4_AGGREGATOR)) return false;
  const aggregatorLength = section.has(ATTRIBUTE.AGGREGATOR) ? section.lengths[ATTRIBUTE.AGGREGATOR] : 0;
  if (aggregatorLength === 6 || aggregatorLength === 8) return aggregatorLength === 8;
  if (!section.has(ATTRIBUTE.AS_PATH)) return undefined;
  const at = section.valueAt[ATTRIBUTE.AS_PATH];
  const end = at + section.lengths[ATTRIBUTE.AS_PATH];
  const two = pathQuality(bytes, at, end, 2);
  const four = pathQuality(bytes, at, end, 4);
  return two === four ? undefined : four > two;
}

const UNSOUND = 0;
const UNLIKELY = 1;
const LIKELY = 2;

/** Quality of a path read with AS numbers of `asLength` octets. AS 0 is reserved (RFC 7607), so a reading that finds it
 *  is sound, but unlikely. */
function pathQuality(bytes: Bytes, at: number, end: number, asLength: 2 | 4): number {
  let quality = LIKELY;
  while (at < end) {
    const type = bytes[at];
    const count = bytes[at + 1];
    if (end - at < 2 || type < SEGMENT.AS_SET || type > SEGMENT.AS_CONFED_SET || count === 0) return UNSOUND;
    at += 2;
    const last = at + count * asLength;
    if (last > end) return UNSOUND;
    for (; at < last; at += asLength) {
      if ((asLength === 2 ? readU16(bytes, at) : readU32(bytes, at)) === 0) quality = UNLIKELY;
    }
  }
  return quality;
}

/** True if the prefixes of the family carry path identifiers, false if not, undefined if there are none or both readings
 *  make sense, in which case plain prefixes are by far likelier. */
export function judgeAddPath(parts: UpdateParts, family: Family): boolean | undefined {
  const longest = family === IPV4_UNICAST ? 32 : 128;
  const fields = parts.prefixFields.filter((field) => field.family === family && field.end > field.at);
  if (fields.length === 0) return undefined;
  const quality = (addPath: boolean): number =>
    Math.min(...fields.map(({ at, end }) => prefixQuality(parts.bytes, at, end, longest, addPath)));
  const plain = quality(false);
  const withPaths = quality(true);
  if (plain === withPaths) return undefined;
  return withPaths > plain;
}

/** Quality of a field of prefixes. A prefix that comes twice, or has bits behind its length, is sound (RFC 4271 §4.3) but
 *  nobody writes it: octets of a path identifier look like the default route again and again. */
function prefixQuality(bytes: Bytes, at: number, end: number, longest: number, addPath: boolean): number {
  if (!prefixesAreSound(bytes, at, end, longest, addPath)) return UNSOUND;
  const seen = new Set<string>();
  while (at < end) {
    const start = at;
    if (addPath) at += 4;
    const length = bytes[at];
    const last = at + ((length + 7) >>> 3);
    if ((length & 7) !== 0 && (bytes[last] & (0xff >>> (length & 7))) !== 0) return UNLIKELY;
    at = last + 1;
    const key = String.fromCharCode(...bytes.subarray(start, at));
    if (seen.has(key)) return UNLIKELY;
    seen.add(key);
  }
  return LIKELY;
}
