import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseAddress, parsePrefix } from "../../../src/base/ip.js";
import { interfaceView, readInterfaces } from "../../../src/bird/control/interface-views.js";
import type { InterfaceAddress, KernelView } from "../../../src/speaker/ports.js";
import { INTERFACES } from "./lab-facts.js";
import { socketFolder } from "../../control/socket-folder.js";

function address(device: string, text: string, on: string): InterfaceAddress {
  const [parsed, prefix] = [parseAddress(text), parsePrefix(on)];
  if (parsed === undefined || prefix === undefined) throw new Error(text);
  return { device, address: parsed, prefix };
}

/** As the laboratory's kernel has them; of a point-to-point link the prefix is the other end. */
const ADDRESSES = [
  address("lo", "127.0.0.1", "127.0.0.0/8"),
  address("eth0", "10.9.0.1", "10.9.0.0/24"),
  address("eth1", "10.9.1.1", "10.9.1.0/30"),
  address("ptp0", "10.9.7.1", "10.9.7.2/32"),
  address("eth0", "fd00:9::1", "fd00:9::/64"),
];
const view = { addresses: () => ADDRESSES } as unknown as KernelView;

t.test("the laboratory's interfaces from a tree of devices", async (t) => {
  const folder = socketFolder(t);
  for (const { name, index, mtu } of INTERFACES) {
    mkdirSync(join(folder, name));
    const files = { ifindex: index, flags: name === "lo" ? "0x9" : "0x1003", carrier: 1, mtu };
    for (const [file, value] of Object.entries(files)) writeFileSync(join(folder, name, file), `${value}\n`);
  }
  writeFileSync(join(folder, "bonding_masters"), "");
  t.strictSame(readInterfaces(view, 4, folder), INTERFACES);
  const [eth0] = readInterfaces(view, 6, folder).filter(({ isUp }) => isUp);
  t.strictSame(
    eth0.addresses.map(({ text, scope }) => [text, scope]),
    [["fd00:9::1/64", "site"]],
  );
});

t.test("link-local addresses stand behind global ones, second ones of a network are secondary", async (t) => {
  const facts = { name: "eth0", index: 2, flags: 0x1003, carrier: true, mtu: 1500 };
  const roles = (...addresses: InterfaceAddress[]): readonly string[] =>
    interfaceView(facts, addresses).addresses.map(({ text, role, scope }) => `${text} ${role} ${scope}`);
  t.strictSame(roles(address("eth0", "fe80::1", "fe80::/64"), address("eth0", "2001:db8::1", "2001:db8::/64")), [
    "2001:db8::1/64 Primary univ",
    "fe80::1/64 Unselected link",
  ]);
  t.strictSame(roles(address("eth0", "10.0.0.1", "10.0.0.0/24"), address("eth0", "10.0.0.2", "10.0.0.0/24")), [
    "10.0.0.1/24 Primary site",
    "10.0.0.2/24 Secondary site",
  ]);
});

t.test("down, without carrier, point to point", async (t) => {
  const facts = { name: "tun0", index: 2, flags: 0x10, carrier: false, mtu: 1480 };
  const { isUp, flags } = interfaceView(facts, [address("tun0", "10.0.0.1", "10.0.0.2/32")]);
  t.notOk(isUp);
  t.strictSame(flags, ["PtP", "Multicast", "AdminDown", "LinkDown"]);
  const silent = { name: "eth3", index: 3, flags: 0x1003, carrier: false, mtu: 1500 };
  t.match(interfaceView(silent, [address("eth3", "10.3.0.1", "10.3.0.0/24")]), {
    isUp: true,
    flags: ["MultiAccess", "Broadcast", "Multicast", "AdminUp", "LinkDown"],
  });
});

// As BIRD 1.6.8 shows them.
t.test("the primary address is the lowest that more than the link knows", async (t) => {
  const facts = { name: "x", index: 2, flags: 0x1003, carrier: true, mtu: 1500 };
  const roles = (...addresses: InterfaceAddress[]): readonly string[] =>
    interfaceView(facts, addresses).addresses.map(({ text, role }) => `${text} ${role}`);
  t.strictSame(roles(address("lo", "127.0.0.1", "127.0.0.0/8"), address("lo", "10.5.0.1", "10.5.0.1/32")), [
    "10.5.0.1/32 Primary",
    "127.0.0.1/8 Unselected",
  ]);
  t.strictSame(
    roles(
      address("x", "10.2.0.1", "10.2.0.0/24"),
      address("x", "10.1.0.1", "10.1.0.0/24"),
      address("x", "10.2.0.7", "10.2.0.0/24"),
    ),
    ["10.1.0.1/24 Primary", "10.2.0.1/24 Unselected", "10.2.0.7/24 Secondary"],
  );
});
