package static

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// standing is the real page's files that are written by hand, with stand-ins for those that are made.
func standing(t *testing.T) fstest.MapFS {
	files := complete(t)
	for name := range files {
		if content, err := fs.ReadFile(os.DirFS("."), name); err == nil {
			files[name] = &fstest.MapFile{Data: content}
		}
	}
	return files
}

func TestTheFolderHoldsAllThatThePageAsksFor(t *testing.T) {
	folder, err := folderOf(standing(t), []byte(lab), false)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".nojekyll", "boot.js", "icon.svg", "index.html", "lab.js", "lab.wasm", "live.wasm", "offline.js", "page.wasm", "patch.js", "site.js", "style.css", "tape.js", "tape.wasm", "wasm_exec.js"}
	if got := slices.Sorted(maps.Keys(folder)); !slices.Equal(got, want) {
		t.Errorf("it holds %q, want %q", got, want)
	}
	for _, name := range []string{"index.html", "boot.js", "site.js", "lab.js", "tape.js"} {
		for _, asked := range regexp.MustCompile(`(?:href=|src=|fetch\(|importScripts\(|Worker\(|register\()"([^"#?]+)`).FindAllSubmatch(folder[name], -1) {
			if _, ok := folder[string(asked[1])]; !ok {
				t.Errorf("%s asks for %s, which is not in the folder beside it", name, asked[1])
			}
		}
	}
}

func TestTheFolderForbidsItselfWhatTheServerForbids(t *testing.T) {
	folder, err := folderOf(standing(t), []byte(lab), false)
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindSubmatchIndex(folder["index.html"])
	if said == nil {
		t.Fatal("it has no policy")
	}
	// Of frame-ancestors browsers take heed in a header alone, and complain of it elsewhere.
	sent, _ := strings.CutSuffix(ask(siteOf(t, complete(t)), "GET", "/").Header().Get("Content-Security-Policy"), "; frame-ancestors 'none'")
	if got := string(folder["index.html"][said[2]:said[3]]); got != sent {
		t.Errorf("its policy is %q, the server's %q", got, sent)
	}
	if before := string(folder["index.html"][:said[0]]); strings.Contains(before, "<script") || strings.Contains(before, "<link") {
		t.Errorf("something is fetched before the policy holds: %s", before)
	}
}

func TestAnotherVersionIsKeptUnderAnotherName(t *testing.T) {
	version := func(files fs.FS) string {
		t.Helper()
		folder, err := folderOf(files, []byte(lab), false)
		if err != nil {
			t.Fatal(err)
		}
		return string(regexp.MustCompile(`version = "[0-9a-f]{16}"`).Find(folder["offline.js"]))
	}
	files := standing(t)
	one := version(files)
	if again := version(files); one == "" || again != one {
		t.Errorf("the same files are version %q, then %q", one, again)
	}
	for _, name := range []string{"index.html", "style.css", "site.js"} {
		changed := maps.Clone(files)
		changed[name] = &fstest.MapFile{Data: append(slices.Clone(files[name].Data), '\n')}
		if other := version(changed); other == one {
			t.Errorf("another %s is the same version", name)
		}
	}
}

func TestAPageThatWasNotBuiltIsNotWritten(t *testing.T) {
	if _, err := folderOf(written(), []byte(lab), false); err == nil || !strings.Contains(err.Error(), "make page") {
		t.Errorf("written without its programs: %v", err)
	}
	if !Built() {
		folder := filepath.Join(t.TempDir(), "site")
		if err := Write(folder, []byte(lab)); err == nil {
			t.Error("written from a program without the page")
		} else if _, err := os.Stat(folder); err == nil {
			t.Error("and left a folder")
		}
	}
}

func TestAtTheEdgeEveryFileGoesWithTheServersHeaders(t *testing.T) {
	folder, err := edgeOf(standing(t), []byte(lab))
	if err != nil {
		t.Fatal(err)
	}
	rules := strings.Split(strings.TrimSuffix(string(folder["_headers"]), "\n"), "\n")
	if rules[0] != "/*" {
		t.Errorf("the first rule is for %q", rules[0])
	}
	said := make(map[string]string)
	for _, line := range rules[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok || !strings.HasPrefix(name, "  ") || len(line) > 2000 { // longer lines are passed over
			t.Errorf("no header: %q", line)
		}
		said[strings.TrimSpace(name)] = value
	}
	if !maps.Equal(said, securityHeaders) {
		t.Errorf("%v, want %v", said, securityHeaders)
	}
	if files, err := folderOf(standing(t), []byte(lab), true); err != nil || string(files["offline.js"]) != string(folder["offline.js"]) {
		t.Errorf("what it keeps is not what is there: %v", err)
	}
}
