// What the kernel refused, in words. KernelError is for calls that fail as a whole; a refused route is a value.

import type { NetlinkAnswer } from "./netlink.js";

export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EAGAIN = 11;
export const EEXIST = 17;
export const ENOBUFS = 105;

const NAMES: Readonly<Record<number, readonly [name: string, words: string]>> = {
  1: ["EPERM", "operation not permitted"],
  2: ["ENOENT", "no such route"],
  3: ["ESRCH", "no such route"],
  4: ["EINTR", "interrupted"],
  11: ["EAGAIN", "try again"],
  12: ["ENOMEM", "out of memory"],
  13: ["EACCES", "permission denied"],
  16: ["EBUSY", "busy"],
  17: ["EEXIST", "a route exists"],
  19: ["ENODEV", "no such interface"],
  22: ["EINVAL", "invalid request"],
  74: ["EBADMSG", "unreadable answer"],
  90: ["EMSGSIZE", "message too long"],
  93: ["EPROTONOSUPPORT", "protocol not supported"],
  95: ["EOPNOTSUPP", "not supported"],
  97: ["EAFNOSUPPORT", "address family not supported"],
  98: ["EADDRINUSE", "address in use"],
  99: ["EADDRNOTAVAIL", "address not available"],
  100: ["ENETDOWN", "the interface is down"],
  101: ["ENETUNREACH", "the gateway is not reachable"],
  105: ["ENOBUFS", "no buffer space"],
  113: ["EHOSTUNREACH", "the gateway is not reachable"],
};

/** `ENETUNREACH`; `errno 200` for numbers that routes never give. */
export function errnoName(errno: number): string {
  return NAMES[errno]?.[0] ?? `errno ${errno}`;
}

/** The kernel's own words where it gave some, else ours: `Nexthop has invalid gateway (ENETUNREACH)`. */
export function describeAnswer(answer: NetlinkAnswer): string {
  const words = answer.text ?? NAMES[answer.errno]?.[1] ?? "refused";
  return `${words.replace(/\.$/, "")} (${errnoName(answer.errno)})`;
}

/** A system call or a dump that failed. */
export class KernelError extends Error {
  readonly errno: number;

  /** `errno` positive; `what` is what was tried: `bind a netlink socket`. */
  constructor(what: string, errno: number, text?: string) {
    super(`cannot ${what}: ${describeAnswer({ errno, text })}`);
    this.name = "KernelError";
    this.errno = errno;
  }
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  0: "unspec",
  1: "redirect",
  2: "kernel",
  3: "boot",
  4: "static",
  8: "gated",
  9: "ra",
  10: "mrt",
  11: "zebra",
  12: "bird",
  13: "dnrouted",
  14: "xorp",
  15: "ntk",
  16: "dhcp",
  17: "mrouted",
  18: "keepalived",
  42: "babel",
  80: "80 (Felix)",
  84: "ovn",
  99: "openr",
  186: "bgp",
  187: "isis",
  188: "ospf",
  189: "rip",
  192: "eigrp",
};

/** Name of a routing protocol number as `ip route` shows it. */
export function protocolName(protocol: number): string {
  return PROTOCOLS[protocol] ?? String(protocol);
}
