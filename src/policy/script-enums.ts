// Named constants of scripts: families, names and numbers as in BIRD 1.6, whose numbers are seen where they are printed.

import type { EnumName } from "./script-ast.js";

/** By family, name to number. */
export const SCRIPT_ENUMS = {
  source: {
    RTS_DUMMY: 0,
    RTS_STATIC: 1,
    RTS_INHERIT: 2,
    RTS_DEVICE: 3,
    RTS_STATIC_DEVICE: 4,
    RTS_REDIRECT: 5,
    RTS_RIP: 6,
    RTS_OSPF: 7,
    RTS_OSPF_IA: 8,
    RTS_OSPF_EXT1: 9,
    RTS_OSPF_EXT2: 10,
    RTS_BGP: 11,
    RTS_PIPE: 12,
    RTS_BABEL: 13,
  },
  scope: {
    SCOPE_HOST: 0,
    SCOPE_LINK: 1,
    SCOPE_SITE: 2,
    SCOPE_ORGANIZATION: 3,
    SCOPE_UNIVERSE: 4,
    SCOPE_UNDEFINED: 5,
  },
  destination: {
    RTD_ROUTER: 0,
    RTD_DEVICE: 1,
    RTD_BLACKHOLE: 2,
    RTD_UNREACHABLE: 3,
    RTD_PROHIBIT: 4,
    RTD_MULTIPATH: 5,
  },
  origin: { ORIGIN_IGP: 0, ORIGIN_EGP: 1, ORIGIN_INCOMPLETE: 2 },
  roa: { ROA_UNKNOWN: 0, ROA_VALID: 1, ROA_INVALID: 2 },
  cast: { RTC_UNICAST: 0, RTC_BROADCAST: 1, RTC_MULTICAST: 2, RTC_ANYCAST: 3 },
} as const satisfies Record<EnumName, Readonly<Record<string, number>>>;

/** BIRD's numbers of the families themselves, seen where a constant is printed: `(enum 30)11`. */
export const SCRIPT_ENUM_TYPES: Readonly<Record<EnumName, number>> = {
  source: 0x30,
  origin: 0x31,
  scope: 0x32,
  cast: 0x33,
  destination: 0x34,
  roa: 0x35,
};
