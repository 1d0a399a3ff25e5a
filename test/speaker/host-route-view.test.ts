// Next hops that have a static host route lead through its gateway, whatever the kernel has for them.

import t from "tap";
import { formatBytes, parseAddress, parsePrefix } from "../../src/base/ip.js";
import type { StaticRouteConfig } from "../../src/config/speaker-config.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { HostRouteView } from "../../src/speaker/host-route-view.js";
import { address } from "../rib/updates.js";
import { alienRoute } from "../support/alien-route.js";
import { FakeClock } from "../support/fake-clock.js";

function via(prefixText: string, gateway: string): StaticRouteConfig {
  const prefix = parsePrefix(prefixText);
  const parsed = parseAddress(gateway);
  if (prefix === undefined || parsed === undefined) throw new Error(`${prefixText} ${gateway}`);
  return { prefix, via: { kind: "gateway", address: parsed, device: undefined }, install: true };
}

function stage(routes: readonly StaticRouteConfig[]): { view: HostRouteView; way: (text: string) => string } {
  const kernel = new MemoryKernel({}, { clock: new FakeClock() });
  const everywhere = parsePrefix("0.0.0.0/0");
  const remote = parsePrefix("10.9.0.0/16");
  if (everywhere === undefined || remote === undefined) throw new Error("prefixes");
  // The gateway 10.9.0.1 is not on a link: it is itself behind another one.
  kernel.setAlienRoutes([alienRoute(remote, "eth7", address("10.0.0.254"))]);
  const view = new HostRouteView(kernel);
  view.setRoutes(routes);
  const way = (text: string): string => {
    const found = view.resolve(address(text), undefined);
    if (found === undefined) return "unreachable";
    return `${found.kind} ${found.gateway === undefined ? "" : formatBytes(found.gateway)}`.trim();
  };
  return { view, way };
}

t.test("the way to a next hop", (t) => {
  const { way } = stage([
    via("10.5.0.1/32", "10.0.0.1"),
    via("10.9.0.7/32", "10.0.0.1"),
    via("10.5.0.2/32", "10.9.0.1"),
    via("10.6.0.0/16", "10.0.0.1"),
  ]);
  t.equal(way("10.5.0.1"), "recursive 10.0.0.1", "through the gateway");
  t.equal(way("10.9.0.7"), "recursive 10.0.0.1", "before a route of the kernel");
  t.equal(way("10.9.0.8"), "recursive 10.0.0.254", "others by the kernel");
  t.equal(way("10.5.0.2"), "connected", "a gateway on no link is no way: the kernel decides");
  t.equal(way("10.6.0.1"), "connected", "wider routes are not looked at");
  t.end();
});

t.test("only a change is told", (t) => {
  const { view } = stage([via("10.5.0.1/32", "10.0.0.1"), via("10.5.1.1/32", "10.0.0.1")]);
  t.equal(view.setRoutes([via("10.5.0.1/32", "10.0.0.1"), via("10.5.1.1/32", "10.0.0.1")]), false);
  t.equal(view.setRoutes([via("10.5.0.1/32", "10.0.0.2"), via("10.5.1.1/32", "10.0.0.1")]), true);
  t.equal(view.setRoutes([via("10.5.0.1/32", "10.0.0.2")]), true);
  t.equal(view.setRoutes([via("10.6.0.0/16", "10.0.0.2")]), true);
  t.equal(view.setRoutes([]), false);
  t.end();
});
