// The commands that the client knows: it writes abbreviations out, because the daemon takes whole words only, and shows
// them to people. What a command does is the daemon's business.

export interface Command {
  /** Its keywords, written out. */
  readonly words: readonly string[];
  /** What may follow, for people; undefined for a group, which is no command by itself. */
  readonly parameters: string | undefined;
  readonly purpose: string;
  /** In the list of its group only `…` stands for what may follow. */
  readonly folded: boolean;
}

const PROTOCOLS = '(<protocol> | "<pattern>" | all)';
const ROUTE_QUERY =
  "[<prefix>|for <prefix>|for <ip>] [table <t>] [filter <f>|where <cond>] [all] [primary] [filtered] " +
  "[(export|preexport|noexport) <p>] [protocol <p>] [stats|count]";

function group(words: string, purpose: string): Command {
  return { words: words.split(" "), parameters: undefined, purpose, folded: true };
}

function command(words: string, parameters: string, purpose: string): Command {
  return { words: words.split(" "), parameters, purpose, folded: false };
}

function folded(words: string, parameters: string, purpose: string): Command {
  return { ...command(words, parameters, purpose), folded: true };
}

/** In the order in which they are listed. */
export const COMMANDS: readonly Command[] = [
  folded("configure", '["<file>"] [timeout [<sec>]]', "Reload the configuration"),
  command("configure check", '["<file>"]', "Read a configuration and say whether it is good"),
  command("configure confirm", "", "Keep the last change: stop the timeout"),
  command("configure soft", '["<file>"] [timeout [<sec>]]', "Reload, but leave routes that filters have passed"),
  command("configure timeout", "[<sec>]", "Reload, and undo it unless it is confirmed"),
  command("configure undo", "", "Undo the last change"),
  folded(
    "debug",
    `${PROTOCOLS} (all | off | { states|routes|filters|interfaces|events|packets [, ...] })`,
    "What protocols write to the log",
  ),
  command("disable", `${PROTOCOLS} [message]`, "Disable protocols"),
  command("down", "", "Shut the daemon down"),
  group("dump", "Write inner state to the log"),
  ...["attributes", "events", "interfaces", "neighbors", "protocols", "resources", "routes", "sockets"].map((what) =>
    command(`dump ${what}`, "", `Write ${what} to the log`),
  ),
  folded(
    "echo",
    "(all | off | { debug|trace|info|remote|warning|error|auth [, ...] }) [<buffer-size>]",
    "Show log messages here",
  ),
  command("enable", `${PROTOCOLS} [message]`, "Enable protocols"),
  command("eval", "<expr>", "Evaluate an expression"),
  command("exit", "", "Leave the client"),
  command("help", "", "How to get help"),
  command("quit", "", "Leave the client"),
  command("reload", PROTOCOLS, "Pass the routes of protocols through their filters again"),
  command("reload in", PROTOCOLS, "Only imported routes"),
  command("reload out", PROTOCOLS, "Only exported routes"),
  command("restart", `${PROTOCOLS} [message]`, "Restart protocols"),
  command("restrict", "", "Allow only harmless commands from now on"),
  group("show", "Show what the daemon knows"),
  group("show bfd", "Show BFD"),
  command("show bfd sessions", "[<name>]", "Show BFD sessions"),
  command("show interfaces", "", "Show network interfaces"),
  command("show interfaces summary", "", "Show network interfaces, a line each"),
  command("show memory", "", "Show how much memory is used"),
  command("show protocols", '[<protocol> | "<pattern>"]', "Show protocols"),
  command("show protocols all", '[<protocol> | "<pattern>"]', "Show protocols in detail"),
  folded("show roa", "[<prefix> | in <prefix> | for <prefix>] [as <num>] [table <t>]", "Show ROA tables"),
  folded("show route", ROUTE_QUERY, "Show routes"),
  command("show static", "[<name>]", "Show static routes"),
  command("show status", "", "Show the state of the daemon"),
  folded("show symbols", "[table|filter|function|protocol|template|roa|<symbol>]", "Show names and what they are"),
];
