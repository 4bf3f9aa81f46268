// Boundary: the dashboard, a page in a browser. It knows the control API and nothing else.
import "./styles.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import * as z from "zod";
import { queries } from "./api/queries.ts";
import { SignedIn } from "./frame/signed-in.tsx";
import { applyTheme } from "./frame/theme.ts";
import { router } from "./router.tsx";

// Schemas are not compiled to code: the page's policy forbids it.
z.config({ jitless: true });
applyTheme();

const root = document.querySelector("#root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <SignedIn>
          <RouterProvider router={router} />
        </SignedIn>
      </QueryClientProvider>
    </StrictMode>,
  );
