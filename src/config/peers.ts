// All peers of a configuration file: those listed, those of the mesh and the ranges of dynamic ones. No address twice.

import type { z } from "zod";
import { addressFamily, formatAddress, formatPrefix, type IpAddress } from "../base/ip.js";
import { findOverlaps, rangeSize } from "./address-ranges.js";
import { meshPeers } from "./mesh.js";
import { buildPeer } from "./peer-builder.js";
import type { PeersContext } from "./peers-context.js";
import type { dynamicPeersSchema } from "./peer-schema.js";
import type { ConfigInput } from "./schema.js";
import { asList } from "./schema-values.js";
import type { DynamicPeersConfig, PeerConfig } from "./speaker-config.js";
import type { Path } from "./yaml-source.js";

type DynamicInput = z.output<typeof dynamicPeersSchema>;

/** Mesh peers first, then the listed ones, each in the order of the file. */
export function readPeers(input: ConfigInput, context: PeersContext): readonly PeerConfig[] {
  const peers: PeerConfig[] = [];
  const places = new Map<string, Path>();
  const add = (peer: PeerConfig | undefined, path: Path): void => {
    if (peer === undefined) return;
    const first = places.get(peer.key);
    if (first !== undefined) {
      const { line } = context.report.position(first);
      context.report.fault(path, `duplicate peer ${peer.key}`, `it is already on line ${line}`);
      return;
    }
    places.set(peer.key, path);
    peers.push(peer);
  };
  for (const { peer, path } of meshPeers(input, context)) add(peer, path);
  for (const [i, entry] of (input.peers ?? []).entries()) {
    const path: Path = ["peers", i];
    const { address, name, group, scope, ...options } = entry;
    const key = formatAddress(address);
    if (isOwnAddress(address, input, context)) {
      context.report.fault([...path, "address"], `${key} is our own address`);
      continue;
    }
    const effective = context.groups.effective([{ options, path }], group, [...path, "group"]);
    const identity = {
      address,
      key,
      name: name ?? key,
      type: scope === "global" ? ("global" as const) : ("node specific" as const),
      group: group ?? "",
      as: undefined,
      localAddress: undefined,
      path,
    };
    add(buildPeer(identity, effective, context), [...path, "address"]);
  }
  return peers;
}

function isOwnAddress(address: IpAddress, input: ConfigInput, { self }: PeersContext): boolean {
  const isOurs = (own: IpAddress): boolean => formatAddress(own) === formatAddress(address);
  const isListened = (input.listen ?? []).some((endpoint) => isOurs(endpoint.address));
  return isListened || (self?.addresses ?? []).some(isOurs);
}

/** Ranges with the peer that stands for each one's members. */
export function readDynamicPeers(input: ConfigInput, context: PeersContext): readonly DynamicPeersConfig[] {
  const entries = input.dynamicPeers ?? [];
  for (const { index, other } of findOverlaps(entries.map(({ prefix }) => prefix))) {
    const message = `${formatPrefix(entries[index].prefix)} overlaps ${formatPrefix(entries[other].prefix)}`;
    context.report.fault(["dynamicPeers", index, "prefix"], message, "a peer must fall into one range only");
  }
  return entries.flatMap((entry, i) => readDynamic(entry, ["dynamicPeers", i], context) ?? []);
}

function readDynamic(entry: DynamicInput, path: Path, context: PeersContext): DynamicPeersConfig | undefined {
  const asNumbers = entry.as === undefined ? [] : [...new Set(asList(entry.as))];
  const limit = entry.limit ?? 256;
  if (entry.limit !== undefined && BigInt(limit) > rangeSize(entry.prefix)) {
    context.report.warning(
      [...path, "limit"],
      `${formatPrefix(entry.prefix)} has ${rangeSize(entry.prefix)} addresses only`,
    );
  }
  const key = formatPrefix(entry.prefix);
  const options = context.groups.effective([], entry.group, [...path, "group"]);
  const identity = {
    address: { bytes: entry.prefix.bytes },
    key,
    name: key,
    type: "dynamic" as const,
    group: entry.group,
    as: asNumbers[0],
    localAddress: context.self?.addresses.find((address) => addressFamily(address) === entry.prefix.family),
    path,
  };
  const template = buildPeer(identity, options, context);
  if (template === undefined) return undefined;
  const isMixed = asNumbers.some((as) => (as === template.localAs) !== (template.as === template.localAs));
  if (isMixed) {
    context.report.fault(
      [...path, "as"],
      `internal and external peers cannot share a range (our AS is ${template.localAs})`,
      "use two ranges",
    );
  }
  return { prefix: entry.prefix, limit, asNumbers, template: { ...template, passive: true } };
}
