// Commands that change something: configure, enable, disable, restart, reload.

import type { BirdCommands, BirdView, ConfigureResult } from "./bird-view.js";
import type { Command, ConfigureAction, ProtocolAction, ProtocolChoice } from "./commands.js";
import { chooseProtocols } from "./protocol-choice.js";
import { oneLine, type Reply, type ReplyLine } from "./reply.js";

type ChangeCommand = Extract<Command, { readonly kind: ProtocolAction }>;

export function changeProtocols({ kind, which, message }: ChangeCommand, view: BirdView): Reply {
  const lines = chooseProtocols(which, view.protocols()).map(({ name }) => {
    const result = view.commands[kind](name, message);
    return { code: ACTION_CODES[result], text: `${name}: ${result}` };
  });
  return [lines];
}

const ACTION_CODES = {
  "already disabled": 8,
  disabled: 9,
  "already enabled": 10,
  enabled: 11,
  restarted: 12,
  reloading: 15,
  "reload failed": 8006,
} as const;

export function reloadProtocols(direction: "in" | "out" | "both", which: ProtocolChoice, view: BirdView): Reply {
  const lines: ReplyLine[] = [];
  for (const { name, state } of chooseProtocols(which, view.protocols())) {
    const result = view.commands.reload(name, direction);
    // Where nothing runs there is nothing to load again, and nothing is said.
    if (result !== "already disabled" && state !== "up") continue;
    lines.push({ code: ACTION_CODES[result], text: `${name}: ${result}` });
  }
  return [lines];
}

/** All of it: what goes on is told before it goes on. */
export async function* configure(
  action: ConfigureAction,
  commands: BirdCommands,
): AsyncGenerator<readonly ReplyLine[]> {
  switch (action.kind) {
    case "confirm":
      yield* commands.confirm() ? oneLine(18, "Reconfiguration confirmed") : oneLine(19, "Nothing to do");
      return;
    case "undo":
      yield [{ code: 21, text: "Undo requested" }];
      yield [configureEnd(await commands.undo())];
      return;
    case "check": {
      const file = action.file ?? commands.configFile;
      yield [reading(file)];
      const error = await commands.checkConfig(file);
      yield* error === undefined ? oneLine(20, "Configuration OK") : oneLine(8002, error);
      return;
    }
    case "apply": {
      const file = action.file ?? commands.configFile;
      const { timeoutSeconds } = action;
      yield [reading(file)];
      const result = await commands.configure(file, action.isSoft ? "soft" : "hard", timeoutSeconds);
      if (timeoutSeconds !== undefined && result.kind !== "error" && result.kind !== "shutting down")
        yield [{ code: 22, text: `Undo scheduled in ${timeoutSeconds} s` }];
      yield [configureEnd(result)];
    }
  }
}

function reading(file: string): ReplyLine {
  return { code: 2, text: `Reading configuration from ${file}` };
}

function configureEnd(result: ConfigureResult): ReplyLine {
  if (result.kind === "error") return { code: 8002, text: result.message, isLast: true };
  const [code, text] = CONFIGURE_ENDS[result.kind];
  return { code, text, isLast: true };
}

const CONFIGURE_ENDS = {
  done: [3, "Reconfigured"],
  "in progress": [4, "Reconfiguration in progress"],
  queued: [5, "Reconfiguration already in progress, queueing new config"],
  "shutting down": [6, "Reconfiguration ignored, shutting down"],
  "nothing to do": [19, "Nothing to do"],
} as const;
