//go:build browser

package browsertest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// settled is true once the odds are those of an allocator that was switched to,
// and none of its stores collided.
const settled = "document.querySelector('#figures .figure:nth-of-type(5) b').textContent === 'none'"

func TestANewcomerSeesARunReadyToStart(t *testing.T) {
	b := serve(t).open(t, 1440, 900)
	for what, ok := range map[string]string{
		"the buggy allocator is chosen":  "document.querySelector('#allocator [value=check-then-act]').checked",
		"every allocator can be chosen":  "[...document.querySelectorAll('#allocator input')].map(e => e.value).join() === 'check-then-act,lock-each-step,fetch-add,mutex,compare-and-swap'",
		"there are 8 writers":            "document.querySelector('#writers').value === '8'",
		"it says what to look for":       "document.querySelector('#hint').checkVisibility() && document.querySelector('#hint').textContent.length > 60",
		"nothing runs":                   state + " === 'idle'",
		"the map has 10,000 empty slots": "document.querySelector('#slots').dataset.slots === '10000' && document.querySelector('#slots').dataset.collided === '0'",
		"the code is the allocator's":    "document.querySelector('#code').textContent.includes('a.count.Load(t, look)')",
		"the button says Run":            "document.querySelector('#run').textContent === 'Run'",
	} {
		if !eval[bool](b, ok) {
			t.Errorf("not so: %s", what)
		}
	}
}

func TestTheBugIsSeenAndTheFixStopsIt(t *testing.T) {
	for _, c := range []struct{ bug, fix string }{{"check-then-act", "fetch-add"}, {"lock-each-step", "mutex"}, {"check-then-act", "compare-and-swap"}} {
		t.Run(c.bug+" and "+c.fix, func(t *testing.T) {
			b := serve(t).open(t, 1440, 900)
			b.slide("#pace", realSpeed)
			b.choose(c.bug)
			b.click("#run")
			b.until(state + " === 'running'")
			b.until(figureAtLeast("collisions", 1))
			b.until(figureAtLeast("lost", 1))
			b.until("document.querySelector('#evidence li')")
			evidence := b.text("#evidence li")
			if !regexp.MustCompile(`(?s)^w\d+-m\d+ · slot [\d,]+\s+expected Writer \d+ content \d+\s+got .*Writer \d+ content \d+`).MatchString(evidence) {
				t.Errorf("the evidence is %q", evidence)
			}

			b.choose(c.fix)
			b.until(settled)
			collisions, stored := b.figure("collisions"), b.figure("stored")
			b.until(figureAtLeast("stored", stored+100_000))
			if now := b.figure("collisions"); now != collisions {
				t.Errorf("%s: %d collisions after it was switched on, %d when it was", c.fix, now, collisions)
			}

			lost := b.figure("lost")
			b.choose(c.bug)
			b.until(figureAtLeast("lost", lost+1))
		})
	}
}

func TestPauseStandsStillAndStepsGoOneByOne(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.slide("#pace", 60)
	b.click("#run")
	b.until(figureAtLeast("stored", 5))
	b.click("#run")
	b.until(state + " === 'paused' && document.querySelector('#run').textContent === 'Go on'")
	seen := map[string]bool{}
	for range 8 {
		before := b.text("#narration")
		b.click("#step")
		b.until("document.querySelector('#narration').textContent !== " + quoted(before))
		seen[b.text("#narration")] = true
		if got := eval[string](b, state); got != "paused" {
			t.Fatalf("after a step the run is %s", got)
		}
	}
	for said := range seen {
		if !regexp.MustCompile(`^W[1-8] .+\.$`).MatchString(said) {
			t.Errorf("a step is told as %q", said)
		}
	}
	if !eval[bool](b, "[...document.querySelectorAll('#code .token')].length > 0") {
		t.Error("no writer stands on a line of the code")
	}
	stored := b.figure("stored")
	b.click("#run")
	b.until(figureAtLeast("stored", stored+3))
}

func TestAStepFromTheStartBeginsAPausedRun(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.click("#step")
	b.until(state + " === 'paused' && document.querySelector('#narration').textContent.includes('looks: the count says 0')")
}

func TestStoppingKeepsTheFigures(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.slide("#pace", realSpeed)
	b.click("#run")
	b.until(figureAtLeast("stored", 1000))
	b.click("#stop")
	b.until(state + " === 'done' && document.querySelector('#run').textContent === 'Run'")
	if b.figure("stored") < 1000 {
		t.Error("the figures are gone")
	}
}

func TestCompareShowsTwoStores(t *testing.T) {
	b := serve(t).open(t, 1440, 900)
	b.slide("#pace", realSpeed)
	b.click("#compare")
	b.click("#run")
	b.until(figureAtLeast("lost", 1))
	b.until(figureAtLeast("stored-right", 100_000))
	if n := b.figure("collisions-right"); n != 0 {
		t.Errorf("the fix beside it has %d collisions", n)
	}
	if !eval[bool](b, "document.querySelector('#right').checkVisibility() && document.querySelector('#slots-right').dataset.slots === '10000' && document.querySelector('#allocator-right').value === 'fetch-add'") {
		t.Error("there is no second store on the page")
	}
	b.run("{ const e = document.querySelector('#allocator-right'); e.value = 'lock-each-step'; e.dispatchEvent(new Event('change')); }")
	b.until(figureAtLeast("lost-right", 1))
	b.click("#compare")
	b.until("document.querySelector('#right').hidden && " + state + " === 'running'")
}

func TestTwoTabsSeeOneRun(t *testing.T) {
	s := serve(t)
	a, b := s.open(t, 1280, 720), s.open(t, 390, 844)
	a.click("#run")
	b.until(state + " === 'running' && document.querySelector('#run').textContent === 'Pause'")
	b.choose("mutex")
	a.until("document.querySelector('#allocator [value=mutex]').checked")
	b.slide("#writers", 12)
	a.until("document.querySelector('#writers').value === '12'")
	a.until("document.querySelector('#watching').textContent === '2 watching'")
}

func TestALostServerIsSaidAndFoundAgain(t *testing.T) {
	s := serve(t)
	b := s.open(t, 1280, 720)
	b.mayComplain = true // browsers write a refused connection to the console
	b.slide("#pace", realSpeed)
	b.click("#run")
	b.until(figureAtLeast("stored", 1))
	s.stop()
	b.until("!document.querySelector('#banner').hidden && document.querySelector('#banner').textContent.startsWith('Not connected')")
	if !eval[bool](b, "document.querySelector('#run').disabled") {
		t.Error("without a server the run can still be started")
	}
	s.start()
	b.until("document.querySelector('#banner').hidden && !document.querySelector('#run').disabled && " + state + " === 'idle'")
	b.click("#run")
	b.until(figureAtLeast("stored", 1))
}

func TestThePageIsPlayableByKeyboardAlone(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.keys(" ")
	b.until(state + " === 'running'")
	b.keys("B")
	b.until("document.querySelector('#allocator [value=fetch-add]').checked")
	b.keys("B")
	b.until("document.querySelector('#allocator [value=check-then-act]').checked")
	b.keys(" ")
	b.until(state + " === 'paused'")
	b.keys(".")
	b.until("document.querySelector('#narration').textContent !== ''")
	b.keys("C")
	b.until("!document.querySelector('#right').hidden && document.querySelector('#verdict').hasAttribute('data-stored-right')")
	b.keys("?")
	b.until("document.querySelector('#help').open")
	b.keys(kb.Escape)
	b.until("!document.querySelector('#help').open")
	// Everything that can be used can be reached with Tab, and shows it.
	want := eval[int](b, "[...document.querySelectorAll('button, select, input:not([type=radio]), canvas[tabindex], [tabindex]')].filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).length")
	b.run("globalThis.reached = new Set(); document.addEventListener('focusin', e => reached.add(e.target))")
	for range want + 10 {
		b.keys(kb.Tab)
	}
	missed := eval[string](b, "[...document.querySelectorAll('button, select, input:not([type=radio]), canvas[tabindex]')].filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && !reached.has(e)).map(e => e.id || e.textContent).join()")
	if missed != "" {
		t.Errorf("Tab does not reach %s", missed)
	}
	// The map's cells can be walked and asked about.
	b.run("document.querySelector('#slots-canvas').focus()")
	b.keys(kb.ArrowRight + kb.Enter)
	b.until("document.querySelector('#cell').checkVisibility() && document.querySelector('#cell').textContent.includes('slot ')")
	b.keys(kb.Escape)
	b.until("!document.querySelector('#cell').checkVisibility()")
}

// The run that is on the screen ends while another begins: what is pressed meanwhile is for the one that begins.
func TestKeysPressedWhileARunBeginsAreForThatRun(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.click("#step")
	b.until(state + " === 'paused'")
	b.run(`{
		const press = (e, key) => e.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
		press(document.body, 'C');
		press(document.body, '.');
		press(document.body, '.');
		press(document.querySelector('#slots-canvas'), 'ArrowRight');
		press(document.querySelector('#slots-canvas'), 'Enter');
	}`)
	b.until("document.querySelector('#cell').checkVisibility() && document.querySelector('#cell').textContent.includes('slot 0')")
	b.until("document.querySelector('#verdict').hasAttribute('data-stored-right') && /^W[1-8] /.test(document.querySelector('#narration').textContent)")
	if !eval[bool](b, "document.querySelector('#banner').hidden") {
		t.Errorf("the page complains: %s", b.text("#banner"))
	}
}

func TestKeysAreLeftToWhoIsTyping(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.run("document.querySelector('#theme').focus()")
	b.keys("B.")
	b.run("document.querySelector('#allocator input').focus()")
	b.keys(kb.ArrowRight)
	b.until("document.querySelector('#allocator [value=lock-each-step]').checked")
	if got := eval[string](b, state); got != "idle" {
		t.Errorf("the run is %s", got)
	}
}

func TestTheMapHasATableAndTellsOfASlot(t *testing.T) {
	b := serve(t).open(t, 1440, 900)
	b.run("{ const e = document.querySelector('#slots-count'); e.value = '100'; e.dispatchEvent(new Event('change')); }")
	b.until("document.querySelector('#slots').dataset.slots === '100'")
	b.slide("#pace", 60)
	b.click("#run")
	b.until("document.querySelector('#slots').dataset.collided > 0")
	b.click("#run")
	b.until(state + " === 'paused'")
	b.click("#table-open")
	b.until("document.querySelector('#table').open && document.querySelector('#table-rows tr')")
	if got := b.text("#table-rows tr"); !strings.Contains(got, "taken more than once") {
		t.Errorf("the first row is %q, and there are collisions", got)
	}
	b.keys(kb.Escape)
	b.keys("N")
	b.until("document.querySelector('#cell').checkVisibility()")
	if got := b.text("#cell"); !regexp.MustCompile(`claimed \d+ times`).MatchString(got) {
		t.Errorf("a slot that two took tells %q", got)
	}
}

func TestOlderEvidenceIsThereOnRequest(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.slide("#pace", 100) // real speed
	b.click("#run")
	b.until(figureAtLeast("lost", 500))
	b.click("#run")
	b.until(state + " === 'paused' && !document.querySelector('#evidence-more').hidden")
	const items = "document.querySelectorAll('#evidence li').length"
	before := eval[int](b, items)
	b.click("#evidence-more")
	b.until(items + " > " + strconv.Itoa(before))
	numbers := eval[[]int](b, "[...document.querySelectorAll('#evidence li')].map(e => +e.dataset.number)")
	for i := 1; i < len(numbers); i++ {
		if numbers[i] != numbers[i-1]-1 {
			t.Fatalf("number %d comes behind %d", numbers[i], numbers[i-1])
		}
	}
}

func TestPausingAtRealSpeedLeavesThePictureThere(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.slide("#pace", 100)
	b.click("#run")
	b.until("document.querySelector('#lanes-note').textContent.includes('of real time')")
	b.click("#run")
	b.until(state + " === 'paused'")
	if got := b.text("#lanes-note"); !strings.Contains(got, "of real time") {
		t.Errorf("paused, the lanes show %q", got)
	}
}

func TestABadRequestIsSaidAndTheRunGoesOn(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.mayComplain = true // browsers write a refusal to the console
	b.click("#run")
	b.until(state + " === 'running'")
	b.run("{ const e = document.querySelector('#writers'); e.max = 1000; e.value = 999; e.dispatchEvent(new Event('input')); }")
	b.until("document.querySelector('#banner').checkVisibility() && document.querySelector('#banner').textContent.includes('writers')")
	b.until("document.querySelector('#writers').value === '8'")
	b.slide("#writers", 9)
	b.until("document.querySelector('#banner').hidden")
}

func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}
