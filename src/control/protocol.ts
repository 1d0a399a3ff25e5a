// The language of the control socket: one JSON value a line, UTF-8, versioned.
//
//   → {"v":1,"id":7,"method":"status","params":{}}
//   ← {"v":1,"id":7,"result":{…}}                       or {"v":1,"id":7,"error":{"code":"not-found","message":"…"}}
//   ← {"v":1,"id":7,"chunk":[…]} … {"v":1,"id":7,"done":true,"count":n}    for methods that stream
//
// Requests of one connection are answered in order. An error without an id concerns the connection.

export const PROTOCOL_VERSION = 1;

/** Longest request line, without its line feed. Answers may be longer. */
export const MAX_REQUEST_BYTES = 64 * 1024;

export const DEFAULT_SOCKET = "/run/starling/starling.sock";

/** struct sockaddr_un (unix(7)) without its final zero. libuv cuts a longer path off silently. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Words against the path of a socket, or undefined. */
export function socketPathFault(path: string): string | undefined {
  if (path === "") return "the path of the control socket is empty";
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    return `${path} is longer than the ${MAX_SOCKET_PATH_BYTES} octets that a socket may have`;
  return undefined;
}

export type RequestId = string | number | null;

export type ErrorCode =
  | "bad-request"
  | "unsupported-version"
  | "unknown-method"
  | "bad-params"
  | "not-found"
  | "starting"
  | "failed"
  | "line-too-long"
  | "too-many-connections";

export interface Request {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** An answer as the client sees it; exactly one of the last four groups is there. */
export interface Response {
  readonly v: number;
  readonly id: RequestId;
  readonly result?: unknown;
  readonly error?: WireError;
  readonly chunk?: readonly unknown[];
  readonly done?: true;
  readonly count?: number;
}

/** A request that cannot be carried out, in words for the user. */
export class RequestError extends Error {
  readonly code: ErrorCode;
  /** Of the request, where it could be read. */
  readonly id: RequestId;

  constructor(code: ErrorCode, message: string, id: RequestId = null) {
    super(message);
    this.name = "RequestError";
    this.code = code;
    this.id = id;
  }
}

/** Reads one request line. Throws RequestError for anything that is none. */
export function parseRequest(line: string): Request {
  const value = parseJson(line);
  if (!isRecord(value)) throw new RequestError("bad-request", "a request is one JSON object a line");
  const id = isId(value["id"]) ? value["id"] : null;
  if (value["v"] !== PROTOCOL_VERSION) {
    throw new RequestError(
      "unsupported-version",
      `this daemon speaks version ${PROTOCOL_VERSION} ("v":${PROTOCOL_VERSION})`,
      id,
    );
  }
  const { method, params } = value;
  if (typeof method !== "string") throw new RequestError("bad-request", '"method" is missing', id);
  if (params !== undefined && !isRecord(params)) throw new RequestError("bad-request", '"params" is not an object', id);
  return { id, method, params: params ?? {} };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    // The parser's own words quote the input; a garbage line must not come back or into the log at length.
    throw new RequestError("bad-request", `not JSON: ${error instanceof SyntaxError ? "syntax error" : String(error)}`);
  }
}

/** Reads one answer line; undefined if it is none of ours. */
export function parseResponse(line: string): Response | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && typeof value["v"] === "number" ? (value as unknown as Response) : undefined;
  } catch {
    return undefined; // the caller turns it into "not a starling"
  }
}

export function encodeRequest(id: RequestId, method: string, params: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ v: PROTOCOL_VERSION, id, method, params })}\n`;
}

export function encodeResult(id: RequestId, result: unknown): string {
  return encodeResultText(id, JSON.stringify(result ?? null));
}

/** `result` is JSON already. */
export function encodeResultText(id: RequestId, result: string): string {
  return `{"v":${PROTOCOL_VERSION},"id":${JSON.stringify(id)},"result":${result}}\n`;
}

export function encodeError(error: RequestError): string {
  return `${JSON.stringify({ v: PROTOCOL_VERSION, id: error.id, error: { code: error.code, message: error.message } })}\n`;
}

export function encodeChunk(id: RequestId, chunk: readonly unknown[]): string {
  return `${JSON.stringify({ v: PROTOCOL_VERSION, id, chunk })}\n`;
}

export function encodeDone(id: RequestId, count: number): string {
  return `${JSON.stringify({ v: PROTOCOL_VERSION, id, done: true, count })}\n`;
}

function isId(value: unknown): value is RequestId {
  return typeof value === "string" || typeof value === "number" || value === null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
