// The column of the interop matrix of this peer.

import { PEERS } from "./peers.js";
import { runMatrix } from "./run-matrix.js";

runMatrix(PEERS.bird2);
