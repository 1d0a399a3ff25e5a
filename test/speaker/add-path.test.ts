// ADD-PATH between whole speakers (RFC 7911): a reflector passes every path on, and a client shares traffic over them.

import t from "tap";
import { type Node, World } from "./world.js";

const PREFIX = "10.50.0.0/24";
const REFLECTOR = "10.0.0.9";

interface Options {
  readonly addPathSend?: string;
  readonly addPathReceive?: boolean;
}

/** A reflector with three clients; all three may have the prefix, and the third takes several paths. */
async function reflected(options: Options = {}): Promise<{ world: World; reflector: Node; taker: Node }> {
  const { addPathSend = "all", addPathReceive = true } = options;
  const world = new World();
  const clients = [1, 2, 3].map(
    (i) => `  - {address: 10.0.0.${i}, as: 64512, routeReflectorClient: true, addPathSend: ${addPathSend}}`,
  );
  const reflector = await world.start(REFLECTOR, `as: 64512\npeers:\n${clients.join("\n")}`, { kernel: false });
  const option = `, addPathReceive: ${addPathReceive}`;
  for (const i of [1, 2]) {
    await world.start(`10.0.0.${i}`, client(`node: {static: [{prefix: ${PREFIX}, type: none}]}`, option));
  }
  const taker = await world.start("10.0.0.3", client("", option));
  world.run(10_000);
  return { world, reflector, taker };
}

const client = (more: string, option = ""): string =>
  `as: 64512\npeers:\n  - {address: ${REFLECTOR}, as: 64512${option}}\n${more}`;

const nextHops = (node: Node): (string | undefined)[] =>
  node
    .routes({ stage: "received", prefix: PREFIX })
    .map((route) => route.nextHop)
    .sort();

t.test("a client learns both paths with identifiers of their own, and uses both", async (t) => {
  const { reflector, taker } = await reflected();
  t.same(nextHops(taker), ["10.0.0.1", "10.0.0.2"]);
  const paths = taker.routes({ stage: "received", prefix: PREFIX });
  t.equal(new Set(paths.map(({ pathId }) => pathId)).size, 2);
  t.same(
    paths.map(({ originatorId }) => originatorId).sort(),
    ["10.0.0.1", "10.0.0.2"],
    "each path is reflected as itself",
  );
  t.same(taker.fib(), [`${PREFIX} unicast via 10.0.0.1 dev eth0 via 10.0.0.2 dev eth0`]);
  const told = reflector.routes({ stage: "advertised", peer: "10.0.0.3" });
  t.same(
    told.map(({ pathId, best }) => [pathId, best]).sort(),
    paths.map(({ pathId, nextHop }) => [pathId, nextHop === "10.0.0.1"]).sort(),
    "the reflector shows what it has told",
  );
  t.match(reflector.speaker.peer("10.0.0.3")?.families[0], { advertised: 2 });
});

t.test("when one origin leaves, its path alone is withdrawn", async (t) => {
  const { world, reflector, taker } = await reflected();
  const [, kept] = taker.routes({ stage: "received", prefix: PREFIX }).sort((a, b) => (a.from < b.from ? -1 : 1));
  t.ok(kept);
  const received = (): number => taker.speaker.peer(REFLECTOR)?.messages.received.update ?? 0;
  const before = received();
  await world.nodes.get("10.0.0.1")?.apply(client("", ", addPathReceive: true"));
  world.run(10_000);
  t.same(nextHops(taker), ["10.0.0.2"]);
  t.same(taker.fib(), [`${PREFIX} unicast via 10.0.0.2 dev eth0`]);
  t.equal(received(), before + 1, "one UPDATE says it");
  t.same(
    reflector.routes({ stage: "advertised", peer: "10.0.0.3" }).map(({ nextHop }) => nextHop),
    ["10.0.0.2"],
  );
});

t.test("an origin hears the other's path, never its own", async (t) => {
  const { world, reflector } = await reflected();
  const first = world.nodes.get("10.0.0.1");
  if (first !== undefined) t.same(nextHops(first), ["10.0.0.2", undefined], "beside its own static route");
  t.same(
    reflector.routes({ stage: "advertised", peer: "10.0.0.1" }).map(({ nextHop }) => nextHop),
    ["10.0.0.2"],
  );
});

t.test("the best path alone, without identifiers, for whoever does not take several", async (t) => {
  const { reflector, taker } = await reflected({ addPathReceive: false });
  t.same(nextHops(taker), ["10.0.0.1"]);
  t.same(
    reflector.routes({ stage: "advertised", peer: "10.0.0.3" }).map(({ pathId }) => pathId),
    [0],
  );
});

t.test("a number bounds the paths; another number resets the session and counts from then on", async (t) => {
  const { world, reflector, taker } = await reflected({ addPathSend: "1" });
  t.same(nextHops(taker), ["10.0.0.1"]);
  const yaml = `  - {address: 10.0.0.3, as: 64512, routeReflectorClient: true, addPathSend: 2}`;
  const others = [1, 2].map((i) => `  - {address: 10.0.0.${i}, as: 64512, routeReflectorClient: true}`);
  await reflector.apply(`as: 64512\npeers:\n${[...others, yaml].join("\n")}`);
  world.run(60_000);
  t.same(nextHops(taker), ["10.0.0.1", "10.0.0.2"]);
});
