//go:build !js

package recording

import (
	"runtime"
	"strings"
	"testing"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/mem"
	osfs "github.com/hack-pad/hackpadfs/os"
)

func fileSystems(testing.TB) []fileSystem {
	var dir string
	var memory hackpadfs.FS
	system := func(t testing.TB) hackpadfs.FS {
		fsys, err := osfs.NewFS().Sub(strings.TrimPrefix(dir, "/"))
		must(t, err)
		return fsys
	}
	all := []fileSystem{{
		"mem", func(t testing.TB) hackpadfs.FS {
			m, err := mem.NewFS()
			must(t, err)
			memory = m
			return m
		}, func(testing.TB) hackpadfs.FS { return memory },
	}}
	if runtime.GOOS != "windows" {
		all = append(all, fileSystem{"os", func(t testing.TB) hackpadfs.FS { dir = t.TempDir(); return system(t) }, system})
	}
	return all
}

func lasting(t testing.TB) hackpadfs.FS { t.Fatal("only in a browser"); return nil }
func rest(testing.TB)                   {}
