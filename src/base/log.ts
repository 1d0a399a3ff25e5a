// The log port: one line per event, with its subject. winston stands behind it in the daemon, an array in tests.

export type LogLevel = "error" | "warn" | "info" | "debug";

/** What an event is about; keys become columns of the JSON form. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Guard with `debugEnabled` where building the fields costs anything. */
  debug(message: string, fields?: LogFields): void;
  readonly debugEnabled: boolean;
  /** A log that adds `fields` to each line. */
  child(fields: LogFields): Log;
}

/** Swallows everything: for tools that print their own output. */
export const SILENT_LOG: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  debugEnabled: false,
  child: () => SILENT_LOG,
};
