// The small values of a configuration file and how they are read: addresses, prefixes, AS numbers, times, names. Texts are
// parsed here, so that what is behind the schema works with values, and a fault has the place of its own scalar.
//
// A message may carry a hint behind a line feed; config-issues.ts takes them apart.

import { z } from "zod";
import { type IpAddress, type IpPrefix, isLinkLocal, parseAddress, parsePrefix } from "../base/ip.js";
import { networkOf, unusableReason } from "./address-ranges.js";

/** Puts a hint behind a message. */
export function withHint(message: string, hint: string): string {
  return `${message}\n${hint}`;
}

/** A mapping whose keys are all known. For an unknown one the message lists them, for config-issues.ts. */
export function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? JSON.stringify(keys) : undefined),
  });
}

/** A mapping from names to `value`. */
export function named<Value extends z.ZodType>(value: Value): z.ZodRecord<z.ZodString, Value> {
  return z.record(nameValue, value);
}

/** Names of groups, policies, sets and nodes. */
export const nameValue = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, withHint("not a name", "letters, digits, dot, dash and underscore"))
  .max(64);

/** One value or a list of them. */
export function oneOrMore<Value extends z.ZodType>(value: Value): z.ZodUnion<readonly [Value, z.ZodArray<Value>]> {
  return z.union([value, z.array(value).min(1)]);
}

/** The list that `oneOrMore` stands for. */
export function asList<Value>(value: Value | Value[]): readonly Value[] {
  return Array.isArray(value) ? value : [value];
}

export const addressValue = z.string().transform((text, context): IpAddress => {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  const hint = text.includes("/") ? "without a length" : "for example 192.0.2.1 or 2001:db8::1";
  return fault(context, text, `"${text}" is not an IP address`, hint);
});

/** An address that a BGP session can have at its other end. */
export const peerAddressValue = addressValue.transform((address, context): IpAddress => {
  const reason = unusableReason(address);
  if (reason !== undefined) return fault(context, address, `a peer cannot have this address: it ${reason}`, "");
  if (isLinkLocal(address.bytes) && address.zone === undefined) {
    return fault(context, address, "a link-local address needs its interface", "for example fe80::1%eth0");
  }
  return address;
});

export const prefixValue = z.string().transform((text, context): IpPrefix => {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return prefix;
  const network = networkOf(text);
  if (network !== undefined) {
    return fault(context, text, `"${text}" has bits set beyond its length`, `the network is ${network.network}`);
  }
  return fault(context, text, `"${text}" is not a prefix`, "for example 192.0.2.0/24 or 2001:db8::/32");
});

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/** `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; the port is 179 where none is said. */
export const endpointValue = z.string().transform((text, context): Endpoint => {
  const match = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]+)(?::(\d{1,5}))?$/.exec(text);
  const address = parseAddress(match?.[1] ?? text);
  const port = Number(match?.[2] ?? 179);
  if (address === undefined) {
    return fault(context, text, `"${text}" is not an address to listen on`, 'for example "0.0.0.0:179" or "[::]:179"');
  }
  if (port < 1 || port > 65535) return fault(context, text, `${port} is not a port`, "1 to 65535");
  return { address, port };
});

/** AS number that a speaker may have. RFC 7607 (0), RFC 6793 (23456), RFC 7300 (65535, 4294967295). */
export const asNumberValue = z
  .int()
  .check((context) => {
    const reason = reservedAs(context.value);
    if (reason !== undefined) {
      context.issues.push({ code: "custom", input: context.value, message: withHint(reason, "1 to 4294967294") });
    }
  })
  .meta({ minimum: 1, maximum: 4294967294 });

function reservedAs(as: number): string | undefined {
  if (as === 0) return "AS 0 is reserved (RFC 7607)";
  if (as === 23456) return "AS 23456 is AS_TRANS (RFC 6793)";
  if (as === 65535 || as === 4294967295) return `AS ${as} is reserved (RFC 7300)`;
  return as < 0 || as > 4294967295 ? `${as} is not an AS number` : undefined;
}

/** RFC 6286: any non-zero number, written as a dotted quad. */
export const identifierValue = z.string().transform((text, context): number => {
  const bytes = parseAddress(text)?.bytes;
  if (bytes?.length !== 4)
    return fault(context, text, `"${text}" is not a BGP Identifier`, "four numbers as in 192.0.2.1");
  const word = ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
  return word === 0 ? fault(context, text, "the BGP Identifier must not be 0 (RFC 6286)", "") : word;
});

/** Whole number between two bounds. */
export function wholeNumber(least: number, greatest: number): z.ZodInt {
  return z.int().min(least).max(greatest);
}

/** Unsigned 32-bit number. */
export const wordValue = wholeNumber(0, 0xffffffff);

/** Name of a network interface: what the kernel accepts (IFNAMSIZ 16). */
export const deviceValue = z
  .string()
  .regex(
    /^[^\s/%:]{1,15}$/,
    withHint("not the name of an interface", "1 to 15 characters without space, slash, colon or %"),
  );

/** Shell pattern for interface names; `!` in front excludes. */
export const devicePatternValue = z
  .string()
  .regex(/^!?[^\s/!]{1,30}$/, withHint("not a pattern of interface names", "for example eth* or !cali*"));

/** Reports a fault and gives what zod wants instead of a value. */
export function fault(context: z.RefinementCtx, input: unknown, message: string, hint: string): never {
  context.issues.push({ code: "custom", input, message: withHint(message, hint) });
  return z.NEVER;
}
