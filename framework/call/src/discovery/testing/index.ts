export { serviceLabel } from "../endpoint-slices.ts";
export { DnsServer } from "./dns-server.ts";
export { KubernetesApiDouble } from "./kubernetes-api-double.ts";
