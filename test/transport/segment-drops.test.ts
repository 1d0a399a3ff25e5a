import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { parseNetstat, SegmentDropCounters } from "../../src/transport/segment-drops.js";
import { FakeClock } from "../support/fake-clock.js";

function netstat(md5Wrong: number): string {
  return [
    "TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted TCPMinTTLDrop",
    `TcpExt: 9 1 2 ${md5Wrong} 8 4`,
    "IpExt: InNoRoutes TCPMD5Failure",
    "IpExt: 5 6",
    "",
  ].join("\n");
}

t.test("the counters are found by their names", (t) => {
  t.same(parseNetstat(netstat(3)), { md5Missing: 1, md5Unexpected: 2, md5Wrong: 3, ttlTooLow: 4 });
  t.same(
    parseNetstat("TcpExt: TCPMinTTLDrop\nTcpExt: 7\n"),
    { md5Missing: 0, md5Unexpected: 0, md5Wrong: 0, ttlTooLow: 7 },
    "a kernel without MD5",
  );
  t.equal(parseNetstat(""), undefined);
  t.equal(parseNetstat("TcpExt: TCPMinTTLDrop\n"), undefined, "names without values");
  t.end();
});

t.test("one reading serves all who ask within 100 ms", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "starling-netstat-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, "netstat");
  const clock = new FakeClock();
  const counters = new SegmentDropCounters(clock, path);
  t.equal(counters.read(), undefined, "no such file");
  await writeFile(path, netstat(1));
  clock.advance(99);
  t.equal(counters.read(), undefined);
  clock.advance(1);
  t.equal(counters.read()?.md5Wrong, 1);
  await writeFile(path, netstat(2));
  t.equal(counters.read()?.md5Wrong, 1);
  clock.advance(100);
  t.equal(counters.read()?.md5Wrong, 2);
});

t.test("this kernel tells", (t) => {
  const drops = new SegmentDropCounters(new FakeClock()).read();
  t.ok(drops !== undefined && Object.values(drops).every(Number.isSafeInteger), JSON.stringify(drops));
  t.end();
});
