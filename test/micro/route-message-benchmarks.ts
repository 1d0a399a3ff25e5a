// Routes on their way to the kernel and back: rtnetlink requests, and what a dump of the table brings.

import { IPV4_UNICAST } from "../../src/base/family.js";
import { eachMessage, received, RequestBuffer } from "../../src/kernel/netlink.js";
import {
  decodeRoute,
  type EncodedPath,
  encodePath,
  encodeRoute,
  ROUTE_OVERHEAD,
  RouteMessage,
} from "../../src/kernel/route-message.js";
import { type Benchmark, type Measured, sink } from "./benchmark.js";

const ROUTES = 1024;
const OWNER = { table: 254, protocol: 12 };

function pathThroughGateway(): EncodedPath {
  const hop = { gateway: Uint8Array.of(192, 0, 2, 7), device: "eth0", onlink: false, weight: 1 };
  const path = encodePath(IPV4_UNICAST, { kind: "unicast", nextHops: [hop] }, () => 2);
  if (typeof path === "string") throw new Error(path);
  return path;
}

function writeRequests(out: RequestBuffer, path: EncodedPath): void {
  const prefix = { w0: 0, w1: 0, w2: 0, w3: 0, length: 24 };
  out.length = 0;
  for (let i = 0; i < ROUTES; i++) {
    prefix.w0 = 0x0a000000 + (i << 8);
    encodeRoute(out, "add", i, OWNER, IPV4_UNICAST, prefix, 0, path);
  }
}

function requestBuffer(path: EncodedPath): RequestBuffer {
  return new RequestBuffer(new ArrayBuffer(ROUTES * (ROUTE_OVERHEAD + path.attributes.length)));
}

function encoding(): Measured {
  const path = pathThroughGateway();
  const out = requestBuffer(path);
  return {
    operations: ROUTES,
    run: () => {
      writeRequests(out, path);
      sink.value ^= out.length;
    },
  };
}

/** A request and an answer of a dump are the same message but for flags. */
function decoding(): Measured {
  const path = pathThroughGateway();
  const out = requestBuffer(path);
  writeRequests(out, path);
  const input = received(out.bytes.subarray(0, out.length));
  const route = new RouteMessage();
  return {
    operations: ROUTES,
    run: () => {
      eachMessage(input, input.bytes.length, (message) => {
        if (decodeRoute(input, message, route)) sink.value ^= route.w0;
      });
    },
  };
}

export const ROUTE_MESSAGE_BENCHMARKS: readonly Benchmark[] = [
  { name: "encodeRoute, netlink request", budget: 21, prepare: encoding },
  { name: "decodeRoute, netlink message", budget: 34, prepare: decoding },
];
