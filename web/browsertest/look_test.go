//go:build browser

package browsertest

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// prefers makes the browser say what its user prefers.
func prefers(feature, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
		return err
	})
}

func TestNothingOverflowsSideways(t *testing.T) {
	s := serve(t)
	for _, size := range [][2]int64{{1280, 720}, {1440, 900}, {1920, 1080}, {390, 844}, {768, 1024}} {
		for _, theme := range []string{"dark", "projector"} {
			b := s.open(t, size[0], size[1])
			b.run("{ const e = document.querySelector('#theme'); e.value = '" + theme + "'; e.dispatchEvent(new Event('change')); }")
			for _, sides := range []string{"1", "2"} {
				b.until("document.querySelector('#live').dataset.sides === '" + sides + "'")
				where := theme + " at " + strconv.FormatInt(size[0], 10) + " x " + strconv.FormatInt(size[1], 10) + ", sides " + sides
				if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%s: %d pixels wider than the screen", where, over)
				}
				out := eval[string](b, "[...document.querySelectorAll('button, select, input[type=range], .figure b')].filter(e => e.checkVisibility()).filter(e => { const r = e.getBoundingClientRect(); return r.left < -1 || r.right > innerWidth + 1 || r.width < 8; }).map(e => e.id || e.textContent).join()")
				if out != "" {
					t.Errorf("%s: off the screen or too small: %s", where, out)
				}
				if sides == "1" {
					b.click("#compare")
				}
			}
		}
	}
}

// A theme changes the stylesheet's colours and those of the canvases.
func TestThemesAreTheSystemsUntilOneIsChosenAndThenKept(t *testing.T) {
	s := serve(t)
	const page = "getComputedStyle(document.body).backgroundColor"
	const lanes = "[...document.querySelector('#lanes').getContext('2d').getImageData(0, 0, 1, 1).data].join()"
	b := s.open(t, 1280, 720, prefers("prefers-color-scheme", "light"))
	if got := eval[string](b, page); got != "rgb(245, 246, 248)" {
		t.Errorf("the system is light, the page %s", got)
	}
	b.until(lanes + " === '255,255,255,255'")
	b.do(prefers("prefers-color-scheme", "dark"))
	b.until(page + " === 'rgb(15, 19, 24)' && " + lanes + " === '22,28,35,255'")
	b.run("{ const e = document.querySelector('#theme'); e.value = 'projector'; e.dispatchEvent(new Event('change')); }")
	b.until(page + " === 'rgb(255, 255, 255)' && getComputedStyle(document.documentElement).fontSize === '22.4px'")
	b.do(chromedp.Reload())
	b.until("globalThis.slotrace?.ready && document.querySelector('#theme').value === 'projector' && " + page + " === 'rgb(255, 255, 255)'")
}

// What is drawn at the left of the lanes.
const leftOfLanes = `new Uint32Array(document.querySelector('#lanes').getContext('2d').getImageData(80, 0, 200, 250).data.buffer)`

// Whether it is the same 20 frames later; null if nothing was there but the lanes.
const leftStands = `new Promise(done => {
	const first = ` + leftOfLanes + `;
	let frames = 0;
	const same = (a, b) => a.every((v, i) => v === b[i]);
	const tick = () => ++frames < 20 ? requestAnimationFrame(tick) : done(same(first, emptyLanes) ? null : same(first, ` + leftOfLanes + `));
	requestAnimationFrame(tick);
})`

func TestWithReducedMotionLanesDoNotScroll(t *testing.T) {
	for _, c := range []struct {
		motion string
		stands bool
	}{{"reduce", true}, {"no-preference", false}} {
		b := serve(t).open(t, 1280, 720, prefers("prefers-reduced-motion", c.motion))
		b.slide("#pace", 40) // so slow that a page takes seconds
		b.run("globalThis.emptyLanes = " + leftOfLanes)
		b.click("#run")
		b.until(figureAtLeast("stored", 24)) // time has filled the lanes, and moves on
		stood := 0
		for looks := 0; looks < 6; { // at some of them a page turns, or boxes grow
			if still := eval[*bool](b, leftStands); still != nil {
				looks++
				if *still {
					stood++
				}
			}
		}
		if got := stood >= 2; got != c.stands {
			t.Errorf("%s: the lanes stood still in %d of 6 looks", c.motion, stood)
		}
	}
}

func TestAPageOnWhichNothingChangesDrawsNothing(t *testing.T) {
	b := serve(t).open(t, 1280, 720)
	still := eval[bool](b, `new Promise(done => {
		let last = slotrace.frames, same = 0, all = 0;
		const tick = () => {
			same = slotrace.frames === last ? same + 1 : 0;
			last = slotrace.frames;
			same > 30 || ++all > 600 ? done(same > 30) : requestAnimationFrame(tick);
		};
		tick();
	})`)
	if !still {
		t.Error("it draws all the time")
	}
}

func TestThePageIsSmallAndSoonUsable(t *testing.T) {
	const budget = 600_000
	info, err := os.Stat(filepath.Join(root, "static/dist/page.wasm.br"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > budget {
		t.Errorf("page.wasm is %d bytes as brotli, over its budget of %d", info.Size(), budget)
	}
	b := serve(t).open(t, 1280, 720)
	const wait = "performance.getEntriesByName(location.origin + '/page.wasm')[0]"
	if coding := eval[string](b, "fetch('/page.wasm', {method: 'HEAD'}).then(r => r.headers.get('Content-Encoding') ?? 'none')"); coding != "br" && coding != "gzip" {
		t.Errorf("page.wasm is sent as %s", coding)
	}
	t.Logf("page.wasm: %d bytes as brotli, %.0f ms to fetch", info.Size(), eval[float64](b, wait+".responseEnd - "+wait+".startTime"))
}

// frames counts frames for a while: those that the browser had, those in which
// the page drew, and the time between two at the 95th percentile.
type frames struct {
	Browser, Page, P95 float64
}

func count(b *tab) frames {
	return eval[frames](b, `new Promise(done => {
		const from = performance.now(), drawn = slotrace.frames, gaps = [];
		let last = from;
		const tick = () => {
			const now = performance.now();
			gaps.push(now - last);
			last = now;
			if (now - from < 3000) return requestAnimationFrame(tick);
			gaps.sort((a, b) => a - b);
			const s = (now - from) / 1000;
			done({Browser: gaps.length / s, Page: (slotrace.frames - drawn) / s, P95: gaps[Math.floor(gaps.length * 0.95)]});
		};
		requestAnimationFrame(tick);
	})`)
}

// What a machine can do decides here, so it is reported and not judged, but for
// a page that has all but stopped.
func TestFramesASecondAreReported(t *testing.T) {
	b := serve(t).open(t, 1920, 1080)
	// The protocol's own listening costs a websocket most of its throughput.
	if _, err := chromedp.Call(b.ctx, network.Disable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.run("{ const e = document.querySelector('#slots-count'); e.value = '100000'; e.dispatchEvent(new Event('change')); }")
	b.slide("#writers", 64)
	b.click("#run")
	b.until(figureAtLeast("stored", 60))
	slow := count(b)
	b.slide("#pace", realSpeed)
	b.until(figureAtLeast("stored", 100_000))
	fast := count(b)
	t.Logf("1920 x 1080, 64 writers, 100,000 slots: slow %.0f frames/s (p95 %.1f ms), full speed %.0f frames/s (p95 %.1f ms)", slow.Page, slow.P95, fast.Browser, fast.P95)
	if slow.Page < 5 || fast.Browser < 5 {
		t.Error("the page hardly moves")
	}
}

// TestPicture takes the README's picture when SLOTRACE_PICTURE names its file.
func TestPicture(t *testing.T) {
	b := serve(t).open(t, 1440, 900, prefers("prefers-color-scheme", "dark"))
	b.slide("#pace", 40)
	b.click("#run")
	b.until(figureAtLeast("stored", 100))
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Size(); got != image.Pt(1440, 900) {
		t.Errorf("the picture is %v", got)
	}
	small := reduce(picture)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", out.Len())
	if name := os.Getenv("SLOTRACE_PICTURE"); name != "" {
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// reduce leaves a picture the 256 colours it has most of, so that its file is small.
func reduce(m image.Image) *image.Paletted {
	counts := make(map[color.RGBA]int)
	bounds := m.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
			c.R, c.G, c.B = c.R&^3, c.G&^3, c.B&^3
			counts[c]++
		}
	}
	palette := make(color.Palette, 0, 256)
	for len(palette) < 256 && len(counts) > 0 {
		var most color.RGBA
		for c, n := range counts {
			if n > counts[most] || n == counts[most] && (uint32(c.R)<<16|uint32(c.G)<<8|uint32(c.B)) < (uint32(most.R)<<16|uint32(most.G)<<8|uint32(most.B)) {
				most = c
			}
		}
		palette = append(palette, most)
		delete(counts, most)
	}
	small := image.NewPaletted(bounds, palette)
	draw.Draw(small, bounds, m, bounds.Min, draw.Src)
	return small
}
