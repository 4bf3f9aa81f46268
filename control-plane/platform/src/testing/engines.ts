// Boundary: engines of tests that other packages' tests run too: a cluster, a registry.
export { hasKubernetes, helmProgram, TestCluster } from "../exports/testing/cluster.ts";
export { hasRegistry, RegistryProgram } from "../images/registry/testing/registry-program.ts";
