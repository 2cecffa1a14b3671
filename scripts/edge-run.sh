#!/usr/bin/env bash
# Serves the edge on this machine, at a port of loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/needs.sh

needs node npm miniflare
exec node build/miniflare/run.mjs wasm/edge/wrangler.toml "$@"
