#!/usr/bin/env bash
# An hour of 500 clients that come, talk and go, with a fault every two minutes; a line of what the server holds each ten seconds, and at the end
# how much of it grew. tests/soak.sh [MINUTES [CLIENTS]]; SKALD_SEED repeats a run.
set -euo pipefail
cd "$(dirname "$0")/.."
export SKALD_SOAK_MINUTES="${1:-60}" SKALD_SOAK_CLIENTS="${2:-500}"
dotnet build tests/Skald.Tests -c Release -v quiet --nologo
exec tests/Skald.Tests/bin/Release/net10.0/Skald.Tests -noColor -explicit only -method '*SoakTests.Server_does_not_grow'
