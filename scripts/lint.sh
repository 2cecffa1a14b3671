#!/usr/bin/env bash
# Checks what can be checked without running anything, for every system the code is built for. All checks run even when one fails.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
	local name=$1
	shift
	"$@" || failed+=("$name")
}

formatted() {
	local files
	files=$(gofmt -l bench engine server static scripts wasm web) || return
	if [[ -n $files ]]; then
		printf 'gofmt would change:\n%s\n' "$files" >&2
		return 1
	fi
}

# Tidying also reads the modules that our modules' tests use. Where neither cache nor network has them it cannot tell, and passes.
tidy() {
	local difference
	difference=$(go mod tidy -diff 2>/dev/null) || true
	if [[ -n $difference ]]; then
		echo 'go mod tidy would change go.mod or go.sum; go mod tidy -diff shows what' >&2
		return 1
	fi
}

check gofmt formatted
check 'go mod tidy' tidy
check imports go run ./scripts/arrows

check 'go vet' go vet ./...
check 'go vet -tags browser,edge' go vet -tags browser,edge ./...
check 'go vet for js' env GOOS=js GOARCH=wasm go vet ./engine/... ./server/edge/... ./web/... ./wasm/...
check 'go vet for windows' env GOOS=windows go vet ./engine/... ./server/...
check 'go vet for darwin' env GOOS=darwin go vet ./engine/... ./server/...

# Built, not run by go tool: that would build staticcheck itself for js.
mkdir -p build
go build -o build/staticcheck honnef.co/go/tools/cmd/staticcheck
check staticcheck build/staticcheck -tags browser,edge ./...
check 'staticcheck for js' env GOOS=js GOARCH=wasm build/staticcheck ./engine/... ./server/edge/... ./web/... ./wasm/...

if ((${#failed[@]})); then
	printf 'lint failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
