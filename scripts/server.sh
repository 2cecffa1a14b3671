#!/bin/sh
# Builds bin/slotrace with whatever static/dist holds inside. Plain sh, as page.sh is.
set -eu
cd "$(dirname "$0")/.."

# Go stamps the revision in and fails where git refuses to speak, as in a checkout of another user's; then it goes without.
stamp=auto
git status >/dev/null 2>&1 || stamp=false
go build -trimpath -buildvcs="$stamp" -o bin/slotrace ./server
