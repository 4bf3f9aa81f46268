import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Command } from "../parts/command.tsx";
import { TraceView } from "./trace-view.tsx";

/** One trace by itself. */
export function TracePage(): ReactNode {
  const { traceId } = useParams({ strict: false }) as { traceId: string };
  return (
    <section>
      <header className="page">
        <h1>
          Trace <code>{traceId}</code>
        </h1>
        <Link to="/why" search={{ of: traceId }}>
          Why did this fail?
        </Link>
        <Link to="/compare" search={{ of: traceId }}>
          Compare
        </Link>
      </header>
      <Command text={`kerf trace ${traceId}`} />
      <TraceView traceId={traceId} />
    </section>
  );
}
