// The options of `protocol bgp`.

import { parseCommonOption } from "./parse-common-option.js";
import {
  parseId,
  parseIp,
  parseNumber,
  parseSwitch,
  parseTable,
  parseText,
  parseZone,
  startsNumber,
} from "./parse-values.js";
import type { BgpDraft } from "./protocol-draft.js";
import type { Reader } from "./reader.js";

/** What is checked once the `;` was read. */
type Check = () => void;

const DEFAULT_HOPS = 64;
const MOST_HOPS = 255;
const LARGEST_PORT = 65535;

/** Reads one option without its `;`. */
export function parseBgpOption(r: Reader, draft: BgpDraft): Check | undefined {
  switch (r.peek()) {
    case "local":
      r.take();
      if (r.peek() !== "as") draft.localAddress = { bytes: parseIp(r) };
      r.expect("as");
      draft.localAs = parseNumber(r);
      return undefined;
    case "neighbor":
      return parseNeighbor(r, draft);
    case "multihop":
      r.take();
      return parseMultihop(r, draft);
    case "direct":
      r.take();
      draft.multihop = 0;
      return undefined;
    default:
      if (!parseSession(r, draft) && !parseTimes(r, draft) && !parseRouting(r, draft)) parseCommonOption(r, draft);
      return undefined;
  }
}

function parseNeighbor(r: Reader, draft: BgpDraft): Check {
  r.take();
  const next = r.peek();
  const address = next === "IP" || next === "SYMBOL" ? parseIp(r) : undefined;
  const zone = address === undefined ? undefined : parseZone(r);
  for (;;) {
    if (r.takeIf("port")) {
      draft.neighborPort = parseNumber(r);
      if (draft.neighborPort < 1 || draft.neighborPort > LARGEST_PORT) r.fail("Invalid port number");
    } else if (r.takeIf("as")) draft.neighborAs = parseNumber(r);
    else break;
  }
  return () => {
    if (address === undefined) return;
    if (draft.neighborAddress !== undefined) r.fail("Only one neighbor per BGP instance is allowed");
    if (address.some((octet) => octet !== 0)) draft.neighborAddress = { bytes: address };
    if (zone !== undefined) draft.interface = zone;
  };
}

function parseMultihop(r: Reader, draft: BgpDraft): Check | undefined {
  draft.multihop = startsNumber(r) ? parseNumber(r) : DEFAULT_HOPS;
  const hops = draft.multihop;
  return () => {
    if (hops < 1 || hops > MOST_HOPS) r.fail("Multihop must be in range 1-255");
  };
}

/** Who the peer is and how the session with it works. False: the next word is none of these options. */
function parseSession(r: Reader, draft: BgpDraft): boolean {
  switch (r.peek()) {
    case "source":
      r.expect("source", "address");
      draft.localAddress = { bytes: parseIp(r) };
      return true;
    case "interface":
      r.expect("interface", "TEXT");
      draft.interface = r.text;
      return true;
    case "ttl":
      r.expect("ttl", "security");
      draft.ttlSecurity = parseSwitch(r);
      return true;
    case "passive":
      r.take();
      draft.passive = parseSwitch(r);
      return true;
    case "password":
      r.take();
      draft.password = parseText(r);
      return true;
    case "rr":
      r.take();
      if (r.takeIf("client")) draft.rrClient = true;
      else {
        r.expect("cluster", "id");
        draft.rrClusterId = parseId(r);
      }
      return true;
    case "rs":
      r.expect("rs", "client");
      draft.rsClient = true;
      return true;
    case "enable":
      parseEnable(r, draft);
      return true;
    case "capabilities":
      r.take();
      draft.capabilities = parseSwitch(r);
      return true;
    case "advertise":
      r.expect("advertise", "ipv4");
      draft.advertiseIpv4 = parseSwitch(r);
      return true;
    case "graceful":
      parseGracefulRestart(r, draft);
      return true;
    case "add":
      r.expect("add", "paths");
      if (r.takeIf("rx")) draft.addPaths = "rx";
      else if (r.takeIf("tx")) draft.addPaths = "tx";
      else draft.addPaths = parseSwitch(r) ? "both" : "off";
      return true;
    default:
      return parseForeign(r);
  }
}

function parseEnable(r: Reader, draft: BgpDraft): void {
  r.take();
  if (r.takeIf("as4")) draft.enableAs4 = parseSwitch(r);
  else if (r.takeIf("extended")) {
    r.expect("messages");
    draft.enableExtendedMessages = parseSwitch(r);
  } else {
    r.expect("route", "refresh");
    draft.enableRouteRefresh = parseSwitch(r);
  }
}

function parseGracefulRestart(r: Reader, draft: BgpDraft): void {
  r.expect("graceful", "restart");
  if (r.takeIf("time")) draft.gracefulRestartTimeSeconds = parseNumber(r);
  else if (r.takeIf("aware")) draft.gracefulRestart = "aware";
  else draft.gracefulRestart = parseSwitch(r) ? "on" : "off";
}

/** Options that only BIRD has. Switched off, they are fine. */
function parseForeign(r: Reader): boolean {
  switch (r.peek()) {
    case "setkey":
      // Whether to write MD5 keys to the kernel; this exists on BSD only.
      r.take();
      parseSwitch(r);
      return true;
    case "bfd":
      r.take();
      if (r.takeIf("graceful") || parseSwitch(r)) r.notSupported("bfd");
      return true;
    case "check":
      r.expect("check", "link");
      if (parseSwitch(r)) r.notSupported("check link");
      return true;
    case "long":
      r.expect("long", "lived");
      if (r.takeIf("stale")) {
        r.expect("time");
        parseNumber(r);
      } else {
        r.expect("graceful", "restart");
        if (r.takeIf("aware") || parseSwitch(r)) r.notSupported("long lived graceful restart");
      }
      return true;
    case "route":
      r.expect("route", "limit");
      parseNumber(r);
      return r.notSupported("route limit, which import limit replaced,");
    default:
      return false;
  }
}

/** All in seconds. */
function parseTimes(r: Reader, draft: BgpDraft): boolean {
  switch (r.peek()) {
    case "hold":
      r.expect("hold", "time");
      draft.holdTimeSeconds = parseNumber(r);
      return true;
    case "startup":
      r.expect("startup", "hold", "time");
      draft.startupHoldTimeSeconds = parseNumber(r);
      return true;
    case "keepalive":
      r.expect("keepalive", "time");
      draft.keepaliveTimeSeconds = parseNumber(r);
      return true;
    case "start":
      // The old name of `connect delay time`.
      r.expect("start", "delay", "time");
      draft.connectDelaySeconds = parseNumber(r);
      return true;
    case "connect":
      r.take();
      if (r.takeIf("delay")) {
        r.expect("time");
        draft.connectDelaySeconds = parseNumber(r);
      } else {
        r.expect("retry", "time");
        draft.connectRetrySeconds = parseNumber(r);
      }
      return true;
    case "error":
      parseErrorTime(r, draft);
      return true;
    case "disable":
      r.expect("disable", "after");
      if (!r.takeIf("cease")) {
        r.expect("error");
        draft.disableAfterError = parseSwitch(r);
      } else if (parseSwitch(r)) r.notSupported("disable after cease");
      return true;
    default:
      return false;
  }
}

function parseErrorTime(r: Reader, draft: BgpDraft): void {
  r.take();
  if (r.takeIf("forget")) {
    r.expect("time");
    draft.errorForgetSeconds = parseNumber(r);
    return;
  }
  r.expect("wait", "time");
  const least = parseNumber(r);
  r.expect(",");
  draft.errorWaitSeconds = [least, parseNumber(r)];
}

/** What happens to routes, and which of them is best. */
function parseRouting(r: Reader, draft: BgpDraft): boolean {
  switch (r.peek()) {
    case "next":
      r.expect("next", "hop");
      draft.nextHop = parseWord(r, ["self", "keep"]);
      return true;
    case "missing":
      r.expect("missing", "lladdr");
      draft.missingNextHop = parseWord(r, ["self", "drop", "ignore"]);
      return true;
    case "gateway":
      r.take();
      draft.gateway = parseWord(r, ["recursive", "direct"]);
      return true;
    case "allow":
      parseAllow(r, draft);
      return true;
    case "default":
      r.take();
      if (r.takeIf("bgp_med")) draft.defaultMed = parseNumber(r);
      else {
        r.expect("bgp_local_pref");
        draft.defaultLocalPref = parseNumber(r);
      }
      return true;
    case "interpret":
      r.expect("interpret", "communities");
      draft.interpretCommunities = parseSwitch(r);
      return true;
    case "secondary":
      r.take();
      draft.secondary = parseSwitch(r);
      return true;
    case "igp":
      r.take();
      if (r.takeIf("table")) parseTable(r);
      else {
        r.expect("metric");
        draft.igpMetric = parseSwitch(r);
      }
      return true;
    default:
      return parseDecision(r, draft);
  }
}

function parseDecision(r: Reader, draft: BgpDraft): boolean {
  switch (r.peek()) {
    case "med":
      r.expect("med", "metric");
      draft.medMetric = parseSwitch(r);
      return true;
    case "path":
      r.expect("path", "metric");
      draft.comparePathLengths = parseSwitch(r);
      return true;
    case "prefer":
      r.expect("prefer", "older");
      draft.preferOlder = parseSwitch(r);
      return true;
    case "deterministic":
      r.expect("deterministic", "med");
      draft.deterministicMed = parseSwitch(r);
      return true;
    default:
      return false;
  }
}

function parseWord<const Word extends string>(r: Reader, words: readonly Word[]): Word {
  const word = r.take();
  return words.find((each) => each === word) ?? r.syntaxError();
}

function parseAllow(r: Reader, draft: BgpDraft): void {
  r.take();
  if (r.takeIf("bgp_local_pref")) {
    if (parseSwitch(r)) r.notSupported("allow bgp_local_pref");
    return;
  }
  r.expect("local", "as");
  draft.allowLocalAs = startsNumber(r) ? parseNumber(r) : Infinity;
}
