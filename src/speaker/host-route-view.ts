// The kernel as it will be with the node's static host routes: a next hop that has one leads through its gateway, whatever
// wider route, or route of someone else, the kernel has for it. Calico's `reachableBy` is such a route. Wider static routes
// are followed once they stand in the kernel, by the kernel; here they are not looked at.

import { type Bytes, equalBytes, readI32 } from "../base/bytes.js";
import type { StaticGateway, StaticRouteConfig } from "../config/speaker-config.js";
import type { AlienRoute, InterfaceAddress, KernelView, Resolution } from "./ports.js";

interface HostRoute {
  readonly address: Bytes;
  readonly gateway: StaticGateway;
}

export class HostRouteView implements KernelView {
  readonly #kernel: KernelView;
  /** By the last four octets of the address. */
  #routes = new Map<number, readonly HostRoute[]>();

  constructor(kernel: KernelView) {
    this.#kernel = kernel;
  }

  /** Takes over what is configured now. True if next hops may resolve otherwise than before. */
  setRoutes(routes: readonly StaticRouteConfig[]): boolean {
    const before = [...this.#routes.values()].flat();
    const now = routes.flatMap(({ prefix, via }): HostRoute[] => {
      if (prefix.length !== 8 * prefix.bytes.length) return [];
      const gateway = via.kind === "gateways" ? via.gateways[0] : via.kind === "gateway" ? via : undefined;
      return gateway === undefined ? [] : [{ address: prefix.bytes, gateway }];
    });
    const isKnown = (route: HostRoute, i: number): boolean => before[i] !== undefined && isSame(route, before[i]);
    this.#routes = new Map();
    for (const route of now) {
      const key = keyOf(route.address);
      this.#routes.set(key, [...(this.#routes.get(key) ?? []), route]);
    }
    return before.length !== now.length || ![...this.#routes.values()].flat().every(isKnown);
  }

  resolve(address: Bytes, zone: string | undefined): Resolution | undefined {
    return this.#throughHostRoute(address) ?? this.#kernel.resolve(address, zone);
  }

  addresses(): readonly InterfaceAddress[] {
    return this.#kernel.addresses();
  }

  alienRoutes(): readonly AlienRoute[] {
    return this.#kernel.alienRoutes();
  }

  isUp(device: string): boolean {
    return this.#kernel.isUp(device);
  }

  hasDevice(device: string): boolean {
    return this.#kernel.hasDevice(device);
  }

  onChange(listener: () => void): () => void {
    return this.#kernel.onChange(listener);
  }

  /** undefined: there is none, its gateway is on no link, or the address is our own. */
  #throughHostRoute(address: Bytes): Resolution | undefined {
    if (this.#routes.size === 0) return undefined;
    const route = this.#routes.get(keyOf(address))?.find((known) => isSameAddress(known.address, address));
    if (route === undefined || this.#kernel.resolve(address, undefined)?.kind === "local") return undefined;
    const { bytes, zone } = route.gateway.address;
    const way = this.#kernel.resolve(bytes, route.gateway.device ?? zone);
    if (way?.kind !== "connected") return undefined;
    return { kind: "recursive", device: way.device, gateway: bytes, cost: 0 };
  }
}

function keyOf(address: Bytes): number {
  return readI32(address, address.length - 4);
}

function isSameAddress(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && equalBytes(a, 0, b, 0, a.length);
}

function isSame(a: HostRoute, b: HostRoute): boolean {
  const isSameGateway = isSameAddress(a.gateway.address.bytes, b.gateway.address.bytes);
  return isSameGateway && a.gateway.device === b.gateway.device && isSameAddress(a.address, b.address);
}
