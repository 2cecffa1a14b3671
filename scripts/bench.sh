#!/usr/bin/env bash
# Runs the benchmarks. Read the ratios they report: a machine's own numbers say little about another's.
set -euo pipefail
cd "$(dirname "$0")/.."

go test -run '^$' -bench "${1:-.}" ./engine/... ./server/...
