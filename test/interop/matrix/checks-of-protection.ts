// TCP-MD5 and GTSM: the session comes up where both sides agree, and otherwise never does, and somebody is told.

import { eventually } from "../../support/eventually.js";
import { established } from "../../support/peers/waiting.js";
import type { Checks } from "./checks.js";
import { PREFIXES } from "./prefixes.js";
import { endsOf, received, routeVia, type Segment, type SessionName } from "./segment.js";

function bothWays(session: SessionName): Checks {
  const { us, them } = endsOf(session);
  return {
    async toPeer(t, { outer }) {
      await established(outer, us);
      t.ok(await routeVia(outer, PREFIXES.ours, us), "it has our route");
    },
    async fromPeer(t, { starling }) {
      await starling.established(them);
      t.ok(await received(starling, them, PREFIXES.outer), "we have its route");
    },
  };
}

/** All of the time since the start of the segment was there for the session to come up. */
function never(session: SessionName, words: RegExp): Checks {
  const { us, them } = endsOf(session);
  return {
    async session(t, { starling, outer }: Segment) {
      const status = await starling.peerWhen(them, `says ${words.source}`, ({ info }) => words.test(info));
      t.match(status.info, words, "status");
      // Between two attempts it may say something else for a moment.
      const said = await eventually(
        "the words on the command line",
        async () => {
          const { stdout } = await starling.cli("peers");
          return words.test(stdout) ? stdout : undefined;
        },
        45_000,
      );
      t.match(said, words, "the command line");
      t.equal(status.transitions, 0, "it was never up");
      // The peer may take itself for Established, where only its segments are dropped: it has heard our OPEN and KEEPALIVE.
      t.notOk(
        (await outer.routes("ipv4")).some(({ nextHop }) => nextHop === us),
        "it was told no route",
      );
    },
  };
}

export const PROTECTION_CHECKS = {
  md5: bothWays("md5"),
  wrongKey: never("wrongKey", /the passwords differ/),
  gtsm: bothWays("ttl"),
  lowTtl: never("lowTtl", /TTL/),
} as const;
