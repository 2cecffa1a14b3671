package shelf

import (
	"net/http/httptest"
	"testing"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/mem"
	osfs "github.com/hack-pad/hackpadfs/os"

	"slotrace/server/api"
	"slotrace/server/api/apitest"
)

func open(t testing.TB, fsys hackpadfs.FS, o Options) *Shelf {
	t.Helper()
	s, err := New(fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// onEach runs a test on a shelf in memory and in a folder of the system's.
func onEach(t *testing.T, test func(t *testing.T, fsys hackpadfs.FS)) {
	t.Run("memory", func(t *testing.T) { test(t, memory(t)) })
	t.Run("disk", func(t *testing.T) { test(t, folder(t, t.TempDir())) })
}

func memory(t testing.TB) hackpadfs.FS {
	t.Helper()
	fsys, err := mem.NewFS()
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func folder(t testing.TB, dir string) hackpadfs.FS {
	t.Helper()
	fsys := osfs.NewFS()
	path, err := fsys.FromOSPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	in, err := fsys.Sub(path)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func serve(t testing.TB, s *Shelf) *apitest.Server {
	t.Helper()
	server := httptest.NewServer(api.Recordings(s))
	t.Cleanup(server.Close)
	return &apitest.Server{URL: server.URL, Owned: true, Limit: s.Limit()}
}

func TestAShelfKeepsWhatTheAPIPromises(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) { serve(t, open(t, fsys, Options{One: 20 << 20})).Recordings(t) })
}
