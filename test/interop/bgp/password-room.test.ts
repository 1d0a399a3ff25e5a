// More TCP MD5 passwords than the kernel has room for (net.core.optmem_max): what the user is told is true, and enough.

import t from "tap";
import { eventually } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";

const PEERS = 60;
const SMALL = 4096;

t.test("the kernel has no room for every password", needs(), async (t) => {
  const lan = await Lan.open(["starling"]);
  t.teardown(() => lan.close());
  const [us] = lan.hosts;
  const optmem = "/proc/sys/net/core/optmem_max";
  // Before Linux 6.8 the limit is one for the whole machine, and not ours to change.
  const isOwn = await us.namespace.exec(`test -w ${optmem} && echo ${SMALL} > ${optmem} && cat ${optmem} || true`);
  if (isOwn.trim() !== String(SMALL)) {
    t.pass("the limit is small", { skip: "this kernel has one net.core.optmem_max for all namespaces" });
    return;
  }
  const config = {
    routerId: us.ipv4,
    as: 65000,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    peers: Array.from({ length: PEERS }, (_, i) => ({ address: `10.0.0.${i + 10}`, as: 65000, password: `key-${i}` })),
  };
  const starling = new Starling(us.namespace, config);
  t.teardown(() => starling.remove());
  await starling.start();
  const warnings = async (): Promise<readonly string[]> => (await starling.status()).status.warnings;
  const [warning = ""] = await warnings();
  const found = /: (\d+) keys fit, (\d+) are configured.* net\.core\.optmem_max=(\d+) \(now 4096\)/.exec(warning);
  t.ok(found, warning);
  const [fit, configured, needed] = (found ?? []).slice(1).map(Number);
  t.ok(fit > 0 && fit < PEERS, `${fit} fit`);
  t.equal(configured, PEERS);
  await us.namespace.exec(`echo ${needed} > ${optmem}`);
  await starling.reload(config);
  await eventually("every password fits", async () => (await warnings()).length === 0);
});
