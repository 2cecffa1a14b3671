//go:build browser

package browsertest

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	reviewState = "document.querySelector('#review').dataset.state"
	reviewSeen  = "document.querySelector('#review').checkVisibility() && !document.querySelector('#live').checkVisibility()"
	liveSeen    = "document.querySelector('#live').checkVisibility() && !document.querySelector('#review').checkVisibility()"
	mayStart    = "!document.querySelector('#review-run').disabled"
	// What the seven tests have come to, one column after the other.
	outcomes = "[0, 1].map(i => [...document.querySelectorAll('#tests > li')].map(e => e.querySelectorAll('.outcome')[i].dataset.outcome[0]).join('')).join(' ')"
)

// whileRunning has the page do something as soon as a review runs: one may be over
// before a test has looked twice.
func (b *tab) whileRunning(statement string) {
	b.t.Helper()
	b.run(`new MutationObserver((_, o) => {
		if (` + reviewState + ` !== 'running') return;
		o.disconnect();
		` + statement + `
	}).observe(document.querySelector('#review'), {attributes: true})`)
}

// review opens the page on its review, by its address.
func (s *slotrace) review(t *testing.T, width, height int64) *tab {
	t.Helper()
	b := s.open(t, width, height)
	b.run("location.hash = '#review'")
	b.until(reviewSeen + " && " + mayStart)
	return b
}

func TestTheReviewFailsWithTheBugAndPassesWithTheFix(t *testing.T) {
	b := serve(t).review(t, 1440, 900)
	b.whileRunning("globalThis.offered = document.querySelector('#review-run').textContent")
	b.click("#review-run")
	b.until(reviewState + " === 'done' && document.querySelector('#review-run').textContent === 'Run again'")
	if got := eval[string](b, "offered"); got != "Cancel" {
		t.Errorf("while it ran the button said %q", got)
	}
	if got := eval[string](b, outcomes); got != "fpppfpf ppppppp" {
		t.Errorf("the tests, (p)assed and (f)ailed, are %q", got)
	}
	for selector, want := range map[string]string{"#review-score": "4 passed, 3 failed", "#review-score-right": "7 passed"} {
		if got := b.text(selector); got != want {
			t.Errorf("%s is %q, want %q", selector, got, want)
		}
	}
	if got := eval[string](b, "Object.values((({passed, failed, passedRight, failedRight}) => ({passed, failed, passedRight, failedRight}))(document.querySelector('#review').dataset)).join()"); got != "4,3,7,0" {
		t.Errorf("for scripts it is %s", got)
	}
	evidence := regexp.MustCompile(`(?s)expected\s+(Content from thread \d+ episode|Writer \d+ content|x).*got\s+\S`)
	for _, test := range []int{1, 5, 7} {
		if got := b.text("#tests > li:nth-child(" + strconv.Itoa(test) + ") .outcome:nth-child(2) .findings li"); !evidence.MatchString(got) {
			t.Errorf("the evidence of test %d is %q", test, got)
		}
	}
	if got := eval[string](b, "[...document.querySelectorAll('#tests .outcome > details')].map((e, i) => e.open && e.querySelector('.findings li').checkVisibility() ? i : '').join('')"); got != "0" {
		t.Errorf("evidence is seen without a click in cells %q, want in the first that failed alone", got)
	}
	if !eval[bool](b, "[...document.querySelectorAll('.outcome')].every(e => /operations? in [\\d.]+ (µs|ms|s)/.test(e.textContent) && /p50 .+ · p99 .+ · p99.9 .+/.test(e.textContent))") {
		t.Errorf("a cell lacks its figures: %s", b.text("#tests"))
	}
	if got := b.text("#review-window"); !regexp.MustCompile(`alike for every allocator`).MatchString(got) {
		t.Errorf("of the window it says %q", got)
	}
	if got := b.text("#review-said"); !regexp.MustCompile(`Buggy: 4 passed, 3 failed\. Fix A: 7 passed\.`).MatchString(got) {
		t.Errorf("a screen reader hears %q", got)
	}
}

func TestANewcomerSeesTheSevenTestsReadyToStart(t *testing.T) {
	b := serve(t).review(t, 1280, 720)
	for what, ok := range map[string]string{
		"it says what it is":            "document.querySelector('#review-about').checkVisibility() && document.querySelector('#review-about').textContent.includes('4 passed and 3 failed')",
		"the seven tests are listed":    "[...document.querySelectorAll('#tests h3')].map(e => e.textContent[0]).join('') === '1234567'",
		"none has run":                  outcomes + " === 'nnnnnnn nnnnnnn'",
		"the bug is beside a fix":       "document.querySelector('#review-allocator').value === 'check-then-act' && document.querySelector('#review-allocator-right').value === 'fetch-add'",
		"every allocator can be chosen": "[...document.querySelector('#review-allocator-right').options].map(e => e.value).join() === 'check-then-act,lock-each-step,fetch-add,mutex,compare-and-swap'",
	} {
		if !eval[bool](b, ok) {
			t.Errorf("not so: %s", what)
		}
	}
}

func TestAReviewCanBeCancelledAndStartedAgain(t *testing.T) {
	b := serve(t).review(t, 1280, 720)
	b.whileRunning("document.querySelector('#review-run').click()")
	b.click("#review-run")
	b.until(reviewState + " === 'cancelled' && document.querySelector('#review-run').textContent === 'Run again'")
	if got := eval[string](b, outcomes); !regexp.MustCompile(`n$`).MatchString(got) {
		t.Errorf("cancelled, the tests are %q", got)
	}
	b.run("{ const e = document.querySelector('#review-allocator'); e.value = 'mutex'; e.dispatchEvent(new Event('change')); }")
	b.until(reviewState + " === 'idle'")
	b.click("#review-run")
	b.until(reviewState + " === 'done'")
	if got := eval[string](b, outcomes); got != "ppppppp ppppppp" {
		t.Errorf("of two fixes the tests are %q", got)
	}
}

func TestASecondTabSeesTheReview(t *testing.T) {
	s := serve(t)
	a, b := s.review(t, 1280, 720), s.review(t, 390, 844)
	a.run("{ const e = document.querySelector('#review-allocator-right'); e.value = 'compare-and-swap'; e.dispatchEvent(new Event('change')); }")
	a.click("#review-run")
	b.until("document.querySelector('#review-allocator-right').value === 'compare-and-swap'")
	b.until(reviewState + " === 'done' && " + outcomes + " === 'fpppfpf ppppppp'")
	a.until(reviewState + " === 'done' && " + outcomes + " === 'fpppfpf ppppppp'")
}

func TestTheViewIsInTheAddress(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.until(liveSeen)
	b.click("#tab-review")
	b.until(reviewSeen + " && location.hash === '#review' && document.querySelector('#tab-review').ariaCurrent === 'page'")
	b.do(chromedp.Reload())
	b.until("globalThis.slotrace?.ready && " + reviewSeen + " && " + mayStart)
	b.click("#tab-live")
	b.until(liveSeen + " && document.querySelector('#tab-live').ariaCurrent === 'page' && !document.querySelector('#tab-review').ariaCurrent")
	b.run("history.back()")
	b.until(reviewSeen)
	b.run("history.forward()")
	b.until(liveSeen)
}

func TestKeysAreForTheViewThatIsSeen(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.keys("4")
	b.until(reviewSeen + " && " + mayStart)
	b.keys("BC.")
	b.whileRunning("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true, cancelable: true}))")
	b.keys(" ")
	b.until(reviewState + " === 'cancelled'")
	b.keys("?")
	b.until("document.querySelector('#help').open && document.querySelector('#keys').textContent.includes('start or cancel the review')")
	b.keys(kb.Escape)
	b.keys("1")
	b.until(liveSeen)
	if !eval[bool](b, "document.querySelector('#allocator [value=check-then-act]').checked && document.querySelector('#right').hidden && "+state+" === 'idle'") {
		t.Error("keys pressed in Review changed the run of Live")
	}
	b.keys(" ")
	b.until(state + " === 'running'")
	if got := eval[string](b, reviewState); got != "cancelled" {
		t.Errorf("a key pressed in Live made the review %s", got)
	}
}

func TestTheReviewIsPlayableByKeyboardAlone(t *testing.T) {
	b := serve(t).review(t, 1280, 720)
	b.keys(" ")
	b.until(reviewState + " === 'done'")
	b.run("globalThis.reached = new Set(); document.addEventListener('focusin', e => reached.add(e.target))")
	const all = "[...document.querySelectorAll('button, select, a, summary')].filter(e => e.checkVisibility() && !e.disabled)"
	for range eval[int](b, all+".length") + 5 {
		b.keys(kb.Tab)
	}
	if missed := eval[string](b, all+".filter(e => !reached.has(e)).map(e => e.id || e.textContent).join()"); missed != "" {
		t.Errorf("Tab does not reach %s", missed)
	}
	const proof = "document.querySelector('#tests > li:nth-child(5) details')"
	b.run(proof + ".querySelector('summary').focus()")
	b.keys(" ")
	b.until(proof + ".open && " + proof + ".querySelector('.findings li').checkVisibility()")
	if got := eval[string](b, reviewState); got != "done" {
		t.Errorf("Space on evidence made the review %s", got)
	}
}

func TestLiveDrawsNothingWhileReviewIsSeen(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	b.slide("#pace", realSpeed)
	b.click("#run")
	b.until(figureAtLeast("stored", 1000))
	b.keys("4")
	b.until(reviewSeen)
	if drawn := eval[int](b, `new Promise(done => {
		const from = slotrace.frames;
		let frames = 0;
		const tick = () => ++frames < 30 ? requestAnimationFrame(tick) : done(slotrace.frames - from);
		tick();
	})`); drawn != 0 {
		t.Errorf("it drew %d of 30 frames", drawn)
	}
	stored := b.figure("stored")
	b.keys("1")
	b.until(figureAtLeast("stored", stored+1000))
}

func TestAReviewWithoutAServerIsSaidAndFoundAgain(t *testing.T) {
	s := serve(t)
	b := s.review(t, 1280, 720)
	b.mayComplain = true // browsers write a refused connection to the console
	b.click("#review-run")
	b.until(reviewState + " !== 'idle'")
	s.stop()
	b.until("document.querySelector('#banner').textContent.startsWith('Not connected') && document.querySelector('#review-run').disabled")
	s.start()
	b.until("document.querySelector('#banner').hidden && " + mayStart + " && " + reviewState + " === 'idle'")
	b.click("#review-run")
	b.until(reviewState + " === 'done'")
}

func TestTheReviewDoesNotOverflowSideways(t *testing.T) {
	s := serve(t)
	s.review(t, 1280, 720).click("#review-run") // the other tabs see what it comes to
	for _, size := range [][2]int64{{1280, 720}, {1440, 900}, {390, 844}, {768, 1024}} {
		b := s.review(t, size[0], size[1])
		b.until(reviewState + " === 'done'")
		for _, theme := range []string{"dark", "projector"} {
			b.run("{ const e = document.querySelector('#theme'); e.value = '" + theme + "'; e.dispatchEvent(new Event('change')); }")
			b.run("document.querySelectorAll('details').forEach(e => e.open = true)")
			where := theme + " at " + strconv.FormatInt(size[0], 10) + " x " + strconv.FormatInt(size[1], 10)
			const over = "Math.max(document.documentElement.scrollWidth - innerWidth, document.querySelector('#review').scrollWidth - document.querySelector('#review').clientWidth)"
			if got := eval[int](b, over); got > 0 {
				t.Errorf("%s: %d pixels wider than the screen", where, got)
			}
			const out = "[...document.querySelectorAll('button, select, a, #review h3, .mark, .score p, .outcome p, .findings span')].filter(e => e.checkVisibility() && e.textContent).filter(e => { const r = e.getBoundingClientRect(); return r.left < -1 || r.right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1 && getComputedStyle(e).display !== 'inline' && e.tagName !== 'SELECT'; }).map(e => e.id || e.textContent).join()"
			if got := eval[string](b, out); got != "" {
				t.Errorf("%s: off the screen or cut: %s", where, got)
			}
		}
	}
}
