// Package edgetest serves what make edge has built, on the runtime that serves it elsewhere,
// for tests.
package edgetest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Token is the secret of who may present.
const Token = "only-for-tests"

// Serve serves the edge until the test ends, with nothing kept in it, and returns its
// origin. root is the module's folder, as the test sees it.
func Serve(t testing.TB, root string) string {
	t.Helper()
	return ServeAnd(t, root, func(string) {})
}

// ServeAnd is Serve where hears is given each line that the worker says.
func ServeAnd(t testing.TB, root string, hears func(line string)) string {
	t.Helper()
	for name, maker := range map[string]string{"build/edge/worker/app.wasm": "make edge builds it", "build/miniflare/installed": "make test installs it"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Fatalf("%v; %s", err, maker)
		}
	}
	node := exec.Command("node", "build/miniflare/run.mjs", "wasm/edge/wrangler.toml", "0", "--until-eof")
	node.Dir = root
	node.Env = append(os.Environ(), "PRESENTER_TOKEN="+Token)
	node.Stderr = t.Output()
	alive, err := node.StdinPipe() // it ends when this does, also where the test is killed
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	serves := make(chan string, 1)
	silent := make(chan struct{})
	go func() {
		defer close(silent)
		defer close(serves)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, origin, ok := strings.Cut(lines.Text(), "edge serves "); ok {
				serves <- origin
			} else {
				t.Log(lines.Text()) // what the worker says
				hears(lines.Text())
			}
		}
	}()
	t.Cleanup(func() {
		alive.Close()
		<-silent
		if err := node.Wait(); err != nil {
			t.Errorf("the edge: %v", err)
		}
	})
	origin, ok := <-serves
	if !ok {
		t.Fatal("the edge has ended before it served")
	}
	return origin
}
