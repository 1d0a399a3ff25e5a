// The node's own routes when the configuration changes: what is announced, and what the kernel should do with it.

import t from "tap";
import { type Node, World } from "./world.js";

const yaml = (route: string): string => `
as: 64512
peers: [{address: 10.0.0.2, as: 64512}]
node: {static: [${route}]}`;

async function start(route: string): Promise<{ readonly world: World; readonly node: Node }> {
  const world = new World();
  const node = await world.start("10.0.0.1", yaml(route));
  world.run(1000);
  return { world, node };
}

const CHANGES: readonly {
  readonly name: string;
  readonly routes: readonly (readonly [string, readonly string[]])[];
}[] = [
  {
    name: "another type",
    routes: [
      ["{prefix: 10.9.0.0/16, type: none}", []],
      ["{prefix: 10.9.0.0/16, type: blackhole}", ["10.9.0.0/16 blackhole"]],
      ["{prefix: 10.9.0.0/16, type: unreachable}", ["10.9.0.0/16 unreachable"]],
      ["{prefix: 10.9.0.0/16, type: none}", []],
    ],
  },
  {
    name: "another device",
    routes: [
      ["{prefix: 10.9.0.0/16, device: eth1}", ["10.9.0.0/16 unicast dev eth1"]],
      ["{prefix: 10.9.0.0/16, device: eth2}", ["10.9.0.0/16 unicast dev eth2"]],
    ],
  },
  {
    name: "no longer installed",
    routes: [
      ["{prefix: 10.9.0.0/16, via: 10.0.0.7}", ["10.9.0.0/16 unicast via 10.0.0.7"]],
      ["{prefix: 10.9.0.0/16, via: 10.0.0.7, install: false}", []],
      ["{prefix: 10.9.0.0/16, via: 10.0.0.7}", ["10.9.0.0/16 unicast via 10.0.0.7"]],
    ],
  },
];

for (const { name, routes } of CHANGES) {
  t.test(`a static route that changes in the kernel only, ${name}, reaches the kernel`, async (t) => {
    const { world, node } = await start(routes[0][0]);
    t.same(node.fib(), routes[0][1]);
    for (const [route, wanted] of routes.slice(1)) {
      await node.apply(yaml(route));
      world.run(1000);
      t.same(node.fib(), wanted, route);
    }
  });
}
