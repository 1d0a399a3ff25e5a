// What scripts read and set of a route, by BIRD 1.6's rules: which type each attribute has, what it is where the route does
// not have it, what may be assigned and what BIRD says if something else is.
//
// What a run has set it reads back from its own notes. Lists that a route does not have are empty, and count as defined.

import { type Bytes, writeU32 } from "../base/bytes.js";
import { IPV4_UNICAST } from "../base/family.js";
import { unreachable } from "../base/invariant.js";
import type { Route, RouteDestination, RouteOrigin } from "./route.js";
import type { ScriptAttribute, ScriptType } from "./script-ast.js";
import { SCRIPT_ENUMS } from "./script-enums.js";
import {
  NO_COMMUNITIES,
  NO_EXTENDED,
  NO_LARGE,
  fail,
  int,
  OPAQUE,
  quadOf,
  type Value,
  type ValueOf,
} from "./script-value.js";

const SOURCES: Readonly<Record<RouteOrigin, Value>> = {
  bgp: source("RTS_BGP"),
  static: source("RTS_STATIC"),
  aggregate: source("RTS_STATIC"),
  direct: source("RTS_DEVICE"),
  kernel: source("RTS_INHERIT"),
};

/** Static routes through an interface, without a gateway. */
const STATIC_DEVICE = source("RTS_STATIC_DEVICE");

const DESTINATIONS: Readonly<Record<RouteDestination, Value>> = {
  router: destination("RTD_ROUTER"),
  device: destination("RTD_DEVICE"),
  blackhole: destination("RTD_BLACKHOLE"),
  unreachable: destination("RTD_UNREACHABLE"),
  prohibit: destination("RTD_PROHIBIT"),
  multipath: destination("RTD_MULTIPATH"),
};

const UNIVERSE: Value = { type: "enum", of: "scope", value: SCRIPT_ENUMS.scope.SCOPE_UNIVERSE };

function source(name: keyof typeof SCRIPT_ENUMS.source): Value {
  return { type: "enum", of: "source", value: SCRIPT_ENUMS.source[name] };
}

function destination(name: keyof typeof SCRIPT_ENUMS.destination): Value {
  return { type: "enum", of: "destination", value: SCRIPT_ENUMS.destination[name] };
}

/** What the route has by that name, as the filter was given it. */
export function readAttribute(attribute: ScriptAttribute): (route: Route) => Value {
  switch (attribute) {
    case "prefix":
      return prefixOf;
    case "preference":
      return (route) => int(route.weight);
    case "scope":
      return () => UNIVERSE;
    case "source":
      return (route) =>
        route.from === "static" && route.destination === "device" ? STATIC_DEVICE : SOURCES[route.from];
    case "destination":
      return (route) => DESTINATIONS[route.destination];
    case "gateway":
      return (route) => address(route, route.gateway);
    case "from":
      return (route) => address(route, route.fromAddress);
    case "protocolName":
      return (route) => ({ type: "string", value: route.protocolName });
    case "interfaceName":
      return (route) => ({ type: "string", value: route.interfaceName });
    case "interfaceIndex":
      return () => fail("ifindex is not known here");
    case "kernelMetric":
      return (route) => optionalInt(route.kernelMetric);
    case "kernelSource":
      return (route) => optionalInt(route.kernelSource);
    case "kernelTunnel":
      return ({ kernelTunnel: value }) => (value === undefined ? undefined : { type: "string", value });
    case "igpMetric":
    case "kernelPreferredSource":
    case "kernelRealm":
      return () => undefined;
    default:
      return readBgpAttribute(attribute);
  }
}

type BgpAttribute = Exclude<
  ScriptAttribute,
  | "prefix"
  | "preference"
  | "scope"
  | "source"
  | "destination"
  | "gateway"
  | "from"
  | "protocolName"
  | "interfaceName"
  | "interfaceIndex"
  | "igpMetric"
  | `kernel${string}`
>;

function readBgpAttribute(attribute: BgpAttribute): (route: Route) => Value {
  switch (attribute) {
    case "origin":
      // A number, not a named constant: `bgp_origin = ORIGIN_IGP` is never true.
      return (route) => (route.isBare ? undefined : int(route.origin));
    case "asPath":
      return (route) => (route.isBare ? undefined : { type: "path", path: route.asPath });
    case "nextHop":
      return (route) => (route.isBare ? undefined : { type: "ip", bytes: globalPart(route.nextHop) });
    case "med":
      return (route) => optionalInt(route.med);
    case "localPref":
      return (route) => optionalInt(route.localPref);
    case "atomicAggregate":
      return (route) => (route.atomicAggregate ? OPAQUE : undefined);
    case "aggregator":
      return (route) => (route.aggregator === undefined ? undefined : OPAQUE);
    case "communities":
      return ({ communities: values }) => (values.length === 0 ? NO_COMMUNITIES : { type: "communityList", values });
    case "extendedCommunities":
      return ({ extendedCommunities: values }) =>
        values.length === 0 ? NO_EXTENDED : { type: "extendedCommunityList", values };
    case "largeCommunities":
      return ({ largeCommunities: values }) =>
        values.length === 0 ? NO_LARGE : { type: "largeCommunityList", values };
    case "clusterList":
      return ({ clusterList: values }) => (values === undefined ? NO_COMMUNITIES : { type: "communityList", values });
    case "originatorId":
      return ({ originatorId: value }) => (value === undefined ? undefined : { type: "quad", value });
    default:
      return unreachable(attribute);
  }
}

/** What the attribute is after it was taken away: lists read as empty again. */
export function absentAttribute(attribute: ScriptAttribute): Value {
  switch (attribute) {
    case "communities":
    case "clusterList":
      return NO_COMMUNITIES;
    case "extendedCommunities":
      return NO_EXTENDED;
    case "largeCommunities":
      return NO_LARGE;
    default:
      return undefined;
  }
}

/** Sets the attribute of the route; gives what the run reads back. Fails as BIRD does. */
export function writeAttribute(attribute: ScriptAttribute): (route: Route, value: Value) => Value {
  switch (attribute) {
    case "preference":
      return (route, value) => {
        if (value?.type !== "int") return fail("Can't set preference to non-integer");
        if (value.value > 0xffff) return fail("Setting preference value out of bounds");
        route.weight = value.value;
        return value;
      };
    case "from":
      // Neither is looked at outside of filters.
      return (_route, value) => demand(value, "ip", STATIC_TYPE);
    case "scope":
      return (_route, value) => (value?.type === "enum" && value.of === "scope" ? value : fail(STATIC_TYPE));
    case "gateway":
    case "destination":
    case "interfaceName": {
      const word = { gateway: "gw", destination: "dest", interfaceName: "ifname" }[attribute];
      return () => fail(`Setting ${word} is not supported`);
    }
    case "kernelTunnel":
      return (route, value) => {
        const text = demand(value, "string", "Setting string attribute to non-string value");
        route.kernelTunnel = text.value;
        return text;
      };
    case "kernelMetric":
      return intWriter((route, value) => (route.kernelMetric = value));
    case "kernelSource":
    case "kernelRealm":
    case "igpMetric":
      return intWriter(() => undefined);
    case "kernelPreferredSource":
      return (_route, value) => demand(value, "ip", IP_TYPE);
    case "prefix":
    case "source":
    case "protocolName":
    case "interfaceIndex":
      return () => fail("This static attribute is read-only.");
    default:
      return writeBgpAttribute(attribute);
  }
}

const STATIC_TYPE = "Attempt to set static attribute to incompatible type";
const INT_TYPE = "Setting int attribute to non-int value";
const IP_TYPE = "Setting ip attribute to non-ip value";
const CLIST_TYPE = "Setting clist attribute to non-clist value";

function writeBgpAttribute(attribute: BgpAttribute): (route: Route, value: Value) => Value {
  switch (attribute) {
    case "origin":
      // Deviates from BIRD, which takes and sends any number.
      return intWriter(
        (route, value) => (route.origin = value <= 2 ? value : fail("Setting origin value out of bounds")),
      );
    case "asPath":
      return (route, value) => {
        const path = demand(value, "path", "Setting path attribute to non-path value");
        route.asPath = path.path;
        return path;
      };
    case "nextHop":
      return (route, value) => {
        const ip = demand(value, "ip", IP_TYPE);
        route.nextHop = ip.bytes;
        return ip;
      };
    case "med":
      return intWriter((route, value) => (route.med = value));
    case "localPref":
      return intWriter((route, value) => (route.localPref = value));
    case "atomicAggregate":
    case "aggregator":
      return () => fail("Setting opaque attribute is not allowed");
    case "originatorId":
      return (route, value) => {
        const id = value?.type === "quad" || value?.type === "int" ? value.value : quadOf(value);
        if (id === undefined) return fail("Setting quad attribute to non-quad value");
        route.originatorId = id;
        return { type: "quad", value: id };
      };
    case "clusterList":
      return (route, value) => {
        const list = demand(value, "communityList", CLIST_TYPE);
        route.clusterList = list.values.length === 0 ? undefined : list.values;
        return list;
      };
    case "communities":
      return (route, value) => {
        const list = demand(value, "communityList", CLIST_TYPE);
        route.communities = list.values;
        return list;
      };
    case "extendedCommunities":
      return (route, value) => {
        const list = demand(value, "extendedCommunityList", "Setting eclist attribute to non-eclist value");
        route.extendedCommunities = list.values;
        return list;
      };
    case "largeCommunities":
      return (route, value) => {
        const list = demand(value, "largeCommunityList", "Setting lclist attribute to non-lclist value");
        route.largeCommunities = list.values;
        return list;
      };
    default:
      return unreachable(attribute);
  }
}

/** Takes the attribute away, as `unset` does. What every BGP route must have stays as it was for everybody but the run. */
export function unsetAttribute(attribute: ScriptAttribute): (route: Route) => void {
  switch (attribute) {
    case "med":
    case "localPref":
    case "originatorId":
    case "clusterList":
    case "aggregator":
    case "kernelMetric":
    case "kernelTunnel":
      return (route) => void (route[attribute] = undefined);
    case "atomicAggregate":
      return (route) => void (route.atomicAggregate = false);
    case "communities":
      return (route) => void (route.communities = []);
    case "extendedCommunities":
      return (route) => void (route.extendedCommunities = []);
    case "largeCommunities":
      return (route) => void (route.largeCommunities = []);
    default:
      return () => undefined;
  }
}

/** Named constants are numbers here. */
function intWriter(set: (route: Route, value: number) => void): (route: Route, value: Value) => Value {
  return (route, value) => {
    if (value?.type !== "int" && value?.type !== "enum") return fail(INT_TYPE);
    set(route, value.value);
    return int(value.value);
  };
}

function demand<Type extends ScriptType>(value: Value, type: Type, text: string): ValueOf<Type> {
  return value?.type === type ? (value as ValueOf<Type>) : fail(text);
}

function optionalInt(value: number | undefined): Value {
  return value === undefined ? undefined : { type: "int", value };
}

const UNSPECIFIED_IPV4: Value = { type: "ip", bytes: new Uint8Array(4) };
const UNSPECIFIED_IPV6: Value = { type: "ip", bytes: new Uint8Array(16) };

function address(route: Route, bytes: Bytes): Value {
  if (bytes.length === 0) return route.family === IPV4_UNICAST ? UNSPECIFIED_IPV4 : UNSPECIFIED_IPV6;
  return { type: "ip", bytes: globalPart(bytes) };
}

/** Of a global address with its link-local one (RFC 2545) the first. */
function globalPart(bytes: Bytes): Bytes {
  return bytes.length === 32 ? bytes.subarray(0, 16) : bytes;
}

function prefixOf(route: Route): Value {
  const { family, prefixLength: length } = route;
  const bytes = new Uint8Array(family === IPV4_UNICAST ? 4 : 16);
  writeU32(bytes, 0, route.w0);
  if (family !== IPV4_UNICAST) {
    writeU32(bytes, 4, route.w1);
    writeU32(bytes, 8, route.w2);
    writeU32(bytes, 12, route.w3);
  }
  return { type: "prefix", prefix: { family, bytes, length } };
}
