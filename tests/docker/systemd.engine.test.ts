// Boundary: machines by ssh as tests/machines.engine.test.ts has them, with a real systemd: what hardening takes from programs is taken from them here.
import { deploysTo } from "../machines/deploys.ts";
import { lackingDocker } from "./docker.ts";
import { buildSystemdImage, lackingDebian } from "./systemd-image.ts";
import { SystemdMachine } from "./systemd-machine.ts";

deploysTo("an app on a machine that a real systemd runs, by ssh", {
  skip: (await lackingDocker()) ?? lackingDebian() ?? false,
  async start() {
    await buildSystemdImage();
    return SystemdMachine.start();
  },
});
