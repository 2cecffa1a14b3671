#!/usr/bin/env bash
# Runs every test there is: natively, under the race detector, of what compares the store with others, under Node, at the
# edge, and in a browser. All parts run even when one fails, so that one run tells everything.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/needs.sh

needs compiler node npm browser miniflare
scripts/page.sh
scripts/server.sh
scripts/edge.sh

failed=()
part() {
	local name=$1
	shift
	echo "== $name"
	"$@" || failed+=("$name")
}

# wasm_exec.js has room for some 8 KB of arguments and environment together, and a CI's environment can be larger.
node_exec="env -i 'PATH=$PATH' 'TMPDIR=${TMPDIR:-/tmp}' '$(go env GOROOT)/lib/wasm/go_js_wasm_exec'"

part lint scripts/lint.sh
part tests go test ./...
part race env CGO_ENABLED=1 go test -race ./engine/... ./server/...
part peers sh -c 'cd bench && go vet ./... && go test ./...' # a module of its own
part node env GOOS=js GOARCH=wasm go test -exec "$node_exec" ./engine/... ./web/picture ./web/tree ./web/explore ./web/local
part edge go test -tags edge -count=1 ./server/edge
part browser go test -tags browser -count=1 ./web/browsertest

if ((${#failed[@]})); then
	echo "failed: ${failed[*]}" >&2
	exit 1
fi
echo "all passed"
