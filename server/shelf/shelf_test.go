package shelf

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/mem"
	osfs "github.com/hack-pad/hackpadfs/os"

	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
	"slotrace/server/api"
	"slotrace/server/api/apitest"
	"slotrace/server/card"
	"slotrace/server/run"
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
	server := httptest.NewServer(api.New(api.Host{Recordings: s}))
	t.Cleanup(server.Close)
	return &apitest.Server{URL: server.URL, Owned: true, Limit: s.Limit()}
}

func TestAShelfKeepsWhatTheAPIPromises(t *testing.T) {
	serve(t, open(t, memory(t), Options{One: 20 << 20})).Recordings(t) // on a disk it is the command's test
}

// small is a recording of some KiB.
func small(t testing.TB, seed uint64) []byte {
	t.Helper()
	b, err := recordingtest.Run{Slots: 50, Laps: 1, Seed: seed}.Zip()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func post(t testing.TB, s *apitest.Server, b []byte) apitest.Answer {
	t.Helper()
	return s.Ask(t, apitest.Request{Method: "POST", Path: "/api/recordings", Header: []string{"Content-Type", "application/zip"}, Body: b})
}

func want(t testing.TB, a apitest.Answer, code int, says string) {
	t.Helper()
	if err := a.Error(code, says); err != nil {
		t.Error(err)
	}
}

func TestOverALimitNothingIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		sent := small(t, 1)
		n := int64(len(sent))
		s := open(t, fsys, Options{Bytes: 3*n + n/2, One: n, Count: 100})
		server := serve(t, s)
		for range 3 {
			server.Keep(t, sent, "")
		}
		want(t, post(t, server, sent), 507, "over "+run.Bytes(3*n+n/2))
		want(t, post(t, server, append(sent, 0)), 413, "what one may have")

		// It is not said beforehand how long the body is.
		r, err := http.NewRequest("POST", server.URL+"/api/recordings", io.MultiReader(bytes.NewReader(make([]byte, n)), bytes.NewReader([]byte{0})))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/zip")
		a, err := http.DefaultClient.Do(r)
		if err != nil || a.StatusCode != 413 {
			t.Errorf("%v, %v", a, err)
		}
		a.Body.Close()

		all, err := s.List(t.Context())
		if err != nil || len(all) != 3 {
			t.Fatalf("%d, %v", len(all), err)
		}
		if err := s.Remove(t.Context(), all[0].ID); err != nil {
			t.Fatal(err)
		}
		server.Keep(t, sent, "")

		few := serve(t, open(t, fsys, Options{Count: 3}))
		want(t, post(t, few, sent), 507, "3 recordings are kept, and more are not")
		nothingHalf(t, fsys, 3)
	})
}

// nothingHalf is a folder in which there are so many recordings, all whole, and nothing else.
func nothingHalf(t testing.TB, fsys hackpadfs.FS, recordings int) {
	t.Helper()
	entries, err := hackpadfs.ReadDir(fsys, ".")
	if err != nil || len(entries) != recordings {
		t.Errorf("there are %v, %v; want %d recordings", entries, err, recordings)
	}
	shelf := recording.NewShelf(fsys)
	for _, e := range entries {
		r, err := shelf.Open(e.Name())
		if err == nil {
			err = r.Verify(nil)
		}
		if err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

// Of many that arrive at once only so many are kept as there is room for.
func TestManyAtOnceKeepToTheLimit(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		var sent [12][]byte
		for i := range sent {
			sent[i] = small(t, uint64(i))
		}
		s := open(t, fsys, Options{Count: 5, Uploads: len(sent)})
		server := serve(t, s)
		codes := make(chan int, len(sent))
		for _, b := range sent {
			go func() { codes <- post(t, server, b).Code }()
		}
		count := make(map[int]int)
		for range sent {
			count[<-codes]++
		}
		if count[201] != 5 || count[507] != len(sent)-5 {
			t.Errorf("%v", count)
		}
		nothingHalf(t, fsys, 5)
	})
}

func TestWhoComesWhileTooManySendIsToldToComeAgain(t *testing.T) {
	s := open(t, memory(t), Options{Uploads: 1})
	server := serve(t, s)
	spool, err := s.Spool()
	if err != nil {
		t.Fatal(err)
	}
	a := post(t, server, small(t, 1))
	want(t, a, 429, "it would do in a moment")
	if a.Header.Get("Retry-After") == "" {
		t.Error("when is not said")
	}
	if err := spool.Close(); err != nil {
		t.Fatal(err)
	}
	server.Keep(t, small(t, 1), "")
}

func TestAnUploadThatIsCutOffLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		server := serve(t, open(t, fsys, Options{Uploads: 1}))
		for range 3 {
			at, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(at, "POST /api/recordings HTTP/1.1\r\nHost: x\r\nContent-Type: application/zip\r\nContent-Length: 100000\r\n\r\n%s", small(t, 1)[:1000])
			at.(*net.TCPConn).CloseWrite()
			answer, err := io.ReadAll(at)
			if err != nil || !strings.Contains(string(answer), "the body did not come through") {
				t.Errorf("%q, %v", answer, err)
			}
			at.Close()
		}
		nothingHalf(t, fsys, 0)
		server.Keep(t, small(t, 1), "")
	})
}

func TestWhatHasExpiredIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		ahead := new(atomic.Int64)
		s := open(t, fsys, Options{Age: time.Hour, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
		server := serve(t, s)
		k := server.Keep(t, small(t, 1), "")
		expires, err := time.Parse(time.RFC3339, k.Expires)
		if err != nil || time.Until(expires) > time.Hour || time.Until(expires) < 50*time.Minute {
			t.Fatalf("%s, %v", k.Expires, err)
		}
		ahead.Store(int64(58 * time.Minute))
		if _, err := s.Rename(t.Context(), k.ID, "another name"); err != nil {
			t.Fatal(err)
		}
		s.Sweep()
		if again, err := s.Find(t.Context(), k.ID); err != nil || again.Expires != k.Expires {
			t.Errorf("%+v, %v", again, err)
		}
		ahead.Store(int64(61 * time.Minute))
		for _, path := range []string{"", "/summary"} { // before it is swept
			want(t, server.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings/" + k.ID + path}), 404, "there is no such recording")
		}
		if all, err := s.List(t.Context()); err != nil || len(all) > 0 {
			t.Errorf("%v, %v", all, err)
		}
		s.Sweep()
		nothingHalf(t, fsys, 0)
	})
}

// What is being recorded is there as far as it goes, stays, and is told as such.
func TestWhatIsBeingRecordedIsServedAsFarAsItGoes(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		ahead := new(atomic.Int64)
		s := open(t, fsys, Options{Age: time.Hour, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
		server := serve(t, s)
		id, in, room, end, err := s.Begin()
		if err != nil || room != recording.Default.Bytes {
			t.Fatal(room, err)
		}
		b := small(t, 1)
		r, err := recording.OpenZip(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			r.Ended = ""
			err = r.CopyTo(in, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		ahead.Store(int64(2 * time.Hour))
		s.Sweep()
		k, err := s.Find(t.Context(), id)
		if err != nil || k.State != run.RecordingOn || k.Expires != "" || k.Events == 0 {
			t.Errorf("%+v, %v", k, err)
		}
		a := server.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings/" + id})
		if r, err := recording.OpenZip(bytes.NewReader(a.Body), int64(len(a.Body))); err != nil || r.Verify(nil) != nil {
			t.Errorf("%d, %v", a.Code, err)
		}
		want(t, server.Ask(t, apitest.Request{Method: "DELETE", Path: "/api/recordings/" + id}), 409, "still being recorded")
		ahead.Store(0)
		if err := end(true); err != nil {
			t.Fatal(err)
		}
		if k, err := s.Find(t.Context(), id); err != nil || k.State != run.RecordingKept || k.Expires == "" {
			t.Errorf("%+v, %v", k, err)
		}
		if id, _, _, end, err = s.Begin(); err != nil || end(false) != nil {
			t.Fatal(err)
		}
		if _, err := s.Find(t.Context(), id); !errors.Is(err, recording.ErrUnknown) {
			t.Errorf("what was not to be kept: %v", err)
		}
		nothingHalf(t, fsys, 1)
	})
}

func TestWhatIsDamagedIsListedWithWhatIsWrong(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		s := open(t, fsys, Options{})
		server := serve(t, s)
		var ids []string
		for i := range 3 {
			ids = append(ids, server.Keep(t, small(t, uint64(i)), "").ID)
		}
		if err := hackpadfs.Remove(fsys, ids[0]+"/000001.slot"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // a file's time is as coarse as that
		if err := hackpadfs.WriteFullFile(fsys, ids[1]+"/header.slot", []byte("slotraceh\x01\x00\x00 and then nothing of it"), 0o644); err != nil {
			t.Fatal(err)
		}
		all, err := s.List(t.Context())
		if err != nil || len(all) != 3 {
			t.Fatalf("%v, %v", all, err)
		}
		for i, says := range []string{"000001.slot: it is missing", "header.slot: it is damaged", ""} {
			a := server.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings/" + ids[i] + "/summary"})
			var k run.Kept
			a.Decode(t, 200, &k)
			damaged := len(k.Damage) == 1 && strings.Contains(k.Damage[0], says) && k.State == run.RecordingDamaged
			if says == "" && k.State != run.RecordingKept || says != "" && !damaged {
				t.Errorf("%+v, want %q", k, says)
			}
			page := server.Ask(t, apitest.Request{Method: "GET", Path: "/r/" + ids[i]})
			if page.Code != 200 || says != "" && !strings.Contains(string(page.Body), html.EscapeString(says)) {
				t.Errorf("its page: %d %s", page.Code, page.Body)
			}
		}
		if a := server.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings/" + ids[0]}); a.Code != 200 {
			t.Errorf("what is left of it: %d", a.Code)
		}
		want(t, server.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings/" + ids[1]}), 500, "header.slot: it is ")
		for _, id := range ids {
			if a := server.Ask(t, apitest.Request{Method: "DELETE", Path: "/api/recordings/" + id}); a.Code != 204 {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		}
	})
}

// full is a disk with room for some more bytes.
type full struct {
	hackpadfs.FS
	room *atomic.Int64
}

func (f full) Mount(name string) (hackpadfs.FS, string) { return f.FS, name }
func (f full) Rename(a, b string) error                 { return hackpadfs.Rename(f.FS, a, b) }

func (f full) OpenFile(name string, flag int, perm hackpadfs.FileMode) (hackpadfs.File, error) {
	file, err := hackpadfs.OpenFile(f.FS, name, flag, perm)
	return fullFile{file, f.room}, err
}

func (f full) Create(name string) (hackpadfs.File, error) {
	return f.OpenFile(name, hackpadfs.FlagReadWrite|hackpadfs.FlagCreate|hackpadfs.FlagTruncate, 0o666)
}

type fullFile struct {
	hackpadfs.File
	room *atomic.Int64
}

func (f fullFile) Write(b []byte) (int, error) {
	if f.room.Add(-int64(len(b))) < 0 {
		return 0, &hackpadfs.PathError{Op: "write", Path: "/somewhere/secret", Err: syscall.ENOSPC}
	}
	return hackpadfs.WriteFile(f.File, b)
}

func (f fullFile) ReadAt(b []byte, at int64) (int, error) { return hackpadfs.ReadAtFile(f.File, b, at) }

// Wherever the disk is full, that is the answer, and nothing half is left.
func TestAFullDiskIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, fsys hackpadfs.FS) {
		room := new(atomic.Int64)
		server := serve(t, open(t, full{fsys, room}, Options{}))
		b, err := recordingtest.Run{Slots: 200, Laps: 3, Options: recording.Options{Oldest: 1}}.Zip()
		if err != nil {
			t.Fatal(err)
		}
		for n := range 9 {
			room.Store(int64(len(b)) * int64(n) / 4)
			a := post(t, server, b)
			if n == 8 {
				a.Decode(t, 201, new(apitest.Recording))
				nothingHalf(t, fsys, 1)
				break
			}
			want(t, a, 507, "no space left on device")
			if strings.Contains(string(a.Body), "secret") {
				t.Errorf("%s", a.Body)
			}
			nothingHalf(t, fsys, 0)
		}
	})
}

func TestOnlyThisMachineIsToldWhichThereAre(t *testing.T) {
	s := open(t, memory(t), Options{})
	handler := api.New(api.Host{Recordings: s})
	for from, code := range map[string]int{"127.0.0.1:5": 200, "[::1]:5": 200, "192.0.2.7:5": 403, "": 403} {
		r := httptest.NewRequest("GET", "/api/recordings", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != code || code == 403 && !strings.Contains(w.Body.String(), "refused: ") {
			t.Errorf("%q: %d %s", from, w.Code, w.Body)
		}
	}
}

// Whatever is sent, it is answered, and what is kept is whole.
func FuzzUpload(f *testing.F) {
	f.Add(small(f, 1))
	for _, h := range apitest.Hostile(f) {
		if len(h.Body) < 1<<20 {
			f.Add(h.Body)
		}
	}
	s := open(f, memory(f), Options{One: 1 << 20})
	handler := api.New(api.Host{Recordings: s})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := httptest.NewRequest("POST", "/api/recordings", bytes.NewReader(b))
		r.Header.Set("Content-Type", "application/zip")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		switch w.Code {
		case 201:
			id := strings.TrimPrefix(w.Header().Get("Location"), "/api/recordings/")
			o, err := s.Open(t.Context(), id)
			var in *recording.Recording
			if err == nil {
				in, err = o.Frames()
			}
			if err == nil {
				err = in.Verify(nil)
			}
			if err == nil {
				_, err = card.Draw(in)
			}
			if err == nil {
				err = s.Remove(t.Context(), id)
			}
			if err != nil {
				t.Error(err)
			}
		case 400, 413:
		default:
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// What a recording that is under way may come to is not given away meanwhile.
func TestWhatIsBeingRecordedHasItsRoom(t *testing.T) {
	fsys := memory(t)
	sent := small(t, 1)
	s := open(t, fsys, Options{Bytes: int64(len(sent)) * 3})
	server := serve(t, s)
	_, _, room, end, err := s.Begin()
	if err != nil || room != int64(len(sent))*3 {
		t.Fatal(room, err)
	}
	want(t, post(t, server, sent), 507, "would be over")
	if _, _, _, _, err := s.Begin(); err == nil {
		t.Error("another began")
	}
	if err := end(false); err != nil {
		t.Fatal(err)
	}
	server.Keep(t, sent, "")
	big := open(t, memory(t), Options{})
	if _, _, room, _, err = big.Begin(); err != nil || room != recording.Default.Bytes {
		t.Errorf("%d, %v: it would take more than any recording has", room, err)
	}
}

// busy is a disk on which for some time nothing can be opened.
type busy struct {
	hackpadfs.FS
	now *atomic.Bool
}

func (b busy) Mount(name string) (hackpadfs.FS, string) { return b.FS, name }

func (b busy) Open(name string) (hackpadfs.File, error) {
	if b.now.Load() {
		return nil, &hackpadfs.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
	}
	return b.FS.Open(name)
}

func TestAFailureThatPassesIsForgotten(t *testing.T) {
	fsys := memory(t)
	sent := small(t, 1)
	k := serve(t, open(t, fsys, Options{})).Keep(t, sent, "")
	now := new(atomic.Bool)
	s := open(t, busy{fsys, now}, Options{})
	now.Store(true)
	if k, err := s.Find(t.Context(), k.ID); err == nil && k.State != run.RecordingDamaged {
		t.Errorf("%+v", k)
	}
	now.Store(false)
	if k, err := s.Find(t.Context(), k.ID); err != nil || k.State != run.RecordingKept {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestWhatCannotBeReadTakesRoomAllTheSame(t *testing.T) {
	fsys := memory(t)
	sent := small(t, 1)
	s := open(t, fsys, Options{Bytes: int64(len(sent)) * 3 / 2})
	server := serve(t, s)
	k := server.Keep(t, sent, "")
	time.Sleep(10 * time.Millisecond) // a file's time is as coarse as that
	if err := hackpadfs.WriteFullFile(fsys, k.ID+"/header.slot", []byte("nothing of it"), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, post(t, server, sent), 507, "would be over")
}
