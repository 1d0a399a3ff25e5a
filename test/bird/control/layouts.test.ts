// Layouts that the dialogue of a node does not have, against other recordings of BIRD 1.6.8: a reflector, an IPv6 node, a
// recovery after a restart, a peer that restarts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { attributeLines } from "../../../src/bird/control/attribute-texts.js";
import { errorText, notificationText } from "../../../src/bird/control/bird-errors.js";
import { formatDateTime, formatSince } from "../../../src/bird/control/bird-times.js";
import type { Destination, PathView, ProtocolDetails } from "../../../src/bird/control/bird-view.js";
import { ReplyFramer, type ReplyLine } from "../../../src/bird/control/reply.js";
import { protocolDetailLines } from "../../../src/bird/control/show-protocols.js";
import { networkLines } from "../../../src/bird/control/show-routes.js";
import { statusLines } from "../../../src/bird/control/show-status.js";
import { interfaceLines, memoryLines, staticLines } from "../../../src/bird/control/show-tables.js";
import { ROOT } from "../../support/root.js";
import { at, neighbor, protocol, STATUS } from "./lab-view.js";

process.env["TZ"] = "UTC";

/** The recorded reply to a command. */
function recorded(file: string, command: string): string {
  const text = readFileSync(join(ROOT, "proto-fixtures/bird/control", file), "utf8");
  const start = text.indexOf(`>>> ${command}\n`);
  if (start < 0) throw new Error(`${file} has no ${command}`);
  const begin = text.indexOf("\n", start) + 1;
  const end = text.indexOf("\n>>> ", begin);
  return end < 0 ? text.slice(begin) : text.slice(begin, end + 1);
}

function framed(lines: readonly ReplyLine[]): string {
  const framer = new ReplyFramer();
  return framer.frame(lines) + framer.end();
}

const NOW = at("09:20:00");
const via = (gateway: string, device: string): Destination => ({ kind: "via", gateway, device });
const TIMES = { C: at("09:17:57"), B: at("09:17:58") };

function path(
  name: keyof typeof TIMES,
  destination: Destination,
  more: Partial<PathView> & { metric?: number | "?" | "-" },
): PathView {
  const { metric = 0, ...rest } = more;
  return {
    ...{ destination, protocol: name, changedAt: TIMES[name], from: undefined, mark: undefined, preference: 100 },
    source: "BGP",
    bgp: { igpMetric: metric, isStale: false, originAs: name === "C" ? 77 : undefined, origin: "IGP" },
    attributes: () => [],
    ...rest,
  };
}

t.test("rows of a reflector: who told it, next hops that do not resolve or only through other routes", async (t) => {
  const through = path("C", via("10.9.1.2", "eth1"), { mark: "best" });
  const show = (prefix: string, ...paths: PathView[]): string =>
    framed(networkLines({ prefix, looked: 0, shown: 0, paths }, false, NOW));
  t.equal(
    show("10.50.0.0/24", through, path("B", { kind: "unreachable" }, { from: "10.9.0.2", metric: "-" })),
    recorded("reflector.txt", "show route 10.50.0.0/24"),
  );
  t.equal(
    show("10.51.0.0/24", path("B", via("10.9.0.9", "eth0"), { from: "10.9.0.2", mark: "best" }), {
      ...through,
      mark: undefined,
    }),
    recorded("reflector.txt", "show route 10.51.0.0/24"),
  );
  t.equal(
    show("10.52.0.0/24", path("B", via("10.9.0.77", "eth0"), { from: "10.9.0.2", mark: "best", metric: "?" })),
    recorded("reflector.txt", "show route 10.52.0.0/24"),
  );
  t.match(
    show("10.52.0.0/24", { ...through, mark: "refused" }),
    / via 10\.9\.1\.2 on eth1 \[C 09:17:57\] ! \(100\/0\) \[AS77i\]\n/,
  );
});

t.test("all attributes that there are", async (t) => {
  const attributes = attributeLines({
    origin: 1,
    asPath: [
      { type: 2, asNumbers: [77, 65010] },
      { type: 1, asNumbers: [65011, 65012] },
    ],
    nextHop: Uint8Array.of(10, 9, 1, 2),
    ...{ med: 7, localPref: 100, atomicAggregate: true, originatorId: 0x09090909 },
    aggregator: { as: 65010, id: 0x0a010101 },
    communities: [0xffffff01, 65000 * 65536 + 1],
    clusterList: [0x01010101, 0x02020202],
    extendedCommunities: [
      [0x0002fde8, 5],
      [0x00030102, 0x03040006],
      [0x01020304, 0x05060708],
      [0x030c0000, 8],
    ],
  });
  const bgp = { igpMetric: 0, isStale: false, originAs: undefined, origin: "EGP" } as const;
  const row = path("C", via("10.9.1.2", "eth1"), { mark: "best", bgp, attributes: () => attributes });
  const lines = networkLines({ prefix: "10.70.0.0/24", looked: 1, shown: 1, paths: [row] }, true, NOW);
  t.equal(framed(lines), recorded("reflector.txt", "show route 10.70.0.0/24 all"));
  t.strictSame(attributeLines({ extendedCommunities: [[0x01030102, 0x03040006]] }).slice(2), [
    "BGP.ext_community: (ro, 1.2.3.4, 6)",
  ]);
  t.strictSame(
    attributeLines({ asPath: [], origin: 0, unknown: [{ flags: 0xc0, code: 0x63, value: Uint8Array.of(1, 2, 3) }] }),
    ["BGP.origin: IGP", "BGP.as_path: ", "BGP.63 [t]: 01 02 03"],
  );
});

t.test("static routes of a reflector, those without a way", async (t) => {
  const target = { kind: "blackhole" } as const;
  const hops = [
    { address: "10.9.0.2", weight: 3, isDormant: false },
    { address: "10.99.0.2", weight: 1, isDormant: true },
  ];
  const lines = staticLines([
    { prefix: "10.20.1.0/26", target, isDormant: false },
    { prefix: "10.60.0.0/16", target: { kind: "via", address: "10.9.0.77" }, isDormant: false },
    { prefix: "10.23.0.0/24", target: { kind: "multipath", hops }, isDormant: false },
    { prefix: "10.61.0.0/24", target, isDormant: false },
    { prefix: "10.62.0.0/24", target: { kind: "prohibited" }, isDormant: false },
    { prefix: "10.99.9.0/24", target: { kind: "device", device: "nosuch0" }, isDormant: true },
    { prefix: "10.98.0.0/24", target: { kind: "recursive", address: "10.97.0.1" }, isDormant: false },
  ]);
  t.equal(framed(lines), recorded("reflector.txt", "show static"));
});

t.test("an interface of an IPv6 node", async (t) => {
  const text = recorded("node6.txt", "show interfaces");
  const linkLocal = /\t(fe80::\S+) \(Unselected/.exec(text)?.[1] ?? "";
  const lines = interfaceLines([
    {
      ...{ name: "eth0", index: 2, isUp: true, mtu: 1500 },
      flags: ["MultiAccess", "Broadcast", "Multicast", "AdminUp", "LinkUp"],
      addresses: [
        { text: "fd00:9::1/64", role: "Primary", opposite: undefined, scope: "site" },
        { text: linkLocal, role: "Unselected", opposite: undefined, scope: "link" },
      ],
    },
  ]);
  t.ok(text.includes(framed(lines).replace("0000 \n", "")));
});

t.test("a prefix longer than its column pushes the rest", async (t) => {
  const text = recorded("node6.txt", "show route");
  const row = path(
    "C",
    { kind: "unreachable" },
    { protocol: "static1", mark: "best", preference: 200, bgp: undefined },
  );
  const changedAt = Date.parse(`2026-11-29T${/static1 (\S+)\]/.exec(text)?.[1]}Z`);
  const prefix = "fd00:1111:2222:3333:4444:5555::/112";
  const lines = networkLines({ prefix, looked: 1, shown: 1, paths: [{ ...row, changedAt }] }, false, NOW);
  t.ok(text.startsWith(framed(lines).replace("0000 \n", "")));
});

t.test("a recovery after a restart", async (t) => {
  const recovery = { waitingFor: 4, leftSeconds: 232, totalSeconds: 240 };
  t.match(
    framed(statusLines({ ...STATUS, recovery })),
    "\n0024-Graceful restart recovery in progress\n   Waiting for 4 protocols to recover\n   Wait timer is 232/240\n0013 Daemon is up and running\n",
  );
  t.match(framed(statusLines({ ...STATUS, phase: "shutting down" })), /\n0013 Shutdown in progress\n$/);
  const line = (state: ProtocolDetails["recovery"]): string =>
    framed(protocolDetailLines(protocol("device1", "Device", "up", "09:17:45", { recovery: state }))).split("\n")[3];
  t.strictSame((["none", "pending", "waiting"] as const).map(line), [
    "   GR recovery:   ",
    "   GR recovery:    pending",
    "   GR recovery:    waiting",
  ]);
});

t.test("a peer that restarts, one that is waited for, one that found fault", async (t) => {
  const details = (lastError: string, more: Parameters<typeof neighbor>[2]): string => {
    const session = { state: "Active", lastError } as const;
    const bgp = neighbor("10.9.0.2", 65001, more);
    return framed(protocolDetailLines(protocol("B", "BGP", "start", "09:17:45", { session, bgp })));
  };
  t.match(
    details("Socket: Connection closed", {
      ...{ neighborRestarts: true, restartSecondsLeft: 119, connectDelay: { left: 1, total: 2 } },
    }),
    [
      "   BGP state:          Active",
      "     Neighbor address: 10.9.0.2",
      "     Neighbor AS:      65001",
      "     Neighbor graceful restart active",
      "     Restart timer:    119/-",
      "     Connect delay:    1/2",
      "     Last error:       Socket: Connection closed",
      " \n",
    ].join("\n"),
  );
  t.match(
    details("BGP Error: Bad peer AS", { errorWait: { left: 4, total: 5 } }),
    "\n     Error wait:       4/5\n     Last error:       BGP Error: Bad peer AS\n \n",
  );
});

t.test("sizes of memory", async (t) => {
  const sizes = [0, 9999, 10_000, 171_000, 60_000_000];
  const lines = memoryLines(sizes.map((bytes) => ({ label: "Protocols:", bytes })));
  t.strictSame(
    lines.slice(1).map(({ text }) => text.slice(17)),
    ["    0  B", " 9999  B", "   10 kB", "  167 kB", "   57 MB"],
  );
});

t.test("times: of day for 20 hours, then the day", async (t) => {
  const then = at("09:17:45");
  t.equal(formatSince(then, then + 20 * 3_600_000 - 1), "09:17:45");
  t.equal(formatSince(then, then + 20 * 3_600_000), "2026-11-29");
  t.equal(formatDateTime(then), "2026-11-29 09:17:45");
});

t.test("errors in BIRD's words", async (t) => {
  const failure = { code: 0, subcode: 0, data: [], errno: "", text: "" };
  t.equal(errorText(undefined), "");
  t.equal(errorText({ ...failure, kind: "received", code: 6, subcode: 2 }), "Received: Administrative shutdown");
  t.equal(errorText({ ...failure, kind: "sent", code: 2, subcode: 2 }), "BGP Error: Bad peer AS");
  t.equal(errorText({ ...failure, kind: "limit", code: 6, subcode: 1 }), "Automatic shutdown: Route limit exceeded");
  t.equal(errorText({ ...failure, kind: "socket", errno: "ECONNREFUSED" }), "Socket: Connection refused");
  t.equal(errorText({ ...failure, kind: "socket", errno: "closed" }), "Socket: Connection closed");
  t.equal(errorText({ ...failure, kind: "socket", errno: "EODD", text: "odd" }), "Socket: odd");
  t.equal(errorText({ ...failure, kind: "error", text: "No listening socket" }), "Error: No listening socket");
  t.equal(notificationText(4, 0), "Hold timer expired");
  t.equal(notificationText(9, 77), "Unknown error 9.77");
});
