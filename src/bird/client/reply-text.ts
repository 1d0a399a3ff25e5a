// What a person sees of the daemon's lines. A line begins with a code of four digits and `-`, or with a blank where the
// code is that of the line before; with the code and a blank it is the last one of a reply.

export interface ReplyLine {
  /** To be printed, with its newline; empty where there is nothing to see. */
  readonly text: string;
  /** It ends the reply. */
  readonly isLast: boolean;
}

const CODED = /^\d{4}([ -])/;
/** The code of an end that says nothing. */
const SILENT = "0000";

/** Reads one line, without its newline. With `codes` it is shown as it came. */
export function readReplyLine(line: string, codes: boolean): ReplyLine {
  const coded = CODED.exec(line);
  if (coded !== null) {
    const text = line.startsWith(SILENT) ? "" : `${codes ? line : line.slice(5)}\n`;
    return { text, isLast: coded[1] === " " };
  }
  if (line.startsWith(" ")) return { text: `${codes ? `    ${line}` : line.slice(1)}\n`, isLast: false };
  if (line.startsWith("+")) return { text: `>>> ${line.slice(1)}\n`, isLast: false };
  return { text: `??? <${line}>\n`, isLast: false };
}
