// Who is on the other end of a control socket, asked of a system that the test plays.

import { Socket } from "node:net";
import t from "tap";
import { readPeerCredentials } from "../../src/control/peer-credentials.js";
import type { Sys } from "../../src/native/sys.js";

/** A socket whose handle has this descriptor, as Node keeps it. */
function socketWith(fd: number | undefined): Socket {
  return Object.assign(new Socket(), { _handle: fd === undefined ? null : { fd } });
}

type Getsockopt = Sys["getsockopt"];

function sysWith(getsockopt: Getsockopt): Sys {
  return { getsockopt } as unknown as Sys;
}

t.test("pid, uid and gid are read in this order", async (t) => {
  const asked: number[] = [];
  const sys = sysWith((fd, level, name, value) => {
    asked.push(fd, level, name);
    new Uint32Array(value.buffer).set([4711, 1000, 117]);
    return 12;
  });
  t.same(readPeerCredentials(sys, socketWith(9)), { pid: 4711, uid: 1000, gid: 117 });
  t.same(asked, [9, 1, 17], "SOL_SOCKET, SO_PEERCRED (unix(7))");
});

t.test("where the system does not tell, nothing is claimed", async (t) => {
  const refusing = sysWith(() => -92);
  t.equal(readPeerCredentials(refusing, socketWith(9)), undefined);
  const never = sysWith(() => {
    throw new Error("must not be asked");
  });
  t.equal(readPeerCredentials(never, socketWith(undefined)), undefined);
  t.equal(readPeerCredentials(never, socketWith(-1)), undefined);
});
