//go:build browser

package browsertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// runner runs a package's tests in a page: their words go to the console, and their exit
// status to the title.
const runner = `<!doctype html><title>running</title><script src="/wasm_exec.js"></script><script>
(async () => {
  const go = new Go();
  go.argv = ["test", ...new URLSearchParams(location.search).getAll("arg")];
  go.exit = (code) => { document.title = "exit " + code; };
  const { instance } = await WebAssembly.instantiateStreaming(fetch("/test.wasm"), go.importObject);
  await go.run(instance);
})();
</script>`

// testPage serves a page that runs a package's tests, and returns its address.
func testPage(t *testing.T, pkg string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "test.wasm"), pkg)
	build.Dir = root
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	file := func(path, name string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	}
	file("/test.wasm", filepath.Join(dir, "test.wasm"))
	file("/wasm_exec.js", filepath.Join(strings.TrimSpace(string(goroot)), "lib/wasm/wasm_exec.js"))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(runner))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// runTests runs tests in a tab until they end or their output has a text.
func runTests(t *testing.T, address string, enough string, args ...string) (output string) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	defer cancel()
	b := &tab{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	messages, stop := context.WithCancel(ctx)
	defer stop()
	console := chromedp.Console(messages)
	said, read := make(chan string), make(chan struct{})
	go func() {
		defer close(read)
		defer close(said)
		for m, err := range console {
			if err != nil {
				return
			}
			select {
			case said <- m.Text:
			case <-messages.Done():
				return
			}
		}
	}()
	defer func() { stop(); <-read }()
	query := "?"
	for _, a := range args {
		query += "arg=" + a + "&"
	}
	b.do(chromedp.Navigate(address + "/" + query))
	var all strings.Builder
	for line := range said {
		all.WriteString(line + "\n")
		if enough != "" && strings.Contains(line, enough) {
			return all.String()
		}
		if line == "PASS" || strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "exit code") || strings.HasPrefix(line, "panic:") {
			break
		}
	}
	b.until("document.title.startsWith('exit')")
	if title := eval[string](b, "document.title"); title != "exit 0" {
		t.Fatalf("%s:\n%s", title, all.String())
	}
	return all.String()
}

// The suite that recordings ask of a file system, on IndexedDB.
func TestIndexedDBIsAFileSystemForRecordings(t *testing.T) {
	address := testPage(t, "./engine/recording")
	output := runTests(t, address, "", "-test.run=Conformance", "-test.v")
	for _, test := range []string{"Files", "Shelf", "Killed"} {
		if !strings.Contains(output, "--- PASS: TestConformance"+test+"/indexeddb") {
			t.Errorf("%s was not tested on IndexedDB:\n%s", test, output)
		}
	}
}

func TestATabThatIsClosedLeavesARecording(t *testing.T) {
	address := testPage(t, "./engine/recording")
	runTests(t, address, "segments written: 4", "-test.run=TestRecordUntilKilled", "-test.v", "record-until-killed")
	output := runTests(t, address, "", "-test.run=TestOpenWhatWasKilled", "-test.v", "open-what-was-killed")
	if !strings.Contains(output, "--- PASS: TestOpenWhatWasKilled") {
		t.Error(output)
	}
}
