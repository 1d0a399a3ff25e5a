// Errors of sockets in words that name the culprit and, where there is one, the remedy.

import { formatBytes, type IpAddress } from "../base/ip.js";
import type { SocketFailure } from "../session/ports.js";

/** What Node and the addon tell about an error. */
export interface RawError {
  readonly code?: string;
  readonly message: string;
}

function textOf(address: IpAddress): string {
  return address.zone === undefined ? formatBytes(address.bytes) : `${formatBytes(address.bytes)}%${address.zone}`;
}

/** Why a connection to a peer failed or broke. */
export function peerFailure(
  error: RawError,
  remote: IpAddress,
  port: number,
  local: IpAddress | undefined,
): SocketFailure {
  const code = error.code ?? "EUNKNOWN";
  return {
    code,
    message: peerWords(code, textOf(remote), port, local) ?? `${error.message} (${textOf(remote)} port ${port})`,
  };
}

function peerWords(code: string, remote: string, port: number, local: IpAddress | undefined): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return `connection refused by ${remote} port ${port}`;
    case "EHOSTUNREACH":
      return `no route to host ${remote}`;
    case "ENETUNREACH":
      return `network unreachable: no route to ${remote}`;
    case "ETIMEDOUT":
      return `no answer from ${remote} port ${port}: timed out`;
    case "ECONNRESET":
      return `connection reset by ${remote}`;
    case "EPIPE":
      return `connection closed by ${remote}`;
    case "EADDRNOTAVAIL":
      return local === undefined ? undefined : `source address ${textOf(local)} is not on this host`;
    case "ENODEV":
    case "ENOENT":
      return `no such interface on the way to ${remote}`;
    case "EACCES":
    case "EPERM":
      return `connecting to ${remote} port ${port} is not permitted`;
    default:
      return undefined;
  }
}

/** The peer ended the connection in order. */
export function closedByPeer(remote: IpAddress): SocketFailure {
  return { code: "closed", message: `connection closed by ${textOf(remote)}` };
}

/** The connection cannot be made without the addon. */
export function addonMissing(what: string): SocketFailure {
  return { code: "ENOTSUP", message: `${what} needs the native addon, which is missing on this host` };
}

/** Why a listening socket could not be opened. `holder`: who has the port, where that is the reason. */
export function listenWords(error: RawError, address: IpAddress, port: number, holder: string | undefined): string {
  const place = `${textOf(address)} port ${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return `cannot listen on ${place}: port ${port} is held by ${holder ?? "another process"}`;
    case "EACCES":
      return (
        `cannot listen on ${place}: binding port ${port} needs CAP_NET_BIND_SERVICE (run as root, or setcap ` +
        `cap_net_bind_service=ep, or sysctl net.ipv4.ip_unprivileged_port_start=${port})`
      );
    case "EADDRNOTAVAIL":
      return `cannot listen on ${place}: ${textOf(address)} is not an address of this host`;
    default:
      return `cannot listen on ${place}: ${error.message}`;
  }
}
