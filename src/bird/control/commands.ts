// What a command line of the control socket can say.

/** Protocols that a command is about. */
export type ProtocolChoice =
  | { readonly kind: "all" }
  | { readonly kind: "name"; readonly name: string }
  /** `*` stands for any text, `?` for one character. */
  | { readonly kind: "pattern"; readonly pattern: string };

export type FilterText =
  | { readonly kind: "named"; readonly name: string }
  /** With its braces. */
  | { readonly kind: "body"; readonly text: string }
  | { readonly kind: "where"; readonly text: string };

export interface ShowRoute {
  readonly kind: "show route";
  readonly network: { readonly prefix: string; readonly match: "exact" | "longest" } | undefined;
  readonly table: string | undefined;
  readonly filter: FilterText | undefined;
  readonly exported: { readonly stage: "export" | "preexport" | "noexport"; readonly protocol: string } | undefined;
  readonly protocol: string | undefined;
  readonly all: boolean;
  readonly primary: boolean;
  readonly filtered: boolean;
  /** `stats` shows the rows as well. */
  readonly counts: "count" | "stats" | undefined;
}

export type ConfigureAction =
  | { readonly kind: "check"; readonly file: string | undefined }
  | {
      readonly kind: "apply";
      readonly file: string | undefined;
      readonly isSoft: boolean;
      /** Undefined: no confirmation is asked for. */
      readonly timeoutSeconds: number | undefined;
    }
  | { readonly kind: "confirm" }
  | { readonly kind: "undo" };

export type ProtocolAction = "enable" | "disable" | "restart";

/** What `show symbols` lists: a kind, one symbol, or everything. */
export type SymbolChoice = "table" | "filter" | "function" | "protocol" | "template" | "roa";

export type Command =
  | { readonly kind: "show status" }
  | { readonly kind: "show protocols"; readonly all: boolean; readonly which: ProtocolChoice }
  | ShowRoute
  | { readonly kind: "show interfaces"; readonly summary: boolean }
  | { readonly kind: "show static"; readonly protocol: string | undefined }
  | { readonly kind: "show memory" }
  | { readonly kind: "show symbols"; readonly of: SymbolChoice | undefined; readonly name: string | undefined }
  | { readonly kind: "show bfd"; readonly protocol: string | undefined }
  | { readonly kind: "show roa" }
  /** A protocol that this daemon never runs, in capitals. */
  | { readonly kind: "show foreign"; readonly protocol: string }
  | { readonly kind: "configure"; readonly action: ConfigureAction }
  /** `message`: why, for the peer and for whoever asks. */
  | { readonly kind: ProtocolAction; readonly which: ProtocolChoice; readonly message: string | undefined }
  | { readonly kind: "reload"; readonly direction: "in" | "out" | "both"; readonly which: ProtocolChoice }
  | { readonly kind: "debug" | "mrtdump"; readonly which: ProtocolChoice; readonly flags: readonly string[] }
  | {
      readonly kind: "echo";
      readonly classes: readonly string[] | "all" | "off";
      readonly bufferBytes: number | undefined;
    }
  | { readonly kind: "dump"; readonly what: string }
  | { readonly kind: "eval"; readonly text: string }
  | { readonly kind: "restrict" }
  | { readonly kind: "down" };
