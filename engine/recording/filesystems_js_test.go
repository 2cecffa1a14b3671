package recording

import (
	"context"
	"strconv"
	"syscall/js"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/indexeddb"
	"github.com/hack-pad/hackpadfs/mem"
)

// In a browser there is IndexedDB, under Node there is none.
func fileSystems(testing.TB) []fileSystem {
	var memory hackpadfs.FS
	all := []fileSystem{{
		"mem", func(t testing.TB) hackpadfs.FS {
			m, err := mem.NewFS()
			must(t, err)
			memory = m
			return m
		}, func(testing.TB) hackpadfs.FS { return memory },
	}}
	if js.Global().Get("indexedDB").Truthy() {
		number := 0
		again := func(t testing.TB) hackpadfs.FS { return database(t, "slotrace-test-"+strconv.Itoa(number)) }
		all = append(all, fileSystem{"indexeddb", func(t testing.TB) hackpadfs.FS {
			number++
			fsys := again(t)
			must(t, fsys.(*indexeddb.FS).Clear(context.Background()))
			return fsys
		}, again})
	}
	return all
}

func database(t testing.TB, name string) hackpadfs.FS {
	fsys, err := indexeddb.NewFS(context.Background(), name, indexeddb.Options{})
	must(t, err)
	return fsys
}

func lasting(t testing.TB) hackpadfs.FS { return database(t, "slotrace-test-lasting") }

// rest lets the browser have its turn.
func rest(testing.TB) { time.Sleep(time.Millisecond) }
