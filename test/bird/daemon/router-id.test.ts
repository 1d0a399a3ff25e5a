// The router id of the interfaces.

import type { NetworkInterfaceInfo } from "node:os";
import t from "tap";
import { routerIdOfInterfaces } from "../../../src/bird/daemon/router-id.js";

function ipv4(address: string, internal = false): NetworkInterfaceInfo {
  return { family: "IPv4", address, internal, netmask: "", mac: "", cidr: null };
}

t.test("the lowest address that is not of loopback, if there is one", async (t) => {
  const eth1 = [ipv4("192.168.1.2"), ipv4("10.0.0.200")];
  t.equal(routerIdOfInterfaces({ lo: [ipv4("127.0.0.1", true)], eth0: [ipv4("200.0.0.1")], eth1 }), 0x0a0000c8);
  t.equal(routerIdOfInterfaces({ lo: [ipv4("127.0.0.1", true)] }), undefined);
  const ipv6: NetworkInterfaceInfo = { ...ipv4("fd00::1"), family: "IPv6", scopeid: 0 };
  t.equal(routerIdOfInterfaces({ eth0: [ipv6] }), undefined);
  t.type(routerIdOfInterfaces(), "number");
});
