#!/usr/bin/env bash
# Has the browser test take the README's picture of the page.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/needs.sh

needs browser
SLOTRACE_PICTURE=$PWD/web/browsertest/live.png go test -tags browser -count=1 -run Picture ./web/browsertest
