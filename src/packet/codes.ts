// The IANA numbers of BGP with their names: message types, error codes, path attributes, capabilities.
//
// RFC 4271 §4, §4.5, §6; RFC 5492, 4486, 6608, 7313, 8538, 9234, 9384, 9687. A number without a name here is legal on
// the wire: the look-ups give a text for it, nothing more.

export const MESSAGE = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const;

const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  1: "OPEN",
  2: "UPDATE",
  3: "NOTIFICATION",
  4: "KEEPALIVE",
  5: "ROUTE-REFRESH",
};

/** `UPDATE`, or `message type 9` where we know none. */
export function messageName(type: number): string {
  return MESSAGE_NAMES[type] ?? `message type ${type}`;
}

export const ERROR_CODE = {
  MESSAGE_HEADER: 1,
  OPEN_MESSAGE: 2,
  UPDATE_MESSAGE: 3,
  HOLD_TIMER_EXPIRED: 4,
  FINITE_STATE_MACHINE: 5,
  CEASE: 6,
  ROUTE_REFRESH: 7,
  SEND_HOLD: 8,
} as const;

export const HEADER_ERROR = {
  CONNECTION_NOT_SYNCHRONIZED: 1,
  BAD_MESSAGE_LENGTH: 2,
  BAD_MESSAGE_TYPE: 3,
} as const;

export const OPEN_ERROR = {
  UNSPECIFIC: 0,
  UNSUPPORTED_VERSION_NUMBER: 1,
  BAD_PEER_AS: 2,
  BAD_BGP_IDENTIFIER: 3,
  UNSUPPORTED_OPTIONAL_PARAMETER: 4,
  UNACCEPTABLE_HOLD_TIME: 6,
  UNSUPPORTED_CAPABILITY: 7,
  ROLE_MISMATCH: 11,
} as const;

export const UPDATE_ERROR = {
  MALFORMED_ATTRIBUTE_LIST: 1,
  UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE: 2,
  MISSING_WELL_KNOWN_ATTRIBUTE: 3,
  ATTRIBUTE_FLAGS_ERROR: 4,
  ATTRIBUTE_LENGTH_ERROR: 5,
  INVALID_ORIGIN: 6,
  INVALID_NEXT_HOP: 8,
  OPTIONAL_ATTRIBUTE_ERROR: 9,
  INVALID_NETWORK_FIELD: 10,
  MALFORMED_AS_PATH: 11,
} as const;

/** RFC 6608. */
export const FSM_ERROR = {
  UNSPECIFIED: 0,
  UNEXPECTED_MESSAGE_IN_OPEN_SENT: 1,
  UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM: 2,
  UNEXPECTED_MESSAGE_IN_ESTABLISHED: 3,
} as const;

/** RFC 4486, 8538, 9384. */
export const CEASE = {
  MAXIMUM_PREFIXES_REACHED: 1,
  ADMINISTRATIVE_SHUTDOWN: 2,
  PEER_DE_CONFIGURED: 3,
  ADMINISTRATIVE_RESET: 4,
  CONNECTION_REJECTED: 5,
  OTHER_CONFIGURATION_CHANGE: 6,
  CONNECTION_COLLISION_RESOLUTION: 7,
  OUT_OF_RESOURCES: 8,
  HARD_RESET: 9,
  BFD_DOWN: 10,
} as const;

/** RFC 7313. */
export const ROUTE_REFRESH_ERROR = { INVALID_MESSAGE_LENGTH: 1 } as const;

interface ErrorNames {
  readonly name: string;
  readonly subcodes: Readonly<Record<number, string>>;
}

const ERROR_NAMES: Readonly<Record<number, ErrorNames>> = {
  1: {
    name: "Message Header Error",
    subcodes: { 1: "Connection Not Synchronized", 2: "Bad Message Length", 3: "Bad Message Type" },
  },
  2: {
    name: "OPEN Message Error",
    subcodes: {
      1: "Unsupported Version Number",
      2: "Bad Peer AS",
      3: "Bad BGP Identifier",
      4: "Unsupported Optional Parameter",
      5: "Authentication Failure",
      6: "Unacceptable Hold Time",
      7: "Unsupported Capability",
      11: "Role Mismatch",
    },
  },
  3: {
    name: "UPDATE Message Error",
    subcodes: {
      1: "Malformed Attribute List",
      2: "Unrecognized Well-known Attribute",
      3: "Missing Well-known Attribute",
      4: "Attribute Flags Error",
      5: "Attribute Length Error",
      6: "Invalid ORIGIN Attribute",
      7: "AS Routing Loop",
      8: "Invalid NEXT_HOP Attribute",
      9: "Optional Attribute Error",
      10: "Invalid Network Field",
      11: "Malformed AS_PATH",
    },
  },
  4: { name: "Hold Timer Expired", subcodes: {} },
  5: {
    name: "Finite State Machine Error",
    subcodes: {
      1: "Unexpected Message in OpenSent State",
      2: "Unexpected Message in OpenConfirm State",
      3: "Unexpected Message in Established State",
    },
  },
  6: {
    name: "Cease",
    subcodes: {
      1: "Maximum Number of Prefixes Reached",
      2: "Administrative Shutdown",
      3: "Peer De-configured",
      4: "Administrative Reset",
      5: "Connection Rejected",
      6: "Other Configuration Change",
      7: "Connection Collision Resolution",
      8: "Out of Resources",
      9: "Hard Reset",
      10: "BFD Down",
    },
  },
  7: { name: "ROUTE-REFRESH Message Error", subcodes: { 1: "Invalid Message Length" } },
  8: { name: "Send Hold Timer Expired", subcodes: {} },
};

/** `OPEN Message Error/Bad Peer AS`; numbers stand in for names we do not know. */
export function errorName(code: number, subcode: number): string {
  const names = ERROR_NAMES[code];
  if (names === undefined) return `error code ${code}/subcode ${subcode}`;
  if (subcode === 0) return names.name;
  return `${names.name}/${names.subcodes[subcode] ?? `subcode ${subcode}`}`;
}

/** Bits of the Attribute Flags octet, RFC 4271 §4.3. */
export const FLAG_OPTIONAL = 0x80;
export const FLAG_TRANSITIVE = 0x40;
export const FLAG_PARTIAL = 0x20;
export const FLAG_EXTENDED_LENGTH = 0x10;

export const ATTRIBUTE = {
  ORIGIN: 1,
  AS_PATH: 2,
  NEXT_HOP: 3,
  MULTI_EXIT_DISC: 4,
  LOCAL_PREF: 5,
  ATOMIC_AGGREGATE: 6,
  AGGREGATOR: 7,
  COMMUNITIES: 8,
  ORIGINATOR_ID: 9,
  CLUSTER_LIST: 10,
  MP_REACH_NLRI: 14,
  MP_UNREACH_NLRI: 15,
  EXTENDED_COMMUNITIES: 16,
  AS4_PATH: 17,
  AS4_AGGREGATOR: 18,
  IPV6_EXTENDED_COMMUNITIES: 25,
  LARGE_COMMUNITIES: 32,
  ONLY_TO_CUSTOMER: 35,
} as const;

/** Values of ORIGIN by number. */
export const ORIGIN_NAMES = ["IGP", "EGP", "INCOMPLETE"] as const;

/** AS_PATH segment types, RFC 4271 §4.3 and RFC 5065 §3. */
export const SEGMENT = { AS_SET: 1, AS_SEQUENCE: 2, AS_CONFED_SEQUENCE: 3, AS_CONFED_SET: 4 } as const;

/** Stands for an AS number that does not fit two octets, RFC 6793 §9. */
export const AS_TRANS = 23456;

export const CAPABILITY = {
  MULTIPROTOCOL: 1,
  ROUTE_REFRESH: 2,
  EXTENDED_NEXT_HOP: 5,
  EXTENDED_MESSAGE: 6,
  ROLE: 9,
  GRACEFUL_RESTART: 64,
  FOUR_OCTET_AS: 65,
  ADD_PATH: 69,
  ENHANCED_ROUTE_REFRESH: 70,
} as const;

/** RFC 9234 §4.1: what the sender of the capability is to the receiver. */
export const BGP_ROLE = { provider: 0, routeServer: 1, routeServerClient: 2, customer: 3, peer: 4 } as const;
export type BgpRole = keyof typeof BGP_ROLE;

/** Roles by number. */
export const ROLE_NAMES = [
  "provider",
  "routeServer",
  "routeServerClient",
  "customer",
  "peer",
] as const satisfies readonly BgpRole[];

const CAPABILITY_NAMES: Readonly<Record<number, string>> = {
  1: "multiprotocol",
  2: "route refresh",
  3: "outbound route filtering",
  5: "extended next hop",
  6: "extended message",
  7: "BGPsec",
  8: "multiple labels",
  9: "BGP role",
  64: "graceful restart",
  65: "4-octet AS",
  67: "dynamic capability",
  68: "multisession",
  69: "add-path",
  70: "enhanced route refresh",
  71: "long-lived graceful restart",
  73: "FQDN",
  75: "software version",
  76: "paths limit",
  128: "route refresh (pre-standard)",
};

/** `4-octet AS`, or `capability 250` where we know none. */
export function capabilityName(code: number): string {
  return CAPABILITY_NAMES[code] ?? `capability ${code}`;
}
