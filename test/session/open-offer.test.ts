// The OPEN we send, octet by octet where another speaker's is imitated.

import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import { encodeOpen } from "../../src/packet/open.js";
import { makeOpen } from "../../src/session/open-offer.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { optionsFor } from "./session-pair.js";

const MARKER = "ff".repeat(16);

/** A node of AS 64512 with identifier 10.192.0.2, as BIRD's configuration describes it. */
function birdOptions(family: 0 | 1, isRecovering: boolean): SessionOptions {
  return optionsFor("10.192.0.2", "10.192.0.3", {
    localAs: 64512,
    routerId: 0x0ac00002,
    holdTimeSeconds: 240,
    families: [family],
    birdCapabilities: true,
    addPathReceive: true,
    addPathSend: true,
    // What else may be configured is not offered.
    extendedMessage: true,
    extendedNextHop: true,
    role: "peer",
    gracefulRestart: () => ({
      restarting: isRecovering,
      notification: false,
      restartTimeSeconds: 120,
      families: [{ family, forwardingPreserved: isRecovering }],
    }),
  });
}

function openOf(options: SessionOptions): string {
  return toHex(encodeOpen(makeOpen(options)));
}

t.test("birdCapabilities: the OPEN is BIRD's, octet by octet", (t) => {
  const open = (family: 0 | 1, isRecovering: boolean): string => openOf(birdOptions(family, isRecovering));
  const expected = (afi: string, graceful: string, flags: string): string =>
    `${MARKER}003f0104fc0000f00ac00002220220` +
    `0104${afi}0001` +
    `0200` +
    `4006${graceful}${afi}01${flags}` +
    `41040000fc00` +
    `4504${afi}0103` +
    `46004700`;
  t.equal(open(0, false), expected("0001", "0078", "00"), "IPv4");
  t.equal(open(1, false), expected("0002", "0078", "00"), "IPv6");
  t.equal(open(0, true), expected("0001", "8078", "80"), "IPv4 while recovering: R and F bits");
  t.equal(open(1, true), expected("0002", "8078", "80"), "IPv6 while recovering");
  t.end();
});

t.test("birdCapabilities: long-lived graceful restart is offered with graceful restart only", (t) => {
  const open = openOf({ ...birdOptions(0, false), gracefulRestart: () => undefined });
  const capabilities = `010400010001` + `0200` + `41040000fc00` + `450400010103` + `4600`;
  t.equal(open, `${MARKER}00350104fc0000f00ac00002180216${capabilities}`);
  t.end();
});

t.test("birdCapabilities off: the order is the same, LLGR is not offered", (t) => {
  const open = openOf({ ...birdOptions(0, false), birdCapabilities: false });
  t.notOk(open.endsWith("4700"));
  t.ok(open.includes("02000506000100010002"), "what is configured is offered: extended next hops behind refresh");
  t.end();
});

t.test("an OPEN without capabilities has no optional parameters", (t) => {
  const open = makeOpen(birdOptions(0, false), true);
  t.equal(toHex(encodeOpen(open)), `${MARKER}001d0104fc0000f00ac0000200`);
  t.end();
});
