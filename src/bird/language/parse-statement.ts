// The statements of a file, outside of protocols and filters. What only BIRD's own logging and timing needs is read and has
// no effect.

import { evaluate, evaluateNumber } from "./constant-value.js";
import { parseTerm } from "./parse-expression.js";
import { parseProtocol } from "./parse-protocol.js";
import { parseFilter, parseFunction } from "./parse-script.js";
import {
  parseDebug,
  parseId,
  parseIp,
  parseList,
  parseNumber,
  parseSwitch,
  parseText,
  skipMrtDump,
  startsNumber,
} from "./parse-values.js";
import type { Reader } from "./reader.js";

const LOG_CLASSES = ["debug", "trace", "info", "remote", "warning", "error", "auth", "fatal", "bug"] as const;
const TIME_FORMATS = ["route", "protocol", "base", "log"] as const;

export function parseStatement(r: Reader): void {
  const word = r.take();
  switch (word) {
    case ";":
      return;
    case "function":
      return parseFunction(r);
    case "filter":
      return parseFilter(r);
    case "protocol":
    case "template":
      return parseProtocol(r, word);
    case "router":
      return parseRouterId(r);
    case "listen":
      return parseListen(r);
    case "define":
      return parseDefine(r);
    case "eval":
      evaluateNumber(r, parseTerm(r));
      return;
    case "table":
      return parseNewTable(r);
    case "roa":
      return r.notSupported("roa table");
    case "graceful":
      r.expect("restart", "wait");
      r.gracefulRestartWaitSeconds = parseNumber(r);
      return r.expect(";");
    default:
      parseLogging(r, word);
  }
}

function parseRouterId(r: Reader): void {
  r.expect("id");
  if (r.takeIf("from")) r.notSupported("router id from interfaces");
  r.routerId = parseId(r);
  r.expect(";");
}

function parseListen(r: Reader): void {
  r.expect("bgp");
  for (;;) {
    if (r.takeIf("address")) r.listen.address = { bytes: parseIp(r) };
    else if (r.takeIf("port")) r.listen.port = parseNumber(r);
    else if (!r.takeIf("v6only") && !r.takeIf("dual")) break;
  }
  r.expect(";");
}

function parseDefine(r: Reader): void {
  const name = r.symbol();
  r.expect("=");
  const term = parseTerm(r);
  r.expect(";");
  const value = evaluate(r, term);
  if (value === undefined) return r.fail("Runtime error");
  r.defineConstant(name, value);
}

function parseNewTable(r: Reader): void {
  const name = r.symbol();
  r.takeIf("sorted");
  if (name !== "master") r.define(name, { kind: "routing table" });
}

function parseLogging(r: Reader, word: string): void {
  switch (word) {
    case "log":
      parseLogTarget(r);
      if (!r.takeIf("all")) parseList(r, LOG_CLASSES);
      return r.expect(";");
    case "mrtdump":
      if (r.takeIf("protocols")) skipMrtDump(r);
      else parseText(r);
      return r.expect(";");
    case "timeformat":
      parseTimeFormat(r);
      return r.expect(";");
    case "debug":
      return parseDebugging(r);
    case "watchdog":
      if (!r.takeIf("warning")) r.expect("timeout");
      return skipDuration(r);
    default:
      return r.syntaxError();
  }
}

function parseLogTarget(r: Reader): void {
  if (r.takeIf("syslog")) {
    if (r.takeIf("name")) parseText(r);
  } else if (!r.takeIf("stderr")) parseText(r);
}

function parseTimeFormat(r: Reader): void {
  const which = r.take();
  if (!TIME_FORMATS.some((each) => each === which)) r.syntaxError();
  if (r.takeIf("iso")) {
    if (!r.takeIf("short")) r.expect("long");
    return;
  }
  r.expect("TEXT");
  if (!startsNumber(r)) return;
  parseNumber(r);
  r.expect("TEXT");
}

/** `debug protocols` is the default of the protocols that follow. */
function parseDebugging(r: Reader): void {
  if (r.takeIf("protocols")) r.defaultDebug = parseDebug(r);
  else if (r.takeIf("commands")) parseNumber(r);
  else {
    r.expect("latency");
    if (r.takeIf("limit")) skipDuration(r);
    else parseSwitch(r);
  }
}

/** A number with its unit. */
function skipDuration(r: Reader): void {
  parseNumber(r);
  if (!r.takeIf("s") && !r.takeIf("ms")) r.expect("us");
}
