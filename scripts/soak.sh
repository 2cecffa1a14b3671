#!/usr/bin/env bash
# Runs the tests that find the more the longer they run: processes killed while they write, histories against a model, and
# fuzzing of everything that comes from outside. The arguments say how much of it.
set -euo pipefail
cd "$(dirname "$0")/.."

kills=${1:-2000} histories=${2:-20000} each=${3:-300000x}

SLOTRACE_KILLS=$kills go test -count=1 -timeout 0 -v -run 'Kill9' ./engine
SLOTRACE_HISTORIES=$histories go test -count=1 -timeout 0 -v -run 'Histories' ./engine
go test -count=20 -timeout 0 -run 'EverythingHappens|Counters|Concurrent' ./engine
# By executions and not by time, whose end Go 1.26 at times takes for a failure (go.dev/issue/75804).
for package in $(go list ./...); do
	for fuzz in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		go test -run '^$' -fuzz "^$fuzz\$" -fuzztime "$each" -fuzzminimizetime 100x "$package"
	done
done
