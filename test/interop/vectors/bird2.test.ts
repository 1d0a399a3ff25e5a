// The same vectors against BIRD 2: a check of our reading of the RFCs. Where BIRD does otherwise, either a row is wrong or it
// says why BIRD deviates; nothing else is allowed.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { DaemonProcess, run } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { BIRD2_PROGRAMS } from "../../support/peers/bird2.js";
import { makeFolder, removeFolder, requireProgram } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { VECTORS } from "../../vectors/all-vectors.js";
import type { SubjectPeer } from "../../vectors/subject-config.js";
import { OUR_AS, PEER_AS } from "../../vectors/vector.js";
import { OBSERVER_ADDRESS, SUBJECT_ADDRESS, VectorLab } from "./vector-lab.js";

t.setTimeout(180_000);

const LEAST_CONFORMANCE = 0.95;
/** BIRD takes eight connections at a time from the kernel. */
const HANDSHAKES = 4;
const ROLES = {
  provider: "provider",
  routeServer: "rs_server",
  routeServerClient: "rs_client",
  customer: "customer",
  peer: "peer",
} as const;

function protocolText({ address, vector: { session } }: SubjectPeer, name: string, exported: "all" | "none"): string {
  const addPath = session.addPath ? "add paths rx;" : "";
  const nextHop = session.extendedNextHop ? "extended next hop on;" : "";
  return [
    `protocol bgp ${name} {`,
    `local ${SUBJECT_ADDRESS} as ${OUR_AS}; neighbor ${address} as ${session.kind === "ebgp" ? PEER_AS : OUR_AS};`,
    `passive yes; hold time 180; graceful restart off; enable extended messages ${session.extended ? "on" : "off"};`,
    session.kind === "ibgp" ? "rr client;" : "direct;",
    session.role === undefined ? "" : `local role ${ROLES[session.role]};`,
    session.roleStrict === true ? "require roles yes;" : "",
    `ipv4 { import all; export ${exported}; ${addPath} ${nextHop} };`,
    `ipv6 { import all; export ${exported}; };`,
    "}",
  ].join(" ");
}

function configText(peers: readonly SubjectPeer[]): string {
  const session = { kind: "ibgp", as4: true, extended: true, addPath: false, extendedNextHop: true } as const;
  const observer = { address: OBSERVER_ADDRESS, vector: { ...VECTORS[0], session } };
  return [
    "log stderr { warning, error, auth, fatal, bug };",
    `router id ${SUBJECT_ADDRESS};`,
    "protocol device { }",
    "protocol direct { ipv4; ipv6; }",
    protocolText(observer, "observer", "all"),
    ...peers.map((peer, index) => protocolText(peer, `vector${index}`, "none")),
    "",
  ].join("\n");
}

t.test("BIRD 2 conforms, but for what the rows say of it", needs(...BIRD2_PROGRAMS), async (t) => {
  const lab = await VectorLab.open(t);
  const folder = await makeFolder("bird2");
  t.teardown(() => removeFolder(folder));
  const [config, control] = [join(folder, "bird.conf"), join(folder, "ctl")];
  await writeFile(config, configText(lab.peers));
  const bird = new DaemonProcess(
    "BIRD 2",
    lab.subject.spawn([requireProgram("bird"), "-f", "-c", config, "-s", control]),
  );
  t.teardown(() => bird.stop());
  await eventually("birdc's first answer", async () => {
    if (!bird.isRunning) throw new Error(`bird ended:\n${bird.output}`);
    return (await run([requireProgram("birdc"), "-s", control, "show", "status"])).includes("Daemon is up and running");
  });

  const outcomes = await lab.run("subcode", HANDSHAKES);
  for (const { index, fault } of outcomes) {
    const { name, rfc, bird2 } = VECTORS[index];
    if (fault === undefined) t.equal(bird2, undefined, `${name} (${rfc}): no excuse is needed`);
    else t.type(bird2, "string", `${name} (${rfc}): ${fault}; ${bird2 ?? "why?"}`);
  }
  // Whether the session is reset and what becomes of the route counts here, not the subcode.
  const conforming = outcomes.filter(({ coarseFault }) => coarseFault === undefined).length;
  const percent = ((100 * conforming) / VECTORS.length).toFixed(1);
  t.ok(
    conforming >= LEAST_CONFORMANCE * VECTORS.length,
    `BIRD 2 meets ${conforming} of ${VECTORS.length}, ${percent} %`,
  );
});
