// Every vector over TCP against the real daemon: a peer each, all at the same time, and an observer beside them.

import t from "tap";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";
import { VECTORS } from "../../vectors/all-vectors.js";
import { subjectConfig } from "../../vectors/subject-config.js";
import { OBSERVER_ADDRESS, SUBJECT_ADDRESS, VectorLab } from "./vector-lab.js";

t.setTimeout(180_000);

t.test("our daemon meets every vector over TCP", needs(), async (t) => {
  const lab = await VectorLab.open(t);
  const starling = new Starling(lab.subject, {
    listen: [`${SUBJECT_ADDRESS}:179`],
    ...subjectConfig(SUBJECT_ADDRESS, OBSERVER_ADDRESS, lab.peers),
  });
  t.teardown(() => starling.remove());
  await starling.start();
  const outcomes = await lab.run("data", VECTORS.length);
  t.equal(outcomes.length, VECTORS.length);
  for (const { index, fault } of outcomes) t.equal(fault, undefined, `${VECTORS[index].name} (${VECTORS[index].rfc})`);
  const observer = await starling.peer(OBSERVER_ADDRESS);
  t.match(observer, { transitions: 1 }, "the observer was never disturbed");
  t.notMatch(starling.log(), /bug:|\bat .*:\d+:\d+/, "no stack trace in the log");
});
