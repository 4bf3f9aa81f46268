// Boundary: what an author's tests start: one service or the whole app inside the test process.
export * from "@kerf/testing";
