// `show interfaces`: what the system's tree of devices says of them, and the addresses that the kernel view knows.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatAddress, formatBytes, isLinkLocal, parsePrefix, prefixContains } from "../../base/ip.js";
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
  return {
    ...{ name, index, mtu },
    isUp: isSet(IFF_UP) && carrier && addresses.length > 0,
    flags: [
      isSet(IFF_POINTOPOINT) ? "PtP" : "MultiAccess",
      ...(isSet(IFF_BROADCAST) ? ["Broadcast"] : []),
      ...(isSet(IFF_MULTICAST) ? ["Multicast"] : []),
      isSet(IFF_UP) ? "AdminUp" : "AdminDown",
      carrier ? "LinkUp" : "LinkDown",
      ...(isSet(IFF_LOOPBACK) ? ["Loopback", "Ignored"] : []),
    ],
    addresses: addressViews(addresses),
  };
}

/** One is primary: the first that is more than link-local. */
function addressViews(addresses: readonly InterfaceAddress[]): readonly InterfaceAddressView[] {
  const isGlobal = ({ address }: InterfaceAddress): boolean => !isLinkLocal(address.bytes);
  const primary = addresses.find(isGlobal) ?? addresses[0];
  const ordered = primary === undefined ? [] : [primary, ...addresses.filter((each) => each !== primary)];
  return ordered.map((each) => {
    const { address, prefix } = each;
    const isSecondary = each !== primary && address.bytes.length === 4 && prefixContains(primary.prefix, address.bytes);
    return {
      text: `${formatAddress({ bytes: address.bytes })}/${prefix.length}`,
      role: each === primary ? "Primary" : isSecondary ? "Secondary" : "Unselected",
      opposite: oppositeOf(each),
      scope: scopeOf(address.bytes),
    };
  });
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
