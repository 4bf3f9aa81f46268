import { postgres, service } from "kerf";
import { users } from "./contract.ts";
import { hashPassword, passwordMatches } from "./password.ts";
import type { Tables } from "./tables.generated.ts";

export const usersService = service(users, {
  owner: "accounts-team",
  issuer: true,
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
});

usersService.implement({
  async register({ input, db, errors }) {
    // Before the first statement: no transaction stays open while the hash is computed.
    const passwordHash = await hashPassword(input.password);
    const user = await db
      .insertInto("users")
      .values({ email: input.email, name: input.name, password_hash: passwordHash })
      .onConflict((conflict) => conflict.column("email").doNothing())
      .returning(["id", "email", "name"])
      .executeTakeFirst();
    if (user === undefined) throw errors.emailTaken();
    return user;
  },

  async signIn({ input, db, errors, issuer }) {
    const user = await db
      .selectFrom("users")
      .select(["id", "name", "password_hash"])
      .where("email", "=", input.email)
      .executeTakeFirst();
    if (!(await passwordMatches(input.password, user?.password_hash)) || user === undefined)
      throw errors.wrongCredentials();
    await db.insertInto("sessions").values({ user_id: user.id }).execute();
    return { token: await issuer.sign({ subject: user.id, claims: { name: user.name } }) };
  },

  async me({ db, principal, errors }) {
    const user = await db
      .selectFrom("users")
      .select(["id", "email", "name"])
      .where("id", "=", principal.subject)
      .executeTakeFirst();
    if (user === undefined) throw errors.accountClosed();
    return user;
  },
});

export default usersService;
