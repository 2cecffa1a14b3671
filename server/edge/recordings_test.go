package edge

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
	"slotrace/server/api/apitest"
	"slotrace/server/run"
)

// memory is a bucket and a namespace, of which neither forgets by itself.
type memory struct {
	bodies, names map[string][]byte
	at            map[string]time.Time
	now           func() time.Time
	fails         error // of Put of a name
	cut           bool  // there is more than List tells
}

func newMemory(now func() time.Time) *memory {
	return &memory{map[string][]byte{}, map[string][]byte{}, map[string]time.Time{}, now, nil, false}
}

func (m *memory) Put(key string, size int64, r io.Reader) error {
	b, err := io.ReadAll(r)
	if int64(len(b)) != size {
		return errors.New("another size")
	}
	m.bodies[key], m.at[key] = b, m.now()
	return err
}

func (m *memory) Get(key string, at, n int64) ([]byte, error) {
	b, ok := m.bodies[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return b[at : at+n], nil
}

func (m *memory) List() (some []Body, all bool, err error) {
	for key, b := range m.bodies {
		some = append(some, Body{key, int64(len(b)), m.at[key]})
	}
	return some, !m.cut, nil
}

func (m *memory) Delete(key string) error {
	delete(m.bodies, key)
	return nil
}

type namesOf struct{ *memory }

func (m namesOf) Get(key string) ([]byte, error) { return m.names[key], nil }

func (m namesOf) Put(key string, value []byte, _ time.Duration) error {
	if m.fails == nil {
		m.names[key] = value
	}
	return m.fails
}

// clock is where a test holds the time.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func kept(t *testing.T, s *recordings, name string) string {
	t.Helper()
	zip, err := recordingtest.Run{Name: name, Slots: 10, Laps: 1}.Zip()
	if err != nil {
		t.Fatal(err)
	}
	r, err := recording.OpenZip(bytes.NewReader(zip), int64(len(zip)))
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.Keep(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return k.ID
}

func TestWhatHasExpiredIsNotThereAndItsBodyGoesWithTheNextThatComes(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	m := newMemory(c.now)
	s := &recordings{m, namesOf{m}, c.now}
	id := kept(t, s, "old")
	c.Time = c.Add(keepFor - time.Second)
	if k, err := s.Find(t.Context(), id); err != nil || k.Name != "old" {
		t.Fatalf("before: %+v, %v", k, err)
	}
	c.Time = c.Add(time.Second)
	if _, err := s.Find(t.Context(), id); !errors.Is(err, recording.ErrUnknown) {
		t.Errorf("after: %v", err)
	}
	if _, err := s.Open(t.Context(), id); !errors.Is(err, recording.ErrUnknown) {
		t.Errorf("after: %v", err)
	}
	c.Time = c.Add(time.Hour)
	young := kept(t, s, "young")
	if m.bodies[id] != nil || m.bodies[young] == nil || len(m.bodies) != 1 {
		t.Errorf("%d bodies are kept", len(m.bodies))
	}
}

func TestThereIsAnEndToWhatIsKept(t *testing.T) {
	c := &clock{time.Now()}
	m := newMemory(c.now)
	server := httptest.NewServer(Handler(m, namesOf{m}, ""))
	defer server.Close()
	for i := range maxRecordings {
		m.Put(strconv.Itoa(i), 1, bytes.NewReader([]byte{1}))
	}
	zip, err := recordingtest.Run{Laps: 1}.Zip()
	if err != nil {
		t.Fatal(err)
	}
	s := &apitest.Server{URL: server.URL}
	a := s.Ask(t, apitest.Request{Method: "POST", Path: "/api/recordings", Header: []string{"Content-Type", "application/zip"}, Body: zip})
	if err := a.Error(http.StatusInsufficientStorage, "500 recordings are kept here"); err != nil {
		t.Error(err)
	}
	if len(m.bodies) != maxRecordings {
		t.Errorf("%d bodies", len(m.bodies))
	}
	clear(m.bodies)
	m.cut = true
	if err := (&recordings{m, namesOf{m}, c.now}).makeRoom(); err == nil {
		t.Error("there are more than can be told, and room for another")
	}
}

// A request may ask the platform for so much and no more.
func TestWhatHasExpiredGoesAFewAtATime(t *testing.T) {
	c := &clock{time.Now()}
	m := newMemory(c.now)
	for i := range 30 {
		m.Put(strconv.Itoa(i), 1, bytes.NewReader([]byte{1}))
	}
	c.Time = c.Add(2 * keepFor)
	s := &recordings{m, namesOf{m}, c.now}
	for _, left := range []int{10, 0} {
		if err := s.makeRoom(); err != nil || len(m.bodies) != left {
			t.Errorf("%d are left, want %d, %v", len(m.bodies), left, err)
		}
	}
}

func TestAPictureIsDrawnOnce(t *testing.T) {
	m := newMemory(time.Now)
	s := &recordings{m, namesOf{m}, time.Now}
	drawn := 0
	for _, sum := range []string{"a", "a", "b"} {
		b, err := s.Picture(t.Context(), &run.Kept{ID: "x", Sum: sum}, func() ([]byte, error) { drawn++; return []byte(sum), nil })
		if err != nil || string(b) != sum {
			t.Errorf("%s: %q, %v", sum, b, err)
		}
	}
	if drawn != 2 {
		t.Errorf("two pictures were drawn %d times", drawn)
	}
}

// broken is a bucket whose library fails in the worst way.
type broken struct{ *memory }

func (broken) List() ([]Body, bool, error) { panic("of the library") }

func TestAProgramThatFailsAnswers(t *testing.T) {
	log.SetOutput(t.Output())
	defer log.SetOutput(os.Stderr)
	m := newMemory(time.Now)
	zip, err := recordingtest.Run{Laps: 1}.Zip()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/api/recordings", bytes.NewReader(zip))
	r.Header.Set("Content-Type", "application/zip")
	w := httptest.NewRecorder()
	Handler(broken{m}, namesOf{m}, "").ServeHTTP(w, r)
	if w.Code != 500 || !strings.HasPrefix(w.Body.String(), `{"error":"the program failed`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAnAnswerToHEADHasNoBody(t *testing.T) {
	m := newMemory(time.Now)
	for path, code := range map[string]int{"/healthz": 200, "/api/recordings": 403, "/r/style.css": 200, "/r/x": 404} {
		w := httptest.NewRecorder() // which, unlike net/http's server, leaves nothing out by itself
		Handler(m, namesOf{m}, "").ServeHTTP(w, httptest.NewRequest("HEAD", path, nil))
		if w.Code != code || w.Body.Len() > 0 {
			t.Errorf("%s: %d, %q", path, w.Code, w.Body)
		}
	}
}

func TestABodyThatCannotBeNamedIsNotLeft(t *testing.T) {
	m := newMemory(time.Now)
	m.fails = errors.New("the platform: it is full")
	s := &recordings{m, namesOf{m}, time.Now}
	zip, err := recordingtest.Run{Laps: 1}.Zip()
	if err != nil {
		t.Fatal(err)
	}
	r, err := recording.OpenZip(bytes.NewReader(zip), int64(len(zip)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keep(t.Context(), r); !errors.Is(err, m.fails) || len(m.bodies) > 0 {
		t.Errorf("%v, %d bodies", err, len(m.bodies))
	}
}

func TestWhoHasTheTokenMaySendARecording(t *testing.T) {
	m := newMemory(time.Now)
	server := httptest.NewServer(Handler(m, namesOf{m}, "a secret"))
	defer server.Close()
	s := &apitest.Server{URL: server.URL}
	s.UploadToken(t, "a secret")
	if len(m.bodies) != 1 {
		t.Errorf("%d recordings are kept", len(m.bodies))
	}
}

func TestAHostWithoutABucketHasNoRecordings(t *testing.T) {
	server := httptest.NewServer(Handler(nil, nil, ""))
	defer server.Close()
	s := &apitest.Server{URL: server.URL}
	a := s.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings"})
	if err := a.Error(404, "there is no"); err != nil {
		t.Error(err)
	}
}
