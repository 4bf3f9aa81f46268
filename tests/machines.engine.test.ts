// Boundary: machines by ssh with Debian's own sshd on loopback, and a stand-in for systemd; tests/docker has a real one.
import { existsSync } from "node:fs";
import { lacking } from "./engines.ts";
import { deploysTo } from "./machines/deploys.ts";
import { sshd, TestMachine } from "./machines/test-machine.ts";

deploysTo("an app on a machine of one's own, by ssh", {
  skip:
    lacking({
      "sshd (openssh-server)": existsSync(sshd),
      "ssh (openssh-client)": existsSync("/usr/bin/ssh"),
      root: process.getuid?.() === 0,
    }) ?? false,
  start: () => TestMachine.start(),
});
