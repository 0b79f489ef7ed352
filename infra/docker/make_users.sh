#!/bin/bash
# The files of clickhouse/users in order, as their README.md says; tenants are left out.
set -euo pipefail
for file in /headwater/users/[0-9]*.sql; do
  case "$file" in
    *tenant* | *everyone*) continue ;;
  esac
  clickhouse-client --host clickhouse --user "$CLICKHOUSE_USER" --password "$CLICKHOUSE_PASSWORD" \
    --param_ingest_password="$INGEST_PASSWORD" \
    --param_analyst_password="$ANALYST_PASSWORD" \
    --param_grafana_password="$GRAFANA_PASSWORD" \
    --queries-file "$file"
done
