// Writes what the server is made of, as CycloneDX 1.6, to standard output. Out of the lock file, so it is what a locked restore gives.
import { readFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const build = read("Directory.Build.props");
const version = /<Version>(.+?)<\/Version>/.exec(build)[1];
const own = "pkg:generic/skald@" + version;

// Analyzers look at the source; nothing of them is in what they have looked at.
const analyzers = new Set([...build.matchAll(/<PackageReference Include="(.+?)" PrivateAssets="all"/g)].map((match) => match[1]));

const locked = JSON.parse(read("src/Skald/packages.lock.json")).dependencies["net10.0"];
const packages = Object.entries(locked).filter(([name, { type }]) => type !== "Project" && !analyzers.has(name));
const purl = (name) => `pkg:nuget/${name}@${locked[name].resolved}`;
const known = new Map(packages.map(([name]) => [name.toLowerCase(), purl(name)]));
const purls = (names) => names.map((name) => known.get(name.toLowerCase())).filter((found) => found !== undefined).sort();

const sbom = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: {
    component: { type: "application", "bom-ref": own, name: "skald", version, licenses: [{ license: { id: "Apache-2.0" } }] },
  },
  components: packages.map(([name, { resolved, contentHash }]) => ({
    type: "library",
    "bom-ref": purl(name),
    name,
    version: resolved,
    purl: purl(name),
    // Of the package without its signature, so not the checksum of the file that is downloaded.
    properties: [{ name: "nuget:contentHash", value: contentHash }],
  })),
  dependencies: [
    { ref: own, dependsOn: purls(packages.filter(([, { type }]) => type === "Direct").map(([name]) => name)) },
    ...packages.map(([name, { dependencies = {} }]) => ({ ref: purl(name), dependsOn: purls(Object.keys(dependencies)) })),
  ],
};
console.log(JSON.stringify(sbom, null, 2));
