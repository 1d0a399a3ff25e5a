// The file of a running daemon, read again and again.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { formatAddress } from "../../../src/base/ip.js";
import { BirdConfigReader, type BirdReading } from "../../../src/bird/daemon/bird-config-reader.js";
import { REJECT_ALL, type Route } from "../../../src/policy/route.js";

function open(folder: string, routerIds: readonly (number | undefined)[] = []) {
  const path = join(folder, "bird.cfg");
  const told: string[] = [];
  const ids = [...routerIds];
  const reader = new BirdConfigReader(
    { ipVersion: 4, controlSocket: "" },
    { scriptLog: (kind, text) => void told.push(`${kind} ${text}`), findRouterId: () => ids.shift() },
  );
  const load = (text: string): Promise<BirdReading> => {
    writeFileSync(path, text);
    return reader.load(path);
  };
  return { load, told };
}

async function good(reading: Promise<BirdReading>): Promise<Extract<BirdReading, { ok: true }>> {
  const result = await reading;
  if (!result.ok) throw new Error(result.errors.join());
  return result;
}

const PEER = "protocol bgp one { local as 1; neighbor 10.0.0.2 as 1; }";

t.test("another listen bgp takes effect at the next start, and is warned of once", async (t) => {
  const { load } = open(t.testdir());
  const read = async (listen: string): Promise<{ where: string; warnings: number }> => {
    const { config, warnings } = await good(load(`router id 1.1.1.1; ${listen} ${PEER}`));
    const where = config.listen.map(({ address, port }) => `${formatAddress(address)} ${port}`).join();
    for (const warning of warnings) t.match(warning, "listening socket not implemented, please restart");
    return { where, warnings: warnings.length };
  };
  const first = "listen bgp address 10.0.0.1 port 1790;";
  t.strictSame(await read(first), { where: "10.0.0.1 1790", warnings: 0 });
  t.strictSame(await read(first), { where: "10.0.0.1 1790", warnings: 0 });
  t.strictSame(await read("listen bgp port 1791;"), { where: "10.0.0.1 1790", warnings: 1 });
  t.strictSame(await read("listen bgp port 1791;"), { where: "10.0.0.1 1790", warnings: 0 });
  t.strictSame(await read(""), { where: "10.0.0.1 1790", warnings: 1 });
});

t.test("a router id of the interfaces stays when it was used once", async (t) => {
  const { load } = open(t.testdir(), [7, 8]);
  t.equal((await good(load(PEER))).config.routerId, 7);
  t.equal((await good(load(PEER))).config.routerId, 7);
  const none = open(t.testdir());
  t.match(await none.load(PEER), { ok: false, errors: [/Cannot determine router ID/] });
});

t.test("what filters print, and what goes wrong in them, reaches the log with the line of the file", async (t) => {
  const { load, told } = open(t.testdir());
  const filter = 'filter f {\n  print "seen ", 1 + 1;\n  if 1 + "a" then accept;\n  accept;\n}\n';
  const { config } = await good(load(`router id 1.1.1.1;\n${filter}protocol kernel { export filter f; }`));
  t.not(config.kernel.exportPolicy, REJECT_ALL);
  t.equal(config.kernel.exportPolicy({} as Route).accept, false);
  t.equal(told[0], "print seen 2");
  t.match(told[1], /^error filters, line 4: /);
});
