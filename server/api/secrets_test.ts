import { assertEquals } from "@std/assert";
import { basicAuthorization, isAdmin, isAuthorized } from "./secrets.ts";

Deno.test("a public API lets everybody in", () => {
  assertEquals(isAuthorized(null, []), true);
  assertEquals(isAuthorized("Basic nonsense", []), true);
});

Deno.test("a private API lets in who knows any of its secrets", () => {
  const secrets = ["first", "second"];
  assertEquals(basicAuthorization("first"), "Basic ZmVkaW1pbnQ6Zmlyc3Q=");
  for (const secret of secrets) assertEquals(isAuthorized(basicAuthorization(secret), secrets), true);
  const wrong = [
    null,
    "",
    "Basic",
    basicAuthorization("third"),
    basicAuthorization("first").replace("Basic", "basic"),
    basicAuthorization("first").replace("Basic", "Bearer"),
    `${basicAuthorization("first")} x`,
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
