// protocol/asyncapi.json is a document of AsyncAPI 3, and says of each vector what the server says of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import specs from "@asyncapi/specs";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const read = (path) => JSON.parse(readFileSync(new URL(`../../protocol/${path}`, import.meta.url), "utf8"));
const document = read("asyncapi.json");

/** The schema of a component, every object in it closed if `closed`: then a field that it does not list is an error. */
function validator(name, closed = false) {
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  const components = JSON.parse(JSON.stringify(document.components), (_, value) =>
    closed && value?.properties && !("additionalProperties" in value) ? { ...value, additionalProperties: false } : value);
  return ajv.compile({ $ref: `#/components/schemas/${name}`, components });
}

/** The component whose frames have this `type`, among those that an operation lists. */
function componentOf(type, operation) {
  const names = document.operations[operation].messages.map((message) => message.$ref.split("/").at(-1));
  return names.find((name) => document.components.schemas[name].properties.type?.const === type);
}

test("is a document of AsyncAPI 3.0", () => {
  const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(specs.schemas["3.0.0"]);
  assert.ok(validate(document), JSON.stringify(validate.errors, null, 1));
});

test("is of this version", () => {
  const props = readFileSync(new URL("../../Directory.Build.props", import.meta.url), "utf8");
  assert.equal(document.info.version, /<Version>(.+)<\/Version>/.exec(props)?.[1]);
});

for (const { name, frame, fields } of read("vectors/server-frames.json")) {
  test(`knows every field of what the server sends: ${name}`, () => {
    const component = componentOf(fields.type, "deliver");
    assert.ok(component, `no component has the type ${fields.type}`);
    const validate = validator(component, true);
    assert.ok(validate(JSON.parse(frame)), JSON.stringify(validate.errors));
  });
}

/**
 * What a schema cannot say: which characters show nothing, how many bytes a text has; and what JavaScript rounds before a schema
 * sees it.
 */
const beyondSchema = ({ name, error }) =>
  error.code === "empty_message" || name.includes("too many bytes") || name.includes("beyond a 64-bit integer");

for (const vector of read("vectors/client-frames.json")) {
  const { name, frame, on, error } = vector;
  // What is no object, or no document at all, never gets to a schema.
  if (error?.code === "malformed")
    continue;
  test(`says of what a client sends what the server says: ${name}`, (t) => {
    const parsed = JSON.parse(frame);
    const component = on === "room" ? "RoomSend" : componentOf(parsed.type, "command");
    const valid = component !== undefined && validator(component)(parsed);
    if (error && component && beyondSchema(vector))
      t.skip("no schema can say so");
    else
      assert.equal(valid, !error);
  });
}

test("has a component for each type of frame that the vectors know", () => {
  const types = (vectors, type) => new Set(read(`vectors/${vectors}.json`).map(type).filter(Boolean));
  const listed = (operation) => new Set(document.operations[operation].messages.map(
    (message) => document.components.schemas[message.$ref.split("/").at(-1)].properties.type.const));
  assert.deepEqual(listed("deliver"), types("server-frames", (vector) => vector.fields.type));
  assert.deepEqual(listed("command"), types("client-frames", (vector) => vector.on === "skald" ? vector.command?.type : undefined));
});
