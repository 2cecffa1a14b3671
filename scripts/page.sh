#!/bin/sh
# Builds the page's WebAssembly and its loader into static/dist, compressed, and fails when the page is over its budget.
# Plain sh: a newcomer's machine may have Go and make alone.
set -eu
cd "$(dirname "$0")/.."

budget=600000 # bytes of page.wasm as brotli sends it

# Each step is left to the tool that knows whether anything changed: go build from its cache, press by looking into what
# it made. Without the revision in it, a commit that leaves the page alone leaves its bytes and entity tag alone.
# web/page is glue: inlined, the document's calls in it would cost 11 KB and win no time.
mkdir -p build
GOOS=js GOARCH=wasm go build -trimpath -buildvcs=false -gcflags=slotrace/web/page=-l -ldflags='-s -w' -o build/page.wasm ./wasm/page
GOOS='' GOARCH='' go run ./scripts/press -into static/dist build/page.wasm "$(go env GOROOT)/lib/wasm/wasm_exec.js"

size=$(($(wc -c <static/dist/page.wasm.br)))
if [ "$size" -gt "$budget" ]; then
	echo "page.wasm is $size bytes as brotli, over its budget of $budget" >&2
	exit 1
fi
