/** The app that the gateway under test belongs to. */
export const app = "reloads";
export const environment = "test";
