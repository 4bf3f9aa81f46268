import type { ContractDescription } from "@kerf/contract";

/** A contract that a service calls or follows. */
export interface DeclaredUse {
  readonly name: string;
  readonly optional: boolean;
  /** True when only its events are followed. */
  readonly followed?: boolean;
}

/** What the app declares of a service, as far as the pages show it. */
export interface DeclaredService {
  readonly name: string;
  readonly owner: string;
  readonly runbook?: string;
  readonly contract: ContractDescription;
  readonly uses: readonly DeclaredUse[];
  readonly follows: readonly string[];
  readonly database?: { readonly server: string };
  readonly config?: Readonly<Record<string, unknown>>;
  readonly secrets?: readonly { readonly name: string }[];
  readonly program?: { readonly command: readonly string[] };
  readonly sagas: readonly string[];
  readonly schedules: readonly { readonly name: string; readonly cron: string }[];
}

/** What the app declares of a gateway. */
export interface DeclaredGateway {
  readonly name: string;
  readonly expose: readonly ContractDescription[];
  readonly backend?: DeclaredService;
}

/** Something that the app offers to be shown: a call, or a unit that is away until it is started again. */
export type Demonstration =
  | { readonly call: string; readonly input?: unknown; readonly as?: string }
  | { readonly stop: string };

/** What the app declares. */
export interface Manifest {
  readonly app: string;
  readonly services: readonly DeclaredService[];
  readonly gateways: readonly DeclaredGateway[];
  /** By what they are called. */
  readonly demonstrations?: Readonly<Record<string, Demonstration>>;
}
