// Boundary: one service as a function, for platforms that run functions instead of programs.
export * from "@kerf/proxy/serverless";
