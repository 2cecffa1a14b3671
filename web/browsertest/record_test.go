//go:build browser

package browsertest

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slotrace/engine/recording"
	"slotrace/server/run"
)

// ask asks whatever stands in for the server.
func (b *tab) ask(method, path, body string) (status int, text string) {
	b.t.Helper()
	answer := eval[[]any](b, "slotrace.fetch('"+path+"', {method: '"+method+"', body: '"+body+"'}).then(async (r) => [r.status, await r.text()])")
	return int(answer[0].(float64)), answer[1].(string)
}

func (b *tab) runStatus(method, body string) (st run.Status) {
	b.t.Helper()
	status, text := b.ask(method, "/api/runs/1", body)
	if err := json.Unmarshal([]byte(text), &st); status != 200 || err != nil {
		b.t.Fatalf("%d %s: %v", status, text, err)
	}
	return st
}

// recordings takes what the browser keeps out of IndexedDB, as files in a folder.
func (b *tab) recordings() (folder string) {
	b.t.Helper()
	files := eval[[][]string](b, `new Promise((resolve) => {
		indexedDB.open("slotrace").onsuccess = ({ target }) => {
			const store = target.result.transaction("contents").objectStore("contents");
			const names = store.getAllKeys();
			store.getAll().onsuccess = ({ target }) => {
				const text = (bytes) => { let s = ""; for (let i = 0; i < bytes.length; i += 8192) s += String.fromCharCode(...bytes.subarray(i, i + 8192)); return btoa(s); };
				resolve(names.result.map((name, i) => [name, text(target.result[i])]));
			};
		};
	})`)
	folder = b.t.TempDir()
	for _, f := range files {
		content, err := base64.StdEncoding.DecodeString(f[1])
		name := filepath.Join(folder, filepath.FromSlash(f[0]))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(name), 0o755)
		}
		if err == nil {
			err = os.WriteFile(name, content, 0o644)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return folder
}

func TestWithoutAServerARunIsRecordedInTheBrowser(t *testing.T) {
	h := hosted(t, false)
	b := h.open(t, "", 1280, 720)
	b.until("document.querySelector('#banner').textContent.includes('no server')")
	b.slide("#pace", realSpeed)
	b.choose("check-then-act")
	b.click("#run")
	b.until(figureAtLeast("stored", 500))
	st := b.runStatus("PATCH", `{"record":true}`)
	if st.Recording == nil || st.Recording.State != "recording" || !st.Record {
		t.Fatalf("%+v", st)
	}
	b.until(figureAtLeast("stored", int(st.Sides[0].Stored)+5000))
	st = b.runStatus("PATCH", `{"record":false}`)
	if r := st.Recording; r.State != "done" || !r.Whole || r.Events < 5000*4 || r.Bytes == 0 {
		t.Fatalf("%+v", r)
	}
	r, err := recording.Open(os.DirFS(filepath.Join(b.recordings(), st.Recording.ID)))
	if err != nil {
		t.Fatal(err)
	}
	s := r.Summary()
	if len(s.Damage) > 0 || !s.Whole || s.Events != st.Recording.Events || !r.Run.Walk || !strings.HasPrefix(r.Machine, "js/wasm") || s.Recorded == 0 {
		t.Errorf("%+v", s)
	}
	if got, want := s.Sides[0], st.Sides[0]; got.Stored < 5000 || got.Stored > want.Stored || got.Lost > want.Lost {
		t.Errorf("recorded %+v, the run says %+v", got, want)
	}
	b.until(figureAtLeast("stored", int(st.Sides[0].Stored)+500)) // it goes on
}

// As in a private window of some browsers.
func TestABrowserThatKeepsNothingSaysSoAndAllElseWorks(t *testing.T) {
	h := hosted(t, false)
	lab := filepath.Join(h.folder, "lab.js")
	script, err := os.ReadFile(lab)
	if err == nil {
		err = os.WriteFile(lab, append([]byte("Object.defineProperty(self, 'indexedDB', {value: undefined});\n"), script...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := h.open(t, "", 1280, 720)
	b.until("document.querySelector('#banner').textContent.includes('no server')")
	b.slide("#pace", realSpeed)
	b.click("#run")
	b.until(figureAtLeast("stored", 500))
	if status, text := b.ask("PATCH", "/api/runs/1", `{"record":true}`); status == 200 || !strings.Contains(text, "keeps nothing") {
		t.Errorf("%d %s", status, text)
	}
	b.until(figureAtLeast("stored", b.figure("stored")+500))
	b.click("#stop")
	b.until(state + " === 'done'")
}
