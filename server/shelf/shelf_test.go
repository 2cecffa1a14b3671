package shelf

import (
	"net/http/httptest"
	"testing"

	"github.com/hack-pad/hackpadfs"
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

func folder(t testing.TB) hackpadfs.FS {
	t.Helper()
	fsys := osfs.NewFS()
	path, err := fsys.FromOSPath(t.TempDir())
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
	serve(t, open(t, folder(t), Options{One: 20 << 20})).Recordings(t)
}
