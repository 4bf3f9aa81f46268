// For tests of other packages that start hosts; no part of what is published.
export { writeBuild } from "../build/testing/write-build.ts";
export { fixtureApp, type RunningHost, TestPlatform } from "../host/testing/test-platform.ts";
