// What the demonstration needs of a routing daemon, whoever wrote it: our own on the nodes, FRR or BIRD on a ToR.

export interface SessionCounts {
  readonly established: number;
  readonly total: number;
  /** Still deferring route selection after its own restart (RFC 4724 §4.1). */
  readonly recovering: boolean;
}

export interface RoutingDaemon {
  /** The host it runs on. */
  readonly host: string;
  /** Name and version, as in the narration. */
  readonly software: string;
  /** The words of the command that `statusText` is the output of. */
  readonly statusCommand: string;
  start(): Promise<void>;
  /** SIGKILL: no farewell to anybody. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Undefined while it does not answer. */
  sessions(): Promise<SessionCounts | undefined>;
  statusText(): Promise<string>;
  /** What it wrote to its log lately, for the reader of a failure. */
  log(): string;
}
