import { Link } from "@tanstack/react-router";
import { useMutation } from "@tanstack/react-query";
import type { Status } from "@kerf/control-api";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import type { Demonstration, Manifest } from "../api/manifest.ts";
import { queries } from "../api/queries.ts";
import { Command } from "../parts/command.tsx";
import { Problem } from "../parts/notice.tsx";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";

/** What came of a demonstration. */
interface Came {
  readonly said: string;
  /** Of a call. */
  readonly traceId?: string;
}

/** What one button does now, the command that does the same, and what it says. */
interface Offer {
  readonly title: string;
  readonly command: string;
  run(): Promise<Came>;
}

/** The first hour: what the app offers to be shown, each with its command, and the way to why something failed. In development alone. */
export function DemonstrationsPanel({
  manifest,
  status,
}: {
  readonly manifest: Manifest;
  readonly status: Status;
}): ReactNode {
  const offered = Object.entries(manifest.demonstrations ?? {});
  if (status.environment !== "dev" || offered.length === 0) return null;
  return (
    <section className="demonstrations" aria-label="Try it">
      {offered.map(([name, demonstration]) => (
        <OfferButton key={name} offer={offerOf(name, demonstration, status)} />
      ))}
      <div>
        <Link className="button" to="/why">
          Why did this fail?
        </Link>
        <Command text="kerf why status:error" />
      </div>
    </section>
  );
}

function OfferButton({ offer }: { readonly offer: Offer }): ReactNode {
  const deed = useMutation({
    mutationFn: () => offer.run(),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <div>
      <button type="button" disabled={deed.isPending} onClick={() => deed.mutate()}>
        {deed.isPending ? "Under way …" : offer.title}
      </button>
      <Command text={offer.command} />
      <div aria-live="polite">
        {deed.error === null ? null : <Problem error={deed.error} />}
        {deed.data === undefined ? null : (
          <p>
            <State state="done" text={deed.data.said} />{" "}
            {deed.data.traceId === undefined ? null : (
              <Link to="/traces/$traceId" params={{ traceId: deed.data.traceId }}>
                its trace
              </Link>
            )}
          </p>
        )}
      </div>
    </div>
  );
}

function offerOf(name: string, demonstration: Demonstration, status: Status): Offer {
  if (!("stop" in demonstration)) return callOffer(name, demonstration);
  const unit =
    status.units.find(({ services }) => services.includes(demonstration.stop))?.name ??
    demonstration.stop;
  const copies = status.units.find((each) => each.name === unit)?.instances ?? [];
  const isAway = copies.every(({ state }) => state === "stopped");
  return isAway
    ? {
        title: `Start ${unit} again`,
        command: `kerf start ${word(unit)}`,
        run: async () => {
          await client.startUnit({ unit });
          return { said: `${unit} is back` };
        },
      }
    : {
        title: titled(name),
        command: `kerf stop ${word(unit)}`,
        run: async () => {
          await client.stopUnit({ unit });
          return { said: `${unit} is away` };
        },
      };
}

function callOffer(name: string, demonstration: Extract<Demonstration, { call: string }>): Offer {
  const { as, call, input = {} } = demonstration;
  const [service = "", operation = ""] = call.split(".");
  const behalf = as === undefined ? "" : ` --as ${word(as)}`;
  return {
    title: titled(name),
    command: `kerf call ${word(call)} ${word(JSON.stringify(input))}${behalf}`,
    run: async () => {
      const { traceId } = await client.invoke({
        service,
        operation,
        input: input as never,
        ...(as === undefined ? undefined : { as: { subject: as, claims: {} } }),
      });
      return { said: `${call} answered:`, traceId };
    },
  };
}

function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
