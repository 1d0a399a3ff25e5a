// KEEPALIVE: a header and nothing else (RFC 4271 §4.4), hence one constant shared by all sessions.

import type { Bytes } from "../base/bytes.js";
import { MESSAGE } from "./codes.js";
import { makeMessage } from "./header.js";

/** The message. Nobody writes into it. */
export const KEEPALIVE_MESSAGE: Bytes = makeMessage(MESSAGE.KEEPALIVE, new Uint8Array(0));
