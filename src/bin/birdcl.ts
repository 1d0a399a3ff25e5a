// The programs `birdcl` and `birdcl6`: the client of the daemons, by the name it was called by. Bundled as CommonJS, which
// knows no `await` out here.

import { runClient } from "../bird/client/program.js";

void runClient(process.argv0, process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
