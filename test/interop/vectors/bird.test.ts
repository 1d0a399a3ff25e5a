// The vectors over TCP against `bird` with a bird.cfg: reactions to malformed messages are the RFCs' with this front door too.
// It speaks IPv4 alone and knows no roles and no extended messages, so the rows about those are left out.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { DaemonProcess, run } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { makeFolder, removeFolder } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";
import type { SubjectPeer } from "../../vectors/subject-config.js";
import { OUR_AS, PEER_AS, type Vector } from "../../vectors/vector.js";
import { MP_IPV4, MP_IPV6 } from "../../vectors/wire.js";
import { OBSERVER_ADDRESS, SUBJECT_ADDRESS, VectorLab } from "./vector-lab.js";

t.setTimeout(180_000);

/** All but IPv6, roles, extended messages and next hops of another family. */
const LEAST_VECTORS = 150;

function isForBird({ session, send, open = "", expect, also = expect }: Vector): boolean {
  if (session.extended || session.extendedNextHop || session.role !== undefined) return false;
  const text = `${send}${open}${JSON.stringify([expect, also])}`;
  const offersIpv6Alone = text.includes(MP_IPV6) && !text.includes(MP_IPV4);
  return !offersIpv6Alone && !/<[pq]6>|"p6"/.test(text);
}

function protocolText({ address, vector: { session } }: SubjectPeer, name: string): string {
  return `protocol bgp ${name} {
  local as ${OUR_AS};
  neighbor ${address} as ${session.kind === "ebgp" ? PEER_AS : OUR_AS};
  source address ${SUBJECT_ADDRESS};
  passive on; hold time 180;
  ${session.kind === "ibgp" ? "rr client;" : "direct;"}
  ${session.addPath ? "add paths rx;" : ""}
  import all; export ${name === "observer" ? "all" : "none"};
}
`;
}

function configText(peers: readonly SubjectPeer[]): string {
  const session = { kind: "ibgp", as4: true, extended: false, addPath: false, extendedNextHop: false } as const;
  const observer = { address: OBSERVER_ADDRESS, vector: { ...peers[0].vector, session } };
  return [
    `router id ${SUBJECT_ADDRESS};`,
    "protocol device { scan time 2; }",
    protocolText(observer, "observer"),
    ...peers.map((peer, index) => protocolText(peer, `vector${index}`)),
  ].join("\n");
}

t.test("bird meets the vectors over TCP", needs(), async (t) => {
  const lab = await VectorLab.open(t, { takes: isForBird, hasIpv6: false });
  t.ok(lab.peers.length >= LEAST_VECTORS, `${lab.peers.length} vectors`);
  const folder = await makeFolder("bird-vectors");
  t.teardown(() => removeFolder(folder));
  const [config, socket] = [join(folder, "bird.cfg"), join(folder, "bird.ctl")];
  await writeFile(config, configText(lab.peers));
  const bird = new DaemonProcess(
    "bird",
    lab.subject.spawn(["env", "-u", "NODE_OPTIONS", join(ROOT, "dist/bin/bird"), "-s", socket, "-d", "-c", config]),
  );
  t.teardown(() => bird.stop());
  const ask = (...words: string[]): Promise<string> => run([join(ROOT, "dist/bin/birdcl"), "-s", socket, ...words]);
  await eventually("the first answer", async () => {
    if (!bird.isRunning) throw new Error(`bird ended:\n${bird.output}`);
    return (await ask("show", "status")).includes("Daemon is up and running");
  });

  const outcomes = await lab.run("data", lab.peers.length);
  t.equal(outcomes.length, lab.peers.length);
  for (const { vector, fault } of outcomes) t.equal(fault, undefined, `${vector.name} (${vector.rfc})`);
  t.match(await ask("show", "status"), /^Daemon is up and running$/m);
  t.notMatch(bird.output, /bug:|\bat .*:\d+:\d+/, "no stack trace in the log");
});
