/** Errors that documentation names are found wherever it names them. */
import { assertEquals } from "@std/assert";
import { missingErrors } from "./public_api.ts";

Deno.test("an error that is thrown and can't be imported is told, one that the language has is not", () => {
  const entry = {
    symbols: [
      {
        name: "open",
        declarations: [{
          jsDoc: {
            doc: "Opens it.",
            tags: [
              {
                kind: "throws",
                tsType: { repr: "StoreError" },
                doc: "`locked` · {ClientError} `no_words` · {RangeError} too large",
              },
              { kind: "param", name: "x", tsType: { repr: "OtherError" } },
            ],
          },
        }],
      },
      { name: "ClientError" },
    ],
  };
  assertEquals(missingErrors(entry), ["StoreError"]);
  assertEquals(missingErrors({ symbols: [...entry.symbols, { name: "StoreError" }] }), []);
});
