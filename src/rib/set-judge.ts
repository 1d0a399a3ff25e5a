// Judges one attribute set at a time, the short way where that will do: facts for the table, normal form, marks.
//
// RFC 7606, RFC 4271 §6.3. What it found is valid until the next set.

import type { Bytes } from "../base/bytes.js";
import { ByteWriter } from "../base/bytes.js";
import { AttributeFacts, withdraw } from "../packet/attributes/attribute.js";
import { judgeAttributes, judgeWithoutNlri } from "../packet/attributes/index.js";
import { NOT_PLAIN, readPlainSet } from "./plain-set.js";
import { CONTEXT, type Identity, LONGEST_SET } from "./set-context.js";
import { marksOf } from "./set-marks.js";
import { RELATION, type SourceOptions } from "./sources.js";

// Paths of two octets double, so that what fitted a message of RFC 8654 may fit nothing any more.
const TOO_LONG = withdraw("path attributes are too long to be passed on", "RFC 7606 §2");

export class SetJudge {
  readonly facts = new AttributeFacts();
  /** The normal form, where isRewritten. */
  readonly body = new ByteWriter(4096);
  /** False: the octets at hand are the normal form. */
  isRewritten = false;
  readonly #context = { ebgp: false, own: false, fourOctetAs: true };

  /** Judges `bytes[at, at + length)` from a source of the relation; `flags`: CONTEXT. Gives the MARK bits.
   *  Throws NotificationError where RFC 7606 still resets the session. */
  judge(
    bytes: Bytes,
    at: number,
    length: number,
    relation: number,
    flags: number,
    options: SourceOptions,
    identity: Identity,
  ): number {
    const { facts, body } = this;
    const context = this.#context;
    context.own = (flags & CONTEXT.normal) !== 0;
    context.ebgp = relation === RELATION.ebgp && !context.own;
    context.fourOctetAs = (flags & CONTEXT.oldSpeaker) === 0;
    const demandsFirstAs = context.ebgp && options.import?.enforcesFirstAs === true;
    this.isRewritten = false;
    if (context.fourOctetAs) {
      const marks = readPlainSet(bytes, at, at + length, context, options, identity, facts);
      if (marks !== NOT_PLAIN) {
        if (demandsFirstAs) demandFirstAs(facts, options);
        return marks;
      }
    }
    body.clear();
    this.isRewritten = true;
    judgeAttributes(bytes, at, at + length, context, facts, body);
    if (demandsFirstAs) demandFirstAs(facts, options);
    if (body.length > LONGEST_SET) {
      body.clear();
      facts.reset();
      facts.add(TOO_LONG);
    }
    return marksOf(body, options, identity.routerId, identity.clusterId);
  }

  /** Judges attributes that come without any prefix: nothing is kept. Throws NotificationError 3/1 where one of them asks
   *  for treat-as-withdraw (RFC 7606 §5.2). */
  judgeAlone(bytes: Bytes, at: number, end: number, relation: number, flags: number): void {
    const { facts, body } = this;
    body.clear();
    const fourOctetAs = (flags & CONTEXT.oldSpeaker) === 0;
    judgeWithoutNlri(bytes, at, end, { fourOctetAs, ebgp: relation === RELATION.ebgp }, facts, body);
  }
}

/** RFC 4271 §6.3: an external peer puts its own AS in front; RFC 7606 §7.2: otherwise the routes count as withdrawn. */
function demandFirstAs(facts: AttributeFacts, { peer }: SourceOptions): void {
  if (peer === undefined || facts.fate !== 0 || facts.neighborAs === peer.as) return;
  facts.add(withdraw(`AS_PATH does not begin with the peer's AS ${peer.as}`, "RFC 4271 §6.3, RFC 7606 §7.2"));
}
