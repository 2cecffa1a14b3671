//go:build browser

package browsertest

import (
	"context"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"slotrace/web/tree"
)

const (
	explored    = "document.querySelector('#explore').dataset"
	exploreSeen = "document.querySelector('#explore .desk')?.checkVisibility() && !document.querySelector('#live').checkVisibility()"
	stuck       = "#explore?scenario=lock-order&variant=content-then-index&schedule=A1B1"
	lost        = "#explore?scenario=slot-allocation&variant=check-then-act&threads=2&ops=1&schedule=A1B3A2&step=5"
)

// first has a script run in the page before any of its own.
func first(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	})
}

// explore opens the page on an exploration.
func (s *slotrace) explore(t *testing.T, fragment string, width, height int64, more ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	b := s.openAt(t, fragment, width, height, more...)
	b.until(exploreSeen)
	return b
}

// theme chooses colours.
func (b *tab) theme(name string) {
	b.t.Helper()
	b.run("{ const e = document.querySelector('#theme'); e.value = '" + name + "'; e.dispatchEvent(new Event('change')); }")
}

func (b *tab) at(schedule string, step int) {
	b.t.Helper()
	b.until(explored + ".schedule === '" + schedule + "' && " + explored + ".step === '" + strconv.Itoa(step) + "'")
}

func TestLettersLeadTwoThreadsIntoOneSlot(t *testing.T) {
	b := serve(t).open(t, 1440, 900)
	b.keys("2")
	b.until(exploreSeen)
	if got := b.text("#explore .why"); !strings.Contains(got, "You are the scheduler") {
		t.Errorf("a newcomer reads %q", got)
	}
	b.keys("abbbaa")
	b.at("A1B3A2", 6)
	for what, ok := range map[string]string{
		"it is violated":         explored + ".verdict === 'violated'",
		"why is said":            "document.querySelector('#explore .why').textContent.includes(\"B looked between A's look and A's tell\")",
		"the slot is hatched":    "getComputedStyle(document.querySelector('#explore .slot.broken .box')).backgroundImage.includes('gradient')",
		"the step is read out":   "document.querySelector('#explore [role=status][aria-live]').textContent.includes('Step 6 of 6')",
		"the switch is told":     "document.querySelector('#explore .switches').textContent.includes('a preemption: A could have gone on')",
		"it says which step":     "document.querySelector('#explore [aria-current=step]').dataset.thread === 'A'",
		"three judges find it":   "document.querySelectorAll('#explore .judges .mark[data-state=failed]').length === 3",
		"no scenario is missing": explored + ".scenario === 'slot-allocation' && " + explored + ".variant === 'check-then-act'",
	} {
		if !eval[bool](b, ok) {
			t.Errorf("not so: %s", what)
		}
	}
	b.keys(kb.Backspace)
	b.at("A1B3A2", 5)
	b.keys(kb.ArrowLeft)
	b.at("A1B3A2", 4)
	b.keys(".")
	b.at("A1B3A2", 5)
	b.keys(kb.Home)
	b.at("A1B3A2", 0)
	b.keys(kb.End)
	b.at("A1B3A2", 6)
	b.click("#explore tr[data-do='go 2']")
	b.at("A1B3A2", 2)
	b.keys("a")
	b.at("A1B1A1", 3)
}

func TestFindLeadsToTheShortestAndProveToTheFix(t *testing.T) {
	b := serve(t).explore(t, "#explore", 1280, 720)
	b.keys("F")
	b.at("A1B3A2", 6)
	b.until("location.hash === '" + strings.Replace(lost, "step=5", "step=6", 1) + "'")
	b.keys("B")
	b.until(explored + ".variant === 'fetch-add' && " + explored + ".verdict === 'unknown'")
	b.click("#explore [aria-label='one store more']")
	b.until(explored + ".ops === '2'")
	b.keys("P")
	b.until(explored + ".verdict === 'holds'")
	if got := b.text("#explore .strip"); !strings.Contains(got, "0 of 6") || !strings.Contains(got, "2 threads × 2 stores, sequentially consistent") {
		t.Errorf("the proof says %q", got)
	}
	b.click("#explore label:has([value=lock-each-step])")
	b.until(explored + ".variant === 'lock-each-step'")
	b.keys("F")
	b.until(explored + ".verdict === 'violated'")
	if !eval[bool](b, "document.querySelectorAll('#explore .judges .mark')[2].dataset.state === 'passed' && document.querySelectorAll('#explore .judges .mark')[0].dataset.state === 'failed'") {
		t.Error("it loses with a data race, or does not lose")
	}
}

func TestAnAddressOpensAtItsStepInAnotherBrowser(t *testing.T) {
	s := serve(t)
	a := s.explore(t, "#explore?variant=compare-and-swap&threads=3&ops=2", 1440, 900)
	a.keys("abac")
	a.at("A1B1A1C1", 4)
	a.keys(kb.Backspace)
	a.until("location.hash.endsWith('schedule=A1B1A1C1&step=3')") // it comes a little later, and may still tell of the third key
	b := s.explore(t, eval[string](a, "location.hash"), 390, 844)
	b.at(eval[string](a, explored+".schedule"), 3)
	if one, other := eval[string](a, "JSON.stringify({..."+explored+"})"), eval[string](b, "JSON.stringify({..."+explored+"})"); one != other {
		t.Errorf("%s opens as %s", one, other)
	}
	b.run("location.hash = '" + lost + "'") // by hand, in a page that is open
	b.at("A1B3A2", 5)
	b.run("location.hash = '#live'")
	b.until(liveSeen)
	b.run("location.hash = '#explore'")
	b.until(exploreSeen)
	b.at("A1B3A2", 5)
}

// What was shown last is told to the address a little later: by then somebody may have gone on.
func TestALateAddressCallsNobodyBack(t *testing.T) {
	b := serve(t).explore(t, "#explore?variant=compare-and-swap&threads=3&ops=2", 1440, 900)
	late := `slotrace.patched(document.createElement("div"))(new Uint8Array([8, 13, ...new TextEncoder().encode("explore?ops=1")]).buffer)`
	b.run("location.hash = '" + lost + "'; " + late) // before the page hears of it
	b.at("A1B3A2", 5)
	b.until("location.hash === '" + lost + "'")
	b.run("location.hash = '#live'; " + late)
	b.until(liveSeen)
	b.run(late)
	if got := eval[string](b, "location.hash"); got != "#live" {
		t.Errorf("somebody on Live is at %s", got)
	}
}

func TestAScheduleRunsOnTheRealFile(t *testing.T) {
	b := serve(t).explore(t, lost, 1440, 900)
	b.at("A1B3A2", 5)
	b.click("#explore [data-do=file]")
	b.until("document.querySelector('#explore .on-file.agrees')")
	if got := b.text("#explore .on-file"); !strings.Contains(got, "b-0 was stored as “B's block 0” and reads “A's block 0”") {
		t.Errorf("%q", got)
	}
}

// While the worker searches the page draws: most of its frames come in time.
func TestThePageDrawsWhileTheWorkerSearches(t *testing.T) {
	b := serve(t).explore(t, "#explore?scenario=slot-allocation&variant=fetch-add&threads=5&ops=3", 1280, 720)
	b.keys("P")
	b.until("document.querySelector('#explore [data-do=cancel]')")
	gaps := eval[string](b, `new Promise(done => {
		const gaps = [];
		let before = performance.now();
		const frame = now => {
			gaps.push(now - before);
			before = now;
			if (gaps.length < 121) requestAnimationFrame(frame); else done(gaps.slice(1).sort((a, b) => a - b)[60].toFixed(1));
		};
		requestAnimationFrame(frame);
	})`)
	t.Logf("half of 120 frames came within %s ms of the one before", gaps)
	if eval[bool](b, "!document.querySelector('#explore [data-do=cancel]')") {
		t.Error("the search had ended by then")
	}
	b.click("#explore [data-do=cancel]")
}

func TestABadAddressIsToldInASentence(t *testing.T) {
	s := serve(t)
	for fragment, want := range map[string]string{
		"#explore?scenario=nonsense&threads=3": "no scenario",
		"#explore?schedule=A1B9":               "B has ended",
		"#explore?threads=1e9":                 "1 to 26 would do",
	} {
		b := s.explore(t, fragment, 1280, 720)
		if got := b.text("#explore > .banner[role=alert]"); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", fragment, got, want)
		}
		b.keys("a")
		b.at("A1", 1)
		b.until("!document.querySelector('#explore > .banner[role=alert]')")
	}
}

// 16! / 4!^4 classes are some minutes' work.
func TestALongSearchLetsStepsThroughAndCanBeCancelled(t *testing.T) {
	b := serve(t).explore(t, "#explore?variant=fetch-add&threads=4&ops=4", 1440, 900)
	b.keys("P")
	b.until(explored + ".search === 'prove'")
	b.until("/executions, .* done/.test(document.querySelector('#explore .strip').textContent)")
	b.keys("dcba")
	b.at("D1C1B1A1", 4)
	got := count(b)
	t.Logf("while it searches: %.0f frames/s, 95 %% of gaps below %.1f ms", got.Browser, got.P95)
	if got.Browser < 5 {
		t.Error("the page hardly moves")
	}
	b.keys(kb.Escape)
	b.until("!" + explored + ".search && document.querySelector('#explore .strip').textContent.includes('cancelled after')")
	b.click("#explore [data-do=prove]")
	b.until(explored + ".search === 'prove'")
	b.click("#explore [data-do=cancel]")
	b.until("!" + explored + ".search")
}

func TestWhenTheWorkerDiesThePageSaysSoAndStartsAnother(t *testing.T) {
	b := serve(t).explore(t, lost, 1280, 720, first("{ const W = Worker; globalThis.Worker = class extends W { constructor(...a) { super(...a); globalThis.theWorker = this; } }; }"))
	b.run("theWorker.terminate()")
	b.keys("a")
	b.until("document.querySelector('#explore-note').checkVisibility() && document.querySelector('#explore-note').textContent.includes('does not answer')")
	b.keys("1")
	b.until(liveSeen)
	b.keys("2")
	b.click("#explore-again")
	b.at("A1B3A2", 5)
	b.keys("a")
	b.at("A1B3A2", 6)
}

func TestWithoutAWorkerTheOtherViewsWork(t *testing.T) {
	s := serve(t)
	for script, want := range map[string]string{
		"delete globalThis.Worker": "does not give",
		"{ const W = Worker; globalThis.Worker = class extends W { constructor() { super('/nowhere.js'); } }; }": "could not be started",
	} {
		b := s.openAt(t, "#explore", 1280, 720, first(script))
		b.mayComplain = true // the browser says that the script is not there
		b.until("document.querySelector('#explore-note').textContent.includes('" + want + "')")
		b.keys("1")
		b.until(liveSeen)
		b.click("#run")
		b.until(figureAtLeast("stored", 1))
	}
}

func TestTheKeyboardStaysWhereItIs(t *testing.T) {
	b := serve(t).explore(t, "#explore", 1280, 720)
	b.run("document.querySelector('#explore [data-do=\"take A\"]').focus()")
	for step := 1; step <= 3; step++ {
		b.keys(kb.Enter)
		b.at("A"+strconv.Itoa(step), step)
	}
	if got := eval[string](b, "document.activeElement.dataset.do"); got != "take A" {
		t.Errorf("after three steps the keyboard is on %q", got)
	}
	b.keys(kb.Enter)
	b.until("document.querySelector('#explore > .banner[role=alert]')?.textContent.includes('A cannot go on')")
	b.keys("b")
	b.at("A3B1", 4)
}

func TestExploreFitsEveryScreen(t *testing.T) {
	s := serve(t)
	for _, size := range [][2]int64{{1280, 720}, {1440, 900}, {1920, 1080}, {390, 844}, {768, 1024}} {
		b := s.explore(t, lost, size[0], size[1])
		for i, theme := range []string{"dark", "light", "projector", "dark", "projector"} {
			if i == 3 {
				b.run("location.hash = '" + stuck + "'")
				b.at("A1B1", 2)
			}
			b.theme(theme)
			where := theme + " at " + strconv.FormatInt(size[0], 10) + " x " + strconv.FormatInt(size[1], 10)
			if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("%s: %d pixels wider than the screen", where, over)
			}
			out := eval[string](b, "[...document.querySelectorAll('button, select, summary, .figure b')].filter(e => e.checkVisibility()).filter(e => { const r = e.getBoundingClientRect(); return r.left < -1 || r.right > innerWidth + 1 || r.width < 8; }).map(e => e.id || e.textContent).join()")
			if out != "" {
				t.Errorf("%s: off the screen or too small: %s", where, out)
			}
			if size[0] <= 900 { // the page scrolls
				continue
			}
			if below := eval[string](b, "[...document.querySelectorAll('#explore .panel')].filter(e => e.getBoundingClientRect().bottom > document.querySelector('#explore .strip').getBoundingClientRect().top).map(e => e.ariaLabel).join()"); below != "" {
				t.Errorf("%s: behind the verdict: %s", where, below)
			}
		}
	}
}

// randomTree is a tree of few tags, keys and values, so that two of them have much in common.
func randomTree(r *rand.Rand, depth int) *tree.Node {
	n := tree.New([]string{"div", "span", "svg", "g"}[r.IntN(4)], "")
	for _, name := range []string{"class", "title", "data-do"} {
		if r.IntN(2) == 0 {
			n.Set(name, []string{"", "a", "<b> & ü"}[r.IntN(3)])
		}
	}
	if depth == 0 || r.IntN(4) == 0 {
		n.Text = []string{"", "x", "<img src=x onerror=alert(1)> → ☃"}[r.IntN(3)]
		return n
	}
	for _, key := range r.Perm(8)[:r.IntN(6)] {
		kid := randomTree(r, depth-1)
		if key < 6 {
			kid.Key = strconv.Itoa(key)
		}
		n.Add(kid)
	}
	return n
}

// shape is a tree as the page is asked to say it.
func shape(n *tree.Node) string {
	var attrs, kids []string
	for _, a := range n.Attrs {
		attrs = append(attrs, a.Name+"="+a.Value)
	}
	slices.Sort(attrs)
	for _, k := range n.Kids {
		kids = append(kids, shape(k))
	}
	return n.Tag + "[" + strings.Join(attrs, ",") + "](" + n.Text + strings.Join(kids, "") + ")"
}

func TestPatchesMakeThePageIntoWhatTheySay(t *testing.T) {
	b := serve(t).open(t, 800, 600)
	b.run(`{
		const root = document.createElement('div');
		document.body.append(root);
		globalThis.patch = slotrace.patched(root);
		const shape = (e) => e.tagName.toLowerCase() + '[' + [...e.attributes].map(a => a.name + '=' + a.value).sort().join() + '](' + [...e.childNodes].map(c => c.nodeType === 3 ? c.data : shape(c)).join('') + ')';
		globalThis.patched = (base64) => { const wrong = patch(Uint8Array.from(atob(base64), c => c.charCodeAt(0)).buffer); return wrong || shape(root); };
	}`)
	r := rand.New(rand.NewPCG(1, 2))
	var sender tree.Sender
	for range 150 {
		next := randomTree(r, 3)
		next.Tag = "div"
		sender.Render(next)
		if got, want := eval[string](b, "patched('"+base64.StdEncoding.EncodeToString(sender.Take())+"')"), shape(next); got != want {
			t.Fatalf("the page is\n%s, want\n%s", got, want)
		}
	}
	for _, bad := range []string{"\xff", "\x01\x05\xff\x7f", "\x03\x01\xff\x7f\x01x", "\x06\x7f", "\x02\x7f\x01x"} {
		if got := eval[string](b, "patched('"+base64.StdEncoding.EncodeToString([]byte(bad))+"')"); strings.HasPrefix(got, "div[") {
			t.Errorf("%q is understood", bad)
		}
	}
}

func TestALinkIsCopiedAndAScheduleSaved(t *testing.T) {
	b := serve(t).explore(t, lost, 1280, 720)
	b.run("navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }; URL.createObjectURL = (blob) => { globalThis.saved = blob; return '#'; }; HTMLAnchorElement.prototype.click = function () { globalThis.savedAs = this.download; };")
	b.click("#explore-top [data-do=copy]")
	b.until("globalThis.copied")
	if got := eval[string](b, "copied"); got != eval[string](b, "location.origin")+"/"+lost {
		t.Errorf("copied %q", got)
	}
	for as, want := range map[string][2]string{
		"svg":  {"slot-allocation-check-then-act-A1B3A2.svg", "<svg xmlns="},
		"json": {"slot-allocation-check-then-act-A1B3A2.json", `"schedule": "A1B3A2"`},
		"test": {"slot_allocation_check_then_act_A1B3A2_test.go", "func TestSchedule(t *testing.T)"},
	} {
		b.run("globalThis.savedAs = ''")
		b.click("#explore-save summary")
		b.click("#explore-save [data-do='save " + as + "']")
		b.until("globalThis.savedAs")
		if name := eval[string](b, "savedAs"); name != want[0] {
			t.Errorf("%s is called %q", as, name)
		}
		if content := eval[string](b, "saved.text()"); !strings.Contains(content, want[1]) {
			t.Errorf("%s: %.200q", as, content)
		}
		if eval[bool](b, "document.querySelector('#explore-save').open") {
			t.Error("the menu stays open")
		}
	}
}

// What has text of its own whose contrast with what is behind it is below 4.5, with the ratio.
const unreadable = `(() => {
	const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
	const over = (colours) => { // painted one over the other
		c.clearRect(0, 0, 1, 1);
		for (const colour of colours) { c.fillStyle = colour; c.fillRect(0, 0, 1, 1); }
		return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	const luminance = (rgb) => { const [r, g, b] = rgb.map(v => (v /= 255) < 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const out = new Set();
	for (const e of document.querySelectorAll('#explore *, .top *')) {
		if (e.closest('svg') || !e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const grounds = [];
		for (let p = e; p; p = p.parentElement) grounds.unshift(getComputedStyle(p).backgroundColor);
		const ink = getComputedStyle(e).color, a = luminance(over(grounds)), b = luminance(over([...grounds, ink]));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) out.add(e.tagName + '.' + e.className + ' ' + JSON.stringify(e.textContent.slice(0, 20)) + ' ' + ratio.toFixed(2));
	}
	return [...out].join('; ');
})()`

func TestEveryTextInExploreReads(t *testing.T) {
	s := serve(t)
	b := s.explore(t, "#explore", 1440, 900)
	for _, fragment := range []string{
		"", "schedule=A1B3A2&step=5", "scenario=lock-order&variant=content-then-index&schedule=A1B1",
		"threads=8&ops=1&variant=fetch-add&schedule=A1B1C1D1E1F1G1H1A1B1C1&step=9", "schedule=B9",
	} {
		if fragment != "" {
			was := eval[string](b, "JSON.stringify({..."+explored+"})")
			b.run("location.hash = '#explore?" + fragment + "'")
			b.until("JSON.stringify({..." + explored + "}) !== " + strconv.Quote(was))
		}
		for _, theme := range []string{"dark", "light", "projector"} {
			b.theme(theme)
			b.until("document.getAnimations().length === 0")
			if bad := eval[string](b, unreadable); bad != "" {
				t.Errorf("%s, %s: %s", theme, fragment, bad)
			}
		}
	}
}

func TestTheExplorerIsSmallAndComesWhenItIsOpened(t *testing.T) {
	const budget = 1_200_000
	info, err := os.Stat(filepath.Join(root, "static/dist/lab.wasm.br"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > budget {
		t.Errorf("lab.wasm is %d bytes as brotli, over its budget of %d", info.Size(), budget)
	}
	b := serve(t).open(t, 1280, 720)
	const came = "performance.getEntriesByName(location.origin + '/lab.js').length"
	if n := eval[int](b, came); n != 0 {
		t.Error("it is there before anybody wants it")
	}
	b.click("#tab-explore")
	b.until("document.querySelector('#explore-note').textContent.includes('Loading') || " + exploreSeen)
	b.until(exploreSeen)
	t.Logf("lab.wasm: %d bytes as brotli", info.Size())
}
