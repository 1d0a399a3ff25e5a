// `show status`.

import { formatDateTime } from "./bird-times.js";
import type { StatusView } from "./bird-view.js";
import type { ReplyLine } from "./reply.js";

const PHASES: Readonly<Record<StatusView["phase"], string>> = {
  running: "Daemon is up and running",
  reconfiguring: "Reconfiguration in progress",
  "shutting down": "Shutdown in progress",
};

export function statusLines(status: StatusView): readonly ReplyLine[] {
  const { recovery } = status;
  return [
    { code: 1000, text: `BIRD ${status.version}` },
    { code: 1011, text: `Router ID is ${status.routerId}` },
    { code: 1011, text: `Current server time is ${formatDateTime(status.now)}` },
    { code: 1011, text: `Last reboot on ${formatDateTime(status.startedAt)}` },
    { code: 1011, text: `Last reconfiguration on ${formatDateTime(status.configuredAt)}` },
    ...(recovery === undefined
      ? []
      : [
          { code: 24, text: "Graceful restart recovery in progress" },
          { code: 24, text: `  Waiting for ${recovery.waitingFor} protocols to recover` },
          { code: 24, text: `  Wait timer is ${recovery.leftSeconds}/${recovery.totalSeconds}` },
        ]),
    { code: 13, text: PHASES[status.phase], isLast: true },
  ];
}
