package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
	"slotrace/server/run"
)

// Recordings asks for all that is promised of recordings.
func (s *Server) Recordings(t *testing.T) {
	t.Run("what was sent is fetched byte for byte", s.testRoundTrip)
	t.Run("a range is that part", s.testRanges)
	t.Run("names are kept and make safe file names", s.testNames)
	t.Run("what is no recording is refused", s.testHostile)
	t.Run("an id that is none is not found", s.testIDs)
	t.Run("methods", s.testMethods)
	t.Run("wrong requests are told what would do", s.testWrong)
	t.Run("two at once", s.testTwoAtOnce)
	t.Run("changes", s.testChanges)
	t.Run("share", s.testShare)
}

// Recording is a recording that there is.
type Recording struct {
	run.Kept
	URL string `json:"url"`
}

// Keep sends a recording.
func (s *Server) Keep(t testing.TB, zip []byte, query string) Recording {
	t.Helper()
	a := s.post(t, zip, query)
	var r Recording
	a.Decode(t, http.StatusCreated, &r)
	if !recording.IsID(r.ID) || a.Header.Get("Location") != "/api/recordings/"+r.ID || r.URL != s.URL+"/r/"+r.ID {
		t.Fatalf("id %q, at %q, shared at %q", r.ID, a.Header.Get("Location"), r.URL)
	}
	return r
}

func (s *Server) post(t testing.TB, zip []byte, query string) Answer {
	t.Helper()
	return s.Ask(t, Request{Method: "POST", Path: "/api/recordings" + query, Header: []string{"Content-Type", "application/zip"}, Body: zip})
}

func (s *Server) get(t testing.TB, path string, header ...string) Answer {
	t.Helper()
	return s.Ask(t, Request{Method: "GET", Path: path, Header: header})
}

// small makes every frame a segment.
var small = recording.Options{Oldest: 1}

func made(t testing.TB, r recordingtest.Run) []byte {
	t.Helper()
	b, err := r.Zip()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *Server) testRoundTrip(t *testing.T) {
	for _, r := range []recordingtest.Run{{}, {Name: "two sides, several segments", Compare: true, Laps: 12, Seed: 3, Options: small}, {Writers: 1, Slots: 1, Laps: 1}} {
		sent := made(t, r)
		if s.Limit > 0 && int64(len(sent)) > s.Limit {
			t.Fatalf("the test's recording has %d bytes, over the limit", len(sent))
		}
		k := s.Keep(t, sent, "")
		if k.State != run.RecordingKept || k.Size != int64(len(sent)) || len(k.Damage) > 0 || k.Run.Writers == 0 {
			t.Errorf("%+v", k)
		}
		a := s.get(t, "/api/recordings/"+k.ID)
		if a.Code != 200 || a.Header.Get("Content-Type") != "application/zip" || !bytes.Equal(a.Body, sent) {
			t.Fatalf("%d, %d bytes of %d", a.Code, len(a.Body), len(sent))
		}
		if b := s.get(t, "/api/recordings/"+k.ID, "If-None-Match", a.Header.Get("ETag")); b.Code != http.StatusNotModified {
			t.Errorf("what has not changed is sent again: %d", b.Code)
		}
		var told run.Kept
		b := s.get(t, "/api/recordings/"+k.ID+"/summary")
		b.Decode(t, 200, &told)
		if x, y := asJSON(told), asJSON(k.Kept); x != y {
			t.Errorf("the summary is %s, and was %s", x, y)
		}
	}
}

func asJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func (s *Server) testRanges(t *testing.T) {
	sent := made(t, recordingtest.Run{Slots: 3000, Laps: 6, Compare: true, Seed: 9, Options: small})
	n := len(sent)
	k := s.Keep(t, sent, "")
	path := "/api/recordings/" + k.ID
	whole := s.get(t, path)
	if whole.Header.Get("Accept-Ranges") != "bytes" || whole.Header.Get("ETag") == "" {
		t.Errorf("%v", whole.Header)
	}
	for _, c := range []struct {
		ranges   string
		from, to int // -1 = 416, 0 to n = all
	}{
		{"bytes=0-0", 0, 1}, {"bytes=0-99", 0, 100}, {"bytes=100-", 100, n}, {"bytes=-1", n - 1, n}, {"bytes=-10000", n - 10_000, n},
		{fmt.Sprintf("bytes=%d-%d", n/2, n/2+4321), n / 2, n/2 + 4322}, {fmt.Sprintf("bytes=%d-", n-1), n - 1, n}, {fmt.Sprintf("bytes=0-%d", 10*n), 0, n},
		{fmt.Sprintf("bytes=%d-", n), -1, 0}, {"bytes=5-2", -1, 0}, {"bytes=x-", -1, 0}, {"bytes=0-1,5-9", 0, n},
	} {
		a := s.get(t, path, "Range", c.ranges)
		switch {
		case c.from < 0:
			if a.Code != http.StatusRequestedRangeNotSatisfiable {
				t.Errorf("%s: %d", c.ranges, a.Code)
			}
		case c.to-c.from == n && a.Code != 200 && a.Code != 206, c.to-c.from < n && a.Code != 206, !bytes.Equal(a.Body, sent[c.from:c.to]):
			t.Errorf("%s: %d, %d bytes, want %d", c.ranges, a.Code, len(a.Body), c.to-c.from)
		case a.Code == 206 && a.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, n):
			t.Errorf("%s: %s", c.ranges, a.Header.Get("Content-Range"))
		}
	}
	if a := s.get(t, path, "Range", "bytes=0-9", "If-Range", `"another"`); a.Code != 200 || !bytes.Equal(a.Body, sent) {
		t.Errorf("a part of another version: %d, %d bytes", a.Code, len(a.Body))
	}
	if a := s.get(t, path, "Range", "bytes=0-9", "If-Range", whole.Header.Get("ETag")); a.Code != 206 || !bytes.Equal(a.Body, sent[:10]) {
		t.Errorf("a part of the same version: %d, %d bytes", a.Code, len(a.Body))
	}
	for _, ranges := range []string{"", "bytes=5-9"} {
		a := s.Ask(t, Request{Method: "HEAD", Path: path, Header: []string{"Range", ranges}})
		if want := map[string]string{"": fmt.Sprint(n), "bytes=5-9": "5"}[ranges]; len(a.Body) > 0 || a.Header.Get("Content-Length") != want || a.Header.Get("Content-Disposition") == "" {
			t.Errorf("HEAD %s: %d %v", ranges, a.Code, a.Header)
		}
	}
}

func (s *Server) testNames(t *testing.T) {
	sent := made(t, recordingtest.Run{Slots: 10, Laps: 1})
	for name, disposition := range map[string]string{
		"Monday":                `attachment; filename="Monday.slotrace.zip"; filename*=UTF-8''Monday.slotrace.zip`,
		"../../etc/passwd":      `attachment; filename="etc-passwd.slotrace.zip"; filename*=UTF-8''etc-passwd.slotrace.zip`,
		`a\b/c:d"e`:             `attachment; filename="a-b-c-d-e.slotrace.zip"; filename*=UTF-8''a-b-c-d-e.slotrace.zip`,
		"...":                   `attachment; filename="recording.slotrace.zip"; filename*=UTF-8''recording.slotrace.zip`,
		"Übung, 100 % verloren": `attachment; filename="-bung, 100 - verloren.slotrace.zip"; filename*=UTF-8''%C3%9Cbung%2C%20100%20%25%20verloren.slotrace.zip`,
		"競合":                    `attachment; filename="--.slotrace.zip"; filename*=UTF-8''%E7%AB%B6%E5%90%88.slotrace.zip`,
		"<script>alert(1)</script>": `attachment; filename="script-alert(1)--script-.slotrace.zip"; ` +
			`filename*=UTF-8''script-alert%281%29--script-.slotrace.zip`,
	} {
		k := s.Keep(t, sent, "?name="+url.QueryEscape(name))
		if k.Name != name {
			t.Errorf("%q came to %q", name, k.Name)
		}
		a := s.Ask(t, Request{Method: "HEAD", Path: "/api/recordings/" + k.ID})
		if got := a.Header.Get("Content-Disposition"); got != disposition {
			t.Errorf("%q is saved as\n%s, want\n%s", name, got, disposition)
		}
		zip := s.get(t, "/api/recordings/"+k.ID).Body
		r, err := recording.OpenZip(bytes.NewReader(zip), int64(len(zip)))
		if err != nil || r.Name != name {
			t.Errorf("%q: fetched again it is named %q, %v", name, r.Name, err)
		}
	}
	for _, name := range []string{"", " ", "a\x00b", "a\nb", "\xff", "a\u202eb", strings.Repeat("x", 101)} {
		a := s.post(t, sent, "?name="+url.QueryEscape(name))
		if err := a.Error(400, "name: "); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func (s *Server) testIDs(t *testing.T) {
	for _, id := range []string{
		recording.NewID(), "x", strings.Repeat("a", 13), strings.Repeat("a", 15), strings.Repeat("A", 14), "aaaaaaa%2faaaaaa", "%2e%2e%2f%2e%2e%2fetc",
		"..%5c..%5caaaaaaa", "aaaaaaaaaaaaa%00", "upload-1.part", "header.slot", strings.Repeat("x", 5000),
	} {
		for _, q := range []Request{{Method: "GET", Path: ""}, {Method: "GET", Path: "/summary"}} {
			a := s.Ask(t, Request{Method: q.Method, Path: "/api/recordings/" + id + q.Path})
			if err := a.Error(404, "there is no such recording"); err != nil {
				t.Errorf("%s %.40q%s: %v", q.Method, id, q.Path, err)
			}
		}
		if !s.Owned {
			continue
		}
		a := s.Ask(t, Request{Method: "DELETE", Path: "/api/recordings/" + id})
		if err := a.Error(404, "there is no such recording"); err != nil {
			t.Errorf("DELETE %.40q: %v", id, err)
		}
		a = s.Ask(t, Request{Method: "PATCH", Path: "/api/recordings/" + id, Header: []string{"Content-Type", "application/json"}, Body: []byte(`{"name":"x"}`)})
		if err := a.Error(404, "there is no such recording"); err != nil {
			t.Errorf("PATCH %.40q: %v", id, err)
		}
	}
}

func (s *Server) testMethods(t *testing.T) {
	id := recording.NewID()
	for _, q := range []struct{ method, path, allow string }{
		{"PUT", "/api/recordings", "GET, HEAD, POST"},
		{"DELETE", "/api/recordings", "GET, HEAD, POST"},
		{"POST", "/api/recordings/" + id, "DELETE, GET, HEAD, PATCH"},
		{"PUT", "/api/recordings/" + id, "DELETE, GET, HEAD, PATCH"},
		{"POST", "/api/recordings/" + id + "/summary", "GET, HEAD"},
	} {
		a := s.Ask(t, Request{Method: q.method, Path: q.path})
		if err := a.Error(405, "does nothing here"); err != nil || a.Header.Get("Allow") != q.allow {
			t.Errorf("%s %s: %v, allowed %q", q.method, q.path, err, a.Header.Get("Allow"))
		}
	}
}

func (s *Server) testWrong(t *testing.T) {
	sent := made(t, recordingtest.Run{Slots: 10, Laps: 1})
	zip := []string{"Content-Type", "application/zip"}
	for _, c := range []struct {
		q    Request
		code int
		says string
	}{
		{Request{"POST", "/api/recordings", zip, nil}, 400, "the body is empty"},
		{Request{"POST", "/api/recordings", nil, sent}, 415, "application/zip would do"},
		{Request{"POST", "/api/recordings", []string{"Content-Type", "application/json"}, sent}, 415, "application/zip would do"},
		{Request{"POST", "/api/recordings?nmae=x", zip, sent}, 400, "there is no parameter \\\"nmae\\\"; there are name"},
		{Request{"POST", "/api/recordings?name=x&name=y", zip, sent}, 400, "name: must be given once"},
		{Request{"GET", "/api/recordings/" + recording.NewID() + "?x=1", nil, nil}, 400, "there is no parameter"},
		{Request{"GET", "/api/recording", nil, nil}, 404, "recordings at /api/recordings"},
		{Request{"GET", "/r/" + recording.NewID() + "/x", nil, nil}, 404, "recordings at /api/recordings"},
	} {
		a := s.Ask(t, c.q)
		if err := a.Error(c.code, strings.ReplaceAll(c.says, `\"`, `"`)); err != nil {
			t.Errorf("%s %s: %v", c.q.Method, c.q.Path, err)
		}
	}
	if s.Limit > 0 {
		a := s.post(t, make([]byte, s.Limit+1), "")
		if err := a.Error(413, "which is what one may have"); err != nil {
			t.Errorf("over the limit: %v", err)
		}
	}
}

// UploadToken asks a server where only whoever has a token may send a recording.
func (s *Server) UploadToken(t *testing.T, token string) {
	sent := made(t, recordingtest.Run{Slots: 10, Laps: 1})
	post := func(path, authorization string) Answer {
		q := Request{"POST", path, []string{"Content-Type", "application/zip"}, sent}
		if authorization != "" {
			q.Header = append(q.Header, "Authorization", authorization)
		}
		return s.Ask(t, q)
	}
	for _, path := range []string{"/api/recordings", "/api/%72ecordings", "/api/recordings?name=x"} {
		for _, shown := range []string{"", "Bearer", "Bearer ", "Bearer guess", "Bearer " + token + "x", "Bearer " + token[1:], "Basic " + token, token} {
			a := post(path, shown)
			if err := a.Error(401, "Authorization: Bearer TOKEN would do"); err != nil || a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s with %q: %v, %v", path, shown, err, a.Header)
			}
		}
	}
	var r Recording
	a := post("/api/recordings", "Bearer "+token)
	a.Decode(t, http.StatusCreated, &r)
	if a := s.get(t, "/api/recordings/"+r.ID); !bytes.Equal(a.Body, sent) {
		t.Errorf("without a token it is not fetched: %d", a.Code)
	}
}

func (s *Server) testTwoAtOnce(t *testing.T) {
	sent := [2][]byte{made(t, recordingtest.Run{Seed: 1, Slots: 5000}), made(t, recordingtest.Run{Seed: 2, Slots: 5000})}
	var got [2]Answer
	var failed [2]error
	done := make(chan bool)
	for i := range sent {
		go func() {
			got[i], failed[i] = s.ask(t, Request{"POST", "/api/recordings", []string{"Content-Type", "application/zip"}, sent[i]})
			done <- true
		}()
	}
	<-done
	<-done
	for i := range sent {
		if failed[i] != nil {
			t.Fatal(failed[i])
		}
		var r Recording
		got[i].Decode(t, 201, &r)
		if a := s.get(t, "/api/recordings/"+r.ID); !bytes.Equal(a.Body, sent[i]) {
			t.Errorf("recording %d came back as another", i)
		}
	}
}

func (s *Server) testChanges(t *testing.T) {
	sent := made(t, recordingtest.Run{Slots: 50, Laps: 2})
	k := s.Keep(t, sent, "")
	path := "/api/recordings/" + k.ID
	patch := Request{"PATCH", path, []string{"Content-Type", "application/json"}, []byte(`{"name":"renamed / again"}`)}
	if !s.Owned {
		for _, q := range []Request{{Method: "GET", Path: "/api/recordings"}, patch, {Method: "DELETE", Path: path}} {
			a := s.Ask(t, q)
			if err := a.Error(403, "refused"); err != nil {
				t.Errorf("%s %s: %v", q.Method, q.Path, err)
			}
		}
		return
	}
	var all struct{ Recordings []run.Kept }
	list := func() (found *run.Kept) {
		a := s.get(t, "/api/recordings")
		a.Decode(t, 200, &all)
		for i := range all.Recordings {
			if all.Recordings[i].ID == k.ID {
				found = &all.Recordings[i]
			}
		}
		return found
	}
	if found := list(); found == nil || asJSON(*found) != asJSON(k.Kept) {
		t.Errorf("it is listed as %+v", found)
	}
	for body, says := range map[string]string{`{}`: "what to change", `{"name":null}`: "what to change", ``: "what to change", `{"name":""}`: "name: ", `{"name":3}`: "name: must be text", `{"nmae":"x"}`: "there is no field", `{"name":"a\u0000"}`: "name: "} {
		a := s.Ask(t, Request{"PATCH", path, patch.Header, []byte(body)})
		if err := a.Error(400, says); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	before := s.get(t, path).Header.Get("ETag")
	var renamed run.Kept
	a := s.Ask(t, patch)
	a.Decode(t, 200, &renamed)
	if found := list(); renamed.Name != "renamed / again" || found == nil || found.Name != renamed.Name || found.Kept != k.Kept.Kept {
		t.Errorf("it was renamed to %q and is listed as %+v", renamed.Name, found)
	}
	b := s.get(t, path, "If-None-Match", before)
	if r, err := recording.OpenZip(bytes.NewReader(b.Body), int64(len(b.Body))); err != nil || r.Name != renamed.Name || r.Verify(nil) != nil {
		t.Errorf("fetched again: %d, %v", b.Code, err)
	}
	if a := s.Ask(t, Request{Method: "DELETE", Path: path}); a.Code != 204 || len(a.Body) > 0 {
		t.Errorf("%d %q", a.Code, a.Body)
	}
	for _, q := range []Request{{Method: "GET", Path: path}, {Method: "DELETE", Path: path}, {Method: "GET", Path: path + "/summary"}, patch} {
		a := s.Ask(t, q)
		if err := a.Error(404, "there is no such recording"); err != nil {
			t.Errorf("%s: %v", q.Method, err)
		}
	}
	if list() != nil {
		t.Error("what was removed is listed")
	}
}
