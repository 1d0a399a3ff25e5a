// The info column for everything that can end a session: each NOTIFICATION in both directions, and the rest.

import t from "tap";
import { errorText, notificationText } from "../../../src/bird/control/bird-errors.js";
import type { LastFailure } from "../../../src/session/failure-cause.js";

const TEXTS: readonly (readonly [number, number, string])[] = [
  [1, 0, "Invalid message header"],
  [1, 1, "Connection not synchronized"],
  [1, 2, "Bad message length"],
  [1, 3, "Bad message type"],
  [1, 4, "Unknown error 1.4"],
  [2, 0, "Invalid OPEN message"],
  [2, 1, "Unsupported version number"],
  [2, 2, "Bad peer AS"],
  [2, 3, "Bad BGP identifier"],
  [2, 4, "Unsupported optional parameter"],
  [2, 5, "Authentication failure"],
  [2, 6, "Unacceptable hold time"],
  [2, 7, "Required capability missing"],
  [2, 8, "No supported AFI/SAFI"],
  [2, 11, "Unknown error 2.11"],
  [3, 0, "Invalid UPDATE message"],
  [3, 1, "Malformed attribute list"],
  [3, 2, "Unrecognized well-known attribute"],
  [3, 3, "Missing mandatory attribute"],
  [3, 4, "Invalid attribute flags"],
  [3, 5, "Invalid attribute length"],
  [3, 6, "Invalid ORIGIN attribute"],
  [3, 7, "AS routing loop"],
  [3, 8, "Invalid NEXT_HOP attribute"],
  [3, 9, "Optional attribute error"],
  [3, 10, "Invalid network field"],
  [3, 11, "Malformed AS_PATH"],
  [3, 12, "Unknown error 3.12"],
  [4, 0, "Hold timer expired"],
  [4, 1, "Unknown error 4.1"],
  [5, 0, "Finite state machine error"],
  [5, 1, "Unexpected message in OpenSent state"],
  [5, 2, "Unexpected message in OpenConfirm state"],
  [5, 3, "Unexpected message in Established state"],
  [5, 4, "Unknown error 5.4"],
  [6, 0, "Cease"],
  [6, 1, "Maximum number of prefixes reached"],
  [6, 2, "Administrative shutdown"],
  [6, 3, "Peer de-configured"],
  [6, 4, "Administrative reset"],
  [6, 5, "Connection rejected"],
  [6, 6, "Other configuration change"],
  [6, 7, "Connection collision resolution"],
  [6, 8, "Out of Resources"],
  [6, 9, "Unknown error 6.9"],
  [7, 0, "Invalid ROUTE-REFRESH message"],
  [7, 1, "Invalid ROUTE-REFRESH message length"],
  [7, 2, "Unknown error 7.2"],
  [8, 0, "Unknown error 8.0"],
  [0, 0, "Unknown error 0.0"],
  [255, 255, "Unknown error 255.255"],
];

function failure(more: Partial<LastFailure>): LastFailure {
  return { kind: "error", code: 0, subcode: 0, data: [], errno: "", text: "", ...more };
}

for (const [code, subcode, text] of TEXTS) {
  t.test(`${code}/${subcode}: ${text}`, async (t) => {
    t.equal(notificationText(code, subcode), text);
    t.equal(errorText(failure({ kind: "received", code, subcode })), `Received: ${text}`);
    t.equal(errorText(failure({ kind: "sent", code, subcode })), `BGP Error: ${text}`);
  });
}

for (const [errno, text] of [
  ["closed", "Connection closed"],
  ["ECONNREFUSED", "Connection refused"],
  ["EHOSTUNREACH", "No route to host"],
  ["ECONNRESET", "Connection reset by peer"],
  ["ETIMEDOUT", "Connection timed out"],
  ["ENETUNREACH", "Network is unreachable"],
  ["EOTHER", "in our words"],
]) {
  t.test(`socket: ${errno}`, async (t) =>
    t.equal(errorText(failure({ kind: "socket", errno, text: "in our words" })), `Socket: ${text}`),
  );
}

t.test("the other classes", async (t) => {
  t.equal(errorText(undefined), "");
  t.equal(errorText(failure({ kind: "limit", code: 6, subcode: 1 })), "Automatic shutdown: Route limit exceeded");
  t.equal(errorText(failure({ text: "Neighbor lost" })), "Error: Neighbor lost");
});
