// The lines of the daemon's log.

import { Writable } from "node:stream";
import t from "tap";
import type { LogLevel } from "../../src/base/log.js";
import { DaemonLog, type DaemonLogOptions, formatText } from "../../src/daemon/log.js";
import { FakeClock } from "../support/fake-clock.js";

class Lines extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function makeLog(options: Partial<DaemonLogOptions> = {}): { readonly log: DaemonLog; readonly lines: Lines } {
  const lines = new Lines();
  return {
    log: DaemonLog.create({ level: "info", format: "text", color: false, stream: lines, ...options }, new FakeClock()),
    lines,
  };
}

t.test("text lines say when, how bad, about whom and what", async (t) => {
  const { log, lines } = makeLog();
  log.info("starling is running", { pid: 12 });
  log.child({ peer: "10.0.0.2" }).warn("hold timer expired", { state: "OpenSent", after: undefined });
  t.equal(
    lines.text,
    `2026-01-01T00:00:00.000Z info starling is running pid=12
2026-01-01T00:00:00.000Z warn peer 10.0.0.2: hold timer expired state=OpenSent
`,
  );
});

t.test("JSON lines hold the same as columns", async (t) => {
  const { log, lines } = makeLog({ format: "json" });
  log.child({ peer: "10.0.0.2" }).error('no "route"\nat all', { count: 3, best: true });
  t.equal(
    lines.text,
    '{"time":"2026-01-01T00:00:00.000Z","level":"error","message":"no \\"route\\"\\nat all","peer":"10.0.0.2","count":3,"best":true}\n',
  );
});

t.test("levels below the chosen one are not written", async (t) => {
  const levels: readonly LogLevel[] = ["error", "warn", "info", "debug"];
  for (const [i, level] of levels.entries()) {
    const { log, lines } = makeLog({ level });
    for (const each of levels) log[each](each);
    t.equal(lines.text.split("\n").length - 1, i + 1, level);
    t.equal(log.debugEnabled, level === "debug");
  }
});

t.test("a new level and format reach every child", async (t) => {
  const { log, lines } = makeLog();
  const child = log.child({ peer: "a" }).child({ family: "ipv4" });
  child.debug("unseen");
  log.configure({ level: "debug", format: "json" });
  t.equal(child.debugEnabled, true);
  child.debug("seen");
  t.same(JSON.parse(lines.text), {
    time: "2026-01-01T00:00:00.000Z",
    level: "debug",
    message: "seen",
    peer: "a",
    family: "ipv4",
  });
});

t.test("values with blanks are quoted, control characters cannot make lines of their own", async (t) => {
  const text = (message: string, fields = {}): string => formatText("T", "info", message, fields, false);
  t.equal(
    text("m", { reason: "rack is moved", empty: "", plain: "a-b" }),
    'T info m reason="rack is moved" empty="" plain=a-b',
  );
  t.equal(text("peer says bye\n2026 error fake \u001b[2J"), "T info peer says bye | 2026 error fake \\u001b[2J");
  t.equal(text("m", { peer: "x\r\ny", reason: "a\nb" }), 'T info peer x\\u000d | y: m reason="a\\nb"');
});

t.test("colours stand around the level only", async (t) => {
  t.equal(formatText("T", "error", "m", {}, true), "T \u001b[31merror\u001b[0m m");
});

t.test("a log whose reader is gone does not throw", async (t) => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
  const { log } = makeLog({ stream });
  t.doesNotThrow(() => {
    log.info("one");
    log.info("two");
  });
});
