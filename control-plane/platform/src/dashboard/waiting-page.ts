import { createHash } from "node:crypto";
import type { Answer } from "@kerf/call/http";
import type { PagesState } from "./built-pages.ts";

/** How often the page looks again, seconds. */
const againSeconds = 1;

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:20vh auto 0;padding:0 1rem;color-scheme:light dark}pre{white-space:pre-wrap;font-size:13px}";
// A `refresh` of the document would only go to the fragment of the link that signs in, and load nothing.
const script = `setTimeout(() => location.reload(), ${againSeconds * 1_000})`;
const policy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; frame-ancestors 'none'`;

/** What is shown while the dashboard cannot be: why, and what comes next. */
export function waitingPage(state: Exclude<PagesState, { kind: "built" }>): Answer {
  const again = state.kind === "building";
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    ...(again ? { "retry-after": String(againSeconds) } : undefined),
  };
  const refresh = again ? `<script>${script}</script>` : "";
  return {
    status: 503,
    headers,
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Kerf</title>${refresh}<style>${style}</style></head><body>${text(state)}</body></html>`,
  };
}

function text(state: Exclude<PagesState, { kind: "built" }>): string {
  switch (state.kind) {
    case "building":
      return "<h1>The dashboard is being built</h1><p>It is made from its sources, at low priority, and takes some seconds. This page loads again by itself.</p>";
    case "missing":
      return "<h1>The dashboard is not installed</h1><p>The package <code>@kerf/dashboard</code> has the pages. Install it beside the platform and start the platform again; the <code>kerf</code> command does all that the dashboard can.</p>";
    case "failed":
      return `<h1>The dashboard could not be built</h1><pre>${escaped(state.why)}</pre><p>Correct its sources, and start the platform again.</p>`;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
