#!/usr/bin/env bash
# Runs everything: format, JavaScript client, server, faults, browser. Installs what is missing beyond the .NET SDK (on Debian, as root).
# Ends with a line "N passed, N failed", and fails if anything did.
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NPM_CONFIG_FUND=false NPM_CONFIG_UPDATE_NOTIFIER=false
passed=0 failed=0 skipped=0

step() { printf '\n== %s\n' "$1"; }

# A step that is one check: it passes or it fails.
check() {
    step "$1"; shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $*"; fi
}

need() {   # need COMMAND PACKAGE…
    PATH=$PATH:/usr/sbin command -v "$1" >/dev/null && return
    shift
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        [ -n "${updated:-}" ] || { apt-get update -qq && updated=1; }
        # Only the programs are wanted: no package starts its daemon, which would hold a port (nginx: 80).
        local policy=/usr/sbin/policy-rc.d made=
        [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=1; }
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
        [ -z "$made" ] || rm $policy
    else
        echo "Please install: $*"
    fi
}

step "What the tests need"
need node nodejs npm
need chromium chromium
need strace strace
need eatmydata eatmydata
need nginx nginx-light
need haproxy haproxy
need promtool prometheus
need /usr/lib/postgresql/15/bin/postgres postgresql-15
need redis-server redis-server

check "Restore, with the locked versions" dotnet restore Skald.slnx --locked-mode
check "Build" dotnet build Skald.slnx --no-restore -v quiet
check "Format" dotnet format whitespace Skald.slnx --no-restore --verify-no-changes   # style and analyzers: the build has them as errors

step "JavaScript client"
(cd clients/javascript && npm ci --no-audit --loglevel=error) || failed=$((failed + 1))
check "Types of the JavaScript client and the page" npm --prefix clients/javascript run check --silent
node_tests() {   # node_tests FOLDER
    local report pass fail
    report=$(npm --prefix "$1" test --silent -- --test-reporter=tap 2>&1) || true
    count() { sed -n "s/^# $1 //p" <<<"$report" | tail -1; }
    grep -E '^ *not ok' <<<"$report" && echo "$report"
    pass=$(count pass) fail=$(count fail)
    echo "${pass:-0} passed, ${fail:-1} failed"
    passed=$((passed + ${pass:-0})) failed=$((failed + ${fail:-1}))
}

step "Tests of the JavaScript client"
node_tests clients/javascript

step "Tests of the sockets' AsyncAPI document"
(cd tests/asyncapi && npm ci --no-audit --loglevel=error) || failed=$((failed + 1))
node_tests tests/asyncapi

step "Tests of the server"
(cd tests/openapi && npm ci --no-audit --loglevel=error) || failed=$((failed + 1))   # what judges the OpenAPI document
results=$(mktemp)
elements() { grep -o "<$1\b" "$results" | wc -l; }
failed_tests() {   # each with the beginning of what it says: what it printed stands far above
    sed 's/<testcase/\n&/g' "$results" | sed -n 's/^<testcase [^>]*\bname="\([^"]*\)".*<failure[^>]*\bmessage="\([^"]*\)".*/\1\n    \2/p' |
        sed 's/&#xA;/\n    /g; s/&#xD;//g; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' | cut -c 1-1000
}
broken=
run_tests() {   # run_tests PROJECT ARGUMENT…
    local project=$1 code tests failures skips
    shift
    : > "$results"
    dotnet run --no-build --project "$project" -- -noColor -jUnit "$results" "$@"
    code=$?
    tests=$(elements testcase) failures=$(elements failure) skips=$(elements skipped)
    [ "$code" -eq 0 ] || [ "$failures" -gt 0 ] || failures=1   # a run that did not come to its end has failed
    broken+=$(failed_tests)$'\n'
    passed=$((passed + tests - failures - skips)) failed=$((failed + failures)) skipped=$((skipped + skips))
}
run_tests tests/Skald.Tests
SKALD_TEST_ENGINE=postgres run_tests tests/Skald.Tests -trait Engine=both
run_tests tests/Shop.Tests
rm -f "$results"

[ -z "${broken//$'\n'}" ] || printf '\nFailed:\n%s\n' "$broken"
printf '\n%d passed, %d failed' "$passed" "$failed"
[ "$skipped" -eq 0 ] && echo || printf ', %d skipped\n' "$skipped"
[ "$failed" -eq 0 ]
