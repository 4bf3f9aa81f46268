import { certificateFiles, secretNames } from "./exported-boot.ts";
import type { ExportOptions } from "./export-options.ts";
import {
  databasesOf,
  type ExportedProgram,
  filesOf,
  hasBroker,
  inRedisOf,
} from "./exported-programs.ts";

/** Whether a program reads the broker's URL out of a secret. */
export function readsBrokerSecret(
  program: ExportedProgram,
  options: Pick<ExportOptions, "broker" | "brokerSecret">,
): boolean {
  return options.brokerSecret === true && hasBroker(program, options);
}

/** Names of the secrets that a program reads while it runs, but for its certificate. */
export function secretsOf(
  program: ExportedProgram,
  options: Pick<ExportOptions, "broker" | "brokerSecret">,
): string[] {
  const isGateway = program.gateway !== undefined;
  return [
    ...(isGateway ? [secretNames.principal, secretNames.issuerSet] : []),
    ...(program.services.some(({ issuer }) => issuer) ? [secretNames.issuer] : []),
    secretNames.principalSet,
    ...databasesOf(program).map(secretNames.database),
    ...inRedisOf(program).map(secretNames.redis),
    ...(readsBrokerSecret(program, options) ? [secretNames.broker] : []),
    ...(isGateway ? [] : program.services).flatMap(({ name, secrets = [] }) =>
      secrets.map((secret) => secretNames.setting(name, secret.name)),
    ),
    ...filesOf(program).map(secretNames.file),
  ];
}

/** Names of the secrets of a program's migrations. */
export function migrationSecrets(program: ExportedProgram): string[] {
  return [
    ...databasesOf(program).flatMap((name) => [
      secretNames.database(name),
      secretNames.owner(name),
    ]),
    ...serversOf(program).map(secretNames.admin),
  ];
}

/** The servers of a program's databases, sorted. */
export function serversOf({ gateway, services }: ExportedProgram): string[] {
  if (gateway !== undefined) return [];
  const servers = services.flatMap(({ database }) =>
    database === undefined ? [] : [database.server],
  );
  return [...new Set(servers)].toSorted();
}

/** Names of the files of a program's certificate. */
export function certificateSecrets(program: string): string[] {
  return Object.values(certificateFiles).map((file) => `certificates/${program}/${file}`);
}
