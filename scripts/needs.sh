# Sourced by what needs more than Go: finds a browser, Node, a C compiler or what serves the edge, and installs what is missing.

# find_browser prints the path of a browser that starts. A name alone is not enough: Ubuntu's chromium-browser may be a
# stub that only says what to install.
find_browser() {
	local name path
	local names=(chromium chromium-browser google-chrome google-chrome-stable '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome')
	if [[ -n ${SLOTRACE_CHROMIUM:-} ]]; then
		names=("$SLOTRACE_CHROMIUM")
	fi
	for name in "${names[@]}"; do
		if path=$(command -v "$name") && "$path" --version </dev/null >/dev/null 2>&1; then
			echo "$path"
			return
		fi
	done
	return 1
}

find_node() { command -v node; }

# -race is built with cgo, which needs the compiler that Go was told to use.
find_compiler() {
	local cc
	read -r cc _ < <(go env CC)
	command -v "$cc"
}

find_npm() { command -v npm; }

# miniflare serves the edge here. npm puts it where everything built is, as the lock file says.
find_miniflare() { cmp -s wasm/edge/package-lock.json build/miniflare/installed; }

install_miniflare() {
	echo "installing what serves the edge: $(node -p 'Object.entries(require("./wasm/edge/package.json").dependencies).map((d) => d.join(" ")).join(", ")')"
	mkdir -p build/miniflare
	cp wasm/edge/package.json wasm/edge/package-lock.json build/miniflare/
	# It asks for a Node that is newer than it needs; and none of its packages must be built here.
	(cd build/miniflare && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)
	cp wasm/edge/package-lock.json build/miniflare/installed
}

# needs takes any of browser, node, npm, compiler and, behind node and npm, miniflare. Afterwards all of them are there, and SLOTRACE_CHROMIUM names the browser.
needs() {
	local thing packages=()
	for thing in "$@"; do
		if [[ $thing == browser && -n ${SLOTRACE_CHROMIUM:-} ]]; then
			continue # what was asked for by name is not replaced by something else
		fi
		if ! "find_$thing" >/dev/null; then
			case $thing in
			browser) packages+=(chromium fonts-dejavu-core) ;;
			node) packages+=(nodejs) ;;
			npm) packages+=(npm) ;;
			compiler) packages+=(gcc libc6-dev) ;;
			esac
		fi
	done
	if ((${#packages[@]})); then
		install_packages "${packages[@]}"
	fi
	for thing in "$@"; do
		if [[ $thing == miniflare ]] && ! find_miniflare; then
			install_miniflare
		fi
		if ! "find_$thing" >/dev/null; then
			echo "the tests need a $thing and none was found${SLOTRACE_CHROMIUM:+ (SLOTRACE_CHROMIUM is $SLOTRACE_CHROMIUM)}" >&2
			exit 1
		fi
		if [[ $thing == browser ]]; then
			SLOTRACE_CHROMIUM=$(find_browser)
			export SLOTRACE_CHROMIUM
		fi
	done
}

install_packages() {
	local as=(env DEBIAN_FRONTEND=noninteractive)
	if ! command -v apt-get >/dev/null; then
		echo "missing, and there is no apt-get to install them with: $* (Debian's names)" >&2
		exit 1
	fi
	if [[ $(id -u) != 0 ]]; then
		if ! command -v sudo >/dev/null; then
			echo "missing, and only root or sudo can install them: $*" >&2
			exit 1
		fi
		as=(sudo "${as[@]}")
	fi
	echo "installing what the tests need: $*"
	"${as[@]}" apt-get update -q </dev/null
	"${as[@]}" apt-get install -q -y --no-install-recommends "$@" </dev/null
}
