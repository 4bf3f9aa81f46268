import type { ReactNode } from "react";
import { errorOf } from "../api/client.ts";

/** What is wrong, why, and what to do. */
export function Problem({ error }: { readonly error: unknown }): ReactNode {
  const { fix, message, why } =
    error !== null && typeof error === "object" && "code" in error && !(error instanceof Error)
      ? (error as ReturnType<typeof errorOf>)
      : errorOf(error);
  return (
    <div className="problem" role="alert">
      <strong>{message}</strong>
      {why === undefined ? null : <p>{why}</p>}
      {fix === undefined ? null : <p>{fix}</p>}
    </div>
  );
}

/** Nothing is there, and what brings something. */
export function Empty({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="empty">{children}</div>;
}

/** What was asked for, or why it is not there yet. */
export function Loaded<T>({
  children,
  query,
}: {
  readonly query: { readonly data: T | undefined; readonly error: unknown };
  readonly children: (data: T) => ReactNode;
}): ReactNode {
  if (query.data !== undefined)
    return (
      <>
        {query.error === null ? null : <Problem error={query.error} />}
        {children(query.data)}
      </>
    );
  if (query.error !== null) return <Problem error={query.error} />;
  return <div className="empty">Loading …</div>;
}
