import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { trafficQuery, useManifest, useStatus } from "../api/queries.ts";
import { Loaded, Problem } from "../parts/notice.tsx";
import { useLastKnown } from "../parts/last-known.ts";
import { useNarrow } from "../parts/narrow.ts";
import { BoxCard } from "./box-card.tsx";
import { BoxPanel } from "./box-panel.tsx";
import { DemonstrationsPanel } from "./demonstrations.tsx";
import { Diagram } from "./diagram.tsx";
import { pictureOf } from "./model.ts";

/** The first page: the architecture as it runs. The box that is looked at is in the address. */
export function MapPage(): ReactNode {
  const status = useStatus();
  const manifest = useManifest();
  const traffic = useQuery(trafficQuery);
  const { box: chosen } = useSearch({ strict: false }) as { box?: string };
  const navigate = useNavigate();
  const narrow = useNarrow();
  const picture = useMemo(
    () =>
      status.data === undefined || manifest.data === undefined
        ? undefined
        : pictureOf(status.data, manifest.data, traffic.data),
    [status.data, manifest.data, traffic.data],
  );
  const choose = (box: string | undefined): void =>
    void navigate({ to: "/", search: box === undefined ? {} : { box }, replace: true });
  // A unit that is joined into another one is no more; the report of it is still to be seen.
  const box = useLastKnown(
    chosen,
    picture?.boxes.find(({ id }) => id === chosen),
  );
  return (
    <Loaded query={status}>
      {(now) => (
        <>
          {manifest.data === undefined ? null : (
            <DemonstrationsPanel manifest={manifest.data} status={now} />
          )}
          <div className="map-page">
            <h1 className="unseen">Map of {now.app}</h1>
            {manifest.error === null ? null : <Problem error={manifest.error} />}
            {traffic.error === null ? null : <Problem error={traffic.error} />}
            {picture === undefined ? null : narrow ? (
              <ul className="boxes">
                {picture.boxes
                  .filter(({ kind }) => kind !== "client")
                  .map((each) => (
                    <li key={each.id}>
                      <BoxCard box={each} chosen={each.id === chosen} onChoose={choose} />
                    </li>
                  ))}
              </ul>
            ) : (
              <Diagram picture={picture} chosen={chosen} onChoose={choose} />
            )}
            {box === undefined || manifest.data === undefined ? null : (
              <BoxPanel
                box={box}
                facts={{ status: now, manifest: manifest.data }}
                onClose={() => choose(undefined)}
              />
            )}
          </div>
        </>
      )}
    </Loaded>
  );
}
