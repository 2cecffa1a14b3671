#!/usr/bin/env bash
# Runs the benchmarks: Go's own, what `slotrace bench` measures, and the comparison with other stores in bench/. An argument
# chooses some by name, as a regular expression. Read the ratios: a machine's own numbers say little about another's.
set -euo pipefail
cd "$(dirname "$0")/.."
chosen=${1:-.}
root=$PWD

go test -run '^$' -bench "$chosen" ./engine/... ./server/...

mkdir -p build
go build -o build/slotrace-bench ./server
if build/slotrace-bench bench --list | grep -qE -- "$chosen"; then
	printf '\n== the store by itself\n'
	build/slotrace-bench bench --only "$chosen"
fi

# A module of its own, which the product does not need.
cd bench
go build -o "$root/build/peers" .
if "$root/build/peers" --list | grep -qE -- "$chosen"; then
	printf '\n== beside other stores\n'
	"$root/build/peers" --only "$chosen"
fi
