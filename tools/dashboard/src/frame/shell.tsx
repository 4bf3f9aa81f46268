import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useState } from "react";
import { signOut } from "../api/session.ts";
import { useChanges } from "../api/changes.ts";
import { alertsQuery, useStatus } from "../api/queries.ts";
import { State } from "../parts/state.tsx";
import { Window } from "../parts/window.tsx";
import { useKeys } from "./keys.ts";
import { pages } from "./pages.ts";
import { useSession } from "./signed-in.tsx";
import { applyTheme, theme, type Theme } from "./theme.ts";

/** What is around every page: where one is, who one is, what is under way. */
export function Shell(): ReactNode {
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  useKeys(
    useCallback((to: string) => void navigate({ to }), [navigate]),
    useCallback(() => setHelp(true), []),
  );
  return (
    <div className="shell">
      <header className="top">
        <Where />
        <nav aria-label="Pages">
          {pages.map(({ title, to }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              activeProps={{ "aria-current": "page" }}
            >
              {title}
            </Link>
          ))}
        </nav>
        <Account onHelp={() => setHelp(true)} />
      </header>
      <UnderWay />
      <Firing />
      <main>
        <Outlet />
      </main>
      {help ? <Help onClose={() => setHelp(false)} /> : null}
    </div>
  );
}

function Where(): ReactNode {
  const { data } = useStatus();
  return (
    <Link to="/" className="where">
      <strong>{data?.app ?? "Kerf"}</strong>
      <span className={data?.environment === "production" ? "production" : "faint"}>
        {data?.environment}
      </span>
    </Link>
  );
}

/** A change that goes on, whoever asked for it. */
function UnderWay(): ReactNode {
  const change = useChanges().find(
    ({ outcome, steps }) => outcome === undefined && steps.at(-1)?.state === "started",
  );
  if (change === undefined) return null;
  return (
    <div className="under-way" role="status">
      <State
        state="started"
        text={`${change.kind} ${change.title}: ${change.steps.at(-1)?.name}`}
      />{" "}
      <Link to="/releases">Steps</Link>
    </div>
  );
}

/** What fires and is not kept quiet. */
function Firing(): ReactNode {
  const alerts = useQuery(alertsQuery).data?.alerts ?? [];
  const firing = alerts.filter(({ silence, state }) => state === "firing" && silence === undefined);
  const [first] = firing;
  if (first === undefined) return null;
  const name = `${first.service}.${first.operation}`;
  const text =
    firing.length === 1
      ? `${name} misses its objective`
      : `${name} and ${firing.length - 1} more miss their objectives`;
  return (
    <div className="under-way" role="status">
      <State state="firing" text={text} /> <Link to="/alerts">Alerts</Link>
    </div>
  );
}

function Account({ onHelp }: { readonly onHelp: () => void }): ReactNode {
  const session = useSession();
  const [look, setLook] = useState<Theme>(theme());
  return (
    <div className="account">
      <span className="faint" title={session?.services?.join(", ")}>
        {session?.user}
        {session?.token === undefined ? "" : ` (${session.token})`}
      </span>
      <select
        aria-label="Look"
        value={look}
        onChange={({ target }) => {
          applyTheme(target.value as Theme);
          setLook(target.value as Theme);
        }}
      >
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
      <button type="button" className="quiet" aria-label="Help" onClick={onHelp}>
        ?
      </button>
      <button type="button" className="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </div>
  );
}

function Help({ onClose }: { readonly onClose: () => void }): ReactNode {
  return (
    <Window title="Keys" onClose={onClose}>
      <dl className="keys">
        {pages.map(({ key, title }) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Search</dd>
        </div>
        <div>
          <dt>
            <kbd>j</kbd> <kbd>k</kbd>
          </dt>
          <dd>Next and previous row</dd>
        </div>
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>Open the row</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close, or leave the search box</dd>
        </div>
      </dl>
    </Window>
  );
}
