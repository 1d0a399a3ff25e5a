// OPEN: fixed fields, optional parameters in both forms, capabilities. RFC 4271 §4.2, §6.2; RFC 5492, 6286, 6793, 7607, 9072,
// 9234, and the capability of each extension.

import {
  EBGP,
  ESTABLISH,
  type Expectation,
  IBGP,
  notification,
  OLD_EBGP,
  type SessionKind,
  type Vector,
} from "../vector.js";
import {
  capabilities,
  capability,
  extendedOpen,
  fourOctetAs,
  hex8,
  MP_IPV4,
  MP_IPV6,
  open,
  ROUTE_REFRESH,
  wideParameter,
} from "../wire.js";

const AS4 = fourOctetAs(65009);
const SOUND = capabilities(MP_IPV4, MP_IPV6, AS4);
const UNSPECIFIC = notification(2, 0);
const BAD_AS = notification(2, 2);
const BAD_ID = notification(2, 3);
const UNKNOWN_PARAMETER = notification(2, 4);
const ROLE_MISMATCH = notification(2, 11);

function row(name: string, rfc: string, send: string, expect: Expectation, session: SessionKind = EBGP): Vector {
  return { name: `OPEN: ${name}`, rfc, session, phase: "openSent", send, expect };
}

const FIXED_ROWS: readonly Vector[] = [
  ...[0, 1, 2, 3, 5, 255].map((version) =>
    row(`version ${version}`, "RFC 4271 §6.2", open({ version, parameters: SOUND }), notification(2, 1, "0004")),
  ),
  row("AS 0 without capabilities", "RFC 7607 §2", open({ as: 0 }), BAD_AS, OLD_EBGP),
  {
    ...row("AS 0 beside a sound 4-octet AS", "RFC 7607 §2", open({ as: 0, parameters: SOUND }), BAD_AS),
    bird2: "only warns of two AS numbers that differ",
  },
  row("AS 0 in the capability", "RFC 7607 §2", open({ parameters: capabilities(MP_IPV4, fourOctetAs(0)) }), BAD_AS),
  row("another AS", "RFC 4271 §6.2", open({ as: 65010 }), BAD_AS, OLD_EBGP),
  row(
    "another AS in the capability",
    "RFC 6793 §4.1",
    open({ parameters: capabilities(MP_IPV4, fourOctetAs(65010)) }),
    BAD_AS,
  ),
  row(
    "AS_TRANS beside another 4-octet AS",
    "RFC 6793 §4.1",
    open({ as: 23456, parameters: capabilities(MP_IPV4, fourOctetAs(4200000001)) }),
    BAD_AS,
  ),
  row("AS_TRANS without a 4-octet AS", "RFC 6793 §4.1, RFC 4271 §6.2", open({ as: 23456 }), BAD_AS, OLD_EBGP),
  row("our own AS from an external peer", "RFC 4271 §6.2", open({ as: 65000 }), BAD_AS, OLD_EBGP),
  row("another AS from an internal peer", "RFC 4271 §6.2", open({ as: 65009 }), BAD_AS, {
    ...IBGP,
    as4: false,
  }),
  row("hold time 1", "RFC 4271 §6.2", open({ holdTime: 1, parameters: SOUND }), notification(2, 6)),
  row("hold time 2", "RFC 4271 §6.2", open({ holdTime: 2, parameters: SOUND }), notification(2, 6)),
  row("hold time 0", "RFC 4271 §4.2", open({ holdTime: 0, parameters: SOUND }), ESTABLISH),
  row("hold time 3", "RFC 4271 §4.2", open({ holdTime: 3, parameters: SOUND }), ESTABLISH),
  row("hold time 65535", "RFC 4271 §4.2", open({ holdTime: 65535, parameters: SOUND }), ESTABLISH),
  row("identifier 0", "RFC 6286 §2.1, RFC 4271 §6.2", open({ id: "00000000", parameters: SOUND }), BAD_ID),
  row(
    "identifier 0 from an internal peer",
    "RFC 6286 §2.1",
    open({ as: 65000, id: "00000000", parameters: capabilities(MP_IPV4, fourOctetAs(65000)) }),
    BAD_ID,
    IBGP,
  ),
  row(
    "our own identifier from an internal peer",
    "RFC 6286 §2.2",
    open({ as: 65000, id: "<usid>", parameters: capabilities(MP_IPV4, fourOctetAs(65000)) }),
    BAD_ID,
    IBGP,
  ),
  row(
    "our own identifier from an external peer",
    "RFC 6286 §2.1",
    open({ id: "<usid>", parameters: SOUND }),
    ESTABLISH,
  ),
  row("identifier 224.0.0.1", "RFC 6286 §2.1", open({ id: "e0000001", parameters: SOUND }), ESTABLISH),
  row("identifier 255.255.255.255", "RFC 6286 §2.1", open({ id: "ffffffff", parameters: SOUND }), ESTABLISH),
];

const PARAMETER_ROWS: readonly Vector[] = [
  row("no optional parameters", "RFC 4271 §4.2", open({}), ESTABLISH, OLD_EBGP),
  ...[0, 1, 3, 100, 254].map((type) =>
    row(
      `optional parameter ${type}`,
      "RFC 4271 §6.2",
      open({ parameters: `${hex8(type)}0400000000` }),
      UNKNOWN_PARAMETER,
    ),
  ),
  row(
    "an unknown optional parameter behind the capabilities",
    "RFC 4271 §6.2",
    open({ parameters: `${SOUND}630100` }),
    UNKNOWN_PARAMETER,
  ),
  row("parameter 255 that is not the first", "RFC 9072 §3", open({ parameters: `${SOUND}ff0100` }), UNKNOWN_PARAMETER),
  row("a parameter of one octet", "RFC 4271 §6.2", open({ parameters: "02" }), UNSPECIFIC),
  row("a parameter that runs over its field", "RFC 4271 §6.2", open({ parameters: "02050104000100" }), UNSPECIFIC),
  row("a length that runs over the message", "RFC 4271 §6.2", open({ parametersLength: 10 }), UNSPECIFIC),
  row(
    "a length that is too small for the last parameter",
    "RFC 4271 §6.2",
    open({ parameters: SOUND, parametersLength: 10 }),
    UNSPECIFIC,
  ),
  {
    ...row(
      "octets behind the optional parameters",
      "RFC 4271 §4.2, §6.2",
      open({ parameters: `${SOUND}0200`, parametersLength: 20 }),
      UNSPECIFIC,
    ),
    bird2: "does not look at what is behind the optional parameters",
  },
  row("capabilities of no octets", "RFC 5492 §4", open({ parameters: "0200" }), ESTABLISH, OLD_EBGP),
  row(
    "several capabilities parameters",
    "RFC 5492 §4",
    open({ parameters: `${capabilities(MP_IPV4)}${capabilities(MP_IPV6)}${capabilities(AS4)}` }),
    ESTABLISH,
  ),
];

const wide = (...list: readonly string[]): string => wideParameter(2, list.join(""));

const EXTENDED_FORM_ROWS: readonly Vector[] = [
  row("the extended form", "RFC 9072 §2", extendedOpen(wide(MP_IPV4, MP_IPV6, AS4)), ESTABLISH),
  row(
    "the extended form with more than 255 octets",
    "RFC 9072 §2",
    extendedOpen(wide(MP_IPV4, MP_IPV6, AS4, capability(200, "00".repeat(250)), capability(201, "00".repeat(250)))),
    ESTABLISH,
  ),
  row(
    "the extended form behind another short length",
    "RFC 9072 §3",
    extendedOpen(wide(MP_IPV4, MP_IPV6, AS4), undefined, 1),
    ESTABLISH,
  ),
  row("the extended form without parameters", "RFC 9072 §2", extendedOpen(""), ESTABLISH, OLD_EBGP),
  row(
    "an unknown parameter in the extended form",
    "RFC 9072 §2, RFC 4271 §6.2",
    extendedOpen(wideParameter(99, "00")),
    UNKNOWN_PARAMETER,
  ),
  row(
    "parameter 255 in the extended form",
    "RFC 9072 §3",
    extendedOpen(`${wide(MP_IPV4, AS4)}${wideParameter(255, "00")}`),
    UNKNOWN_PARAMETER,
  ),
  row(
    "the extended form cut off in its length",
    "RFC 9072 §2",
    open({ parameters: "ff00", parametersLength: 255 }),
    UNSPECIFIC,
  ),
  row("an extended length that runs over the message", "RFC 9072 §2", extendedOpen(wide(MP_IPV4), 300), UNSPECIFIC),
  row("an extended length that is too small", "RFC 9072 §2", extendedOpen(wide(MP_IPV4, AS4), 5), UNSPECIFIC),
  row("an extended parameter of two octets", "RFC 9072 §2", extendedOpen("0200"), UNSPECIFIC),
  row("an extended parameter that runs over", "RFC 9072 §2", extendedOpen("02010001040001"), UNSPECIFIC),
];

/** Values of known capabilities that cannot be. */
const BAD_CAPABILITIES: readonly (readonly [name: string, rfc: string, hex: string])[] = [
  ["multiprotocol of 0 octets", "RFC 4760 §8", capability(1)],
  ["multiprotocol of 3 octets", "RFC 4760 §8", capability(1, "000100")],
  ["multiprotocol of 5 octets", "RFC 4760 §8", capability(1, "0001000100")],
  ["route refresh of 1 octet", "RFC 2918 §2", capability(2, "00")],
  ["extended next hop of 5 octets", "RFC 8950 §4", capability(5, "0001000100")],
  ["extended next hop of 8 octets", "RFC 8950 §4", capability(5, "0001000100020001")],
  ["extended message of 1 octet", "RFC 8654 §3", capability(6, "00")],
  ["role of 0 octets", "RFC 9234 §4.1", capability(9)],
  ["role of 2 octets", "RFC 9234 §4.1", capability(9, "0303")],
  ["graceful restart of 0 octets", "RFC 4724 §3", capability(64)],
  ["graceful restart of 1 octet", "RFC 4724 §3", capability(64, "00")],
  ["graceful restart of 5 octets", "RFC 4724 §3", capability(64, "0078000101")],
  ["4-octet AS of 0 octets", "RFC 6793 §3", capability(65)],
  ["4-octet AS of 2 octets", "RFC 6793 §3", capability(65, "fdf1")],
  ["4-octet AS of 3 octets", "RFC 6793 §3", capability(65, "00fdf1")],
  ["4-octet AS of 5 octets", "RFC 6793 §3", capability(65, "0000fdf100")],
  ["add-path of 1 octet", "RFC 7911 §4", capability(69, "00")],
  ["add-path of 3 octets", "RFC 7911 §4", capability(69, "000101")],
  ["add-path of 6 octets", "RFC 7911 §4", capability(69, "000101010002")],
  ["enhanced route refresh of 1 octet", "RFC 7313 §3.1", capability(70, "00")],
  ["a capability that runs over its parameter", "RFC 5492 §4", "0108000100"],
  ["a capability of one octet", "RFC 5492 §4", "01"],
];

const unusual = (name: string, rfc: string, extra: string): Vector =>
  row(name, rfc, open({ parameters: capabilities(MP_IPV4, MP_IPV6, AS4, extra) }), ESTABLISH);

const CAPABILITY_ROWS: readonly Vector[] = [
  ...BAD_CAPABILITIES.map(([name, rfc, hex]) =>
    row(name, `${rfc}, RFC 4271 §6.2`, open({ parameters: capabilities(MP_IPV4, AS4, hex) }), UNSPECIFIC),
  ),
  ...[0, 4, 10, 63, 67, 99, 131, 239, 255].map((code) =>
    unusual(`unknown capability ${code}`, "RFC 5492 §3, §5", capability(code, "0102030405")),
  ),
  unusual("unknown capability without a value", "RFC 5492 §3", capability(250)),
  unusual("unknown capability of 200 octets", "RFC 5492 §3", capability(250, "aa".repeat(200))),
  unusual("multiprotocol of an unknown family", "RFC 4760 §8", capability(1, "40040047")),
  unusual("multiprotocol with a reserved octet that is not 0", "RFC 4760 §8", capability(1, "0001ff01")),
  unusual("the same capabilities twice", "RFC 5492 §4", `${MP_IPV4}${MP_IPV6}${AS4}`),
  unusual("add-path of value 0", "RFC 7911 §4", capability(69, "00010100")),
  unusual("add-path of value 4", "RFC 7911 §4", capability(69, "00010104")),
  unusual("add-path of value 255", "RFC 7911 §4", capability(69, "000101ff")),
  unusual("add-path of no families", "RFC 7911 §4", capability(69)),
  unusual("add-path of an unknown family", "RFC 7911 §4", capability(69, "40044701")),
  unusual("extended next hop of no families", "RFC 8950 §4", capability(5)),
  unusual("extended next hop of an unknown family", "RFC 8950 §4", capability(5, "400400470002")),
  unusual("graceful restart without families", "RFC 4724 §3", capability(64, "0078")),
  unusual("graceful restart with reserved bits and an unknown family", "RFC 4724 §3", capability(64, "3078400447ff")),
  unusual("graceful restart twice", "RFC 4724 §3", `${capability(64, "0078")}${capability(64, "003c")}`),
  unusual("a role we do not ask for", "RFC 9234 §4.2", capability(9, "00")),
  unusual("route refresh twice", "RFC 5492 §4", `${ROUTE_REFRESH}${ROUTE_REFRESH}`),
  row(
    "IPv6 unicast only where both are offered",
    "RFC 4760 §8",
    open({ parameters: capabilities(MP_IPV6, AS4) }),
    ESTABLISH,
  ),
  row(
    "no family of ours",
    "RFC 5492 §3, §5",
    open({ parameters: capabilities(capability(1, "40040047"), AS4) }),
    notification(2, 7),
  ),
];

const CUSTOMER: SessionKind = { ...EBGP, role: "customer" };
const role = (value: string): string => capability(9, value);

const ROLES: readonly (readonly [name: string, value: string, expect: Expectation])[] = [
  ["provider", "00", ESTABLISH],
  ["route server", "01", ROLE_MISMATCH],
  ["route server client", "02", ROLE_MISMATCH],
  ["customer", "03", ROLE_MISMATCH],
  ["peer", "04", ROLE_MISMATCH],
  ["unassigned 5", "05", ROLE_MISMATCH],
  ["unassigned 255", "ff", ROLE_MISMATCH],
];

const ROLE_ROWS: readonly Vector[] = [
  ...ROLES.map(([name, value, expect]) =>
    row(
      `role ${name} towards a customer`,
      "RFC 9234 §4.2",
      open({ parameters: capabilities(MP_IPV4, MP_IPV6, AS4, role(value)) }),
      expect,
      CUSTOMER,
    ),
  ),
  row(
    "the same role twice",
    "RFC 9234 §4.2",
    open({ parameters: capabilities(MP_IPV4, MP_IPV6, AS4, role("00"), role("00")) }),
    ESTABLISH,
    CUSTOMER,
  ),
  row(
    "two roles",
    "RFC 9234 §4.2",
    open({ parameters: capabilities(MP_IPV4, MP_IPV6, AS4, role("00"), role("01")) }),
    ROLE_MISMATCH,
    CUSTOMER,
  ),
  row("no role", "RFC 9234 §4.2", open({ parameters: SOUND }), ESTABLISH, CUSTOMER),
  row("no role where one is demanded", "RFC 9234 §4.2", open({ parameters: SOUND }), ROLE_MISMATCH, {
    ...CUSTOMER,
    roleStrict: true,
  }),
  row(
    "the right role where one is demanded",
    "RFC 9234 §4.2",
    open({ parameters: capabilities(MP_IPV4, MP_IPV6, AS4, role("00")) }),
    ESTABLISH,
    { ...CUSTOMER, roleStrict: true },
  ),
];

export const OPEN_ROWS: readonly Vector[] = [
  ...FIXED_ROWS,
  ...PARAMETER_ROWS,
  ...EXTENDED_FORM_ROWS,
  ...CAPABILITY_ROWS,
  ...ROLE_ROWS,
];
