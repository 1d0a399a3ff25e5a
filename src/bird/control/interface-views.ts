// `show interfaces`: what the system's tree of devices says of them, and the addresses that the kernel view knows.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatAddress, formatBytes, parsePrefix, prefixContains } from "../../base/ip.js";
import type { InterfaceAddress, KernelView } from "../../speaker/ports.js";
import type { InterfaceAddressView, InterfaceView } from "./bird-view.js";

const DEVICES = "/sys/class/net";

/** net_device flags (linux/if.h). */
const IFF_UP = 1;
const IFF_BROADCAST = 2;
const IFF_LOOPBACK = 8;
const IFF_POINTOPOINT = 0x10;
const IFF_MULTICAST = 0x1000;

export interface DeviceFacts {
  readonly name: string;
  readonly index: number;
  readonly flags: number;
  readonly carrier: boolean;
  readonly mtu: number;
}

/** All interfaces of the network namespace in the order of their indexes, with their addresses of this version. */
export function readInterfaces(
  view: KernelView | undefined,
  ipVersion: 4 | 6,
  devices = DEVICES,
): readonly InterfaceView[] {
  const length = ipVersion === 4 ? 4 : 16;
  const addresses = (view?.addresses() ?? []).filter(({ address }) => address.bytes.length === length);
  return readdirSync(devices)
    .flatMap((name) => readDevice(devices, name) ?? [])
    .sort((a, b) => a.index - b.index)
    .map((facts) =>
      interfaceView(
        facts,
        addresses.filter(({ device }) => device === facts.name),
      ),
    );
}

/** Undefined for what is no device, or has gone meanwhile. */
function readDevice(devices: string, name: string): DeviceFacts | undefined {
  const read = (file: string): string | undefined => {
    try {
      return readFileSync(join(devices, name, file), "utf8").trim();
    } catch {
      return undefined; // it went away, or (for the carrier) is not up
    }
  };
  const [index, flags, mtu] = [read("ifindex"), read("flags"), read("mtu")];
  if (index === undefined || flags === undefined || mtu === undefined) return undefined;
  return { name, index: Number(index), flags: Number(flags), carrier: read("carrier") === "1", mtu: Number(mtu) };
}

export function interfaceView(facts: DeviceFacts, addresses: readonly InterfaceAddress[]): InterfaceView {
  const { name, index, mtu, carrier } = facts;
  const isSet = (flag: number): boolean => (facts.flags & flag) !== 0;
  const isLoopback = isSet(IFF_LOOPBACK);
  const isPointToPoint = isSet(IFF_POINTOPOINT) && !isLoopback;
  const isBroadcast = isSet(IFF_BROADCAST) && !isLoopback && !isPointToPoint;
  return {
    ...{ name, index, mtu },
    // A link without a carrier is up all the same.
    isUp: isSet(IFF_UP) && addresses.length > 0,
    flags: [
      isPointToPoint ? "PtP" : "MultiAccess",
      ...(isBroadcast ? ["Broadcast"] : []),
      ...(isPointToPoint || isBroadcast || isSet(IFF_MULTICAST) ? ["Multicast"] : []),
      isSet(IFF_UP) ? "AdminUp" : "AdminDown",
      carrier ? "LinkUp" : "LinkDown",
      ...(isLoopback ? ["Loopback", "Ignored"] : []),
    ],
    addresses: addressViews(addresses),
  };
}

/** One is primary: of those that are no second ones of their network, and that more than a link knows, the lowest. */
function addressViews(addresses: readonly InterfaceAddress[]): readonly InterfaceAddressView[] {
  const secondary = new Set(addresses.filter((each, at) => isSecondary(each, addresses.slice(0, at))));
  const first = addresses.filter((each) => !secondary.has(each));
  const wide = first.filter(({ address }) => ["site", "univ"].includes(scopeOf(address.bytes)));
  const [primary] = (wide.length > 0 ? wide : first).sort((a, b) => Buffer.compare(a.address.bytes, b.address.bytes));
  const ordered = first.length === 0 ? [] : [primary, ...addresses.filter((each) => each !== primary)];
  return ordered.map((each) => {
    const { address, prefix } = each;
    return {
      text: `${formatAddress({ bytes: address.bytes })}/${prefix.length}`,
      role: each === primary ? "Primary" : secondary.has(each) ? "Secondary" : "Unselected",
      opposite: oppositeOf(each),
      scope: scopeOf(address.bytes),
    };
  });
}

/** As the kernel's flag says: an IPv4 address in a network of which the interface had one before. */
function isSecondary({ address, prefix }: InterfaceAddress, before: readonly InterfaceAddress[]): boolean {
  if (address.bytes.length !== 4) return false;
  return before.some((other) => other.prefix.length === prefix.length && prefixContains(other.prefix, address.bytes));
}

/** The other end of a point-to-point link, or of an IPv4 network for two. */
function oppositeOf({ address, prefix }: InterfaceAddress): string | undefined {
  const { bytes } = address;
  const bits = bytes.length * 8;
  if (prefix.length === bits) {
    const other = formatBytes(prefix.bytes);
    return other === formatBytes(bytes) ? undefined : other;
  }
  if (bytes.length !== 4 || prefix.length < 30) return undefined;
  const other = Uint8Array.from(bytes);
  // Of a /30 the first and the last address are nobody's; of a /31 both are hosts.
  other[3] ^= prefix.length === 30 ? 3 : 1;
  return formatBytes(other);
}

const SCOPES: readonly (readonly [InterfaceAddressView["scope"], string])[] = [
  ["host", "127.0.0.0/8"],
  ["site", "10.0.0.0/8"],
  ["site", "172.16.0.0/12"],
  ["site", "192.168.0.0/16"],
  ["host", "::1/128"],
  ["link", "fe80::/10"],
  ["site", "fec0::/10"],
  ["site", "fc00::/7"],
];

function scopeOf(bytes: Uint8Array): InterfaceAddressView["scope"] {
  const found = SCOPES.find(([, text]) => {
    const prefix = parsePrefix(text);
    return prefix?.bytes.length === bytes.length && prefixContains(prefix, bytes);
  });
  return found?.[0] ?? "univ";
}
