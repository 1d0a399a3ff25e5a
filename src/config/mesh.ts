// The node-to-node mesh: one list of nodes, the same in every node's file, from which each makes sessions with all others.
// A pair of nodes has one session for each family in which both have an address.

import type { z } from "zod";
import { addressFamily, formatAddress, formatIpv4Word } from "../base/ip.js";
import { nearestHint } from "../policy/nearest-name.js";
import type { ConfigReport } from "./config-report.js";
import { buildPeer } from "./peer-builder.js";
import type { meshSchema } from "./peer-schema.js";
import type { OwnNode, PeersContext } from "./peers-context.js";
import type { ConfigInput } from "./schema.js";
import type { PeerConfig } from "./speaker-config.js";
import type { Path } from "./yaml-source.js";

type MeshInput = z.output<typeof meshSchema>;

/** Finds our own entry: `self`, else the name the process was started with, else the node whose address `routerId` shows. */
export function findOwnNode(
  input: ConfigInput,
  nodeName: string | undefined,
  report: ConfigReport,
): OwnNode | undefined {
  const { mesh, routerId } = input;
  if (mesh === undefined) return undefined;
  checkNodes(mesh, report);
  const name = mesh.self ?? nodeName;
  if (name !== undefined) {
    const node = mesh.nodes.find((candidate) => candidate.name === name);
    if (node !== undefined) return { ...node, as: node.as };
    const hint = nearestHint(
      name,
      mesh.nodes.map((candidate) => candidate.name),
    );
    if (mesh.self !== undefined)
      report.fault(["mesh", "self"], `there is no node "${name}"`, hint === "" ? "one of the names in nodes" : hint);
    else report.fault(["mesh", "nodes"], `there is no node "${name}", the name of this node`, hint, "key");
    return undefined;
  }
  const text = routerId === undefined ? undefined : formatIpv4Word(routerId);
  const node = mesh.nodes.find(({ addresses }) => addresses.some((address) => formatAddress(address) === text));
  if (node !== undefined) return { ...node, as: node.as };
  if (mesh.enabled !== false) {
    const reason = text === undefined ? "" : `: no node has the address ${text}`;
    report.fault(["mesh"], `it is not known which node we are${reason}`, 'set "self" to a name in nodes', "key");
  }
  return undefined;
}

function checkNodes(mesh: MeshInput, report: ConfigReport): void {
  const names = new Set<string>();
  const addresses = new Set<string>();
  for (const [i, node] of mesh.nodes.entries()) {
    const path: Path = ["mesh", "nodes", i];
    if (names.has(node.name)) report.fault([...path, "name"], `duplicate node "${node.name}"`, "each name once");
    names.add(node.name);
    const families = node.addresses.map(addressFamily);
    if (new Set(families).size < families.length) {
      report.fault(
        [...path, "addresses"],
        `node "${node.name}" has two addresses of one family`,
        "one IPv4 and one IPv6 address at most",
      );
    }
    for (const [j, address] of node.addresses.entries()) {
      const text = formatAddress(address);
      if (addresses.has(text))
        report.fault([...path, "addresses", j], `duplicate address ${text}`, "another node has it");
      addresses.add(text);
    }
  }
}

/** The sessions of the mesh, each with the place of the address it goes to. */
export function meshPeers(
  input: ConfigInput,
  context: PeersContext,
): readonly { peer: PeerConfig | undefined; path: Path }[] {
  const { mesh } = input;
  const { self } = context;
  if (mesh === undefined) return [];
  const groupPath: Path = ["mesh", "group"];
  const options = context.groups.effective([], mesh.group, groupPath);
  if (mesh.enabled === false || self === undefined) return [];
  return mesh.nodes.flatMap((node, i) => {
    if (node.name === self.name) return [];
    return node.addresses.flatMap((address, j) => {
      const ours = self.addresses.find((own) => addressFamily(own) === addressFamily(address));
      if (ours === undefined) return [];
      const path: Path = ["mesh", "nodes", i, "addresses", j];
      const identity = {
        address,
        key: formatAddress(address),
        name: node.name,
        type: "node-to-node mesh" as const,
        group: mesh.group ?? "",
        as: node.as ?? input.as,
        localAddress: ours,
        path,
      };
      return [{ peer: buildPeer(identity, options, context), path }];
    });
  });
}
