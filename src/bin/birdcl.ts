// The programs `birdcl` and `birdcl6`: the client of the daemons, by the name it was called by.

import { runClient } from "../bird/client/program.js";

process.exitCode = await runClient(process.argv0, process.argv.slice(2), process);
