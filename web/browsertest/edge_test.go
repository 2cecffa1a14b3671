//go:build browser

package browsertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"slotrace/server/edge/edgetest"
)

func TestThePageComesFromTheEdgeAndProvesInItsLab(t *testing.T) {
	b := openPage(t, edgetest.Serve(t, root)+"/#explore?variant=check-then-act&threads=2&ops=2", 1280, 720)
	b.until(exploreSeen)
	b.keys("B")
	b.until(explored + ".variant === 'fetch-add' && " + explored + ".ops === '2'")
	b.keys("P")
	b.until(explored + ".verdict === 'holds' && " + explored + ".ops === '2'")
	if got := b.text("#explore .strip"); !strings.Contains(got, "2 threads × 2 stores") {
		t.Errorf("the proof says %q", got)
	}
	if !eval[bool](b, "crossOriginIsolated") {
		t.Error("it is not isolated from other origins: the headers have not come")
	}
	if got := b.foreign(); got != "" {
		t.Errorf("it has asked for %s", got)
	}
}

func TestAtTheEdgeLiveRunsInTheBrowser(t *testing.T) {
	b := openPage(t, edgetest.Serve(t, root)+"/", 1280, 720)
	b.until("document.querySelector('#banner').checkVisibility() && document.querySelector('#banner').textContent.includes('no server')")
	b.slide("#pace", realSpeed)
	b.choose("check-then-act")
	b.click("#run")
	b.until(figureAtLeast("stored", 2000))
	b.until(figureAtLeast("lost", 100))
}

// What a server of one's own has recorded is sent to the edge, comes back byte for byte, and is
// replayed from there.
func TestARecordingIsReplayedFromTheEdge(t *testing.T) {
	own := serve(t)
	ask := func(method, url, kind string, body []byte, want int) []byte {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		got, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != want {
			t.Fatalf("%s %s: %s, %.300q, %v", method, url, answer.Status, got, err)
		}
		return got
	}
	ask("POST", own.url()+"api/runs", "application/json", []byte(`{"allocator":"check-then-act","writers":4,"slots":1000,"pace_us":0,"window_us":20,"stores":5000,"record":true}`), 201)
	var run struct {
		State     string
		Sides     []struct{ Stored, Lost uint64 }
		Recording struct{ ID string }
	}
	for deadline := time.Now().Add(patience); run.State != "done"; time.Sleep(40 * time.Millisecond) {
		if err := json.Unmarshal(ask("GET", own.url()+"api/runs/1", "", nil, 200), &run); err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v, %v", run, err)
		}
	}
	zip := ask("GET", own.url()+"api/recordings/"+run.Recording.ID, "", nil, 200)

	edge := edgetest.Serve(t, root)
	var kept struct{ ID string }
	if err := json.Unmarshal(ask("POST", edge+"/api/recordings", "application/zip", zip, 201), &kept); err != nil {
		t.Fatal(err)
	}
	if got := ask("GET", edge+"/api/recordings/"+kept.ID, "", nil, 200); !bytes.Equal(got, zip) {
		t.Errorf("%d bytes came back of %d, or others", len(got), len(zip))
	}
	b := openPage(t, edge+"/#replay?id="+kept.ID, 1280, 720)
	b.until(tapeSeen)
	b.keys(kb.End)
	b.until(figureAtLeast("stored", int(run.Sides[0].Stored)))
	if got := b.figure("stored"); got != 5000 || run.Sides[0].Stored != 5000 {
		t.Errorf("%d stored in the replay, %d in the run", got, run.Sides[0].Stored)
	}
	if got := b.figure("lost"); got != int(run.Sides[0].Lost) || got == 0 {
		t.Errorf("%d lost in the replay, %d in the run", got, run.Sides[0].Lost)
	}
	b.keys(kb.Home)
	b.keys("n")
	b.until(stands + ".includes('took slot')")
}
