package card

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/hack-pad/hackpadfs"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
	"slotrace/web/picture"
)

func made(t testing.TB, r recordingtest.Run) *recording.Recording {
	t.Helper()
	fsys, err := r.Folder()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func drawn(t testing.TB, rec *recording.Recording) image.Image {
	t.Helper()
	b, err := Draw(rec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Draw(rec)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the picture is another each time, %v", err)
	}
	p, err := png.Decode(bytes.NewReader(b))
	if err != nil || p.Bounds() != image.Rect(0, 0, Width, Height) {
		t.Fatalf("%v, %v", p.Bounds(), err)
	}
	return p
}

// count counts pixels of a colour.
func count(p image.Image, in image.Rectangle, c picture.Colour) (n int) {
	want := rgba(c.Pixel())
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if r, g, b, _ := p.At(x, y).RGBA(); uint8(r>>8) == want.R && uint8(g>>8) == want.G && uint8(b>>8) == want.B {
				n++
			}
		}
	}
	return n
}

func TestRedIsForWhatCollidedAndWasLost(t *testing.T) {
	theMap := image.Rect(500, 150, Width, Height-margin-44)
	for name, c := range map[string]struct {
		run  recordingtest.Run
		red  bool
		maps image.Rectangle
	}{
		"some":         {recordingtest.Run{}, true, theMap},
		"many slots":   {recordingtest.Run{Slots: 100_000, Laps: 1}, true, theMap},
		"one writer":   {recordingtest.Run{Writers: 1, Laps: 1}, false, theMap},
		"one slot":     {recordingtest.Run{Writers: 1, Slots: 1, Laps: 1}, false, theMap},
		"the bug":      {recordingtest.Run{Compare: true}, true, image.Rect(0, 318, Width/2, 530)},
		"beside a fix": {recordingtest.Run{Compare: true}, false, image.Rect(Width/2, 318, Width, 530)},
	} {
		p := drawn(t, made(t, c.run))
		if red := count(p, c.maps, picture.Dark.Error); (red > 0) != c.red {
			t.Errorf("%s: %d red pixels", name, red)
		}
	}
}

// Nothing that a name or a figure is may fail, or reach over the edge.
func TestWhateverItIsCalled(t *testing.T) {
	for _, name := range []string{strings.Repeat("W", 100), "競合", "競合 and more of it", strings.Repeat("e\u0301", 50), "x", "\U0001f4a5 boom"} {
		rec := made(t, recordingtest.Run{Name: name, Laps: 1, Slots: 20})
		f := &rec.Segments[len(rec.Segments)-1].Sides[0]
		f.Stored, f.Lost, f.Collisions = 1<<64-1, 1<<63, 1<<63
		p := drawn(t, rec)
		for _, edge := range []image.Rectangle{image.Rect(0, 0, margin-2, Height), image.Rect(Width-margin+2, 0, Width, Height), image.Rect(490, 150, 500, Height)} {
			if n := count(p, edge, picture.Dark.Page); n != edge.Dx()*edge.Dy() {
				t.Errorf("%q: something is at the edge %v", name, edge)
			}
		}
	}
}

func TestADamagedRecordingHasAPicture(t *testing.T) {
	fsys, err := recordingtest.Run{}.Folder()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(fsys)
	if err == nil {
		err = hackpadfs.Remove(fsys, "000001.slot")
	}
	if err != nil {
		t.Fatal(err)
	}
	drawn(t, rec)
	rec.Segments = nil
	drawn(t, rec)
}

func TestTheDensestStretchIsShown(t *testing.T) {
	cells := make([]byte, 1000)
	for i := 700; i < 730; i++ {
		cells[i] = 0x81
	}
	if got := densest(cells, 100, 10); got > 700 || got+100 < 730 {
		t.Errorf("from %d", got)
	}
	if got := densest(make([]byte, 1000), 100, 10); got != 0 {
		t.Errorf("from %d where nothing collided", got)
	}
}

func BenchmarkDraw(b *testing.B) {
	rec := made(b, recordingtest.Run{Slots: 100_000, Laps: 2})
	for b.Loop() {
		if _, err := Draw(rec); err != nil {
			b.Fatal(err)
		}
	}
}

func TestOfManySlotsTheMapShowsWhereMostCollided(t *testing.T) {
	cells := make([]byte, 1000)
	for _, at := range []int{3, 611, 640, 650} {
		cells[at] = event.CellCollided
	}
	if first := densest(cells, 100, 10); first > 611 || first+100 <= 650 || first%10 != 0 {
		t.Errorf("it begins at %d", first)
	}
	c := newCanvas(picture.Dark)
	big := make([]byte, 100_000)
	for i := range 300 {
		big[60_000+i] = event.CellCollided
	}
	if first, last := c.slots(image.Rect(0, 0, 600, 400), &recording.Scene{Cells: big}); first > 60_000 || last < 60_300 || last-first > 60*40 {
		t.Errorf("it shows %d to %d", first, last)
	}
}
