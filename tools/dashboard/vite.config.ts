import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Everything in one place, nothing inline: the policy of the page forbids it. */
export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["kerf-source", "module", "browser", "production"] },
  build: {
    target: "es2024",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // It comes over the loopback interface: one piece is there sooner than many.
    chunkSizeWarningLimit: 1_000,
  },
});
