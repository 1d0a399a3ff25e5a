// Fixtures of proto-fixtures/bgp as objects: octets from commented segments, `0x…` as octets, addresses and prefixes
// as text, capabilities that are not named as absent.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bytes, fromHex } from "../../src/base/bytes.js";
import { parseAddress, parsePrefix } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/index.js";
import { type Capabilities, NO_CAPABILITIES } from "../../src/packet/capabilities.js";
import type { Message, MessageContext } from "../../src/packet/message.js";
import { ROOT } from "../support/root.js";

export interface MessageFixture {
  readonly name: string;
  readonly rfc: string;
  readonly context?: MessageContext;
  /** Segments of hexadecimal octets, each with a comment behind "#". */
  readonly hex: readonly string[];
  readonly message: unknown;
  /** False: legal, but we would write it otherwise. */
  readonly canonical?: boolean;
  /** NOTIFICATION: what people read. */
  readonly text?: string;
}

export interface AttributeFixture {
  readonly name: string;
  readonly rfc: string;
  readonly hex: readonly string[];
  readonly attributes: unknown;
  readonly attribute: string;
  readonly text: string;
  /** The normal form has no such attribute. */
  readonly merged?: boolean;
}

/** All rows of proto-fixtures/bgp/`file`. */
export function loadFixtures<Fixture>(file: string): readonly Fixture[] {
  return JSON.parse(readFileSync(join(ROOT, "proto-fixtures", "bgp", file), "utf8")) as readonly Fixture[];
}

export function octetsOf(segments: readonly string[]): Bytes {
  return fromHex(segments.map((segment) => segment.split("#")[0]).join(""));
}

/** The object that a fixture's JSON stands for. */
export function messageOf(json: unknown): Message {
  const message = revive(json, "") as Message;
  if (message.type !== "OPEN") return message;
  const capabilities: Capabilities = { ...NO_CAPABILITIES, ...message.capabilities };
  return { ...message, capabilities };
}

export function attributesOf(json: unknown): PathAttributes {
  return revive(json, "") as PathAttributes;
}

function revive(value: unknown, key: string): unknown {
  if (typeof value === "string") return reviveText(value, key);
  if (Array.isArray(value)) return value.map((item) => revive(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member, name)]));
}

function reviveText(text: string, key: string): unknown {
  if (key === "nextHop") return addressOctets(text);
  if (key === "prefix") return parsePrefix(text);
  return text.startsWith("0x") ? fromHex(text.slice(2)) : text;
}

function addressOctets(text: string): Bytes {
  const octets = text.split(" ").flatMap((part) => [...(parseAddress(part)?.bytes ?? [])]);
  return Uint8Array.from(octets);
}
