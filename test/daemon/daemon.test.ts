// The daemon behind a front door of the test: the order of its end, and what comes meanwhile.

import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { SILENT_LOG } from "../../src/base/log.js";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import type { ConfigSource } from "../../src/daemon/config-source.js";
import { Daemon } from "../../src/daemon/daemon.js";
import type { FrontDoor } from "../../src/daemon/front-door.js";
import { LoopWatch } from "../../src/daemon/loop-watch.js";
import { STARLING_HABITS } from "../../src/daemon/signals.js";
import { FakeSpeaker } from "../control/snapshots.js";
import { configOf } from "../speaker/world.js";

interface Scene {
  readonly daemon: Daemon;
  readonly config: SpeakerConfig;
  readonly events: string[];
}

async function start(source: ConfigSource["load"], closing: Promise<void> = Promise.resolve()): Promise<Scene> {
  const events: string[] = [];
  const running = configOf("10.0.0.1", "as: 64512");
  const clock = new LoopWatch(new SystemClock());
  const speaker = Object.assign(new FakeSpeaker(), {
    apply: () => Promise.resolve([`${events.push("apply")}`]),
    stop: () => Promise.resolve(void events.push("stop")),
  });
  const door: FrontDoor = {
    ...{ version: "0.1.0", source: { load: source }, habits: STARLING_HABITS },
    openControl: () => Promise.resolve({ serve: () => undefined, close: () => closing }),
    reloadWords: { done: (changes) => changes, failed: (error) => error },
    words: { running: () => undefined, stopped: () => undefined },
  };
  const daemon = await Daemon.start(door, running, {
    ...{ clock, log: SILENT_LOG, addon: { missing: "no addon" }, loopDelay: clock.delay },
    assemble: () => Promise.resolve({ speaker, close: () => Promise.resolve(void events.push("closed")) }),
    ...{ onLogConfig: () => undefined, onShutDown: () => undefined },
  });
  return { daemon, config: running, events };
}

const never = new Promise<never>(() => undefined);

t.test("a control socket that does not end keeps no peer from its Cease", async (t) => {
  const { daemon, events } = await start(() => never, never);
  void daemon.stop();
  while (events.length < 3) await new Promise((resolve) => setImmediate(resolve));
  t.same(events, ["apply", "stop", "closed"]);
});

t.test("once it stops no configuration reaches the speaker any more", async (t) => {
  let give: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (give = resolve));
  const scene = await start(async () => {
    await gate;
    return { ok: true, config: scene.config, warnings: [] };
  });
  const { daemon, events } = scene;
  const ignored = { ok: false, errors: ["Reconfiguration ignored, shutting down"] };
  const earlier = daemon.reload();
  const queued = daemon.reload();
  const stopped = daemon.stop();
  t.same(await daemon.reload(), ignored);
  t.same(await daemon.target.reloadFrom({ load: () => never }), ignored);
  give();
  t.same(await earlier, ignored);
  t.same(await queued, ignored);
  await stopped;
  t.same(events, ["apply", "stop", "closed"]);
});
