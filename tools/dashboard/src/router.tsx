import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Shell } from "./frame/shell.tsx";
import { MapPage } from "./map/map-page.tsx";
import { Empty, Problem } from "./parts/notice.tsx";

/** Everything that a page keeps in its address is text. */
const texts = (search: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => typeof value === "string" || typeof value === "number")
      .map(([name, value]) => [name, String(value)]),
  );

const root = createRootRoute({
  component: Shell,
  validateSearch: texts,
  errorComponent: ({ error }) => <Problem error={error} />,
  notFoundComponent: NotFound,
});

/** The first page is there at once; the others are loaded when they are opened. */
const routeTree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: "/", component: MapPage }),
  createRoute({
    getParentRoute: () => root,
    path: "/services",
    component: lazyRouteComponent(() => import("./services/services-page.tsx"), "ServicesPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/releases",
    component: lazyRouteComponent(() => import("./releases/releases-page.tsx"), "ReleasesPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/alerts",
    component: lazyRouteComponent(() => import("./alerts/alerts-page.tsx"), "AlertsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/sagas",
    component: lazyRouteComponent(() => import("./sagas/sagas-page.tsx"), "SagasPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/events",
    component: lazyRouteComponent(() => import("./events/events-page.tsx"), "EventsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/contracts",
    component: lazyRouteComponent(() => import("./contracts/contracts-page.tsx"), "ContractsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/settings",
    component: lazyRouteComponent(() => import("./settings/settings-page.tsx"), "SettingsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit",
    component: lazyRouteComponent(() => import("./audit/audit-page.tsx"), "AuditPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/logs",
    component: lazyRouteComponent(() => import("./logs/logs-page.tsx"), "LogsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/traces",
    component: lazyRouteComponent(() => import("./traces/traces-page.tsx"), "TracesPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/traces/$traceId",
    component: lazyRouteComponent(() => import("./traces/trace-page.tsx"), "TracePage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/compare",
    component: lazyRouteComponent(() => import("./traces/compare-page.tsx"), "ComparePage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/why",
    component: lazyRouteComponent(() => import("./why/why-page.tsx"), "WhyPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/metrics",
    component: lazyRouteComponent(() => import("./metrics/metrics-page.tsx"), "MetricsPage"),
  }),
]);

/** The pages by their addresses. */
export const router = createRouter({ routeTree, defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function NotFound(): ReactNode {
  return (
    <Empty>
      There is no such page. <Link to="/">The map</Link>
    </Empty>
  );
}
