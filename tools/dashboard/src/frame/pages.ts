import { offers } from "../api/telemetry.ts";

/** A page of the navigation. */
export interface Page {
  readonly to: string;
  readonly title: string;
  /** With `g` before it. */
  readonly key: string;
}

const all: readonly (Page & { readonly needs?: string })[] = [
  { to: "/", title: "Map", key: "m" },
  { to: "/services", title: "Services", key: "s" },
  { to: "/traces", title: "Traces", key: "t", needs: "traces" },
  { to: "/logs", title: "Logs", key: "l" },
  { to: "/metrics", title: "Metrics", key: "u", needs: "metrics" },
  { to: "/sagas", title: "Sagas", key: "a" },
  { to: "/events", title: "Events", key: "e" },
  { to: "/releases", title: "Releases", key: "r" },
  { to: "/contracts", title: "Contracts", key: "c" },
  { to: "/settings", title: "Settings", key: "o" },
  { to: "/audit", title: "Audit", key: "h" },
];

/** The pages that this platform can fill. */
export const pages: readonly Page[] = all.filter(
  ({ needs }) => needs === undefined || offers(needs),
);
