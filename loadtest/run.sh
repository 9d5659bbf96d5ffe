#!/usr/bin/env bash
# Starts the server (profile `dist`) on a temporary Postgres and a free port, runs one k6 script against it, and
# stops all. Settings of the script come from the environment, see README.md.
#
#   loadtest/run.sh smoke.js
#   MEMBERS=1000 RATE=50 loadtest/run.sh fanout.js
#
# GROUPCAST  the server's binary; by default it is built
# K6         the k6 binary; by default `k6` from PATH or ~/go/bin
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
script=${1:?usage: $0 SCRIPT [K6-ARGUMENT...]}
shift

if [ -z "${DATABASE_URL:-}" ]; then
  exec "$here/with-postgres.sh" "$0" "$script" "$@"
fi

k6=${K6:-$(command -v k6 || echo "$HOME/go/bin/k6")}
if [ -z "${GROUPCAST:-}" ]; then
  (cd "$here/.." && cargo build --profile dist)
  GROUPCAST=${CARGO_TARGET_DIR:-$here/../target}/dist/groupcast
fi
GROUPCAST=$(readlink -f "$GROUPCAST")

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port=$((20000 + RANDOM % 10000))
while listens "$port"; do port=$((port + 1)); done

# Sockets take a file each, here and in the server.
ulimit -n "$(ulimit -Hn)"

folder=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

(cd "$folder" && HOST=127.0.0.1 PORT=$port exec "$GROUPCAST") >"$folder/server.log" 2>&1 &
server=$!
until listens "$port"; do
  kill -0 "$server" 2>/dev/null || { echo "the server did not start:" >&2; cat "$folder/server.log" >&2; exit 1; }
  sleep 0.1
done

cpu_seconds() { awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.2f s", ($12 + $13) / ticks }' "/proc/$server/stat"; }
resident() { awk '/^VmRSS/ { printf "%.1f MiB", $2 / 1024 }' "/proc/$server/status"; }

echo "server: process $server, port $port, resident $(resident)"
status=0
BASE_URL="http://127.0.0.1:$port" "$k6" run --no-usage-report "$@" "$here/$script" || status=$?
if kill -0 "$server" 2>/dev/null; then
  echo "server: resident $(resident), CPU time $(cpu_seconds)"
else
  echo "the server has ended:" >&2
  tail -20 "$folder/server.log" >&2
  status=1
fi
exit "$status"
