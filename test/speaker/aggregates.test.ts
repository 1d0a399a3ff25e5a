// Aggregates on the RIB: what they hide from the peers, and that it comes back.

import t from "tap";
import { RELATION } from "../../src/rib/sources.js";
import { Aggregates } from "../../src/speaker/aggregates.js";
import { RibStage, sourceOptions } from "../rib/rib-stage.js";
import { prefix } from "../rib/updates.js";

const summary = (text: string) => ({ prefix: prefix(text), summaryOnly: true });
const ORIGINATED = { origin: 0, asPath: [] };

function start() {
  const stage = new RibStage();
  const ipv4 = stage.join(1);
  const ipv6 = stage.join(2, { family: 1 });
  const source = stage.rib.addSource(sourceOptions(RELATION.local));
  const announce = (text: string): void => stage.rib.announceLocal(source, prefix(text), ORIGINATED);
  const heard = (): string[] => [ipv4, ipv6].flatMap(({ inbox }) => [...inbox.view.keys()]).sort();
  return { stage, announce, heard, aggregates: new Aggregates(stage.rib) };
}

t.test("a longer prefix is hidden though the aggregate is there already and nothing else happens", async (t) => {
  const { stage, announce, heard, aggregates } = start();
  aggregates.apply([summary("10.244.0.0/16")]);
  announce("10.244.1.0/24");
  stage.settle();
  t.same(heard(), ["10.244.0.0/16"]);
  announce("10.244.2.0/24");
  // Not the stage's own settling: that asks for flushes which nobody else would ask for.
  stage.clock.settle();
  t.same(heard(), ["10.244.0.0/16"]);
});

t.test("what an aggregate hid comes back, whatever aggregates of the other family hide", async (t) => {
  const { stage, announce, heard, aggregates } = start();
  aggregates.apply([summary("10.244.0.0/16"), summary("2001:db8::/32")]);
  announce("10.244.1.0/24");
  announce("2001:db8:1::/48");
  stage.settle();
  t.same(heard(), ["10.244.0.0/16", "2001:db8::/32"]);
  aggregates.apply([]);
  stage.settle();
  t.same(heard(), ["10.244.1.0/24", "2001:db8:1::/48"]);
});
