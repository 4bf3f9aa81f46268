import type { ContractDescription } from "@kerf/contract";

/** Where a foreign route of a gateway sends requests. */
type ForeignTarget = { readonly upstream: string } | "services";

/** What the manifest says of a gateway, as far as its routes go. */
export interface DeclaredGateway {
  readonly name: string;
  readonly expose: readonly ContractDescription[];
  readonly backend?: { readonly contract: ContractDescription };
  readonly settings: {
    readonly routes?: readonly {
      readonly path: string;
      readonly methods?: readonly string[];
      readonly to: ForeignTarget | { readonly split: readonly { readonly to: ForeignTarget }[] };
      readonly access?: string;
    }[];
    readonly limits?: readonly {
      readonly by: string;
      readonly rate: { readonly requests: number; readonly perMs: number };
      readonly burst?: number;
      readonly routes?: readonly string[];
      readonly shared?: boolean;
    }[];
  };
}

/** One row of `kerf routes`. */
export interface GatewayRoute {
  readonly gateway: string;
  /** `*` for all. */
  readonly method: string;
  readonly path: string;
  /** `service.operation`; `upstream:NAME` and `services` of foreign routes. */
  readonly to: readonly string[];
  readonly access: string;
  readonly limits: readonly string[];
}

/** All routes of a gateway: foreign ones first, then those of its contracts. */
export function routesOf({ name, expose, backend, settings }: DeclaredGateway): GatewayRoute[] {
  const limitsFor = (...names: readonly string[]): string[] =>
    (settings.limits ?? [])
      .filter(({ routes }) => routes === undefined || names.some((one) => routes.includes(one)))
      .map(limitText);
  const foreign = (settings.routes ?? []).flatMap(({ path, methods = ["*"], to, access }) => {
    const sides = typeof to === "object" && "split" in to ? to.split.map((side) => side.to) : [to];
    return methods.map((method) => ({
      gateway: name,
      method,
      path,
      to: sides.map((side) => (side === "services" ? side : `upstream:${side.upstream}`)),
      access: access ?? "public",
      limits: limitsFor(path),
    }));
  });
  const contracts = backend === undefined ? expose : [...expose, backend.contract];
  const own = contracts.flatMap((contract) =>
    Object.entries(contract.operations).flatMap(([operation, { http, access }]) => {
      if (http === undefined) return [];
      const to = `${contract.name}.${operation}`;
      const limits = limitsFor(contract.name, to);
      return [{ gateway: name, method: http.method, path: http.path, to: [to], access, limits }];
    }),
  );
  return [...foreign, ...own];
}

type Limit = NonNullable<DeclaredGateway["settings"]["limits"]>[number];

function limitText({ by, rate, burst, shared }: Limit): string {
  const most = burst === undefined ? "" : `, burst ${burst}`;
  return `${by} ${rate.requests}/${rate.perMs} ms${most}${shared === true ? ", shared" : ""}`;
}
