// `starling status` as a user sees it, line for line.

import t from "tap";
import type { SpeakerStatus } from "../../src/speaker/snapshot.js";
import { formatStatus, isDegraded } from "../../src/control/status-view.js";
import { DISABLED_PEER, FAILED_PEER, NOW_MS, peerStatus, speakerStatus } from "./snapshots.js";

process.env["TZ"] = "UTC"; // times are shown in local time

const OPTIONS = { headers: true, color: false, nowMs: NOW_MS, wide: false };

t.test("status looks like calicoctl node status, below a block about the daemon", async (t) => {
  const text = formatStatus(speakerStatus(), [peerStatus(), FAILED_PEER], OPTIONS);
  t.equal(
    text,
    `Starling 0.1.0 is running: router id 172.17.8.101, AS 64512, since 2026-11-20 08:00:00
Kernel routes: table main, protocol 12; 9 of 9 routes installed
Routes: IPv4 9 prefixes, 12 paths; IPv6 1 prefix, 1 path
Peers: 1 of 1 established, 1 disabled
Configuration: of 2026-11-20 08:00:01

IPv4 BGP status
+--------------+-------------------+-------+------------+--------------------+
| PEER ADDRESS |     PEER TYPE     | STATE |   SINCE    |        INFO        |
+--------------+-------------------+-------+------------+--------------------+
| 172.17.8.102 | node-to-node mesh | up    | 09:30:04   | Established        |
| 172.17.8.103 | node-to-node mesh | start | 2026-11-01 | connection refused |
+--------------+-------------------+-------+------------+--------------------+

IPv6 BGP status
No IPv6 peers found.
`,
  );
});

t.test("IPv6 peers have a table of their own, a disabled peer is down", async (t) => {
  const text = formatStatus(speakerStatus(), [DISABLED_PEER], OPTIONS);
  t.match(text, "IPv4 BGP status\nNo IPv4 peers found.\n");
  t.match(text, "| 2001:db8::1  | global    | down  | 09:30:04 | disabled: rack is moved |\n");
});

t.test("the wide table adds columns before INFO", async (t) => {
  const text = formatStatus(speakerStatus(), [peerStatus()], { ...OPTIONS, wide: true });
  t.match(
    text,
    "| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   | NAME  |  AS   | RECEIVED | ADVERTISED |    INFO     |\n",
  );
  t.match(
    text,
    "| 172.17.8.102 | node-to-node mesh | up    | 09:30:04 | node2 | 64512 |       12 |          3 | Established |\n",
  );
});

t.test("trouble is told: failed kernel routes, a bad reload, warnings, recovery", async (t) => {
  const status = speakerStatus({
    kernel: {
      enabled: true,
      text: "kernel routes: table main, protocol 12",
      wanted: 9,
      installed: 7,
      failed: 1,
      stale: 4,
    },
    lastReload: {
      ok: false,
      at: "2026-11-21T09:00:00.000Z",
      message: "a.yaml:3:1: unknown key\na.yaml:9:2: no such group",
    },
    warnings: ["no addon"],
    gracefulRestart: {
      recovering: true,
      waitingFor: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
      elapsedSeconds: 3,
      totalSeconds: 60,
    },
  });
  const text = formatStatus(status, [], OPTIONS);
  t.match(text, "Kernel routes: table main, protocol 12; 7 of 9 routes installed, 1 failed, 4 stale\n");
  t.match(text, "Reload of 2026-11-21 09:00:00 failed: a.yaml:3:1: unknown key\na.yaml:9:2: no such group\n");
  t.match(text, "Warning: no addon\n");
  t.match(
    text,
    "Graceful restart: waiting for End-of-RIB from 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 1 more\n",
  );
});

t.test("colours stand around padded cells only", async (t) => {
  const text = formatStatus(speakerStatus({ warnings: ["w"] }), [peerStatus()], { ...OPTIONS, color: true });
  t.match(text, "| \u001b[32mup   \u001b[0m |");
  t.match(text, "\u001b[33mWarning: w\u001b[0m\n");
});

t.test("what a peer says cannot reach the terminal as control characters", async (t) => {
  const text = formatStatus(speakerStatus(), [peerStatus({ info: "bye \u001b[2J\u0007\n" })], OPTIONS);
  t.match(text, "| bye \\x1b[2J\\x07\\x0a |");
  t.notMatch(text, "\u001b");
});

t.test("degraded means that somebody has to look", async (t) => {
  const cases: readonly {
    name: string;
    status?: Partial<SpeakerStatus>;
    peers?: readonly ReturnType<typeof peerStatus>[];
    want: boolean;
  }[] = [
    { name: "all is well", want: false },
    { name: "a disabled peer is wanted so", peers: [DISABLED_PEER], want: false },
    { name: "a peer is not Established", peers: [peerStatus(), FAILED_PEER], want: true },
    { name: "a kernel route failed", status: { kernel: { ...speakerStatus().kernel, failed: 1 } }, want: true },
    { name: "the last reload failed", status: { lastReload: { ok: false, at: "", message: "" } }, want: true },
    {
      name: "recovery after a restart passes by itself",
      status: { gracefulRestart: { recovering: true, waitingFor: [], elapsedSeconds: 3, totalSeconds: 60 } },
      want: false,
    },
  ];
  for (const { name, status, peers, want } of cases)
    t.equal(isDegraded(speakerStatus(status), peers ?? [peerStatus()]), want, name);
});

t.test("draining is told, of some peers or of all", async (t) => {
  const some = formatStatus(
    speakerStatus({ draining: { peers: 1, all: false } }),
    [peerStatus({ draining: true })],
    OPTIONS,
  );
  t.match(some, "Draining: 1 peer (RFC 8326)\n");
  t.match(some, "| Established, draining |\n");
  const all = formatStatus(speakerStatus({ draining: { peers: 2, all: true } }), [], OPTIONS);
  t.match(all, "Draining: all peers, also those that come later (RFC 8326)\n");
});
