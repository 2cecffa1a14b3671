//go:build browser

package browsertest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"slotrace/static"
)

// host serves the page as any host of files would, under a path of its own.
type host struct {
	*httptest.Server
	folder string
	mu     sync.Mutex
	asked  map[string]int // by path
}

const under = "/some/dir/"

// hosted writes the page into a folder and serves it; untyped, from a host that does not know what WebAssembly is.
func hosted(t *testing.T, untyped bool) *host {
	t.Helper()
	folder := t.TempDir()
	live, err := os.ReadFile(filepath.Join(root, "build/live.wasm"))
	if err != nil {
		t.Fatalf("%v; make site builds it", err)
	}
	if err := static.Write(folder, live); err != nil {
		t.Fatal(err)
	}
	files := http.StripPrefix(under, http.FileServer(http.Dir(folder)))
	h := &host{folder: folder, asked: make(map[string]int)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked[r.URL.Path]++
		h.mu.Unlock()
		if untyped && strings.HasSuffix(r.URL.Path, ".wasm") {
			w.Header().Set("Content-Type", "application/octet-stream")
		}
		if !strings.HasPrefix(r.URL.Path, under) {
			http.NotFound(w, r)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *host) open(t *testing.T, fragment string, width, height int64) *tab {
	t.Helper()
	return openPage(t, h.URL+under+fragment, width, height)
}

// reload loads the page again, and waits until it can be used. A page that is kept is there so soon that chromedp's own
// Reload may return before.
func (b *tab) reload() {
	b.t.Helper()
	b.run("globalThis.before = true")
	b.do(chromedp.Reload())
	b.eventually("!globalThis.before && globalThis.slotrace?.ready")
}

// eventually waits until an expression is true, be it in a document that is still to come.
func (b *tab) eventually(expression string) {
	b.t.Helper()
	again := time.NewTicker(40 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(patience); ; {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && ok {
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			b.t.Fatalf("%s does not come true: %v", expression, err)
		}
	}
}

// foreign is what the page has fetched from elsewhere, or from outside its folder.
func (b *tab) foreign() string {
	b.t.Helper()
	return eval[string](b, "performance.getEntriesByType('resource').map((e) => e.name).filter((n) => !n.startsWith(new URL('.', location.href))).join(' ')")
}

func TestAnyHostOfFilesServesExploreAndTheBrowserKeepsIt(t *testing.T) {
	h := hosted(t, false)
	b := h.open(t, "#explore", 1280, 720)
	b.until(exploreSeen)
	b.keys("abbbaa")
	b.at("A1B3A2", 6)
	b.click("#explore [data-do=file]")
	b.until("document.querySelector('#explore').textContent.includes('here is no server here')")
	b.keys("B")
	b.until(explored + ".variant === 'fetch-add'")
	b.keys("P")
	b.until(explored + ".verdict === 'holds'")
	if got := b.foreign(); got != "" {
		t.Errorf("it has asked for %s", got)
	}
	eval[bool](b, "navigator.serviceWorker.ready.then(() => true)") // it has all there is
	h.Close()
	h.mu.Lock()
	for path := range h.asked {
		if !strings.HasPrefix(path, under) {
			t.Errorf("the host was asked for %s", path)
		}
	}
	h.mu.Unlock()

	b.run("location.hash = '" + lost + "'")
	b.at("A1B3A2", 5)
	b.until("location.hash === '" + lost + "'") // what was shown before may have been told meanwhile
	b.reload()
	b.until(exploreSeen)
	b.at("A1B3A2", 5)
	b.keys("a")
	b.at("A1B3A2", 6)
}

func TestAnotherVersionTakesOverWholeOrNotAtAll(t *testing.T) {
	h := hosted(t, false)
	b := h.open(t, "#explore", 1280, 720)
	const newest = "getComputedStyle(document.documentElement).getPropertyValue('--version').trim()"
	settled := func(condition string) bool { // has the host looked at once more
		return eval[bool](b, `(async () => {
			const r = await navigator.serviceWorker.getRegistration();
			await r.update().catch(() => {});
			for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((on) => setTimeout(on, 20))) if (`+condition+`) return true;
			return false;
		})()`)
	}
	eval[bool](b, "navigator.serviceWorker.ready.then(() => true)")
	style := filepath.Join(h.folder, "style.css")
	offline := filepath.Join(h.folder, "offline.js")
	old, worker := read(t, style), read(t, offline)
	another := old + ":root { --version: two; }\n"
	write(t, style, another)
	write(t, offline, strings.Replace(worker, `version = "`, `version = "2`, 1)) // and the style that it names is not there
	if !settled("!r.installing && !r.waiting") {
		t.Fatal("a version of which a file is missing is not given up")
	}
	b.reload()
	b.until(exploreSeen)
	if got := eval[string](b, newest); got != "" {
		t.Errorf("a version of which a file is missing shows %q", got)
	}
	write(t, offline, strings.Replace(strings.Replace(worker, `version = "`, `version = "3`, 1), hashed(old), hashed(another), 1))
	if !settled("r.waiting") {
		t.Fatal("a version that is whole does not wait for its turn")
	}
	b.mayComplain = true // the page leaves while it loads
	b.do(chromedp.Reload())
	b.eventually(newest + " === 'two'") // the page is loaded once more by itself
	b.until(exploreSeen)
	if n := eval[int](b, "caches.keys().then((all) => all.length)"); n != 1 {
		t.Errorf("%d versions are kept", n)
	}
}

func hashed(content string) string {
	sum := sha256.Sum256([]byte(content))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// write replaces a file by one that is a minute younger: hosts tell by the second.
func write(t *testing.T, name, content string) {
	t.Helper()
	before, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	younger := before.ModTime().Add(time.Minute)
	if err := os.Chtimes(name, younger, younger); err != nil {
		t.Fatal(err)
	}
}

func TestAHostThatDoesNotKnowWebAssemblyServesItToo(t *testing.T) {
	b := hosted(t, true).open(t, "#explore", 1280, 720)
	b.until(exploreSeen)
	b.keys("a")
	b.at("A1", 1)
}

func TestOurOwnServersPageIsNotKept(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	if n := eval[int](b, "navigator.serviceWorker.getRegistrations().then((all) => all.length)"); n != 0 {
		t.Errorf("%d service workers keep it", n)
	}
}

func TestWithoutAServerLiveRunsInTheBrowser(t *testing.T) {
	h := hosted(t, false)
	b := h.open(t, "", 1280, 720)
	eval[bool](b, "navigator.serviceWorker.ready.then(() => true)")
	h.Close() // nor a network
	b.reload()
	b.until("document.querySelector('#banner').checkVisibility() && document.querySelector('#banner').textContent.includes('no server')")
	b.slide("#pace", realSpeed)
	b.choose("check-then-act")
	b.click("#run")
	b.until(figureAtLeast("stored", 2000))
	b.until(figureAtLeast("collisions", 100))
	b.until(figureAtLeast("lost", 100))
	b.until("document.querySelectorAll('#evidence li').length > 0 && document.querySelector('#slots').dataset.collided > 0")
	if eval[bool](b, "[...document.querySelectorAll('#figures .figure')].some((f) => f.checkVisibility() && f.textContent.includes('p99'))") {
		t.Error("it tells how long a put takes")
	}

	b.choose("fetch-add")
	b.until("document.querySelector('#figures').textContent.includes('none')")
	before := b.figure("collisions")
	b.until(figureAtLeast("stored", b.figure("stored")+5000))
	if after := b.figure("collisions"); after != before {
		t.Errorf("with the fix, %d more stores collide", after-before)
	}

	b.keys(" ")
	b.until(state + " === 'paused'")
	stored := b.figure("stored")
	for steps := 1; b.figure("stored") == stored; steps++ {
		if steps > 500 {
			t.Fatalf("nothing is stored in %d steps", steps)
		}
		b.keys(".")
		b.until("document.querySelector('#narration').textContent !== globalThis.told && (globalThis.told = document.querySelector('#narration').textContent, true)")
	}
	b.keys(" ")
	b.until(state + " === 'running'")
	b.click("#stop")
	b.until(state + " === 'done'")
	if got := b.foreign(); got != "" {
		t.Errorf("it has asked for %s", got)
	}
}
