// Capabilities of RFC 5492: one descriptor per capability we speak; all others are kept as octets.
//
// RFC 4760 (multiprotocol), 2918, 7313, 8654, 8950, 4724 and 8538 (graceful restart), 6793, 7911, 9234 (role). What follows
// from the capabilities of both sides is session/negotiate's job, and so is the rule that no multiprotocol capability at
// all means IPv4 unicast.

import { type ByteWriter, type Bytes, readU16, readU32 } from "../base/bytes.js";
import { FAMILIES, type Family, familyOf } from "../base/family.js";
import { CAPABILITY, capabilityName, ERROR_CODE, OPEN_ERROR, ROLE_NAMES } from "./codes.js";
import { NotificationError } from "./notification.js";

export interface GracefulRestart {
  /** R bit: the sender has restarted, nobody shall wait for its End-of-RIB. */
  readonly restarting: boolean;
  /** N bit (RFC 8538): a NOTIFICATION other than Hard Reset is a restart too. */
  readonly notification: boolean;
  /** 0–4095. */
  readonly restartTimeSeconds: number;
  readonly families: readonly { readonly family: Family; readonly forwardingPreserved: boolean }[];
}

export interface Capabilities {
  /** Multiprotocol capabilities for families we speak; empty: the peer sent none that we know. */
  readonly families: readonly Family[];
  /** Multiprotocol capabilities for others. */
  readonly otherFamilies: readonly { readonly afi: number; readonly safi: number }[];
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  readonly extendedMessage: boolean;
  /** RFC 9234: what the sender says it is, by number; each different value once. More than one is a contradiction. */
  readonly roles: readonly number[];
  /** RFC 8950: routes of `family` may have a next hop of `nextHopAfi`. */
  readonly extendedNextHop: readonly { readonly family: Family; readonly nextHopAfi: number }[];
  readonly gracefulRestart: GracefulRestart | undefined;
  /** The sender's AS number (RFC 6793). */
  readonly fourOctetAs: number | undefined;
  /** RFC 7911: what the sender is able to receive and wants to send. */
  readonly addPath: readonly { readonly family: Family; readonly receive: boolean; readonly send: boolean }[];
  readonly unknown: readonly { readonly code: number; readonly value: Bytes }[];
}

export const NO_CAPABILITIES: Capabilities = {
  families: [],
  otherFamilies: [],
  routeRefresh: false,
  enhancedRouteRefresh: false,
  extendedMessage: false,
  roles: [],
  extendedNextHop: [],
  gracefulRestart: undefined,
  fourOctetAs: undefined,
  addPath: [],
  unknown: [],
};

/** Capabilities under construction: an OPEN may spread them over several optional parameters. */
export type CapabilitiesDraft = { -readonly [Key in keyof Capabilities]: Capabilities[Key] };

interface CapabilityDescriptor {
  readonly code: number;
  /** False: the value's length is impossible. */
  readonly fits: (length: number) => boolean;
  readonly decode: (bytes: Bytes, at: number, length: number, draft: CapabilitiesDraft) => void;
  /** Writes the capability as often as it is needed. */
  readonly encode: (capabilities: Capabilities, out: ByteWriter) => void;
  readonly texts: (capabilities: Capabilities) => readonly string[];
}

const MULTIPROTOCOL: CapabilityDescriptor = {
  code: CAPABILITY.MULTIPROTOCOL,
  fits: (length) => length === 4,
  decode: (bytes, at, _length, draft) => {
    const afi = readU16(bytes, at);
    const safi = bytes[at + 3];
    const family = familyOf(afi, safi);
    if (family === undefined) draft.otherFamilies = [...draft.otherFamilies, { afi, safi }];
    else if (!draft.families.includes(family)) draft.families = [...draft.families, family];
  },
  encode: ({ families, otherFamilies }, out) => {
    for (const { afi, safi } of [...families.map((family) => FAMILIES[family]), ...otherFamilies]) {
      out.u8(CAPABILITY.MULTIPROTOCOL).u8(4).u16(afi).u8(0).u8(safi);
    }
  },
  texts: ({ families, otherFamilies }) => [
    ...families.map((family) => `${FAMILIES[family].name} unicast`),
    ...otherFamilies.map(({ afi, safi }) => `AFI ${afi} SAFI ${safi}`),
  ],
};

/** A capability that says all by being there. */
function flag(code: number, key: "routeRefresh" | "enhancedRouteRefresh" | "extendedMessage"): CapabilityDescriptor {
  return {
    code,
    fits: (length) => length === 0,
    decode: (_bytes, _at, _length, draft) => {
      draft[key] = true;
    },
    encode: (capabilities, out) => {
      if (capabilities[key]) out.u8(code).u8(0);
    },
    texts: (capabilities) => (capabilities[key] ? [capabilityName(code)] : []),
  };
}

const EXTENDED_NEXT_HOP: CapabilityDescriptor = {
  code: CAPABILITY.EXTENDED_NEXT_HOP,
  fits: (length) => length % 6 === 0,
  decode: (bytes, at, length, draft) => {
    for (let i = at; i < at + length; i += 6) {
      const family = familyOf(readU16(bytes, i), readU16(bytes, i + 2));
      const nextHopAfi = readU16(bytes, i + 4);
      if (family !== undefined) draft.extendedNextHop = [...draft.extendedNextHop, { family, nextHopAfi }];
    }
  },
  encode: ({ extendedNextHop }, out) => {
    if (extendedNextHop.length === 0) return;
    out.u8(CAPABILITY.EXTENDED_NEXT_HOP).u8(6 * extendedNextHop.length);
    for (const { family, nextHopAfi } of extendedNextHop) {
      out.u16(FAMILIES[family].afi).u16(FAMILIES[family].safi).u16(nextHopAfi);
    }
  },
  texts: ({ extendedNextHop }) =>
    extendedNextHop.map(
      ({ family, nextHopAfi }) => `${FAMILIES[family].name} with ${nextHopName(nextHopAfi)} next hop`,
    ),
};

function nextHopName(afi: number): string {
  return FAMILIES.find((facts) => facts.afi === afi)?.name ?? `AFI ${afi}`;
}

const ROLE: CapabilityDescriptor = {
  code: CAPABILITY.ROLE,
  fits: (length) => length === 1,
  decode: (bytes, at, _length, draft) => {
    if (!draft.roles.includes(bytes[at])) draft.roles = [...draft.roles, bytes[at]];
  },
  encode: ({ roles }, out) => {
    for (const role of roles) out.u8(CAPABILITY.ROLE).u8(1).u8(role);
  },
  texts: ({ roles }) => roles.map((role) => `role ${roleName(role)}`),
};

/** `customer`; numbers stand in for roles we do not know. RFC 9234 §4.1. */
export function roleName(role: number): string {
  return ROLE_NAMES[role] ?? String(role);
}

const RESTARTING = 0x8000;
const NOTIFICATION_BIT = 0x4000;
const RESTART_TIME_MASK = 0x0fff;
const FORWARDING_PRESERVED = 0x80;

const GRACEFUL_RESTART: CapabilityDescriptor = {
  code: CAPABILITY.GRACEFUL_RESTART,
  fits: (length) => length % 4 === 2,
  decode: (bytes, at, length, draft) => {
    const word = readU16(bytes, at);
    const families: { family: Family; forwardingPreserved: boolean }[] = [];
    for (let i = at + 2; i < at + length; i += 4) {
      const family = familyOf(readU16(bytes, i), bytes[i + 2]);
      if (family === undefined) continue;
      families.push({ family, forwardingPreserved: (bytes[i + 3] & FORWARDING_PRESERVED) !== 0 });
    }
    // RFC 4724 §3: of several instances the last one counts.
    draft.gracefulRestart = {
      restarting: (word & RESTARTING) !== 0,
      notification: (word & NOTIFICATION_BIT) !== 0,
      restartTimeSeconds: word & RESTART_TIME_MASK,
      families,
    };
  },
  encode: ({ gracefulRestart }, out) => {
    if (gracefulRestart === undefined) return;
    const { restarting, notification, restartTimeSeconds, families } = gracefulRestart;
    const time = Math.min(restartTimeSeconds, RESTART_TIME_MASK);
    out.u8(CAPABILITY.GRACEFUL_RESTART).u8(2 + 4 * families.length);
    out.u16((restarting ? RESTARTING : 0) | (notification ? NOTIFICATION_BIT : 0) | time);
    for (const { family, forwardingPreserved } of families) {
      out
        .u16(FAMILIES[family].afi)
        .u8(FAMILIES[family].safi)
        .u8(forwardingPreserved ? FORWARDING_PRESERVED : 0);
    }
  },
  texts: ({ gracefulRestart }) =>
    gracefulRestart === undefined ? [] : [`graceful restart (${gracefulRestart.restartTimeSeconds} s)`],
};

const FOUR_OCTET_AS: CapabilityDescriptor = {
  code: CAPABILITY.FOUR_OCTET_AS,
  fits: (length) => length === 4,
  decode: (bytes, at, _length, draft) => {
    draft.fourOctetAs = readU32(bytes, at);
  },
  encode: ({ fourOctetAs }, out) => {
    if (fourOctetAs !== undefined) out.u8(CAPABILITY.FOUR_OCTET_AS).u8(4).u32(fourOctetAs);
  },
  texts: ({ fourOctetAs }) => (fourOctetAs === undefined ? [] : ["4-octet AS"]),
};

const CAN_RECEIVE = 1;
const WANTS_TO_SEND = 2;

const ADD_PATH: CapabilityDescriptor = {
  code: CAPABILITY.ADD_PATH,
  fits: (length) => length % 4 === 0,
  decode: (bytes, at, length, draft) => {
    for (let i = at; i < at + length; i += 4) {
      const family = familyOf(readU16(bytes, i), bytes[i + 2]);
      const mode = bytes[i + 3];
      // RFC 7911 §4: any other value is treated as if the capability were not understood.
      if (family === undefined || mode === 0 || mode > 3) continue;
      const entry = { family, receive: (mode & CAN_RECEIVE) !== 0, send: (mode & WANTS_TO_SEND) !== 0 };
      draft.addPath = [...draft.addPath.filter((other) => other.family !== family), entry];
    }
  },
  encode: ({ addPath }, out) => {
    if (addPath.length === 0) return;
    out.u8(CAPABILITY.ADD_PATH).u8(4 * addPath.length);
    for (const { family, receive, send } of addPath) {
      out.u16(FAMILIES[family].afi).u8(FAMILIES[family].safi);
      out.u8((receive ? CAN_RECEIVE : 0) | (send ? WANTS_TO_SEND : 0));
    }
  },
  texts: ({ addPath }) => addPath.map(addPathText),
};

function addPathText(entry: Capabilities["addPath"][number]): string {
  const modes = [...(entry.receive ? ["receive"] : []), ...(entry.send ? ["send"] : [])];
  return `add-path ${FAMILIES[entry.family].name} (${modes.join(", ")})`;
}

// In the order in which they are sent.
const DESCRIPTORS: readonly CapabilityDescriptor[] = [
  MULTIPROTOCOL,
  flag(CAPABILITY.ROUTE_REFRESH, "routeRefresh"),
  EXTENDED_NEXT_HOP,
  flag(CAPABILITY.EXTENDED_MESSAGE, "extendedMessage"),
  ROLE,
  GRACEFUL_RESTART,
  FOUR_OCTET_AS,
  ADD_PATH,
  flag(CAPABILITY.ENHANCED_ROUTE_REFRESH, "enhancedRouteRefresh"),
];

/** Appends the capabilities, each as code, length, value; without the optional parameter around them. */
export function encodeCapabilities(capabilities: Capabilities, out: ByteWriter): void {
  for (const descriptor of DESCRIPTORS) descriptor.encode(capabilities, out);
  for (const { code, value } of capabilities.unknown) out.u8(code).u8(value.length).append(value);
}

/** Decodes the value of one Capabilities optional parameter. Values of unknown capabilities are copies.
 *  Throws NotificationError 2/0 if it is malformed. RFC 5492 §4. */
export function decodeCapabilities(bytes: Bytes, start: number, end: number): Capabilities {
  const draft: CapabilitiesDraft = { ...NO_CAPABILITIES };
  readCapabilities(bytes, start, end, draft);
  return draft;
}

/** Like decodeCapabilities, but adds to what other optional parameters of the same OPEN have brought. */
export function readCapabilities(bytes: Bytes, start: number, end: number, draft: CapabilitiesDraft): void {
  let at = start;
  while (at < end) {
    if (end - at < 2 || at + 2 + bytes[at + 1] > end) throw malformed("capability runs over its optional parameter");
    const code = bytes[at];
    const length = bytes[at + 1];
    at += 2;
    const descriptor = DESCRIPTORS.find((candidate) => candidate.code === code);
    if (descriptor === undefined) {
      draft.unknown = [...draft.unknown, { code, value: bytes.slice(at, at + length) }];
    } else {
      if (!descriptor.fits(length)) throw malformed(`${capabilityName(code)} capability of ${length} octets`);
      descriptor.decode(bytes, at, length, draft);
    }
    at += length;
  }
}

function malformed(detail: string): NotificationError {
  return new NotificationError(ERROR_CODE.OPEN_MESSAGE, OPEN_ERROR.UNSPECIFIC, undefined, detail);
}

/** What a status command shows: `4-octet AS`, `graceful restart (120 s)`, `capability 250`. */
export function capabilityNames(capabilities: Capabilities): string[] {
  const names = DESCRIPTORS.flatMap((descriptor) => descriptor.texts(capabilities));
  return [...names, ...capabilities.unknown.map(({ code }) => capabilityName(code))];
}
