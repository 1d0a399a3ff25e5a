// Declarations while they are read: what a template or a protocol has said so far. A `from` copies all of it.

import type { IpAddress } from "../../base/ip.js";
import type { Position } from "../../policy/ast.js";
import type {
  BgpDeclaration,
  DeviceDeclaration,
  DirectDeclaration,
  KernelDeclaration,
  StaticDeclaration,
  StaticRouteDeclaration,
} from "./declarations.js";

type Draft<T> = { -readonly [Name in keyof T]: T[Name] };

export type KernelDraft = Draft<KernelDeclaration>;
export type DeviceDraft = Draft<DeviceDeclaration>;
export type DirectDraft = Draft<DirectDeclaration>;
/** Files have tens of thousands of routes: each is put behind the others. */
export type StaticDraft = Draft<Omit<StaticDeclaration, "routes">> & { routes: StaticRouteDeclaration[] };
export type BgpDraft = Draft<Omit<BgpDeclaration, "neighbor">> & {
  /** Undefined, like 0 as `localAs` or `neighborAs`: not said. */
  neighborAddress: IpAddress | undefined;
  neighborPort: number | undefined;
  neighborAs: number;
};
export type ProtocolDraft = KernelDraft | DeviceDraft | DirectDraft | StaticDraft | BgpDraft;

export type ProtocolKind = ProtocolDraft["kind"];

const COMMON = {
  description: undefined,
  disabled: false,
  preference: undefined,
  routerId: undefined,
  import: undefined,
  export: undefined,
  importKeepFiltered: false,
  debug: undefined,
  receiveLimit: undefined,
  importLimit: undefined,
  exportLimit: undefined,
} as const;

const BGP = {
  localAs: 0,
  localAddress: undefined,
  neighborAddress: undefined,
  neighborPort: undefined,
  neighborAs: 0,
  multihop: undefined,
  ttlSecurity: undefined,
  passive: undefined,
  nextHop: undefined,
  missingNextHop: undefined,
  gateway: undefined,
  addPaths: undefined,
  gracefulRestart: undefined,
  gracefulRestartTimeSeconds: undefined,
  rrClient: undefined,
  rrClusterId: undefined,
  rsClient: undefined,
  secondary: undefined,
  password: undefined,
  allowLocalAs: undefined,
  connectDelaySeconds: undefined,
  connectRetrySeconds: undefined,
  errorWaitSeconds: undefined,
  errorForgetSeconds: undefined,
  disableAfterError: undefined,
  holdTimeSeconds: undefined,
  startupHoldTimeSeconds: undefined,
  keepaliveTimeSeconds: undefined,
  defaultMed: undefined,
  defaultLocalPref: undefined,
  medMetric: undefined,
  igpMetric: undefined,
  preferOlder: undefined,
  deterministicMed: undefined,
  comparePathLengths: undefined,
  enableRouteRefresh: undefined,
  enableAs4: undefined,
  enableExtendedMessages: undefined,
  capabilities: undefined,
  advertiseIpv4: undefined,
  interpretCommunities: undefined,
  interface: undefined,
} as const;

const KERNEL = {
  learn: undefined,
  persist: undefined,
  scanTimeSeconds: undefined,
  gracefulRestart: undefined,
  mergePaths: undefined,
  deviceRoutes: undefined,
  table: undefined,
  metric: undefined,
} as const;

/** A declaration that says nothing yet. */
export function emptyDraft(kind: ProtocolKind, at: Position): ProtocolDraft {
  const common = { ...COMMON, name: "", at };
  switch (kind) {
    case "kernel":
      return { kind, ...common, ...KERNEL };
    case "device":
      return { kind, ...common, scanTimeSeconds: undefined };
    case "direct":
      return { kind, ...common, interfaces: [] };
    case "static":
      return { kind, ...common, routes: [] };
    case "bgp":
      return { kind, ...common, ...BGP };
  }
}

/** Lets `draft` say all that `template` says, except its name and place. Both are of one kind. */
export function inherit(draft: ProtocolDraft, template: ProtocolDraft): void {
  const { name, at } = draft;
  Object.assign(draft, template, { name, at });
  if (draft.kind === "static") draft.routes = [...draft.routes];
}
