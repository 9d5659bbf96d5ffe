#!/usr/bin/env bash
# Runs a command with DATABASE_URL naming a new, empty Postgres that lives in a temporary folder and is gone
# afterwards. It listens on a Unix socket in that folder only, so it meets no other Postgres.
#
#   loadtest/with-postgres.sh cargo bench --bench fanout
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT...]" >&2; exit 2; }

programs=$(dirname "$(readlink -f "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")")
folder=$(mktemp -d)
owner=()
if [ "$(id -u)" = 0 ]; then
  # Postgres refuses to run as root.
  owner=(runuser -u postgres --)
  chown postgres "$folder"
  chmod 755 "$folder"
fi

stop() {
  (cd "$folder" && "${owner[@]}" "$programs/pg_ctl" stop -D "$folder/data" -m immediate -s) || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

(
  cd "$folder"
  "${owner[@]}" "$programs/initdb" -D data -A trust -U postgres -E UTF8 --locale=C --no-sync >initdb.log 2>&1 ||
    { cat initdb.log >&2; exit 1; }
  "${owner[@]}" "$programs/pg_ctl" start -D data -w -s -l "$folder/data/postgres.log" \
    -o "-k '$folder' -c listen_addresses='' -c max_connections=50 -c shared_buffers=256MB"
)

DATABASE_URL="postgres://postgres@${folder//\//%2F}/postgres" "$@"
