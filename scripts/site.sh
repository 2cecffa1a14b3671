#!/bin/sh
# Leaves the page in the folder site, for any host of files. Plain sh, as page.sh is.
set -eu
cd "$(dirname "$0")/.."

rm -rf site # it holds what an older build has left
GOOS='' GOARCH='' go run ./scripts/site site
echo "site/ is ready: any host of files can serve it, at any path"
