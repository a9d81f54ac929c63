#!/usr/bin/env bash
# Builds the release of the last commit twice, in two directories, and fails where a byte differs.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for place in "$work/one" "$work/another/and/deeper"; do
    mkdir -p "$place"
    git archive HEAD | tar -x -C "$place"
    "$place/packaging/release.sh" "$place/artifacts" > "$place.sums"
done
diff "$work/one.sums" "$work/another/and/deeper.sums"
cat "$work/one.sums"
echo "Both builds are the same."
