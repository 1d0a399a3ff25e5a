// The log in BIRD's form.

import t from "tap";
import { BirdLog } from "../../../src/bird/daemon/bird-log.js";
import type { LogLine } from "../../../src/bird/control/bird-view.js";
import type { LastFailure } from "../../../src/session/failure-cause.js";
import { CONNECTION_FAILED } from "../../../src/session/peer-session.js";
import { RECOVERY_BEGINS, RECOVERY_SETTLED } from "../../../src/speaker/recovery.js";

const FAILURE: LastFailure = { kind: "received", code: 6, subcode: 2, data: [], errno: "", text: "" };

function openLog(): { readonly log: BirdLog; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: BirdLog.create((text) => lines.push(text)), lines };
}

t.test("lines have the program, the protocol, the words and what else is known", async (t) => {
  const { log, lines } = openLog();
  log.info("Started");
  log.child({ peer: "key", name: "Mesh_10_0_0_2" }).warn("session down", { reason: "reset" });
  log.child({ peer: "Mesh_10_0_0_3" }).error("odd\ntext \u001b[31m");
  t.same(lines, [
    "bird: Started\n",
    "bird: Mesh_10_0_0_2: session down, reason reset\n",
    "bird: Mesh_10_0_0_3: odd | text ?[31m\n",
  ]);
});

t.test("a recovery is told in BIRD's words", async (t) => {
  const { log, lines } = openLog();
  log.info(RECOVERY_BEGINS);
  log.info(`${RECOVERY_SETTLED}: the routes of peers are here`);
  t.same(lines, ["bird: Graceful restart started\n", "bird: Graceful restart done\n"]);
});

t.test("why a session failed", async (t) => {
  const cases: readonly (readonly [Partial<LastFailure>, string | undefined])[] = [
    [{}, "Received: Administrative shutdown"],
    [{ code: 2, subcode: 2, data: [0xfd, 0xe9] }, "Received: Bad peer AS: 65001"],
    [{ kind: "sent", code: 2, subcode: 2, data: [0, 1, 0, 0] }, "Error: Bad peer AS: 65536"],
    [{ kind: "sent", code: 3, subcode: 1, data: [0xab, 1] }, "Error: Malformed attribute list: ab01"],
    [{ data: [3, 98, 121, 101], text: '"bye"' }, 'Received: Administrative shutdown: "bye"'],
    [{ kind: "sent" }, undefined],
    [{ kind: "socket", errno: "ECONNREFUSED" }, undefined],
  ];
  for (const [failure, want] of cases) {
    const { log, lines } = openLog();
    log.askFailures((protocol) => (protocol === "one" ? { ...FAILURE, ...failure } : undefined));
    log.child({ peer: "one" }).debug(CONNECTION_FAILED);
    log.child({ peer: "two" }).debug(CONNECTION_FAILED);
    log.child({ peer: "one" }).debug("other words");
    t.same(lines, want === undefined ? [] : [`bird: one: ${want}\n`]);
  }
});

t.test("clients listen in, and stop", async (t) => {
  const { log } = openLog();
  const seen: LogLine[] = [];
  const stop = log.watch((line) => seen.push(line));
  log.child({ peer: "one" }).warn("words");
  stop();
  log.info("more words");
  t.same(seen, [{ logClass: "warning", text: "one: words" }]);
});
