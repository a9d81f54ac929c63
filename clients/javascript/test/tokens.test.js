// What docs/tokens.md says of other services that check Skald's tokens, with a library that knows nothing of Skald.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { jwtVerify } from "jose";

const { key, now, token, claims } =
  JSON.parse(readFileSync(new URL("../../../protocol/vectors/access-token.json", import.meta.url), "utf8"));
const secret = Buffer.from(key, "base64");
const rules = {
  algorithms: ["HS256"], typ: "at+jwt", issuer: "skald", audience: "skald",
  clockTolerance: "30s", currentDate: new Date(now),
};

test("a service with the key reads the user out of an access token", async () => {
  const { payload } = await jwtVerify(token, secret, rules);
  assert.deepEqual(payload, claims);
});

for (const [what, code, otherSecret, otherRules] of /** @type {[string, string, Uint8Array, object][]} */ ([
  ["the base64 text for a key", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", Buffer.from(key), {}],
  ["another audience", "ERR_JWT_CLAIM_VALIDATION_FAILED", secret, { audience: "shop" }],
  ["another issuer", "ERR_JWT_CLAIM_VALIDATION_FAILED", secret, { issuer: "skald-2" }],
  ["a clock that is past its end", "ERR_JWT_EXPIRED", secret, { currentDate: new Date(Date.parse(now) + 600_000) }],
  ["another algorithm", "ERR_JOSE_ALG_NOT_ALLOWED", secret, { algorithms: ["HS512"] }],
  ["another type", "ERR_JWT_CLAIM_VALIDATION_FAILED", secret, { typ: "JWT" }],
])) {
  test(`with ${what} the token is refused`, async () => {
    await assert.rejects(jwtVerify(token, otherSecret, { ...rules, ...otherRules }), { code });
  });
}
