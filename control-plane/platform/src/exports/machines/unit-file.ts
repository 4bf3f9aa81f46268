import type { ExportedProgram } from "../exported-programs.ts";
import { databasesOf } from "../exported-programs.ts";
import { drainSeconds, stopSeconds } from "../export-options.ts";
import { credentialOf, type MachineNames } from "./machine-names.ts";

/** Memory of programs that the app sets none for, as in containers. */
const usualMemoryBytes = 402_653_184;
/** Beyond what a program takes to stop by itself, before it is killed. */
const killAfterSeconds = 5;
/** Ports that only root may take, up to here. */
const lastPrivilegedPort = 1023;
/** Exit code of a program that starting again would not help (`EX_CONFIG` of sysexits.h). */
const misconfigured = 78;

/** What a unit file is made from. */
export interface UnitFileParts {
  readonly app: string;
  readonly program: ExportedProgram;
  readonly names: MachineNames;
  /** Names of the secrets that it reads. */
  readonly secrets: readonly string[];
  /** Of a gateway: the port for clients. */
  readonly http?: number | undefined;
}

/** The template of a program's copies: `%i` is the slot, a link to a release. */
export function serviceUnit({ app, http, names, program, secrets }: UnitFileParts): string {
  const needsPort = http !== undefined && http <= lastPrivilegedPort;
  const capability = needsPort ? "CAP_NET_BIND_SERVICE" : "";
  return `# ${program.unit} of the app ${app}; %i is its slot (a or b), a link to a release. Written by kerf export systemd.
[Unit]
Description=${app}: ${program.unit} (%i)
After=network-online.target
Wants=network-online.target
# It is tried for as long as it takes: what it needs may be away for longer than it.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${startOf(program, names)}
Environment=KERF_BOOT_FILE=${names.program}/%i/boot-%i.json
WorkingDirectory=${names.program}/%i/kerf
SyslogIdentifier=${names.runtime}
${credentials(names, secrets)}
# ${misconfigured}: what is wrong stays wrong until somebody acts. Older systemd than 254 has no growing pauses, and says so.
Restart=on-failure
RestartPreventExitStatus=${misconfigured}
RestartSec=1s
RestartSteps=5
RestartMaxDelaySec=30s

# It answers new calls "not here, not executed", and has ${drainSeconds} s for what it has begun.
KillMode=mixed
TimeoutStopSec=${stopSeconds + killAfterSeconds}s
TimeoutStartSec=30s

MemoryMax=${program.memoryBytes ?? usualMemoryBytes}
CPUWeight=100
TasksMax=512
LimitNOFILE=65536
${hardening(names)}
${http === undefined ? "" : "# Its two copies meet there, and share its port.\n"}RuntimeDirectory=${names.runtime}
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
CapabilityBoundingSet=${capability}
AmbientCapabilities=${capability}
${needsPort ? "" : "# Ports above 1023 only: it needs no user of its own machine to bind them.\nPrivateUsers=yes\n"}
[Install]
WantedBy=multi-user.target
`;
}

/** The template of the runs of its migrations, to their end; undefined where there is nothing to migrate. */
export function migrationUnit({
  app,
  names,
  program,
  secrets,
}: Omit<UnitFileParts, "http">): string | undefined {
  if (databasesOf(program).length === 0) return undefined;
  return `# Brings the databases of ${program.unit} of the app ${app} to where a release needs them, and ends. Written by kerf export systemd.
[Unit]
Description=${app}: migrations of ${program.unit} (%i)
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=${startOf(program, names)}
Environment=KERF_BOOT_FILE=${names.program}/%i/migrate-%i.json
WorkingDirectory=${names.program}/%i/kerf
SyslogIdentifier=${names.runtime}-migrate
# Those of the owner and of the administrator are there for as long as it runs, and no longer.
${credentials(names, secrets)}
TimeoutStartSec=15min

MemoryMax=${usualMemoryBytes}
CPUWeight=50
TasksMax=256
${hardening(names)}
CapabilityBoundingSet=
AmbientCapabilities=
PrivateUsers=yes
`;
}

/** Node and the program as they lie in an image; its arguments are for whoever lists processes. */
function startOf(program: ExportedProgram, names: MachineNames): string {
  const root = `${names.program}/%i`;
  const kind = program.gateway === undefined ? "host" : "gateway";
  const sidecar = program.gateway === undefined && program.services.some((one) => one.program);
  return `${root}/usr/bin/node ${root}/kerf/${sidecar ? "sidecar" : kind}.js ${program.unit}`;
}

function credentials({ program }: MachineNames, secrets: readonly string[]): string {
  return secrets
    .map((name) => `LoadCredential=${credentialOf(name)}:${program}/%i/secrets/${name}\n`)
    .join("");
}

/** What it may do: nothing that it has no need of. V8 makes code while it runs, so that pages are not kept from becoming executable. */
function hardening({ user }: MachineNames): string {
  return `
# A user that exists while one of its copies runs; the same for both, which may share a port by that and by nothing else.
DynamicUser=yes
User=${user}
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
`;
}
