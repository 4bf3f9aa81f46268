// Boundary: environments with an authority of their own, for tests and measurements of what programs prove to each other. Apart from the rest, since what makes
// certificates is large.
export { type AuthorityKey, issueCertificate } from "@kerf/platform/certificates";
export { type Shown, TestEnvironment } from "./environment.ts";
