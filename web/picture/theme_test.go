package picture

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTextReadsInEveryTheme(t *testing.T) {
	for _, th := range Themes {
		for _, c := range []struct {
			what    string
			ink     Colour
			grounds []Colour
			atLeast float64
		}{
			{"ink", th.Ink, []Colour{th.Page, th.Panel, th.ErrorPanel}, 7},
			{"quiet", th.Quiet, []Colour{th.Page, th.Panel, th.ErrorPanel}, 4.5},
			{"accent", th.Accent, []Colour{th.Page, th.Panel}, 4.5},
			{"error", th.Error, []Colour{th.Page, th.Panel, th.ErrorPanel}, 4.5},
			{"good", th.Good, []Colour{th.Page, th.Panel}, 4.5},
		} {
			for _, g := range c.grounds {
				if r := Contrast(c.ink, g); r < c.atLeast {
					t.Errorf("%s: %s %s on %s: %.2f, want %.1f", th.Name, c.what, c.ink.CSS(), g.CSS(), r, c.atLeast)
				}
			}
		}
		for w := range WriterColours {
			for _, g := range []Colour{th.Page, th.Panel} {
				if r := Contrast(th.WriterText(w), g); r < 4.5 {
					t.Errorf("%s: the name of %s on %s: %.2f", th.Name, WriterName(w), g.CSS(), r)
				}
			}
			if r := Contrast(th.Label, th.Writer(w)); r < 4.5 {
				t.Errorf("%s: a label on the colour of %s: %.2f", th.Name, WriterName(w), r)
			}
		}
	}
}

func TestContrastIsThatOfWCAG(t *testing.T) {
	black, white := hex(0), hex(0xffffff)
	if got := Contrast(black, white); got < 20.99 || got > 21.01 {
		t.Errorf("black on white: %f, want 21", got)
	}
	if a, b := Contrast(hex(0x777777), white), Contrast(white, hex(0x777777)); a != b || a < 4.47 || a > 4.49 {
		t.Errorf("#777 on white: %f and %f, want 4.48 both ways", a, b)
	}
}

func TestEveryWriterIsToldApart(t *testing.T) {
	seen := make(map[[2]any]int)
	for w := range 64 {
		key := [2]any{Dark.Writer(w), Mark(w)}
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s look the same", WriterName(w), WriterName(other))
		}
		seen[key] = w
	}
}

// The page's stylesheet and the canvases must not drift apart.
func TestTheStylesheetHasTheColoursOfTheThemes(t *testing.T) {
	b, err := os.ReadFile("../../static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	css := string(b)
	root := block(t, css, ":root {")
	projector := block(t, css, `:root[data-theme="projector"] {`)
	names := map[string]func(*Theme) Colour{
		"page": func(t *Theme) Colour { return t.Page }, "panel": func(t *Theme) Colour { return t.Panel },
		"line": func(t *Theme) Colour { return t.Line }, "ink": func(t *Theme) Colour { return t.Ink },
		"quiet": func(t *Theme) Colour { return t.Quiet }, "accent": func(t *Theme) Colour { return t.Accent },
		"error": func(t *Theme) Colour { return t.Error }, "error-panel": func(t *Theme) Colour { return t.ErrorPanel },
		"good": func(t *Theme) Colour { return t.Good },
	}
	for name, of := range names {
		if want := "--" + name + ": light-dark(" + of(Light).CSS() + ", " + of(Dark).CSS() + ");"; !strings.Contains(root, want) {
			t.Errorf("the stylesheet lacks %q", want)
		}
		want := "--" + name + ": " + of(Projector).CSS() + ";"
		if !strings.Contains(projector, want) && of(Projector) != of(Light) {
			t.Errorf("the projector's colours lack %q", want)
		}
	}
	for i := range WriterColours {
		if want := ".w" + string(rune('0'+i)) + " { --w: " + Dark.Writer(i).CSS() + "; }"; !strings.Contains(css, want) {
			t.Errorf("the stylesheet lacks %q", want)
		}
		if want := "--t" + string(rune('0'+i)) + ": light-dark(" + Light.WriterText(i).CSS() + ", " + Dark.WriterText(i).CSS() + ");"; !strings.Contains(root, want) {
			t.Errorf("the stylesheet lacks %q", want)
		}
	}
	if regexp.MustCompile(`url\(|@import|https?:`).MatchString(css) {
		t.Error("the stylesheet fetches something")
	}
}

func block(t *testing.T, css, head string) string {
	t.Helper()
	_, rest, ok := strings.Cut(css, head)
	if !ok {
		t.Fatalf("the stylesheet has no %q", head)
	}
	body, _, _ := strings.Cut(rest, "}")
	return body
}

func TestHatchingShowsBothColoursAndRepeats(t *testing.T) {
	for _, th := range Themes {
		pixels, size := th.Hatch()
		counts := map[uint32]int{}
		for _, p := range pixels {
			counts[p]++
		}
		if len(pixels) != size*size || counts[th.Error.Pixel()] == 0 || counts[th.ErrorPanel.Pixel()] == 0 || len(counts) != 2 {
			t.Errorf("%s: %d pixels of %d colours", th.Name, len(pixels), len(counts))
		}
		for y := range size {
			for x := range size {
				if c := th.hatched(x, y); c != th.hatched(x+size, y) || c != th.hatched(x, y+size) || c != th.hatched(x+1, y+size-1) {
					t.Fatalf("%s: the stripes break at %d, %d", th.Name, x, y)
				}
			}
		}
	}
}

func TestPixelIsWhatImageDataWants(t *testing.T) {
	if got := hex(0x123456).Pixel(); got != 0xff563412 {
		t.Errorf("%#x, want bytes 12 34 56 ff in memory", got)
	}
	if got := hex(0x00a0ff).CSS(); got != "#00a0ff" {
		t.Error(got)
	}
}
