// Listings of routes in a form that can be compared: without times, with the prefix on every way, prefixes in order, and
// behind the selected way the others in order.

const HEAD = /^([0-9a-fA-F.:]+\/\d+)\s+(.*)$/;
const TIME = /\[(\S+) \d\d:\d\d:\d\d(\.\d+)?( from [^\]]*)?\]/;

/** One string for each way, the first line and those below it. */
export function readListing(text: string): string[] {
  const ways: { readonly prefix: string; readonly lines: string[] }[] = [];
  let prefix = "";
  for (const line of text.split("\n")) {
    if (line.trim() === "" || /^\d{4}$/.test(line)) continue;
    const head = HEAD.exec(line);
    if (head !== null) prefix = head[1];
    const isWay = TIME.test(line);
    if (!isWay && ways.length > 0) ways[ways.length - 1].lines.push(line.trim());
    else if (isWay) ways.push({ prefix, lines: [(head?.[2] ?? line).trim().replace(TIME, "[$1 TIME$3]")] });
  }
  return ways.map(({ prefix, lines }) => `${prefix} ${lines.join(" | ")}`).sort();
}
