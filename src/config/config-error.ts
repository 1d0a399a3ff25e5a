// What is wrong with a configuration, and where: plain values, collected rather than thrown, so that a user sees all
// faults of a file at once.

export interface ConfigError {
  readonly file: string;
  /** Line and column from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do about it; "" where there is nothing to say. */
  readonly hint: string;
}

/** One line per error, `file:line:column: message (hint)`, in the order of the file. */
export function formatConfigErrors(errors: readonly ConfigError[]): string {
  return errors
    .map(
      ({ file, line, column, message, hint }) =>
        `${file}:${line}:${column}: ${message}${hint === "" ? "" : ` (${hint})`}`,
    )
    .join("\n");
}
