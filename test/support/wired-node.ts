// A node of ours whose peers are scripted: all of them are addresses of one other host on its segment.

import { CalicoNode } from "./calico-node.js";
import type { PeerText } from "./calico-text.js";
import { Lan } from "./lan.js";
import type { Teardown } from "./netns.js";
import { WireHost } from "./wire-host.js";

export interface WiredNode {
  /** Not started. */
  readonly node: CalicoNode;
  readonly host: WireHost;
}

export async function openWiredNode(
  t: Teardown,
  addresses: readonly string[],
  peers: readonly PeerText[],
): Promise<WiredNode> {
  const lan = await Lan.open(["node", "peers"]);
  t.teardown(() => lan.close());
  const [own, others] = lan.hosts;
  for (const address of addresses) await others.namespace.exec(`ip address add ${address}/24 dev eth0`);
  const node = await CalicoNode.withPeers(own.namespace, "ours", peers);
  t.teardown(() => node.remove());
  return { node, host: new WireHost(others.namespace) };
}
