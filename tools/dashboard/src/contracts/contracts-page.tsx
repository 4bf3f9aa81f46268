import type { ContractDescription } from "@kerf/contract";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Manifest } from "../api/manifest.ts";
import { contractsQuery, useManifest } from "../api/queries.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { TryOperation } from "./try-operation.tsx";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

/** What every service offers, to whom, and a way to try it. */
export function ContractsPage(): ReactNode {
  const contracts = useQuery(contractsQuery);
  const manifest = useManifest();
  const { of, operation } = useSearch({ strict: false }) as { of?: string; operation?: string };
  return (
    <section>
      <header className="page">
        <h1>Contracts</h1>
      </header>
      <Loaded query={contracts}>
        {(all) => {
          const contract = all.find(({ name }) => name === of) ?? all[0];
          if (contract === undefined) return <Empty>This app has no services.</Empty>;
          return (
            <div className="split">
              <nav aria-label="Services">
                {all.map(({ name, version }) => (
                  <Link
                    key={name}
                    to="/contracts"
                    search={{ of: name }}
                    aria-current={name === contract.name ? "true" : undefined}
                  >
                    {name} <span className="faint">{version}</span>
                  </Link>
                ))}
              </nav>
              <Contract
                key={contract.name}
                contract={contract}
                manifest={manifest.data}
                chosen={operation}
              />
            </div>
          );
        }}
      </Loaded>
    </section>
  );
}

function Contract({
  chosen,
  contract,
  manifest,
}: {
  readonly contract: ContractDescription;
  readonly manifest: Manifest | undefined;
  readonly chosen: string | undefined;
}): ReactNode {
  const { events, name, operations, version } = contract;
  const consumers = (manifest?.services ?? []).flatMap((service) =>
    service.uses
      .filter((use) => use.name === name)
      .map((use) => `${service.name}${use.followed === true ? " (events only)" : ""}`),
  );
  const gateways = (manifest?.gateways ?? [])
    .filter(({ expose }) => expose.some((exposed) => exposed.name === name))
    .map((gateway) => `gateway ${gateway.name}`);
  const operationOf = chosen === undefined ? undefined : operations[chosen];
  return (
    <div>
      <h2>
        {name} {version}
      </h2>
      <p className="faint">
        {[...consumers, ...gateways].length === 0
          ? "Nobody uses it."
          : `Used by ${[...consumers, ...gateways].join(", ")}.`}
      </p>
      <table className="rows">
        <TableHead columns={["Operation", "Kind", "Access", "Route", "Errors"]} actions />
        <tbody>
          {Object.entries(operations).map(([each, description]) => (
            <tr key={each}>
              <th scope="row">
                <strong>{each}</strong>
                <div className="faint">{description.summary}</div>
              </th>
              <td data-label="Kind">{description.kind}</td>
              <td data-label="Access">{description.access}</td>
              <td data-label="Route">
                {description.http === undefined ? (
                  "–"
                ) : (
                  <code>
                    {description.http.method} {description.http.path}
                  </code>
                )}
              </td>
              <td data-label="Errors">{Object.keys(description.errors).join(", ")}</td>
              <ActionsCell>
                {description.kind === "stream" ? null : (
                  <Link
                    className="button"
                    to="/contracts"
                    search={{ of: name, operation: each }}
                    resetScroll={false}
                  >
                    Try
                  </Link>
                )}
              </ActionsCell>
            </tr>
          ))}
        </tbody>
      </table>
      {Object.keys(events).length === 0 ? null : (
        <p className="faint">Emits {Object.keys(events).join(", ")}.</p>
      )}
      {chosen === undefined || operationOf === undefined ? null : (
        <TryOperation
          key={`${name}.${chosen}`}
          service={name}
          operation={chosen}
          input={operationOf.input}
        />
      )}
    </div>
  );
}
