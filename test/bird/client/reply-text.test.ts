// Lines of the daemon → what a person sees.

import t from "tap";
import { readReplyLine } from "../../../src/bird/client/reply-text.js";

const CASES: readonly [line: string, plain: string, withCodes: string, isLast: boolean][] = [
  [
    "0001 BIRD v0.3.3+birdv1.6.8 ready.",
    "BIRD v0.3.3+birdv1.6.8 ready.\n",
    "0001 BIRD v0.3.3+birdv1.6.8 ready.\n",
    true,
  ],
  ["1000-BIRD v1", "BIRD v1\n", "1000-BIRD v1\n", false],
  [" Last reboot on 2026", "Last reboot on 2026\n", "     Last reboot on 2026\n", false],
  ["   Waiting", "  Waiting\n", "       Waiting\n", false],
  [" ", "\n", "     \n", false],
  [" \tvia 10.0.0.1", "\tvia 10.0.0.1\n", "     \tvia 10.0.0.1\n", false],
  ["0013 Daemon is up", "Daemon is up\n", "0013 Daemon is up\n", true],
  ["0000 ", "", "", true],
  ["0000-", "", "", false],
  ["+<INFO> Reconfigured", ">>> <INFO> Reconfigured\n", ">>> <INFO> Reconfigured\n", false],
  ["hello", "??? <hello>\n", "??? <hello>\n", false],
  ["1008x", "??? <1008x>\n", "??? <1008x>\n", false],
  ["", "??? <>\n", "??? <>\n", false],
];

for (const [line, plain, withCodes, isLast] of CASES) {
  t.test(JSON.stringify(line), async (t) => {
    t.strictSame(readReplyLine(line, false), { text: plain, isLast });
    t.strictSame(readReplyLine(line, true), { text: withCodes, isLast });
  });
}
