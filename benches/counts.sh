#!/bin/bash
# Counts what one message costs in context switches and calls to the system: 10 groups of 10, 100 messages a second.
#
#   cargo bench --no-run && benches/counts.sh [CASE] [MESSAGES_PER_SECOND] [CONTENDER]
#
# CASE is a paced case of the benchmark `fanout`, by a part of its name; CONTENDER is `tokens` for the server that wants
# them. Needs strace and permission to trace. The server is that of the newest build of the benchmark.
set -euo pipefail
cd "$(dirname "$0")/.."
case_name=${1:-10 x 10 paced, 100}
per_second=${2:-100}
contender=${3:-groupcast}
seconds=4

bench=$(find target -name 'fanout-*' -path '*/deps/*' -type f -executable -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
"$bench" --bench --runs 1 --seconds $((4 * seconds)) --contender "$contender" --case "$case_name" >/dev/null &
bench_pid=$!
server=
# The server is a child of the benchmark and outlives it.
trap 'kill $bench_pid $server 2>/dev/null || true' EXIT

# The yardsticks come first, each for as long as the server.
until server=$(pgrep -P "$bench_pid" -f '/groupcast$'); do
  kill -0 "$bench_pid" 2>/dev/null || { echo "the benchmark ended without a server" >&2; exit 1; }
  sleep 0.2
done
sleep 3
switches() { cat /proc/"$server"/task/*/status | awk '/ctxt_switches/ { sum += $2 } END { print sum }'; }
before=$(switches)
sleep $seconds
after=$(switches)
awk -v n=$((after - before)) -v m=$((per_second * seconds)) 'BEGIN { printf "%8.2f context switches\n", n / m }'
trace=$(mktemp)
timeout $seconds strace -qq -c -f -p "$server" -o "$trace" || true
awk -v m=$((per_second * seconds)) '$4 ~ /^[0-9]+$/ && $4 > m / 10 { printf "%8.2f %s\n", $4 / m, $NF }' "$trace"
rm -f "$trace"
