// Scripts in BIRD's own words: what a generated syntax tree looks like in a configuration file of BIRD 1.6.

import { formatBytes, formatIpv4Word, formatPrefix } from "../../src/base/ip.js";
import type { PrefixRange } from "../../src/policy/ast.js";
import type {
  PathMaskItem,
  Script,
  ScriptAttribute,
  ScriptBlock,
  ScriptExpression,
  ScriptSet,
  ScriptStatement,
  ScriptType,
  ScriptValue,
  ScriptVariable,
} from "../../src/policy/script-ast.js";
import { SCRIPT_ENUMS } from "../../src/policy/script-enums.js";

const ATTRIBUTE_WORDS: Readonly<Record<ScriptAttribute, string>> = {
  prefix: "net",
  preference: "preference",
  scope: "scope",
  source: "source",
  destination: "dest",
  gateway: "gw",
  from: "from",
  protocolName: "proto",
  interfaceName: "ifname",
  interfaceIndex: "ifindex",
  igpMetric: "igp_metric",
  origin: "bgp_origin",
  asPath: "bgp_path",
  nextHop: "bgp_next_hop",
  med: "bgp_med",
  localPref: "bgp_local_pref",
  atomicAggregate: "bgp_atomic_aggr",
  aggregator: "bgp_aggregator",
  communities: "bgp_community",
  originatorId: "bgp_originator_id",
  clusterList: "bgp_cluster_list",
  extendedCommunities: "bgp_ext_community",
  largeCommunities: "bgp_large_community",
  kernelMetric: "krt_metric",
  kernelSource: "krt_source",
  kernelPreferredSource: "krt_prefsrc",
  kernelRealm: "krt_realm",
  kernelTunnel: "krt_tunnel",
};

const TYPE_WORDS: Readonly<Record<ScriptType, string>> = {
  bool: "bool",
  int: "int",
  pair: "pair",
  quad: "quad",
  extendedCommunity: "ec",
  largeCommunity: "lc",
  ip: "ip",
  prefix: "prefix",
  string: "string",
  pathMask: "bgpmask",
  path: "bgppath",
  communityList: "clist",
  extendedCommunityList: "eclist",
  largeCommunityList: "lclist",
  enum: "int",
  set: "int set",
  prefixSet: "prefix set",
};

/** A filter, or a function, as a declaration of the configuration file. */
export function scriptText(script: Script, kind: "filter" | "function"): string {
  const variables = (list: readonly ScriptVariable[]): string =>
    list.map(({ type, name }) => `${TYPE_WORDS[type]} ${name}; `).join("");
  const parameters = kind === "function" ? `(${variables(script.parameters).replace(/; $/, "")})` : "";
  return `${kind} ${script.name} ${parameters} ${variables(script.locals)}${blockText(script.body)}`;
}

export function blockText(block: ScriptBlock): string {
  return `{ ${block.map(statementText).join(" ")} }`;
}

function statementText(statement: ScriptStatement): string {
  switch (statement.kind) {
    case "accept":
    case "reject":
      return `${statement.kind};`;
    case "block":
      return blockText(statement.body);
    case "assign":
      return `${statement.variable.name} = ${expressionText(statement.value)};`;
    case "setAttribute":
      return `${ATTRIBUTE_WORDS[statement.attribute]} = ${expressionText(statement.value)};`;
    case "unsetAttribute":
      return `unset(${ATTRIBUTE_WORDS[statement.attribute]});`;
    case "editAttribute": {
      const { attribute, operation, value } = statement;
      return `${ATTRIBUTE_WORDS[attribute]}.${operation}${value === undefined ? "" : `(${expressionText(value)})`};`;
    }
    case "evaluate":
      return `${expressionText(statement.expression)};`;
    case "return":
      return statement.value === undefined ? "" : `return ${expressionText(statement.value)};`;
    case "when": {
      const { condition, then, otherwise } = statement;
      const rest = otherwise.length === 0 ? "" : ` else ${blockText(otherwise)}`;
      return `if ${expressionText(condition)} then ${blockText(then)}${rest}`;
    }
    case "case": {
      const branches = statement.branches.map(
        ({ values, body }) => `${setText(values).slice(1, -1)}: ${body.map(statementText).join(" ")}`,
      );
      const rest = `else: ${statement.otherwise.map(statementText).join(" ")}`;
      return `case ${expressionText(statement.subject)} { ${[...branches, rest].join(" ")} }`;
    }
    case "print": {
      const last = { goOn: "", accept: "accept", reject: "reject", error: "error" }[statement.then];
      const values = statement.values.map(expressionText).join(", ");
      return `${values === "" ? "" : `print ${values}; `}${last === "" ? "" : `${last};`}`;
    }
  }
}

export function expressionText(expression: ScriptExpression): string {
  const text = expressionText;
  switch (expression.kind) {
    case "value":
      return valueText(expression.value);
    case "variable":
      return expression.variable.name;
    case "attribute":
      return ATTRIBUTE_WORDS[expression.attribute];
    case "isDefined":
      return `defined(${text(expression.operand)})`;
    case "apply":
      return `${expression.script}(${expression.operands.map(text).join(", ")})`;
    case "calculate":
      return `(${text(expression.left)} ${expression.operator} ${text(expression.right)})`;
    case "pairOf":
    case "largeCommunityOf":
      return `(${expression.parts.map(text).join(", ")})`;
    case "extendedCommunityOf":
      return `(${expression.of}, ${expression.parts.map(text).join(", ")})`;
    case "compareValues":
      return `(${text(expression.left)} ${expression.operator} ${text(expression.right)})`;
    case "isIn":
      return `(${text(expression.left)} ${expression.negated ? "!~" : "~"} ${text(expression.right)})`;
    case "member":
      return `${text(expression.operand)}.${MEMBER_WORDS[expression.member]}`;
    case "mask":
      return `${text(expression.operand)}.mask(${text(expression.length)})`;
    case "edited":
      return `${expression.operation}(${text(expression.list)}, ${text(expression.value)})`;
    case "emptyList":
      return EMPTY_WORDS[expression.type];
    case "and":
      return `(${text(expression.left)} && ${text(expression.right)})`;
    case "or":
      return `(${text(expression.left)} || ${text(expression.right)})`;
    case "negation":
      return `(! ${text(expression.operand)})`;
  }
}

const MEMBER_WORDS = {
  length: "len",
  first: "first",
  last: "last",
  lastNonAggregated: "last_nonaggregated",
  ip: "ip",
  empty: "empty",
} as const;

const EMPTY_WORDS = {
  path: "+empty+",
  communityList: "-empty-",
  extendedCommunityList: "--empty--",
  largeCommunityList: "---empty---",
} as const;

function valueText(value: ScriptValue): string {
  switch (value.type) {
    case "bool":
    case "int":
      return String(value.value);
    case "pair":
      return `(${value.value >>> 16}, ${value.value & 0xffff})`;
    case "quad":
      return formatIpv4Word(value.value);
    case "enum":
      return Object.entries(SCRIPT_ENUMS[value.of]).find(([, number]) => number === value.value)?.[0] ?? "";
    case "string":
      return `"${value.value}"`;
    case "ip":
      return formatBytes(value.bytes);
    case "prefix":
      return formatPrefix(value.prefix);
    case "extendedCommunity": {
      // Route targets and origins of two-octet AS numbers only.
      const [high, low] = value.value;
      return `(${high >>> 16 === 2 ? "rt" : "ro"}, ${high & 0xffff}, ${low})`;
    }
    case "largeCommunity":
      return `(${value.value.join(", ")})`;
    case "pathMask":
      return `[= ${value.items.map(maskText).join(" ")} =]`;
    case "set":
      return setText(value);
    case "prefixSet":
      return `[${value.ranges.map(rangeText).join(", ")}]`;
    default:
      throw new RangeError(`BIRD has no words for a constant ${value.type}`);
  }
}

function setText({ ranges }: ScriptSet): string {
  return `[${ranges.map(([from, to]) => setItemText(from, to)).join(", ")}]`;
}

function setItemText(from: ScriptValue, to: ScriptValue): string {
  const least = valueText(from);
  const greatest = valueText(to);
  if (least === greatest) return least;
  if (from.type === "pair" && to.type === "pair") {
    return `(${from.value >>> 16}, ${from.value & 0xffff}..${to.value & 0xffff})`;
  }
  if (from.type === "largeCommunity" && to.type === "largeCommunity") {
    return `(${from.value[0]}, ${from.value[1]}, ${from.value[2]}..${to.value[2]})`;
  }
  return `${least}..${greatest}`;
}

function rangeText({ prefix, least, greatest }: PrefixRange): string {
  const text = formatPrefix(prefix);
  return least === prefix.length && greatest === least ? text : `${text}{${least},${greatest}}`;
}

function maskText(item: PathMaskItem): string {
  switch (item.kind) {
    case "as":
      return String(item.as);
    case "range":
      return `${item.least}..${item.greatest}`;
    case "one":
      return "?";
    case "any":
      return "*";
    case "expression":
      return `(${expressionText(item.expression)})`;
  }
}
