// What a speaker makes of a message that is wrong: session reset with its NOTIFICATION, treat-as-withdraw, attribute
// discard (RFC 4271 §6, RFC 7606 §2). The decoders and judges of the daemon decide, not rules of our own.

import { ByteWriter, type Bytes } from "../../base/bytes.js";
import { AttributeFacts, FATE_ACCEPT, judgeAttributes, judgeWithoutNlri } from "../../packet/attributes/index.js";
import { errorName } from "../../packet/codes.js";
import type { MessageContext } from "../../packet/message.js";
import { NotificationError } from "../../packet/notification.js";
import { decodeUpdate, UpdateView } from "../../packet/update.js";
import { AttributeKey } from "../../rib/attribute-key.js";

export type Reaction = "session reset" | "treat-as-withdraw" | "attribute discard" | "none";

export interface Verdict {
  /** What is wrong, in words. */
  readonly error: string;
  readonly reaction: Reaction;
  /** The NOTIFICATION that a session reset would send. */
  readonly notification?: { readonly code: number; readonly subcode: number; readonly name: string };
}

/** A session reset. */
export function resetFor(error: NotificationError): Verdict {
  const { code, subcode } = error;
  return {
    error: error.message,
    reaction: "session reset",
    notification: { code, subcode, name: errorName(code, subcode) },
  };
}

/** Runs a decoder; what it throws for the peer's fault becomes a verdict. Other errors pass. */
export function verdictOf(decode: () => void): Verdict | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (error instanceof NotificationError) return resetFor(error);
    throw error;
  }
}

/** The verdict on an UPDATE body; undefined if nothing is wrong. `ebgp`: the sender is external to the receiver. */
export function judgeUpdate(
  bytes: Bytes,
  start: number,
  end: number,
  context: MessageContext,
  ebgp: boolean,
): Verdict | undefined {
  const view = new UpdateView();
  const facts = new AttributeFacts();
  const reasons: string[] = [];
  let isWithdrawn = false;
  const reset = verdictOf(() => {
    decodeUpdate(bytes, start, end, context, view);
    isWithdrawn = view.treatAsWithdraw;
    if (view.faultText !== undefined) reasons.push(view.faultText);
    for (const judge of judgesOf(view, facts, { fourOctetAs: context.fourOctetAs, ebgp })) {
      judge();
      for (const reason of facts.reasons) if (!reasons.includes(reason)) reasons.push(reason);
      if (facts.fate !== FATE_ACCEPT) isWithdrawn = true;
    }
  });
  if (reset !== undefined) return reset;
  if (reasons.length === 0) return undefined;
  return { error: reasons.join("; "), reaction: isWithdrawn ? "treat-as-withdraw" : "attribute discard" };
}

// The attributes are judged once for each kind of prefixes that they belong to, as the RIB does.
function judgesOf(
  view: UpdateView,
  facts: AttributeFacts,
  context: { readonly fourOctetAs: boolean; readonly ebgp: boolean },
): (() => void)[] {
  const out = new ByteWriter();
  const key = new AttributeKey();
  const judgeKey = (): void => judgeAttributes(key.bytes, key.at, key.at + key.length, context, facts, out);
  const judges: (() => void)[] = [];
  if (view.endOfRib !== -1) return judges;
  if (view.attributesWithoutNlri) {
    judges.push(() => judgeWithoutNlri(view.bytes, view.attributesAt, view.attributesEnd, context, facts, out));
  }
  if (view.nlriAt < view.nlriEnd) {
    judges.push(() => {
      key.forNlri(view);
      judgeKey();
    });
  }
  if (view.reachFamily !== -1 && view.reachAt < view.reachEnd) {
    judges.push(() => {
      key.forReach(view);
      judgeKey();
    });
  }
  return judges;
}
