#!/bin/sh
# Leaves the page in the folder site, for any host of files, with the program that stands in for a server there; it fails when
# that is over its budget. Plain sh, as page.sh is.
set -eu
cd "$(dirname "$0")/.."

mkdir -p build/pressed
GOOS=js GOARCH=wasm go build -trimpath -buildvcs=false -ldflags='-s -w' -o build/live.wasm ./wasm/live
# Pressed only to see what a host will send.
GOOS='' GOARCH='' go run ./scripts/press -into build/pressed build/live.wasm
size=$(($(wc -c <build/pressed/live.wasm.br)))
if [ "$size" -gt 1280000 ]; then
	echo "live.wasm is $size bytes as brotli, over its budget of 1280000" >&2
	exit 1
fi
rm -rf site # it holds what an older build has left
GOOS='' GOARCH='' go run ./scripts/site -live build/live.wasm site
echo "site/ is ready: any host of files can serve it, at any path"
