// Parsers as Calico's clients have them, written from the description of what they read: line by line with a deadline of two
// seconds that each line renews, the command sent before the greeting is read.

import { connect, type Socket } from "node:net";

const LINE_DEADLINE_MS = 2000;

/** A connection that sends its first command at once and then reads lines with a deadline each. */
export class CalicoConnection {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string) {
    this.#socket = connect({ path });
    this.#socket.setEncoding("utf8");
    this.#lines = linesOf(this.#socket)[Symbol.asyncIterator]();
  }

  send(command: string): void {
    this.#socket.write(`${command}\n`);
  }

  /** The next line without its line feed. Rejects after two seconds without one. */
  async line(): Promise<string> {
    let alarm: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      alarm = setTimeout(() => reject(new Error("read deadline exceeded")), LINE_DEADLINE_MS);
    });
    try {
      const next = await Promise.race([this.#lines.next(), deadline]);
      if (next.done === true) throw new Error("connection closed");
      return next.value;
    } finally {
      clearTimeout(alarm);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of socket as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

export interface CalicoPeer {
  readonly name: string;
  readonly ip: string;
  readonly type: string;
  readonly state: string;
  readonly since: string;
  readonly bgpState: string;
  readonly info: string;
}

const PEER_NAME = /^(Global|Node|Mesh)_(.+)$/;
const TYPES: Readonly<Record<string, string>> = {
  Global: "global",
  Node: "node specific",
  Mesh: "node-to-node mesh",
};

/** `calicoctl node status` and the readiness check: the table of peers. Throws for a line they do not expect. */
export async function readPeers(connection: CalicoConnection, separator: "." | ":"): Promise<readonly CalicoPeer[]> {
  const peers: CalicoPeer[] = [];
  for (;;) {
    const line = await connection.line();
    if (line.startsWith("0000")) return peers;
    if (line.startsWith("0001")) continue;
    if (line.startsWith("2002")) {
      if (line.slice(5).trim().split(/\s+/).join(" ") !== "name proto table state since info")
        throw new Error("unknown BIRD table output format");
    } else if (line.startsWith("1002")) addPeer(peers, line.slice(5), separator);
    else if (line.startsWith(" ")) addPeer(peers, line.slice(1), separator);
    else throw new Error(`unexpected output line from BIRD: ${line}`);
  }
}

function addPeer(peers: CalicoPeer[], row: string, separator: string): void {
  const columns = row.trim().split(/\s+/);
  if (columns.length < 6 || columns[1] !== "BGP") return;
  const found = PEER_NAME.exec(columns[0]);
  if (found === null) return;
  peers.push({
    name: columns[0],
    ip: found[2].replaceAll("_", separator),
    type: TYPES[found[1]],
    state: columns[3],
    since: columns[4],
    bgpState: columns[5],
    info: columns.slice(6).join(" "),
  });
}

/** The readiness check's second question. Gives why the node is not ready, or undefined. */
export async function readRecovery(connection: CalicoConnection): Promise<string | undefined> {
  let problem: string | undefined;
  for (;;) {
    const line = await connection.line();
    if (line.startsWith("0013")) return problem;
    if (line.startsWith("0024")) problem = "graceful restart in progress";
    else if (!/^(0001|1000|1011| )/.test(line)) throw new Error(`unexpected output line from BIRD: ${line}`);
  }
}

/** What the status reporter takes from `show status`. */
export async function readAgent(connection: CalicoConnection): Promise<Readonly<Record<string, string>>> {
  const agent: Record<string, string> = {};
  for (;;) {
    const line = await connection.line();
    if (/^(0001|1000|1011)/.test(line)) takeAgentText(agent, line.slice(5));
    else if (line.startsWith(" ")) takeAgentText(agent, line.slice(1));
    else return agent;
  }
}

const AGENT_FIELDS: readonly (readonly [string, string])[] = [
  ["routerId", "Router ID is "],
  ["lastBootTime", "Last reboot on "],
  ["lastReconfigurationTime", "Last reconfiguration on "],
];

function takeAgentText(agent: Record<string, string>, text: string): void {
  if (text.includes("BIRD") && text.includes("ready")) agent["state"] = "Ready";
  else if (text.startsWith("BIRD v")) agent["version"] = text.slice("BIRD ".length);
  for (const [field, prefix] of AGENT_FIELDS) if (text.startsWith(prefix)) agent[field] = text.slice(prefix.length);
}

/** The two lines of `show protocols all NAME` that the reporter reads, as it cuts them. */
export async function readDetails(connection: CalicoConnection): Promise<{ state: string; address: string }> {
  const details = { state: "", address: "" };
  for (;;) {
    const line = await connection.line();
    if (line.startsWith("0000")) return details;
    if (line.includes("BGP state:")) details.state = line.replace("BGP state:", "").trim();
    if (line.includes("Neighbor address:")) details.address = line.replace("Neighbor address:", "").trim();
  }
}

export interface CalicoRoute {
  readonly type: "FIB" | "RIB";
  readonly destination: string;
  readonly gateway: string;
  readonly device: string;
  readonly from: string;
}

const ROWS: readonly (readonly [string, RegExp])[] = [
  [" via ", /(?<dest>\S*)\s*via\s(?<gateway>\S*)\s*on\s(?<device>.*)\s\[(?<from>\S*)\s.*\].*/],
  [" dev ", /(?<dest>\S*)\s*dev\s(?<device>.*)\s\[(?<from>\S*)\s.*\].*/],
  [" blackhole ", /(?<dest>\S*)\s*blackhole\s\[(?<from>\S*)\s.*\].*/],
  [" unreachable ", /(?<dest>\S*)\s*unreachable\s\[(?<from>\S*)\s.*\].*/],
];

/** The reporter's table of routes. Throws where its whole update would fail. */
export async function readRoutes(connection: CalicoConnection): Promise<readonly CalicoRoute[]> {
  const routes: CalicoRoute[] = [];
  for (;;) {
    const line = await connection.line();
    if (line.startsWith("0000")) return routes;
    if (line.startsWith("0001")) continue;
    if (line.startsWith("1007")) routes.push(parseRoute(line.slice(5), routes.at(-1)));
    else if (line.startsWith(" ")) routes.push(parseRoute(line.slice(1), routes.at(-1)));
    else throw new Error(`unexpected output line from BIRD: ${line}`);
  }
}

function parseRoute(row: string, before: CalicoRoute | undefined): CalicoRoute {
  const [word, pattern] = ROWS.find(([each]) => row.includes(each)) ?? ["", /^$/];
  const { dest = "", gateway = "N/A", device = word.trim(), from = "" } = pattern.exec(row)?.groups ?? {};
  const isKnown = /^(kernel|static|direct)/.test(from) || PEER_NAME.test(from);
  if (!isKnown) throw new Error(`source of ${JSON.stringify(row)} is not known`);
  const destination = dest === "" ? (before?.destination ?? "") : dest;
  return { type: row.includes("] *") ? "FIB" : "RIB", destination, gateway, device, from };
}
