import type { ContractDescription } from "@kerf/contract";
import { RouteTable } from "@kerf/call/http";

type Operation = ContractDescription["operations"][string];

/**
 * The routes by which a program calls a service through its sidecar: the operations' own methods and paths, then `POST /<operation>`. Two tables, since an
 * operation's own path may be another operation's name. All of it may be called: who may is decided there.
 */
export function callableTables(described: ContractDescription): [RouteTable, RouteTable] {
  const open = (http: (name: string, own: Operation["http"]) => Operation["http"]) => ({
    ...described,
    operations: Object.fromEntries(
      Object.entries(described.operations).map(([name, { http: own, ...operation }]) => {
        const route = http(name, own);
        return [
          name,
          {
            ...operation,
            access: "public" as const,
            ...(route === undefined ? undefined : { http: route }),
          },
        ];
      }),
    ),
  });
  return [
    new RouteTable([open((_, own) => own)]),
    new RouteTable([open((name) => ({ method: "POST", path: `/${name}`, status: 200 }))]),
  ];
}
