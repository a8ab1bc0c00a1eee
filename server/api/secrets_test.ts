import { assertEquals } from "@std/assert";
import { apiSecretAuthorization } from "../../actors/rpc/mod.ts";
import { isAdmin, isAuthorized } from "./secrets.ts";

Deno.test("a public API lets everybody in", () => {
  assertEquals(isAuthorized(null, []), true);
  assertEquals(isAuthorized("Basic nonsense", []), true);
});

Deno.test("a private API lets in who knows any of its secrets", () => {
  const secrets = ["first", "second"];
  assertEquals(apiSecretAuthorization("first"), "Basic ZmVkaW1pbnQ6Zmlyc3Q=");
  for (const secret of secrets) assertEquals(isAuthorized(apiSecretAuthorization(secret), secrets), true);
  const wrong = [
    null,
    "",
    "Basic",
    apiSecretAuthorization("third"),
    apiSecretAuthorization("first").replace("Basic", "basic"),
    apiSecretAuthorization("first").replace("Basic", "Bearer"),
    `${apiSecretAuthorization("first")} x`,
    "first",
  ];
  for (const header of wrong) assertEquals(isAuthorized(header, secrets), false, `${header}`);
});

Deno.test("without a password no admin call is answered, not even with an empty one", () => {
  assertEquals(isAdmin("pass", "pass"), true);
  assertEquals(isAdmin("", ""), false, "an empty password is none");
  for (
    const [given, password] of [["pass", "passs"], ["pas", "pass"], ["", null], [null, "pass"], [null, null]] as const
  ) {
    assertEquals(isAdmin(given, password), false);
  }
});
