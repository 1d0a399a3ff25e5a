// Which address a session tells as ourselves.

import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import type { Family } from "../../src/base/family.js";
import { type IpAddress, parseAddress, parsePrefix } from "../../src/base/ip.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import type { InterfaceAddress } from "../../src/speaker/ports.js";
import { selfNextHop } from "../../src/speaker/self-next-hop.js";
import { FakeClock } from "../support/fake-clock.js";

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new RangeError(`not an address: ${text}`);
  return parsed;
}

function entry(device: string, text: string, prefixText: string): InterfaceAddress {
  const prefix = parsePrefix(prefixText);
  if (prefix === undefined) throw new RangeError(`not a prefix: ${prefixText}`);
  return { device, address: address(text), prefix };
}

const ETH0 = [
  entry("eth0", "10.0.0.1", "10.0.0.0/24"),
  entry("eth0", "fe80::1", "fe80::/64"),
  entry("eth0", "2001:db8::1", "2001:db8::/64"),
];
const LO = entry("lo", "2001:db8:ffff::1", "2001:db8:ffff::1/128");

interface Case {
  readonly name: string;
  readonly local: string;
  readonly remote: string;
  readonly family: Family;
  readonly addresses: readonly InterfaceAddress[] | undefined;
  readonly extended?: boolean;
  readonly wanted: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "IPv4 over IPv4 is the session's address",
    ...{ local: "10.0.0.1", remote: "10.0.0.2", family: 0, addresses: ETH0, wanted: ["10.0.0.1"] },
  },
  {
    name: "a peer on the link is told the link-local address too (RFC 2545 §3)",
    ...{ local: "2001:db8::1", remote: "2001:db8::2", family: 1, addresses: ETH0, wanted: ["2001:db8::1", "fe80::1"] },
  },
  {
    name: "a peer behind a router is told the global address only",
    ...{ local: "2001:db8::1", remote: "2001:db8:9::2", family: 1, addresses: ETH0, wanted: ["2001:db8::1"] },
  },
  {
    name: "IPv6 over IPv4 on a link is told both",
    ...{ local: "10.0.0.1", remote: "10.0.0.2", family: 1, addresses: ETH0, wanted: ["2001:db8::1", "fe80::1"] },
  },
  {
    name: "an address of another interface has no link-local one",
    ...{
      local: "2001:db8:ffff::1",
      remote: "2001:db8::2",
      family: 1,
      addresses: [...ETH0, LO],
      wanted: ["2001:db8:ffff::1"],
    },
  },
  {
    name: "an interface without a link-local address tells the global one",
    ...{
      local: "2001:db8::1",
      remote: "2001:db8::2",
      family: 1,
      addresses: ETH0.filter(({ address: { bytes } }) => bytes[0] !== 0xfe),
      wanted: ["2001:db8::1"],
    },
  },
  {
    name: "a session over link-local addresses tells the global one of its interface, and that address",
    ...{
      local: "fe80::1%eth0",
      remote: "fe80::2%eth0",
      family: 1,
      addresses: [entry("eth1", "fe80::1", "fe80::/64"), entry("eth1", "2001:db8:1::1", "2001:db8:1::/64"), ...ETH0],
      wanted: ["2001:db8::1", "fe80::1"],
    },
  },
  {
    name: "where there is nothing but link-local addresses it tells that one",
    ...{ local: "fe80::1%eth0", remote: "fe80::2%eth0", family: 1, addresses: ETH0.slice(1, 2), wanted: ["fe80::1"] },
  },
  {
    name: "IPv4 over link-local addresses alone is that address with RFC 8950",
    ...{
      local: "fe80::1%eth0",
      remote: "fe80::2%eth0",
      family: 0,
      addresses: ETH0.slice(1),
      extended: true,
      wanted: ["fe80::1"],
    },
  },
  {
    name: "IPv4 over IPv6 is an IPv4 address of the interface, also with RFC 8950",
    ...{
      local: "2001:db8::1",
      remote: "2001:db8::2",
      family: 0,
      addresses: ETH0,
      extended: true,
      wanted: ["10.0.0.1"],
    },
  },
  {
    name: "IPv4 over IPv6 without an IPv4 address is our global IPv6 address with RFC 8950",
    ...{
      local: "2001:db8::1",
      remote: "2001:db8::2",
      family: 0,
      addresses: ETH0.slice(1),
      extended: true,
      wanted: ["2001:db8::1"],
    },
  },
  {
    name: "without RFC 8950 there is none",
    ...{ local: "2001:db8::1", remote: "2001:db8::2", family: 0, addresses: ETH0.slice(1), wanted: [] },
  },
  {
    name: "without a kernel it is the session's address",
    ...{ local: "2001:db8::1", remote: "2001:db8::2", family: 1, addresses: undefined, wanted: ["2001:db8::1"] },
  },
  {
    name: "without a kernel IPv6 over IPv4 has none",
    ...{ local: "10.0.0.1", remote: "10.0.0.2", family: 1, addresses: undefined, wanted: [] },
  },
];

for (const { name, local, remote, family, addresses, extended = false, wanted } of CASES) {
  t.test(name, async (t) => {
    const view = addresses && new MemoryKernel({ addresses }, { clock: new FakeClock() });
    const told = selfNextHop(address(local), address(remote), family, extended, view);
    t.equal(toHex(told), wanted.map((text) => toHex(address(text).bytes)).join(""));
  });
}
