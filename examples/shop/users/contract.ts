import { command, contract, error, query, sensitive } from "kerf/contract";
import { z } from "zod";

const name = sensitive(z.string().trim().min(1).max(100));
const User = z.object({
  id: z.string(),
  email: sensitive(z.string()),
  name: sensitive(z.string()),
});
const email = sensitive(
  z
    .email()
    .max(254)
    .transform((text) => text.toLowerCase()),
);

/** Who may shop: accounts and the tokens that prove them. */
export const users = contract("users", {
  version: "1.0.0",
  operations: {
    register: command({
      summary: "Opens an account.",
      http: { route: "POST /users", status: 201 },
      access: "public",
      input: z.object({
        email,
        name,
        password: sensitive(z.string().min(8).max(200)),
      }),
      output: User,
      errors: {
        emailTaken: error({
          status: 409,
          message: "There is an account with this email address already.",
        }),
      },
    }),
    signIn: command({
      summary: "Answers with a token for an email address and its password.",
      http: { route: "POST /sessions", status: 201 },
      access: "public",
      input: z.object({ email, password: sensitive(z.string().max(200)) }),
      output: z.object({ token: sensitive(z.string()) }),
      errors: {
        wrongCredentials: error({
          status: 401,
          message: "The email address or the password is wrong.",
        }),
      },
    }),
    me: query({
      summary: "The account behind the token.",
      http: "GET /users/me",
      input: z.object({}),
      output: User,
      errors: {
        accountClosed: error({ status: 404, message: "This account does not exist any more." }),
      },
    }),
  },
});
