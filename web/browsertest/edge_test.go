//go:build browser

package browsertest

import (
	"strings"
	"testing"

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
