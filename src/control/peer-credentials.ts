// Who is on the other end of a Unix socket (SO_PEERCRED, unix(7)). Node has no call for it, our addon has.

import type { Socket } from "node:net";
import type { Sys } from "../native/sys.js";
import type { PeerCredentials } from "./api-types.js";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid, 32 bits each in the machine's order. */
const UCRED_BYTES = 12;

/** Undefined where the system does not tell. The credentials are those at the time of connect(2). */
export function readPeerCredentials(sys: Sys, socket: Socket): PeerCredentials | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const bytes = new Uint8Array(UCRED_BYTES);
  if (sys.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes) !== UCRED_BYTES) return undefined;
  const [pid, uid, gid] = new Uint32Array(bytes.buffer);
  return { pid, uid, gid };
}

function descriptorOf(socket: Socket): number | undefined {
  // Not part of Node's documented interface; where a later version hides it the log only loses two columns.
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
}
