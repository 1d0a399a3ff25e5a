// Fixed snapshots of a speaker, and a target that serves them: what the views and the socket are tested with.

import type {
  ControlTarget,
  RefreshDirection,
  ReloadResult,
  RouteChunk,
  SpeakerApi,
} from "../../src/control/api-types.js";
import type {
  EventLoopDelay,
  KernelRouteView,
  MessageCounts,
  PeerName,
  PeerStatus,
  RouteQuery,
  RouteView,
  SpeakerStatus,
} from "../../src/speaker/snapshot.js";

/** 2026-11-21 10:00:00 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 21, 10, 0, 0);

const MESSAGES: MessageCounts = { open: 1, update: 20, notification: 0, keepalive: 300, routeRefresh: 0 };

export function peerStatus(changes: Partial<PeerStatus> = {}): PeerStatus {
  return {
    address: "172.17.8.102",
    name: "node2",
    type: "node-to-node mesh",
    group: "",
    as: 64512,
    localAs: 64512,
    routerId: "172.17.8.102",
    state: "Established",
    adminDown: false,
    draining: false,
    since: "2026-11-21T09:30:04.000Z",
    info: "Established",
    routeReflectorClient: false,
    passive: false,
    localAddress: "172.17.8.101",
    remotePort: 179,
    holdTimeSeconds: 90,
    keepaliveSeconds: 30,
    uptimeSeconds: 1796,
    capabilities: ["multiprotocol ipv4", "4-octet AS", "graceful restart"],
    families: [
      {
        family: "ipv4",
        received: 12,
        receivedLimit: undefined,
        accepted: 10,
        best: 9,
        advertised: 3,
        advertisedLimit: undefined,
        stale: 0,
        endOfRibReceived: true,
      },
    ],
    messages: { received: MESSAGES, sent: { ...MESSAGES, update: 7 } },
    lastError: undefined,
    transitions: 1,
    outputQueueBytes: 0,
    gracefulRestart: {},
    missingPolicy: [],
    ...changes,
  };
}

export const FAILED_PEER = peerStatus({
  address: "172.17.8.103",
  name: "node3",
  state: "Active",
  since: "2026-11-01T00:00:00.000Z",
  info: "connection refused",
  routerId: undefined,
  localAddress: undefined,
  uptimeSeconds: undefined,
  families: [],
});

export const DISABLED_PEER = peerStatus({
  address: "2001:db8::1",
  name: "tor",
  type: "global",
  state: "Idle",
  adminDown: true,
  info: "disabled: rack is moved",
  as: 65000,
});

export function speakerStatus(changes: Partial<SpeakerStatus> = {}): SpeakerStatus {
  return {
    version: "0.1.0",
    routerId: "172.17.8.101",
    localAs: 64512,
    startedAt: "2026-11-20T08:00:00.000Z",
    configuredAt: "2026-11-20T08:00:01.000Z",
    lastReload: { ok: true, at: "2026-11-20T08:00:01.000Z", message: "" },
    kernel: {
      enabled: true,
      text: "kernel routes: table main, protocol 12",
      wanted: 9,
      installed: 9,
      failed: 0,
      stale: 0,
    },
    gracefulRestart: { recovering: false, waitingFor: [], elapsedSeconds: 0, totalSeconds: 60 },
    routes: { ipv4: { prefixes: 9, paths: 12 }, ipv6: { prefixes: 1, paths: 1 } },
    peers: { total: 2, established: 1, disabled: 1 },
    draining: { peers: 0, all: false },
    listeners: [{ address: "0.0.0.0", port: 179 }],
    warnings: [],
    ...changes,
  };
}

export function routeView(changes: Partial<RouteView> = {}): RouteView {
  return {
    family: "ipv4",
    prefix: "10.1.0.0/26",
    pathId: 0,
    from: "172.17.8.102",
    best: true,
    multipath: false,
    stale: false,
    reason: undefined,
    nextHop: "172.17.8.102",
    nextHopReachable: true,
    origin: "IGP",
    asPath: "65000 65001",
    localPref: 100,
    med: undefined,
    communities: ["65000:1", "no-export"],
    extendedCommunities: [],
    largeCommunities: ["65000:1:2"],
    originatorId: undefined,
    clusterList: [],
    ...changes,
  };
}

export const KERNEL_ROUTE: KernelRouteView = {
  family: "ipv4",
  prefix: "10.1.0.0/26",
  kind: "unicast",
  nextHops: ["172.17.8.102 eth0", "172.17.8.103 eth0"],
  state: "failed",
  error: "Network is unreachable",
};

/** A speaker made of snapshots; remembers what it was told to do. */
export class FakeSpeaker implements SpeakerApi {
  readonly told: string[] = [];
  current: SpeakerStatus = speakerStatus();
  all: readonly PeerStatus[] = [peerStatus(), DISABLED_PEER];
  /** What routes() gives; each inner list is one chunk. */
  chunks: readonly RouteChunk[] = [[routeView()]];
  lastQuery: RouteQuery | undefined;
  /** Streams that were given up before their end. */
  abandoned = 0;
  /** Chunks handed out so far. */
  produced = 0;

  status(): SpeakerStatus {
    return this.current;
  }

  peerNames(): readonly PeerName[] {
    return this.all;
  }

  findPeer(keyOrName: string): PeerName | undefined {
    return this.all.find((peer) => peer.address === keyOrName || peer.name === keyOrName);
  }

  *peerChunks(address?: string): Generator<readonly PeerStatus[]> {
    yield [];
    for (const peer of this.all) if (address === undefined || peer.address === address) yield [peer];
  }

  *routes(query: RouteQuery): Generator<RouteChunk> {
    this.lastQuery = query;
    let complete = false;
    try {
      for (const chunk of this.chunks) {
        this.produced++;
        yield chunk;
      }
      complete = true;
    } finally {
      if (!complete) this.abandoned++;
    }
  }

  async countingRoutes(query: RouteQuery): Promise<number> {
    this.lastQuery = query;
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  enablePeer(key: string): void {
    this.told.push(`enable ${key}`);
  }

  disablePeer(key: string, reason?: string): void {
    this.told.push(`disable ${key} ${reason ?? "-"}`);
  }

  resetPeer(key: string, reason?: string): void {
    this.told.push(`reset ${key} ${reason ?? "-"}`);
  }

  refreshPeer(key: string, direction: RefreshDirection): void {
    this.told.push(`refresh ${key} ${direction}`);
  }

  drain(keys: readonly string[] | "all", isDraining: boolean): void {
    this.told.push(`drain ${keys === "all" ? keys : keys.join(" ")} ${isDraining}`);
  }
}

export interface FakeTarget extends ControlTarget {
  readonly speaker: FakeSpeaker;
  reloadResult: ReloadResult;
  lastReloadResult: SpeakerStatus["lastReload"] | undefined;
  delay: EventLoopDelay;
}

export const NO_DELAY: EventLoopDelay = { p50Ms: 0, p99Ms: 0, maxMs: 0, samples: 0, sinceSeconds: 60 };

export function fakeTarget(): FakeTarget {
  const target: FakeTarget = {
    speaker: new FakeSpeaker(),
    reloadResult: { ok: true, changes: [] },
    lastReloadResult: undefined,
    reload: () => Promise.resolve(target.reloadResult),
    lastReload: () => target.lastReloadResult,
    delay: NO_DELAY,
    eventLoopDelay: () => target.delay,
    resetEventLoopDelay: () => {
      target.delay = NO_DELAY;
    },
  };
  return target;
}
