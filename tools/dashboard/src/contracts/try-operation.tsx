import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { client } from "../api/client.ts";
import { Command } from "../parts/command.tsx";
import { Problem } from "../parts/notice.tsx";
import { word } from "../parts/word.ts";
import { exampleOf } from "./example.ts";

/** Calls an operation as an operator, or for a user, and leads to its trace. */
export function TryOperation({
  input: schema,
  operation,
  service,
}: {
  readonly service: string;
  readonly operation: string;
  /** JSON Schema. */
  readonly input: unknown;
}): ReactNode {
  const [text, setText] = useState(() => JSON.stringify(exampleOf(schema), undefined, 2));
  const [subject, setSubject] = useState("");
  const input = parsed(text);
  const call = useMutation({
    mutationFn: () =>
      client.invoke({
        service,
        operation,
        input: (input as { value: never }).value,
        ...(subject === "" ? undefined : { as: { subject, claims: {} } }),
      }),
  });
  const compact = "value" in input ? JSON.stringify(input.value) : text;
  return (
    <article className="card" aria-label={`Try ${service}.${operation}`}>
      <header>
        <h2>
          Try {service}.{operation}
        </h2>
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if ("value" in input) call.mutate();
        }}
      >
        <label>
          Input
          <textarea
            rows={Math.min(20, text.split("\n").length + 1)}
            spellCheck={false}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        {"problem" in input ? <p className="bad">{input.problem}</p> : null}
        <label>
          On behalf of the user (subject); empty: as the operator
          <input value={subject} onChange={({ target }) => setSubject(target.value)} />
        </label>
        <Command
          text={`kerf call ${word(`${service}.${operation}`)} ${word(compact)}${subject === "" ? "" : ` --as ${word(subject)}`}`}
        />
        <button type="submit" className="main" disabled={"problem" in input || call.isPending}>
          {call.isPending ? "Under way …" : "Call"}
        </button>
      </form>
      <details>
        <summary>What it takes</summary>
        <pre>{JSON.stringify(schema, undefined, 2)}</pre>
      </details>
      <div aria-live="polite">
        {call.error === null ? null : <Problem error={call.error} />}
        {call.data === undefined ? null : (
          <>
            <h3>Answer</h3>
            <pre>{JSON.stringify(call.data.output, undefined, 2)}</pre>
            <p>
              Trace{" "}
              <Link to="/traces/$traceId" params={{ traceId: call.data.traceId }}>
                {call.data.traceId}
              </Link>
            </p>
          </>
        )}
      </div>
    </article>
  );
}

function parsed(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (cause) {
    return { problem: (cause as Error).message };
  }
}
