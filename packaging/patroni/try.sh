#!/usr/bin/env bash
# Tries a failover by hand, on one machine: etcd, three PostgreSQL under Patroni with patroni.yml, three nodes of Skald upon them, users at
# all nodes. The primary is switched over, its PostgreSQL killed, its machine lost. Prints a table; fails where an ack was lost, an order
# not kept, or a wait longer than wanted. It takes some 3 minutes, and ends only what it started.
#
#   packaging/patroni/try.sh             on Debian, as root: installs etcd-server, patroni and postgresql-15, which start nothing
#   packaging/patroni/try.sh frozen      the primary's machine stands still: of planned, process, machine (all by default) and frozen
#   SKALD=/opt/skald/skald packaging/patroni/try.sh      with this program; else the sources are published first
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) root=$(cd "$(dirname "$0")/../.." && pwd)
export here work ttl=20
[ "$(id -u)" = 0 ] || { echo "Please run it as root: PostgreSQL is started as its own user."; exit 1; }

if ! command -v patroni etcd etcdctl >/dev/null || [ ! -x /usr/lib/postgresql/15/bin/postgres ]; then
    policy=/usr/sbin/policy-rc.d made=
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=1; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        etcd-server etcd-client patroni python3-etcd postgresql-15 nodejs npm curl >/dev/null
    [ -z "$made" ] || rm $policy
fi
[ -d "$root/clients/javascript/node_modules/ws" ] || npm --prefix "$root/clients/javascript" ci --no-audit --no-fund --loglevel=error

work=$(mktemp -d /tmp/skald-patroni.XXXXXX)
chmod 755 "$work"
declare -a started=()
finish() {
    set +e
    trap - EXIT
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
    [ ! -e "$work/frozen" ] || kill -9 $(cat "$work/frozen") 2>/dev/null
    for n in 1 2 3; do kill "$(cat "$work/$n/patroni.pid" 2>/dev/null)" 2>/dev/null; done   # Patroni stops its PostgreSQL
    for n in 1 2 3; do while [ -e "/proc/$(cat "$work/$n/patroni.pid" 2>/dev/null || echo none)" ]; do sleep 0.1; done; done
    kill "$etcd" 2>/dev/null
    wait
    [ -n "${KEEP:-}" ] && echo "Logs: $work" || rm -rf "$work"
}
trap finish EXIT

if [ -z "${SKALD:-}" ]; then
    dotnet publish "$root/src/Skald" -c Release -o "$work/program" -v quiet
    SKALD=$work/program/skald
fi

etcd --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:2391 --advertise-client-urls http://127.0.0.1:2391 \
    --listen-peer-urls http://127.0.0.1:2392 --initial-advertise-peer-urls http://127.0.0.1:2392 \
    --initial-cluster default=http://127.0.0.1:2392 >"$work/etcd.log" 2>&1 &
etcd=$!

api() { echo "http://127.0.0.1:$((8150 + $1))"; }
is() { curl -sfo /dev/null --max-time 1 "$(api "$1")/$2"; }               # is SERVER primary|sync|health
count() { local sum=0 n; for n in 1 2 3; do ! is $n "$1" || sum=$((sum + 1)); done; echo $sum; }
primary() { local n; for n in 1 2 3; do ! is $n primary || { echo $n; return; }; done; return 1; }
postgres() { head -1 "$work/$1/data/postmaster.pid"; }
start() {   # start SERVER
    setpriv --reuid=postgres --regid=postgres --clear-groups patroni "$work/$1/patroni.yml" >>"$work/$1/patroni.log" 2>&1 </dev/null &
    echo $! >"$work/$1/patroni.pid"
}
settled() {
    local left=1200
    until [ "$(count health)" = 3 ] && [ "$(count primary)" = 1 ] && [ "$(count sync)" = 1 ]; do
        [ $((left -= 1)) -gt 0 ] || { echo "The servers do not come together." >&2; return 1; }
        sleep 0.1
    done
}
planned() {
    settled
    echo now
    patronictl -c "$work/1/patroni.yml" switchover skald --leader "server$(primary)" --force >>"$work/patronictl.log" 2>&1
}
process() {
    settled
    local pid; pid=$(postgres "$(primary)")
    echo now
    kill -9 "$pid"
}
all_of() { local postgres; postgres=$(postgres "$1"); echo "$(cat "$work/$1/patroni.pid") $postgres $(pgrep -d ' ' -P "$postgres")"; }
machine() {
    settled
    local pids; primary >"$work/lost"; pids=$(all_of "$(cat "$work/lost")")
    echo now
    kill -9 $pids
}
frozen() {   # as a network that swallows everything: connections stay, and nothing answers
    [ ! -e "$work/lost" ] || start "$(cat "$work/lost")"
    settled
    local pids; primary >"$work/lost"; pids=$(all_of "$(cat "$work/lost")")
    echo "$pids" >"$work/frozen"
    echo now
    kill -STOP $pids
}
export -f api is count primary postgres start settled planned process all_of machine frozen

for n in 1 2 3; do
    install -d -o postgres -g postgres -m 700 "$work/$n"
    sed -e "s/NAME/server$n/; s/ADDRESS/127.0.0.1/; s/API_PORT/$((8150 + n))/; s/PORT/$((5550 + n))/; s/ETCD/127.0.0.1:2391/" \
        -e "s/API_PORT/$((8150 + n))/; s/PASSWORD/secret/; s#DATA#$work/$n#" "$here/patroni.yml" >"$work/$n/patroni.yml"
    chown postgres "$work/$n/patroni.yml"
    start $n
    [ $n != 1 ] || until is 1 primary; do sleep 0.2; done
done
settled
export PGPASSWORD=secret
psql -q "host=127.0.0.1 port=$((5550 + $(primary))) user=postgres dbname=postgres" \
    -c "CREATE ROLE skald LOGIN PASSWORD 'secret'" -c "CREATE DATABASE skald OWNER skald ENCODING 'UTF8' TEMPLATE template0"

node() {   # node N: as a supervisor, starts it again whenever it ends
    local child
    trap 'kill $child 2>/dev/null; wait $child; exit' TERM
    cd "$work"
    while :; do
        Storage__Engine=postgres Accounts__SigningKey=$key Limits__Enabled=false Metrics__Listen='' \
        Storage__Postgres="Host=127.0.0.1:5551,127.0.0.1:5552,127.0.0.1:5553;Database=skald;Username=skald;Password=secret" \
            "$SKALD" --data "$work/node$1" --urls "http://127.0.0.1:$((8050 + $1))" >>"$work/node$1.log" 2>&1 &
        child=$!
        wait $child || true
        sleep 0.2
    done
}
key=$(head -c 32 /dev/urandom | base64)
for n in 1 2 3; do
    node $n &
    started+=($!)
    until curl -sfo /dev/null "http://127.0.0.1:$((8050 + n))/readyz"; do sleep 0.2; done
done

declare -A troubles=(
    [planned]="Switchover by hand=planned=3" [process]="PostgreSQL of the primary is killed=process=8"
    [machine]="Machine of the primary is gone=machine=$((ttl + 3))" [frozen]="Machine of the primary stands still=frozen=$((ttl + 3))"
)
wanted=()
for name in "${@:-planned process machine}"; do for one in $name; do wanted+=("${troubles[$one]}"); done; done
result=0
command node "$here/load.mjs" http://127.0.0.1:8051,http://127.0.0.1:8052,http://127.0.0.1:8053 "${wanted[@]}" || result=$?
exit $result
