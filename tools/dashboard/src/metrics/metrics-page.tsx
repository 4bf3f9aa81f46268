import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { auditQuery, useManifest } from "../api/queries.ts";
import type { MetricSeries } from "@kerf/control-api";
import { client } from "../api/client.ts";
import { Choice } from "../changes/unit-actions.tsx";
import { duration, rate } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { Chart, type Dot, type Mark } from "./chart.tsx";

/** What of the audit log is worth a line in every chart. */
const changes = /^(?:cut|join|scale|restart|deploy|rollback|changeConfig|setSecret|moveDatabase)$/;
/** How far back, by its name in the address, ms. */
const spans: Readonly<Record<string, number>> = {
  "15 min": 900_000,
  "1 h": 3_600_000,
  "6 h": 21_600_000,
  "24 h": 86_400_000,
};
/** Points that a chart is asked for. */
const points = 180;
const everything = "all services";

interface Answer {
  readonly series: readonly MetricSeries[];
  readonly unit: string;
}

/** Rate, errors and duration of the calls of a service, with what was changed meanwhile. */
export function MetricsPage(): ReactNode {
  const { of = everything, span = "15 min" } = useSearch({ strict: false }) as {
    of?: string;
    span?: string;
  };
  const manifest = useManifest();
  const audit = useQuery(auditQuery);
  const navigate = useNavigate();
  const search = (next: Record<string, string>): void =>
    void navigate({ to: "/metrics", search: { of, span, ...next } as never, replace: true });
  const spanMs = spans[span] ?? 900_000;
  const stepMs = Math.max(1_000, Math.round(spanMs / points / 1_000) * 1_000);
  const calls = useQuery({
    queryKey: ["metrics", of, span],
    refetchInterval: 2_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<{ all: Answer; byError: Answer }> => {
      const to = Date.now();
      const query = of === everything ? "" : `service:${of}`;
      const question = { name: "kerf.server.duration", query, from: to - spanMs, to, stepMs };
      const [all, byError] = await Promise.all([
        client.metrics(question, { signal }),
        client.metrics({ ...question, by: "error.type" }, { signal }),
      ]);
      return { all, byError };
    },
  });
  const marks: Mark[] = (audit.data ?? [])
    .filter(({ action, result }) => changes.test(action) && result === "done")
    .map(({ action, at, service, unit }) => ({
      at: Date.parse(at),
      text: `${action} ${service ?? unit ?? ""}`,
    }));
  const open = (traceId: string): void =>
    void navigate({ to: "/traces/$traceId", params: { traceId } });
  return (
    <section>
      <header className="page">
        <h1>Metrics</h1>
        <Choice
          label="Of"
          value={of}
          of={[everything, ...(manifest.data?.services ?? []).map(({ name }) => name)]}
          onChange={(value) => search({ of: value })}
        />
        <Choice
          label="Over the last"
          value={span}
          of={Object.keys(spans)}
          onChange={(value) => search({ span: value })}
        />
        <Link
          className="button"
          to="/traces"
          search={of === everything ? {} : { q: `service:${of}` }}
        >
          Traces
        </Link>
      </header>
      <Loaded query={calls}>
        {({ all, byError }) => {
          const [series] = all.series;
          if (series === undefined || series.points.length === 0)
            return <Empty>Nothing was called in this time. Send a request to a gateway.</Empty>;
          const times = series.points.map(({ at }) => at);
          const seconds = stepMs / 1_000;
          const failing = byError.series.filter(
            ({ labels }) => (labels["error.type"] ?? "") !== "",
          );
          const dots: Dot[] = all.series.flatMap(({ exemplars }) => exemplars);
          return (
            <div className="cards">
              <Chart
                title="Calls per second"
                times={times}
                lines={[
                  { label: "calls", values: series.points.map(({ count = 0 }) => count / seconds) },
                ]}
                dots={[]}
                marks={marks}
                valueText={rate}
                onDot={open}
              />
              <Chart
                title="Errors per second, by type"
                times={times}
                lines={
                  failing.length === 0
                    ? [{ label: "errors", values: times.map(() => 0) }]
                    : failing.map(({ labels, points: own }) => {
                        const counts = new Map(own.map(({ at, count = 0 }) => [at, count]));
                        return {
                          label: labels["error.type"] ?? "",
                          values: times.map((at) => (counts.get(at) ?? 0) / seconds),
                        };
                      })
                }
                dots={[]}
                marks={marks}
                valueText={rate}
                onDot={open}
              />
              <Chart
                title="Duration: p95, p50, p99; a dot is a call whose trace was kept"
                times={times}
                lines={(["p95", "p50", "p99"] as const).map((quantile) => ({
                  label: quantile,
                  values: series.points.map((point) => point[quantile] ?? null),
                }))}
                dots={dots}
                marks={marks}
                valueText={(value) => duration(value * 1_000)}
                onDot={open}
              />
            </div>
          );
        }}
      </Loaded>
    </section>
  );
}
