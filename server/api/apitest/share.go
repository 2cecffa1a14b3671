package apitest

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
)

func (s *Server) testShare(t *testing.T) {
	k := s.Keep(t, made(t, recordingtest.Run{Name: `a "quoted" <b>name</b>`, Compare: true, Slots: 1000}), "")
	a := s.get(t, "/r/"+k.ID)
	page := string(a.Body)
	if a.Code != 200 || a.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") || a.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("%d %v", a.Code, a.Header)
	}
	for _, want := range []string{
		"<title>a &#34;quoted&#34; &lt;b&gt;name&lt;/b&gt; · slotrace</title>",
		`<meta property="og:url" content="` + s.URL + `/r/` + k.ID + `">`,
		`<meta property="og:image" content="` + s.URL + `/r/` + k.ID + `.png`,
		`<meta name="twitter:card" content="summary_large_image">`,
		`href="/#replay?id=` + k.ID + `"`, `href="/api/recordings/` + k.ID + `"`, "check-then-act lost ", "fetch-add stored ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	for _, not := range []string{"<script", "<b>name", "style=", "onclick"} {
		if strings.Contains(page, not) {
			t.Errorf("%s in the page", not)
		}
	}
	b := s.get(t, "/r/"+k.ID+".png")
	picture, err := png.DecodeConfig(bytes.NewReader(b.Body))
	if err != nil || b.Header.Get("Content-Type") != "image/png" || b.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || picture.Width != 1200 || picture.Height != 630 || len(b.Body) > 200_000 {
		t.Errorf("its picture: %d, %v, %+v, %d bytes", b.Code, err, picture, len(b.Body))
	}
	if again := s.get(t, "/r/"+k.ID+".png?x"); !bytes.Equal(again.Body, b.Body) {
		t.Error("the picture is another each time")
	}
	if a := s.get(t, "/r/style.css"); a.Code != 200 || a.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style: %d", a.Code)
	}
	for _, id := range []string{recording.NewID(), "x", strings.Repeat("a", 14) + "%00", "favicon.ico"} {
		if a := s.get(t, "/r/"+id); a.Code != 404 {
			t.Errorf("%s: %d", id, a.Code)
		}
		if a := s.get(t, "/r/"+id+".png"); a.Code != 404 {
			t.Errorf("%s.png: %d", id, a.Code)
		}
	}
}
