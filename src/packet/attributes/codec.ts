// Attribute octets ↔ object form, and their text for people. Not for every route: policies and options that change a set,
// CLI, replay, fixtures.

import { ByteWriter, type Bytes, toHex } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_PARTIAL, FLAG_TRANSITIVE } from "../codes.js";
import type { AsLength, AttributeSpec, PathAttributes, PathAttributesDraft, UnknownAttribute } from "./attribute.js";
import { writeAttributeHeader } from "./judge.js";
import { ATTRIBUTE_SPECS, attributeName, SPEC_BY_CODE } from "./registry.js";
import { AttributeSection } from "./section.js";

const CATEGORY = FLAG_OPTIONAL | FLAG_TRANSITIVE;
const KEPT_FLAGS = CATEGORY | FLAG_PARTIAL;
const NONE: readonly UnknownAttribute[] = [];

/** Object form of `bytes[at, end)`, raw or normal. Lenient: of repeated attributes the first counts, what is behind an
 *  overrun is left out, and an attribute with wrong flags or value stands under `unknown`. MP_REACH_NLRI and
 *  MP_UNREACH_NLRI are passed over. Nothing in the result points into `bytes`. `section`: scratch, for those who call
 *  often. */
export function decodeAttributes(
  bytes: Bytes,
  at: number,
  end: number,
  fourOctetAs = true,
  section = new AttributeSection(),
): PathAttributes {
  section.scan(bytes, at, end);
  const asLength = fourOctetAs ? 4 : 2;
  const draft: PathAttributesDraft = {};
  const unknown: UnknownAttribute[] = [];
  for (let i = 0; i < section.count; i++) {
    const code = section.types[i];
    const spec = SPEC_BY_CODE[code];
    if (isMultiprotocol(code)) continue;
    const valueAt = section.valueAt[code];
    const length = section.lengths[code];
    if (spec !== undefined && isSound(bytes, spec, section, asLength)) {
      spec.decode(bytes, valueAt, length, asLength, draft);
    } else {
      unknown.push({ flags: section.flags[code] & KEPT_FLAGS, code, value: bytes.slice(valueAt, valueAt + length) });
    }
  }
  if (unknown.length > 0) draft.unknown = unknown;
  return draft;
}

function isMultiprotocol(code: number): boolean {
  return code === ATTRIBUTE.MP_REACH_NLRI || code === ATTRIBUTE.MP_UNREACH_NLRI;
}

function isSound(bytes: Bytes, spec: AttributeSpec, section: AttributeSection, asLength: AsLength): boolean {
  const { code } = spec;
  if (((section.flags[code] ^ spec.flags) & CATEGORY) !== 0) return false;
  return spec.check(bytes, section.valueAt[code], section.lengths[code], asLength) === undefined;
}

/** Appends the attributes in ascending order of type: the normal form, if the object has no as4Path or as4Aggregator.
 *  With `fourOctetAs` false AS_PATH and AGGREGATOR are written in two octets; AS4_PATH is then up to the caller.
 *  `value`: scratch, for those who call often. */
export function encodeAttributes(
  attributes: PathAttributes,
  out: ByteWriter,
  fourOctetAs = true,
  value = new ByteWriter(),
): void {
  const { unknown: unknowns = NONE } = attributes;
  const asLength = fourOctetAs ? 4 : 2;
  let from = 0;
  for (const spec of ATTRIBUTE_SPECS) {
    if (unknowns.length > 0) appendUnknown(unknowns, from, spec.code, out);
    from = spec.code;
    value.clear();
    if (!spec.encode(attributes, asLength, value)) continue;
    appendAttribute(out, spec.flags, spec.code, value.bytes.subarray(0, value.length));
  }
  if (unknowns.length > 0) appendUnknown(unknowns, from, 256, out);
}

/** Appends those with `from` ≤ code < `to`, ascending. */
function appendUnknown(unknowns: readonly UnknownAttribute[], from: number, to: number, out: ByteWriter): void {
  for (let code = from; code < to; code++) {
    for (const unknown of unknowns) {
      if (unknown.code === code) appendAttribute(out, unknown.flags, code, unknown.value);
    }
  }
}

/** Appends one attribute. Throws RangeError if the value is longer than its length field can say. */
export function appendAttribute(out: ByteWriter, flags: number, code: number, value: Bytes): void {
  if (value.length > 0xffff) throw new RangeError(`${attributeName(code)} of ${value.length} octets`);
  const at = out.reserve(4 + value.length);
  const valueAt = writeAttributeHeader(out.bytes, at, flags, code, value.length);
  out.bytes.set(value, valueAt);
  out.length = valueAt + value.length;
}

/** Name and text of each attribute of a normal form, ascending by type; values that make no sense in hexadecimal. */
export function attributeTexts(bytes: Bytes, at: number, end: number): readonly (readonly [string, string])[] {
  const section = new AttributeSection();
  section.scan(bytes, at, end);
  return Array.from(section.types.subarray(0, section.count), (code) => {
    const spec = SPEC_BY_CODE[code];
    const valueAt = section.valueAt[code];
    const length = section.lengths[code];
    const isReadable = spec !== undefined && spec.check(bytes, valueAt, length, 4) === undefined;
    return [
      attributeName(code),
      isReadable ? spec.text(bytes, valueAt, length) : `0x${toHex(bytes, valueAt, valueAt + length)}`,
    ] as const;
  });
}
