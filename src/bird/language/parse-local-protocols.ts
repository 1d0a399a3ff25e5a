// The options of the protocols that have no peers: kernel, device, direct, static.

import type { IpAddress, IpPrefix } from "../../base/ip.js";
import type { StaticRouteDeclaration } from "./declarations.js";
import { parseCommonOption } from "./parse-common-option.js";
import { parseCommands } from "./parse-script.js";
import {
  parseInterfaces,
  parseIp,
  parseNumber,
  parsePrefix,
  parseSwitch,
  parseTable,
  parseZone,
} from "./parse-values.js";
import type { DeviceDraft, DirectDraft, KernelDraft, StaticDraft } from "./protocol-draft.js";
import type { Reader } from "./reader.js";

const DEFAULT_MERGED_PATHS = 16;
const MOST_MERGED_PATHS = 255;
const MOST_WEIGHT = 256;

export function parseKernelOption(r: Reader, draft: KernelDraft): void {
  switch (r.peek()) {
    case "learn":
      r.take();
      draft.learn = parseSwitch(r);
      return;
    case "persist":
      r.take();
      draft.persist = parseSwitch(r);
      return;
    case "scan":
      r.expect("scan", "time");
      draft.scanTimeSeconds = parseNumber(r);
      return;
    case "device":
      r.expect("device", "routes");
      draft.deviceRoutes = parseSwitch(r);
      return;
    case "graceful":
      r.expect("graceful", "restart");
      draft.gracefulRestart = parseSwitch(r);
      return;
    case "kernel":
      r.expect("kernel", "table");
      draft.table = parseNumber(r);
      return;
    case "metric":
      r.take();
      draft.metric = parseNumber(r);
      return;
    case "merge":
      r.expect("merge", "paths");
      draft.mergePaths = parseMergedPaths(r);
      return;
    default:
      parseCommonOption(r, draft);
  }
}

function parseMergedPaths(r: Reader): number {
  const isOn = parseSwitch(r);
  let limit = DEFAULT_MERGED_PATHS;
  if (r.takeIf("limit")) {
    limit = parseNumber(r);
    if (limit < 1 || limit > MOST_MERGED_PATHS) r.fail("Merge paths limit must be in range 1-255");
  }
  return isOn ? limit : 0;
}

export function parseDeviceOption(r: Reader, draft: DeviceDraft): void {
  if (r.takeIf("scan")) {
    r.expect("time");
    draft.scanTimeSeconds = parseNumber(r);
  } else if (r.takeIf("primary")) {
    r.notSupported("primary");
  } else parseCommonOption(r, draft);
}

export function parseDirectOption(r: Reader, draft: DirectDraft): void {
  if (r.takeIf("interface")) draft.interfaces = [...draft.interfaces, parseInterfaces(r)];
  else if (!parseLinkCheck(r)) parseCommonOption(r, draft);
}

export function parseStaticOption(r: Reader, draft: StaticDraft): void {
  if (r.takeIf("route")) {
    const at = r.position();
    const prefix = parsePrefix(r);
    draft.routes.push(parseRoute(r, prefix, at));
  } else if (r.takeIf("igp")) {
    r.expect("table");
    parseTable(r);
  } else if (!parseLinkCheck(r)) parseCommonOption(r, draft);
}

function parseLinkCheck(r: Reader): boolean {
  if (!r.takeIf("check")) return false;
  r.expect("link");
  if (parseSwitch(r)) r.notSupported("check link");
  return true;
}

function parseRoute(r: Reader, prefix: IpPrefix, at: StaticRouteDeclaration["at"]): StaticRouteDeclaration {
  const to = parseDestination(r);
  if (r.peek() === "{") {
    parseCommands(r);
    r.notSupported("setting attributes of a static route");
  }
  return { prefix, at, to };
}

function parseDestination(r: Reader): StaticRouteDeclaration["to"] {
  switch (r.take()) {
    case "blackhole":
    case "drop":
      return { kind: "blackhole" };
    case "unreachable":
    case "reject":
      return { kind: "unreachable" };
    case "prohibit":
      return { kind: "prohibit" };
    case "recursive":
      return { kind: "recursive", address: { bytes: parseIp(r) } };
    case "via":
      if (r.takeIf("TEXT")) return { kind: "device", device: r.text };
      return { kind: "via", gateways: [{ address: parseGateway(r), weight: 1 }] };
    case "multipath":
      return parseMultipath(r);
    default:
      return r.syntaxError();
  }
}

function parseGateway(r: Reader): IpAddress {
  const bytes = parseIp(r);
  const zone = parseZone(r);
  return zone === undefined ? { bytes } : { bytes, zone };
}

/** `via A [weight N] [bfd SWITCH] via B …`. */
function parseMultipath(r: Reader): StaticRouteDeclaration["to"] {
  const gateways: { address: IpAddress; weight: number }[] = [];
  do {
    r.expect("via");
    const gateway = { address: parseGateway(r), weight: 1 };
    gateways.push(gateway);
    for (;;) {
      if (r.takeIf("weight")) {
        gateway.weight = parseNumber(r);
        if (gateway.weight < 1 || gateway.weight > MOST_WEIGHT) r.fail("Weight must be in range 1-256");
      } else if (!r.takeIf("bfd")) break;
      else if (parseSwitch(r)) r.notSupported("bfd");
    }
  } while (r.peek() === "via");
  return { kind: "via", gateways };
}
