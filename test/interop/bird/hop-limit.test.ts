// `ttl security` of bird6 (RFC 5082 over IPv6): a neighbour whose packets have crossed a router is not heard.

import t from "tap";
import { CalicoNode } from "../../support/calico-node.js";
import { eventually, pause } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { KEEPALIVE, OPEN, UPDATE, WireHost } from "../../support/wire-host.js";
import * as wire from "../../vectors/wire.js";

t.setTimeout(60_000);

const DAEMON = "fd00::1";
const PEER = "fd00::2";
const NAME = "Node_fd00__2";
const AS = 65022;
/** Longer than the first retransmissions. */
const SILENCE_MS = 2500;

t.test("GTSM over IPv6", needs(...BIRD1_PROGRAMS), async (t) => {
  const lan = await Lan.open(["node", "peer"]);
  t.teardown(() => lan.close());
  const [own, other] = lan.hosts;
  const more = ["passive on;", "error wait time 1,1;"];
  const peer = { name: NAME, address: PEER, as: AS, source: DAEMON, hops: "ttl security on;\n  multihop 1;", more };
  const node = await CalicoNode.withPeers(own.namespace, "ours", [peer], 6);
  t.teardown(() => node.remove());
  await node.start([]);
  const hopLimit = (limit: number): Promise<string> =>
    other.namespace.exec(`echo ${limit} > /proc/sys/net/ipv6/conf/eth0/hop_limit`);
  const host = new WireHost(other.namespace);
  const parameters = wire.capabilities(wire.MP_IPV6, wire.ROUTE_REFRESH, wire.fourOctetAs(AS));
  const dialling = {
    local: PEER,
    remote: DAEMON,
    open: wire.open({ as: AS, holdTime: 240, id: "0a000002", parameters }),
  };

  await hopLimit(254);
  const far = host.dial(dialling);
  await pause(SILENCE_MS);
  t.equal(far.count(KEEPALIVE), 0, "its answers do not arrive");
  t.notOk(await node.isEstablished(NAME));
  far.close("reset");

  await hopLimit(255);
  const near = await host.establish(dialling);
  t.equal(near.count(OPEN), 1);
  await eventually("Established", () => node.isEstablished(NAME));
  await eventually("our block", () =>
    near.bodies(UPDATE).some((body) => body.includes("7a20010db8000200000000000000000000")),
  );
});
