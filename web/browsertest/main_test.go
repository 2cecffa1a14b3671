//go:build browser

package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const root = "../.." // of the module

var (
	server  string          // the binary
	browser context.Context // one for all tests; each has a tab of its own
)

func TestMain(m *testing.M) {
	code, err := withBrowser(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browsertest:", err)
		code = 1
	}
	os.Exit(code)
}

func withBrowser(m *testing.M) (code int, err error) {
	if _, err := os.Stat(filepath.Join(root, "static/dist/page.wasm.br")); err != nil {
		return 1, errors.New("the page is not built; make page builds it")
	}
	dir, err := os.MkdirTemp("", "slotrace-browsertest-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if server = os.Getenv("SLOTRACE_SERVER"); server == "" { // a binary that is there already, to test that one
		server = filepath.Join(dir, "slotrace")
		build := exec.Command("go", "build", "-o", server, "./server")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("go build ./server: %w\n%s", err, out)
		}
	}

	options := []chromedp.ExecAllocatorOption{
		chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	}
	if path := os.Getenv("SLOTRACE_CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	var end context.CancelFunc
	browser, end = chromedp.NewContext(ctx)
	defer end()
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		return 1, fmt.Errorf("start the browser: %w", err)
	}
	return m.Run(), nil
}

// slotrace is a server of a test's own.
type slotrace struct {
	t       *testing.T
	address string
	data    string
	process *exec.Cmd
}

// serve starts a server on a free port; it ends with the test.
func serve(t *testing.T) *slotrace {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &slotrace{t: t, address: l.Addr().String(), data: t.TempDir()}
	l.Close()
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *slotrace) url() string { return "http://" + s.address + "/" }

func (s *slotrace) start() {
	s.t.Helper()
	s.process = exec.Command(server, "serve", "--addr", s.address, "--data", s.data)
	s.process.Stderr = s.t.Output()
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	process := s.process
	go func() { ended <- process.Wait() }()
	up := time.NewTicker(20 * time.Millisecond)
	defer up.Stop()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case err := <-ended:
			s.t.Fatalf("the server ended: %v", err)
		case <-deadline:
			s.t.Fatal("the server does not answer")
		case <-up.C:
		}
		if answer, err := http.Get(s.url() + "healthz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
	}
}

// stop kills the server, without a word of goodbye.
func (s *slotrace) stop() {
	if s.process != nil {
		s.process.Process.Kill()
		s.process = nil
	}
}

// tab is a tab of the browser on the page of a server.
type tab struct {
	t   *testing.T
	ctx context.Context
	// mayComplain is set where the console may say that the server is gone.
	mayComplain bool
}

const patience = 40 * time.Second

// open opens the page and waits until it can be used. What the page says on the
// console against itself fails the test.
func (s *slotrace) open(t *testing.T, width, height int64, more ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	return s.openAt(t, "", width, height, more...)
}

// openAt opens the page at what the address has behind its #.
func (s *slotrace) openAt(t *testing.T, fragment string, width, height int64, more ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	return openPage(t, s.url()+fragment, width, height, more...)
}

// openPage opens the page at an address.
func openPage(t *testing.T, address string, width, height int64, more ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	b := &tab{t: t, ctx: ctx}
	b.do(chromedp.EmulateViewport(width, height))
	b.do(more...)
	messages, stop := context.WithCancel(ctx)
	console := chromedp.Console(messages)
	read := make(chan struct{})
	var bad []string
	go func() {
		defer close(read)
		for m, err := range console {
			if err != nil {
				return
			}
			if strings.Contains(m.Text, "willReadFrequently") {
				continue // the tests read canvases; the page does not
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" || m.Type == "log" { // a panic is logged
				bad = append(bad, m.String())
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-read
		cancel()
		if len(bad) > 0 && (!b.mayComplain || t.Failed()) {
			t.Errorf("on the console: %s", strings.Join(bad, "\n"))
		}
	})
	b.do(chromedp.Navigate(address))
	b.until("globalThis.slotrace?.ready")
	return b
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// until waits until an expression is true.
func (b *tab) until(expression string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingInterval(40*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		b.t.Fatalf("%s does not come true: %v; %s", expression, err, b.says())
	}
}

// says is where the page is, and what it says to its user.
func (b *tab) says() string {
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[location.href, JSON.stringify({...document.querySelector("#explore")?.dataset}),
		...["#banner", "#said", "#explore-note", "#recordings-note"].map((e) => document.querySelector(e)?.textContent).filter((said) => said)].join("; ")`))
	if err != nil {
		return err.Error()
	}
	return "the page says: " + s
}

// eval evaluates an expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *tab) run(statement string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](statement))
}

func (b *tab) text(selector string) string {
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.querySelector("+strconv.Quote(selector)+")?.textContent ?? ''"))
	if err != nil {
		return err.Error()
	}
	return s
}

// figure reads one of the verdict's attributes.
func (b *tab) figure(name string) int {
	b.t.Helper()
	n, err := strconv.Atoi(eval[string](b, "document.querySelector('#verdict').getAttribute('data-"+name+"')"))
	if err != nil {
		b.t.Fatalf("data-%s: %v", name, err)
	}
	return n
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

func (b *tab) keys(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// slide puts a slider on a position, as a drag does.
func (b *tab) slide(selector string, position int) {
	b.t.Helper()
	b.run("{ const e = document.querySelector(" + strconv.Quote(selector) + "); e.value = " + strconv.Itoa(position) +
		"; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); }")
}

// choose chooses an allocator by its radio button.
func (b *tab) choose(allocator string) {
	b.t.Helper()
	b.click("#allocator label:has([value=" + allocator + "])")
}

const (
	realSpeed = 100 // of the pace slider
	state     = "document.querySelector('#verdict').dataset.state"
)

func figureAtLeast(name string, n int) string {
	return "document.querySelector('#verdict').getAttribute('data-" + name + "') >= " + strconv.Itoa(n)
}
