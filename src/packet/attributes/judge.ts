// Raw attributes → normal form, facts for the decision process, and what RFC 7606 makes of errors.
//
// Runs once per distinct attribute set. Each attribute's own rules stand in its file; here are the rules for all of
// them: flags, duplicates, unknown attributes, missing ones (RFC 7606 §3, RFC 4271 §5, §6.3, RFC 6793 §4.2.3).

import { type ByteWriter, type Bytes, writeU16 } from "../../base/bytes.js";
import {
  ATTRIBUTE,
  ERROR_CODE,
  FLAG_EXTENDED_LENGTH,
  FLAG_OPTIONAL,
  FLAG_PARTIAL,
  FLAG_TRANSITIVE,
  UPDATE_ERROR,
} from "../codes.js";
import { NotificationError } from "../notification.js";
import { writeMergedAggregator, writeMergedPath } from "./as4-merge.js";
import { type AttributeFacts, type AttributeSpec, discard, type Fault, withdraw } from "./attribute.js";
import { attributeName, SPEC_BY_CODE } from "./registry.js";

export interface JudgeContext {
  /** Both sides have sent the capability of RFC 6793. */
  readonly fourOctetAs: boolean;
  /** The attributes come from an external neighbour. */
  readonly ebgp: boolean;
  /** Made by ourselves: no attribute is missed, and no next hop refused. */
  readonly own?: boolean;
}

const CATEGORY = FLAG_OPTIONAL | FLAG_TRANSITIVE;
const OVERRUN = withdraw("path attribute runs over the attributes", "RFC 7606 §4");
const MANDATORY = [ATTRIBUTE.ORIGIN, ATTRIBUTE.AS_PATH, ATTRIBUTE.NEXT_HOP].map((type) => ({
  type,
  fault: withdraw(`${attributeName(type)} is missing`, "RFC 7606 §3(d)"),
}));

/** A specification as judging reads it: all of one shape, so that reading it costs the same for every attribute. */
interface Rule {
  readonly code: number;
  readonly flags: number;
  readonly check: AttributeSpec["check"];
  readonly learn: AttributeSpec["learn"];
  readonly normalize: AttributeSpec["normalize"];
  readonly fromExternal: Fault | undefined;
  readonly fromNewSpeaker: Fault | undefined;
  readonly conflictingFlags: Fault;
  /** AS numbers in it have two or four octets, by session. */
  readonly isWidened: boolean;
  readonly isMerged: boolean;
}

const RULES: readonly (Rule | undefined)[] = SPEC_BY_CODE.map((spec) =>
  spec === undefined ? undefined : ruleOf(spec),
);

function ruleOf(spec: AttributeSpec): Rule {
  const { code } = spec;
  const isMerged = code === ATTRIBUTE.AS4_PATH || code === ATTRIBUTE.AS4_AGGREGATOR;
  return {
    code,
    flags: spec.flags,
    check: spec.check,
    learn: spec.learn,
    normalize: spec.normalize,
    fromExternal: spec.fromExternal,
    fromNewSpeaker: isMerged
      ? discard(`${spec.name} from a speaker of four-octet AS numbers`, "RFC 6793 §6")
      : undefined,
    conflictingFlags: withdraw(`${spec.name} has conflicting flags`, "RFC 7606 §3(c)"),
    isWidened: code === ATTRIBUTE.AS_PATH || code === ATTRIBUTE.AGGREGATOR,
    isMerged,
  };
}

/** Judges `bytes[at, end)`: path attributes as received, the next hop of MP_REACH_NLRI (if any) put in as NEXT_HOP.
 *  Fills `facts` and appends the normal form to `out` without what was discarded; where the fate is treat-as-withdraw,
 *  without what was malformed. MP_REACH_NLRI and MP_UNREACH_NLRI are passed over.
 *  Throws NotificationError 3/2 for an unrecognized well-known attribute. RFC 7606 §3, §4, §7. */
export function judgeAttributes(
  bytes: Bytes,
  at: number,
  end: number,
  context: JudgeContext,
  facts: AttributeFacts,
  out: ByteWriter,
): void {
  facts.reset();
  const section = facts.section;
  if (!section.scan(bytes, at, end)) addMalformed(facts, OVERRUN);
  // AS numbers grow from two octets to four, headers by one octet: twice the room is always enough.
  const start = out.reserve(2 * (end - at) + 16);
  let to = start;
  for (let i = 0; i < section.count; i++) {
    const type = section.types[i];
    const rule = RULES[type];
    if (rule === undefined) to = copyUnknown(bytes, type, facts, out.bytes, to);
    else if (isAcceptable(bytes, rule, context, facts)) {
      const valueEnd = writeAttribute(bytes, rule, context, facts, out.bytes, to);
      if (type === ATTRIBUTE.NEXT_HOP) noteNextHop(facts, to - start, valueEnd - to);
      to = valueEnd;
    }
  }
  out.length = to;
  if (section.repeated.length > 0) noteRepeated(facts);
  if (context.own !== true) demandMandatory(facts);
}

/** Judges the attributes of an UPDATE without reachable prefixes (UpdateView.attributesWithoutNlri), whose values
 *  matter only if they are broken. Throws NotificationError 3/1 if one asks for treat-as-withdraw: what the message was
 *  to withdraw or announce cannot be trusted. RFC 7606 §5.2. */
export function judgeWithoutNlri(
  bytes: Bytes,
  at: number,
  end: number,
  context: JudgeContext,
  facts: AttributeFacts,
  out: ByteWriter,
): void {
  judgeAttributes(bytes, at, end, context, facts, out);
  if (!facts.hasMalformed) return;
  const detail = `${facts.reasons.join("; ")}; no reachable NLRI (RFC 7606 §5.2)`;
  throw new NotificationError(ERROR_CODE.UPDATE_MESSAGE, UPDATE_ERROR.MALFORMED_ATTRIBUTE_LIST, undefined, detail);
}

function addMalformed(facts: AttributeFacts, fault: Fault): void {
  facts.add(fault);
  if (fault.fate === "withdraw") facts.hasMalformed = true;
}

function isAcceptable(bytes: Bytes, rule: Rule, context: JudgeContext, facts: AttributeFacts): boolean {
  const fault = findFault(bytes, rule, context, facts);
  // Both are merged into AS_PATH and AGGREGATOR.
  if (fault === undefined) return !rule.isMerged;
  const { code } = rule;
  if (context.own === true && code === ATTRIBUTE.NEXT_HOP && facts.section.lengths[code] === 4) return true;
  addMalformed(facts, fault);
  return false;
}

// RFC 7606 §3(h): the strongest first. Wrong flags mean treat-as-withdraw even on an attribute that would be discarded
// because of its sender; whose length then does not count any more (§7.5: "if received from an internal neighbor").
function findFault(bytes: Bytes, rule: Rule, context: JudgeContext, facts: AttributeFacts): Fault | undefined {
  const { flags, valueAt, lengths } = facts.section;
  const { code } = rule;
  if (((flags[code] ^ rule.flags) & CATEGORY) !== 0) return rule.conflictingFlags;
  if (context.ebgp && rule.fromExternal !== undefined) return rule.fromExternal;
  if (context.fourOctetAs && rule.isMerged) return rule.fromNewSpeaker;
  return rule.check(bytes, valueAt[code], lengths[code], context.fourOctetAs ? 4 : 2);
}

// Writes a sound attribute in normal form at `to`; gives the offset behind it.
function writeAttribute(
  bytes: Bytes,
  rule: Rule,
  context: JudgeContext,
  facts: AttributeFacts,
  target: Bytes,
  to: number,
): number {
  const { code } = rule;
  const section = facts.section;
  const at = section.valueAt[code];
  const length = section.lengths[code];
  // RFC 4271 §5: a Partial bit that somebody set stays; other attributes have none.
  const partial = rule.flags === CATEGORY ? section.flags[code] & FLAG_PARTIAL : 0;
  const flags = rule.flags | partial;
  if (rule.normalize === undefined && (context.fourOctetAs || !rule.isWidened)) {
    const valueTo = writeAttributeHeader(target, to, flags, code, length);
    copyOctets(bytes, at, length, target, valueTo);
    if (rule.learn !== undefined) rule.learn(target, valueTo, length, facts);
    return valueTo + length;
  }
  // Its length is known only when it is written: the longer header is assumed, the value moved back if that was wrong.
  const roomy = to + 4;
  const written = writeRebuilt(bytes, rule, facts, target, roomy);
  const valueTo = writeAttributeHeader(target, to, flags, code, written);
  if (valueTo !== roomy) target.copyWithin(valueTo, roomy, roomy + written);
  if (rule.learn !== undefined) rule.learn(target, valueTo, written, facts);
  return valueTo + written;
}

// The value of an attribute that is not merely copied; gives its length.
function writeRebuilt(bytes: Bytes, rule: Rule, facts: AttributeFacts, target: Bytes, to: number): number {
  const section = facts.section;
  const { code, normalize } = rule;
  if (normalize !== undefined) return normalize(bytes, section.valueAt[code], section.lengths[code], target, to);
  if (code === ATTRIBUTE.AS_PATH) return writeMergedPath(bytes, section, target, to);
  return writeMergedAggregator(bytes, section, target, to);
}

/** Writes flags, type and length at `to`, with the Extended Length bit only where the length needs it; gives the offset
 *  of the value. */
export function writeAttributeHeader(target: Bytes, to: number, flags: number, code: number, length: number): number {
  target[to + 1] = code;
  if (length > 255) {
    target[to] = flags | FLAG_EXTENDED_LENGTH;
    writeU16(target, to + 2, length);
    return to + 4;
  }
  target[to] = flags;
  target[to + 2] = length;
  return to + 3;
}

// For the few octets of most attributes a loop is faster than a typed array's method.
const LOOP_LIMIT = 48;

function copyOctets(bytes: Bytes, at: number, length: number, target: Bytes, to: number): void {
  if (length > LOOP_LIMIT) target.set(bytes.subarray(at, at + length), to);
  else for (let i = 0; i < length; i++) target[to + i] = bytes[at + i];
}

// RFC 4271 §5, §6.3: unrecognized attributes. Transitive ones are passed on with the Partial bit, others ignored.
function copyUnknown(bytes: Bytes, type: number, facts: AttributeFacts, target: Bytes, to: number): number {
  const { flags, valueAt, lengths } = facts.section;
  const at = valueAt[type];
  const length = lengths[type];
  if (type === ATTRIBUTE.MP_REACH_NLRI || type === ATTRIBUTE.MP_UNREACH_NLRI) return to;
  if ((flags[type] & FLAG_OPTIONAL) === 0) throw unrecognized(bytes, type, facts);
  if ((flags[type] & FLAG_TRANSITIVE) === 0) return to;
  const valueTo = writeAttributeHeader(target, to, CATEGORY | FLAG_PARTIAL, type, length);
  copyOctets(bytes, at, length, target, valueTo);
  return valueTo + length;
}

// RFC 7606 leaves this one to RFC 4271 §6.3, which resets the session; the data is the attribute.
function unrecognized(bytes: Bytes, type: number, facts: AttributeFacts): NotificationError {
  const { flags, valueAt, lengths } = facts.section;
  const headerAt = valueAt[type] - ((flags[type] & FLAG_EXTENDED_LENGTH) !== 0 ? 4 : 3);
  const data = bytes.slice(headerAt, valueAt[type] + lengths[type]);
  const subcode = UPDATE_ERROR.UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE;
  return new NotificationError(ERROR_CODE.UPDATE_MESSAGE, subcode, data, `type ${type}`);
}

function noteNextHop(facts: AttributeFacts, headerAt: number, length: number): void {
  facts.nextHopAt = headerAt + 3;
  facts.nextHopLength = length - 3;
}

// RFC 7606 §3(g): keep the first, drop the rest.
function noteRepeated(facts: AttributeFacts): void {
  for (const type of facts.section.repeated) {
    facts.add(discard(`${attributeName(type)} more than once`, "RFC 7606 §3(g)"));
  }
}

function demandMandatory(facts: AttributeFacts): void {
  for (const { type, fault } of MANDATORY) if (!facts.section.has(type)) facts.add(fault);
}
