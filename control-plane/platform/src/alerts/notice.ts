import type { ObjectiveKind } from "./objective.ts";

/** Somebody who is on call. */
export interface OnCallPerson {
  readonly name: string;
  readonly email: string;
  /** ISO 8601. */
  readonly until: string;
}

/** An alert as it is told. */
export interface ToldAlert {
  readonly id: string;
  readonly service: string;
  readonly operation: string;
  readonly kind: ObjectiveKind;
  readonly target: number;
  readonly withinMs?: number | undefined;
  /** ISO 8601. */
  readonly since: string;
  readonly resolvedAt?: string | undefined;
  readonly sentence: string;
}

/** What is told to a destination; the body of a webhook as it stands here, `docs/guides/alerts.md` says what is in it. */
export interface Notice {
  readonly version: 1;
  /** The same each time that it is sent. */
  readonly id: string;
  readonly kind: "firing" | "resolved" | "hand-over" | "test";
  readonly app: string;
  readonly environment: string;
  /** ISO 8601. */
  readonly at: string;
  /** All of it, for people. Chat programs that take webhooks show this field. */
  readonly text: string;
  readonly alert?: ToldAlert | undefined;
  readonly owner?: string | undefined;
  readonly runbook?: string | undefined;
  readonly onCall?: OnCallPerson | undefined;
  readonly traces?: readonly { readonly id: string; readonly command: string }[] | undefined;
  /** The last change of the service before it, in words. */
  readonly change?: string | undefined;
  /** The dashboard's page of it. */
  readonly link?: string | undefined;
  readonly handOver?:
    | {
        readonly team: string;
        readonly from?: { readonly name: string; readonly email: string } | undefined;
        readonly to: OnCallPerson;
        readonly firing: readonly ToldAlert[];
        readonly silenced: readonly {
          readonly service: string;
          readonly operation?: string | undefined;
          readonly because: string;
          readonly until: string;
        }[];
      }
    | undefined;
}

/** In one line, for the subject of a message. */
export function subjectOf({ alert, app, environment, handOver, kind }: Notice): string {
  const where = `[${app} ${environment}]`;
  if (kind === "test") return `${where} test`;
  if (handOver !== undefined) return `${where} ${handOver.to.name} is on call for ${handOver.team}`;
  const { operation, service } = alert as ToldAlert;
  return `${where} ${kind}: ${service}.${operation}`;
}
