#!/bin/sh
# Builds the worker at the edge into build/edge: its program and modules in worker, the page's files in assets. It fails
# when the worker is larger than a plan that costs nothing takes. Plain sh, as page.sh is.
set -eu
cd "$(dirname "$0")/.."

scripts/site.sh >/dev/null # for the program that stands in for a server, which a browser needs here, too
worker=build/edge/worker
GOOS='' GOARCH='' go run github.com/syumai/workers/cmd/workers-assets-gen -mode=go -o "$worker" # empties the folder
mv "$worker/worker.mjs" "$worker/go.mjs" # ours is in front of it
cp wasm/edge/worker.mjs wasm/edge/room.mjs "$worker/"
GOOS=js GOARCH=wasm go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$worker/app.wasm" ./wasm/edge
mkdir -p build/miniflare
cp wasm/edge/run.mjs build/miniflare/ # a module finds its packages beside it
rm -rf build/edge/assets
GOOS='' GOARCH='' go run ./scripts/site -edge -live build/live.wasm build/edge/assets

size=$(cat "$worker"/* | gzip -9 | wc -c)
if [ "$size" -gt 3000000 ]; then
	echo "the worker is $size bytes as gzip, over its budget of 3000000" >&2
	exit 1
fi
echo "build/edge is ready: wasm/edge/wrangler.toml deploys it"
