package main

import (
	"slices"
	"testing"
)

func TestArrowsOutsideTheTableAreNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		pkg  pkg
		want []string
	}{
		{"an arrow of the table",
			pkg{"slotrace/engine", []string{"fmt", "slotrace/engine/alloc", "golang.org/x/sys/unix"}}, nil},
		{"upwards",
			pkg{"slotrace/engine/alloc", []string{"slotrace/engine/visible", "slotrace/engine"}}, []string{"engine/alloc may not import engine"}},
		{"across",
			pkg{"slotrace/engine/fold", []string{"slotrace/server/live"}}, []string{"engine/fold may not import server/live"}},
		{"a row that covers a folder does not cover its neighbour",
			pkg{"slotrace/web/page", []string{"slotrace/web/dom", "slotrace/website"}}, []string{"web/page may not import website"}},
		{"the browser where nothing draws",
			pkg{"slotrace/web/picture", []string{"syscall/js"}}, []string{"web/picture may not import syscall/js"}},
		{"the browser where something does",
			pkg{"slotrace/web/canvas", []string{"syscall/js", "slotrace/web/picture"}}, nil},
		{"the edge's part of the server is stricter than the rest",
			pkg{"slotrace/server/api", []string{"slotrace/engine/lab", "slotrace/static", "slotrace/server/live", "github.com/coder/websocket/wsjson"}},
			[]string{"server/api may not import static", "server/api may not import server/live", "server/api may not import github.com/coder/websocket/wsjson"}},
		{"the rest of the server",
			pkg{"slotrace/server", []string{"slotrace/engine/event", "slotrace/static", "slotrace/server/api", "github.com/coder/websocket"}}, nil},
		{"a room without a row",
			pkg{"slotrace/cellar", nil}, []string{"cellar has no row in scripts/arrows/rooms.go"}},
		{"the top, which has no package",
			pkg{"slotrace", nil}, []string{". has no row in scripts/arrows/rooms.go"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := check(rooms, c.pkg); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
