#!/usr/bin/env bash
# packaging/release.sh DIR: what a release is made of. The server in one file with SQLite's library beside it, what they are made of
# (skald.cdx.json, CycloneDX), the systemd unit, and the checksums of it all.
set -euo pipefail
[ $# -eq 1 ] || { echo "Say where: packaging/release.sh DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
[ -z "$(ls -A "$out")" ] || { echo "$out is not empty: choose another directory." >&2; exit 2; }
dotnet publish src/Skald -c Release -o "$out" --nologo -v quiet
node packaging/sbom.mjs > "$out/skald.cdx.json"
cp packaging/skald.service packaging/skald-backup.service packaging/skald-backup.timer LICENSE "$out"
cd "$out"
sha256sum -- * > SHA256SUMS
cat SHA256SUMS
