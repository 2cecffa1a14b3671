#!/bin/sh
# Builds the page's WebAssembly, that of its workers for the explorer and for recordings, and their loader into static/dist,
# compressed, and fails when one is over its budget.
# Plain sh: a newcomer's machine may have Go and make alone.
set -eu
cd "$(dirname "$0")/.."

# Each step is left to the tool that knows whether anything changed: go build from its cache, press by looking into what
# it made. Without the revision in it, a commit that leaves the page alone leaves its bytes and entity tag alone.
# wasm/lab/default.pgo is where searches spend their time, which go build takes into account: a fifth more executions a
# second for 40 KB. It is made by: go test ./engine/lab -run - -bench 'Prove5x2|All3x2|Find' -cpuprofile wasm/lab/default.pgo
mkdir -p build
wasm() {
	GOOS=js GOARCH=wasm go build -trimpath -buildvcs=false -ldflags='-s -w' "$@"
}
# web/page is glue: inlined, the document's calls in it would cost 11 KB and win no time.
wasm -gcflags=slotrace/web/page=-l -o build/page.wasm ./wasm/page
wasm -o build/lab.wasm ./wasm/lab
# Inlining wins time where segments are taken apart, and costs 60 KB everywhere else.
wasm -gcflags=all=-l -gcflags='slotrace/engine/...=' -gcflags=runtime= -gcflags='internal/...=' -gcflags='compress/...=' -gcflags='hash/...=' -gcflags=encoding/binary= \
	-o build/tape.wasm ./wasm/tape
GOOS='' GOARCH='' go run ./scripts/press -into static/dist build/page.wasm build/lab.wasm build/tape.wasm "$(go env GOROOT)/lib/wasm/wasm_exec.js"

within() { # a program, and how many bytes of it brotli may send
	size=$(($(wc -c <"static/dist/$1.br")))
	if [ "$size" -gt "$2" ]; then
		echo "$1 is $size bytes as brotli, over its budget of $2" >&2
		exit 1
	fi
}
within page.wasm 600000
within lab.wasm 1200000
within tape.wasm 1150000
