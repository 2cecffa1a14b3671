package main

// module is the prefix of every room.
const module = "slotrace"

// room is a row of the table: a folder, or with /... all folders under it, and which rooms of ours it may import.
type room struct {
	path    string
	imports []string
	browser bool     // may import syscall/js; the others run and are tested without a browser
	without []string // packages from elsewhere it must do without
}

const websocket = "github.com/coder/websocket"

// rooms says which way imports point. The first row that fits a package is its row; a package without one is an error, so that
// a new room states its place. Tests may look at a room from above, so what only they import is not asked.
var rooms = []room{
	{path: "engine/visible"},
	{path: "engine/visible/index", imports: []string{"engine/visible"}},
	{path: "engine/mapping"},
	{path: "engine/clock"},
	{path: "engine/bulk"},
	{path: "engine/tsc"},
	{path: "engine/alloc", imports: []string{"engine/visible"}},
	{path: "engine/area", imports: []string{"engine/visible"}},
	{path: "engine", imports: []string{"engine/bulk", "engine/visible", "engine/visible/index", "engine/mapping", "engine/alloc", "engine/area"}},
	{path: "engine/event", imports: []string{"engine/visible"}},
	{path: "engine/trace", imports: []string{"engine/event", "engine/tsc", "engine/visible"}},
	{path: "engine/bench", imports: []string{"engine", "engine/alloc", "engine/event", "engine/lab", "engine/mapping", "engine/trace", "engine/visible", "engine/visible/index"}},
	{path: "engine/fold", imports: []string{"engine/event"}},
	{path: "engine/recording", imports: []string{"engine/event", "engine/fold", "engine/visible"}, browser: true, without: []string{websocket, "net/http"}},
	{path: "engine/replay", imports: []string{"engine/event", "engine/fold", "engine/recording", "engine/visible"}, without: []string{websocket, "net/http"}},
	{path: "engine/replay/sample", imports: []string{"engine/alloc", "engine/event", "engine/recording", "engine/visible"}},
	{path: "engine/recording/export", imports: []string{"engine/recording", "engine/event", "engine/visible"}, without: []string{websocket, "net/http"}},
	{path: "engine/recording/recordingtest", imports: []string{"engine/recording", "engine/event", "engine/visible"}},
	{path: "engine/explore", imports: []string{"engine/visible", "engine/clock"}},
	{path: "engine/verdict", imports: []string{"engine/visible", "engine/clock"}},
	{path: "engine/catalogue", imports: []string{"engine", "engine/alloc", "engine/area", "engine/event", "engine/visible", "engine/visible/index", "engine/verdict"}},
	{path: "engine/lab", imports: []string{"engine/explore", "engine/verdict", "engine/catalogue", "engine/event", "engine/visible"}},
	{path: "engine/review", imports: []string{"engine", "engine/alloc", "engine/visible", "engine/review/report"}},
	{path: "engine/review/report"},

	// The lab is reached by message only: explore and worker are its side, in a program of its own. The browser's own WebSocket is used: the library's would cost more than the whole page may.
	{path: "web/picture", imports: []string{"engine/fold", "engine/event", "engine/visible"}},
	{path: "web/canvas", imports: []string{"engine/fold", "engine/event", "engine/visible", "web/picture", "web/dom"}, browser: true, without: []string{websocket}},
	{path: "web/dom", imports: []string{"engine/fold", "engine/event", "engine/visible", "web/picture"}, browser: true, without: []string{websocket}},
	{path: "web/link", imports: []string{"engine/fold", "engine/event", "engine/visible", "web/picture", "web/dom"}, browser: true, without: []string{websocket}},
	{path: "web/page", imports: []string{"engine/fold", "engine/event", "engine/visible", "web/picture", "web/canvas", "web/dom", "web/link"}, browser: true, without: []string{websocket}},
	{path: "web/tree"},
	{path: "web/explore", imports: []string{"engine/lab", "engine/catalogue", "engine/explore", "engine/verdict", "engine/event", "engine/visible", "web/tree"}},
	{path: "web/worker", imports: []string{"web/explore", "web/tree"}, browser: true, without: []string{websocket}},
	{path: "web/tape", imports: []string{"engine/alloc", "engine/event", "engine/recording", "engine/replay", "engine/visible", "web/picture", "web/tree"}, without: []string{websocket, "net/http"}},
	{path: "web/database", browser: true, without: []string{websocket, "net/http"}},
	{path: "web/drive", imports: []string{"engine/recording", "web/database", "web/tape"}, browser: true, without: []string{websocket, "net/http"}},
	{path: "web/local", imports: []string{"engine/event", "engine/fold", "engine/recording", "server/live", "server/run", "web/database"}, browser: true, without: []string{websocket, "net/http"}},
	{path: "web/browsertest"},

	// The edge serves api too, where there are no websockets to accept, no files, and no machine for a live run.
	{path: "server/run", imports: []string{"engine/alloc", "engine/event", "engine/lab", "engine/recording", "engine/review/report"}, without: []string{websocket, "net/http"}},
	// The browser runs live, too, where there is no server.
	{path: "server/live", imports: []string{"engine/...", "server/run"}, without: []string{websocket, "net/http"}},
	// The edge carries rooms: flow and room have neither sockets nor clocks of their own.
	{path: "server/flow", imports: []string{"engine/event"}, without: []string{websocket, "net/http"}},
	{path: "server/room", imports: []string{"engine/event", "engine/fold", "server/flow"}, without: []string{websocket, "net/http"}},
	{path: "server/card", imports: []string{"engine/event", "engine/recording", "web/picture"}, without: []string{websocket, "net/http"}},
	{path: "server/api", imports: []string{"engine/...", "server/run", "server/guard", "server/card"}, without: []string{websocket}},
	{path: "server/api/apitest", imports: []string{"engine/...", "server/run"}, without: []string{websocket}},
	{path: "server/edge", imports: []string{"engine/...", "server/run", "server/api"}, browser: true, without: []string{websocket}},
	{path: "server/edge/object", imports: []string{"engine/event", "server/flow", "server/room"}, browser: true, without: []string{websocket, "net/http"}},
	{path: "server/...", imports: []string{"engine/...", "server/...", "static"}},

	{path: "wasm/...", imports: []string{"engine/...", "web/...", "server/edge", "server/edge/object"}, browser: true, without: []string{websocket}},
	{path: "static"},
	{path: "scripts/site", imports: []string{"static"}},
	{path: "scripts/..."},
}
