import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { currentSession, type Session, signIn, takeCode } from "../api/session.ts";
import { queries } from "../api/queries.ts";
import { KerfError } from "@kerf/kernel";
import { Command } from "../parts/command.tsx";
import { Problem } from "../parts/notice.tsx";

const Who = createContext<Session | undefined>(undefined);

/** Who is signed in. */
export function useSession(): Session | undefined {
  return useContext(Who);
}

/** Once for the page: the code is worth something once. */
let first: Promise<Session | undefined> | undefined;

function begin(): Promise<Session | undefined> {
  const code = takeCode();
  return code === undefined ? currentSession() : signIn(code);
}

/** What is shown to whoever is signed in; everybody else is told how that is done. */
export function SignedIn({ children }: { readonly children: ReactNode }): ReactNode {
  const [session, setSession] = useState<Session | null>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    first ??= begin();
    first.then(
      (found) => setSession(found ?? null),
      (thrown: unknown) => {
        setError(thrown);
        setSession(null);
      },
    );
    // A link that is opened in a window that is there already changes its fragment only.
    const again = (): void => {
      if (location.hash.startsWith("#code=")) location.reload();
    };
    addEventListener("hashchange", again);
    return () => removeEventListener("hashchange", again);
  }, []);
  // A session that ends while somebody looks at the page.
  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ query }) => {
        const { error: thrown } = query.state;
        if (thrown instanceof KerfError && thrown.code === "unauthenticated") {
          setError(thrown);
          setSession(null);
        }
      }),
    [],
  );
  if (session === undefined) return null;
  if (session === null) return <SignInPage error={error} />;
  return <Who value={session}>{children}</Who>;
}

function SignInPage({ error }: { readonly error: unknown }): ReactNode {
  return (
    <main className="sign-in">
      <h1>Kerf</h1>
      {error === undefined ? null : <Problem error={error} />}
      <p>You are not signed in. Type this where the app runs, and open the link that it prints:</p>
      <Command text="kerf dashboard" />
      <p className="faint">
        The link signs in once, within five minutes, with your rights. No secret has to be copied.
      </p>
    </main>
  );
}
