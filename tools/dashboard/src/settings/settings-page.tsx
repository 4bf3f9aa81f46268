import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import { useManifest } from "../api/queries.ts";
import { clockTime } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { ConfigForm } from "./config-form.tsx";
import { Secrets } from "./secrets.tsx";

/** What operators set of services: configuration, which is shown, and secrets, which never are. */
export function SettingsPage(): ReactNode {
  const manifest = useManifest();
  const { of } = useSearch({ strict: false }) as { of?: string };
  return (
    <section>
      <header className="page">
        <h1>Configuration and secrets</h1>
      </header>
      <Loaded query={manifest}>
        {({ services }) => {
          const settable = services.filter(
            ({ config, secrets }) => config !== undefined || (secrets ?? []).length > 0,
          );
          const service = settable.find(({ name }) => name === of) ?? settable[0];
          if (service === undefined)
            return <Empty>No service of this app declares configuration or secrets.</Empty>;
          return (
            <div className="split">
              <nav aria-label="Services">
                {settable.map(({ name }) => (
                  <Link
                    key={name}
                    to="/settings"
                    search={{ of: name }}
                    aria-current={name === service.name ? "true" : undefined}
                  >
                    {name}
                  </Link>
                ))}
              </nav>
              <div key={service.name}>
                {service.config === undefined ? null : <Config service={service.name} />}
                {(service.secrets ?? []).length === 0 ? null : <Secrets service={service.name} />}
              </div>
            </div>
          );
        }}
      </Loaded>
    </section>
  );
}

function Config({ service }: { readonly service: string }): ReactNode {
  const config = useQuery({
    queryKey: ["config", service],
    queryFn: ({ signal }) => client.getConfig({ service }, { signal }),
  });
  return (
    <>
      <h2>Configuration of {service}</h2>
      <Loaded query={config}>
        {({ at, by, schema, values, version }) => (
          <>
            <p className="faint">
              Version {version}
              {at === undefined ? "; nothing was set yet" : `, set ${clockTime(at)} by ${by}`}
            </p>
            <ConfigForm service={service} schema={schema} values={values} />
          </>
        )}
      </Loaded>
    </>
  );
}
