// The columns of `starling peers` and `starling routes`.

import t from "tap";
import { formatPeer, formatPeers } from "../../src/control/peers-view.js";
import { ColumnPrinter } from "../../src/control/render.js";
import { KERNEL_COLUMNS, RECEIVED_COLUMNS, ROUTE_COLUMNS, WIDE_ROUTE_COLUMNS } from "../../src/control/routes-view.js";
import type { RouteView } from "../../src/speaker/snapshot.js";
import { FAILED_PEER, KERNEL_ROUTE, NOW_MS, peerStatus, routeView } from "./snapshots.js";

process.env["TZ"] = "UTC";

const OPTIONS = { headers: true, color: false, nowMs: NOW_MS, wide: false };

t.test("peers are one line each, numbers at the right, reasons last", async (t) => {
  t.equal(
    formatPeers([peerStatus(), FAILED_PEER], OPTIONS),
    `PEER             AS  STATE        SINCE       RECEIVED  ACCEPTED  ADVERTISED  INFO
172.17.8.102  64512  Established  09:30:04          12        10           3  Established
172.17.8.103  64512  Active       2026-11-01         0         0           0  connection refused
`,
  );
});

t.test("limits of prefixes and draining are shown", async (t) => {
  const [ipv4] = peerStatus().families;
  const peer = peerStatus({ draining: true, families: [{ ...ipv4, receivedLimit: 1000, advertisedLimit: 3 }] });
  t.match(formatPeers([peer], OPTIONS), / {2}Established, draining\n/);
  const text = formatPeer(peer, OPTIONS);
  t.match(text, /Draining: +yes: told to take other ways \(RFC 8326\)\n/);
  t.match(text, "ipv4     12/1000        10     9         3/3      0  received\n");
});

t.test("only the last column of a table may hold blanks", async (t) => {
  const wide = formatPeers([peerStatus({ name: "node two", group: "" })], { ...OPTIONS, wide: true, headers: false });
  const titles = formatPeers([], { ...OPTIONS, wide: true });
  t.equal(wide.trim().split(/\s+/).length, titles.trim().split(/\s+/).length);
  t.match(wide, /^172\.17\.8\.102 {2}node-two {2}node-to-node-mesh {2}- /);
  const route = routeView({ communities: ["unknown 0x8000"] });
  const wideRoute = new ColumnPrinter(WIDE_ROUTE_COLUMNS, { headers: false, color: false }).format([route]);
  t.equal(wideRoute.trim().split(/\s+/).length, WIDE_ROUTE_COLUMNS.length);
});

t.test("one peer is shown in full", async (t) => {
  t.equal(
    formatPeer(peerStatus({ lastError: "hold timer expired" }), OPTIONS),
    `Peer:                    172.17.8.102 (node2)
Type:                    node-to-node mesh
State:                   Established
Since:                   2026-11-21 09:30:04
Uptime:                  29m56s
Info:                    Established
Last error:              hold timer expired
AS:                      64512, ours 64512 (internal)
Router id:               172.17.8.102
Route reflector client:  no
Local address:           172.17.8.101
Remote port:             179
Passive:                 no
Timers:                  hold 90 s, keepalive 30 s
Capabilities:            multiprotocol ipv4, 4-octet AS, graceful restart
Transitions:             1
Output queue:            0 octets

FAMILY  RECEIVED  ACCEPTED  BEST  ADVERTISED  STALE  END-OF-RIB
ipv4          12        10     9           3      0  received

MESSAGE        RECEIVED  SENT
open                  1     1
update               20     7
notification          0     0
keepalive           300   300
route-refresh         0     0
`,
  );
});

t.test("routes show flags, next hop and AS path", async (t) => {
  const rows = [
    routeView(),
    routeView({ prefix: "10.2.0.0/26", best: false, stale: true, multipath: true, nextHopReachable: false, med: 5 }),
  ];
  t.equal(
    new ColumnPrinter(ROUTE_COLUMNS, OPTIONS).format(rows),
    `PREFIX       FLAGS  FROM          NEXT-HOP      LOCAL-PREF  MED  ORIGIN  AS-PATH
10.1.0.0/26  *      172.17.8.102  172.17.8.102         100    -  i       65000 65001
10.2.0.0/26  =s!    172.17.8.102  172.17.8.102         100    5  i       65000 65001
`,
  );
});

t.test("received routes say why they are not used", async (t) => {
  const row = routeView({ best: false, reason: "policy import, a.yaml:7: reject", localPref: undefined });
  t.equal(
    new ColumnPrinter(RECEIVED_COLUMNS, { headers: false, color: false }).format([row]),
    "10.1.0.0/26  -      172.17.8.102  172.17.8.102           -    -  i       65000,65001  policy import, a.yaml:7: reject\n",
  );
});

t.test("what a peer's options did to a route stands behind the reason", async (t) => {
  const notes = ["weight 5: the peer's", "LOCAL_PREF 0: GRACEFUL_SHUTDOWN (RFC 8326)"];
  const reasonOf = (changes: Partial<RouteView>): string | undefined =>
    new ColumnPrinter(RECEIVED_COLUMNS, { headers: false, color: false })
      .format([routeView(changes)])
      .split("65000,65001")[1]
      ?.trim();
  t.equal(reasonOf({ notes }), notes.join("; "));
  t.equal(reasonOf({ notes, reason: "another path is better" }), `another path is better; ${notes.join("; ")}`);
});

t.test("kernel routes show next hops and the kernel's error", async (t) => {
  t.equal(
    new ColumnPrinter(KERNEL_COLUMNS, OPTIONS).format([KERNEL_ROUTE]),
    `PREFIX       KIND     STATE   NEXT-HOPS                            ERROR
10.1.0.0/26  unicast  failed  172.17.8.102_eth0,172.17.8.103_eth0  Network is unreachable
`,
  );
});
