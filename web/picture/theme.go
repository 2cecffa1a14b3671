package picture

// Theme is one set of colours. Page, Panel, Line and Ink are the four surfaces;
// Accent is for what can be done, Error for errors alone. The stylesheet has the
// same values under the same names; a test holds the two together.
type Theme struct {
	Name                                                     string
	Page, Panel, Line, Ink, Quiet, Accent, Error, ErrorPanel Colour
	Good, Label                                              Colour // Label is written on a writer's colour
	Scale                                                    float64
	writers                                                  [len(okabeIto)]Colour
	texts                                                    [len(okabeIto)]Colour
}

// Okabe and Ito's palette, which people who see colours differently can tell
// apart, its black left out and two of ours behind its six.
var okabeIto = [...]Colour{
	{0x56b4e9}, {0xe69f00}, {0x009e73}, {0xf0e442}, {0xcc79a7}, {0xd55e00}, {0x8a9bff}, {0xbcc6d0},
}

// WriterColours is how many colours writers have. From there on colours come
// again, with marks.
const WriterColours = len(okabeIto)

// The themes there are.
var (
	Dark = made(Theme{
		Name: "dark", Scale: 1,
		Page: hex(0x0f1318), Panel: hex(0x161c23), Line: hex(0x27303a), Ink: hex(0xe8edf2), Quiet: hex(0x93a1b0),
		Accent: hex(0x56b4e9), Error: hex(0xff5d5d), ErrorPanel: hex(0x2b1d22), Good: hex(0x3ecf8e), Label: hex(0x0b0e12),
	})
	Light = made(Theme{
		Name: "light", Scale: 1,
		Page: hex(0xf5f6f8), Panel: hex(0xffffff), Line: hex(0xdbe0e6), Ink: hex(0x17202a), Quiet: hex(0x5a6775),
		Accent: hex(0x0072b2), Error: hex(0xc62828), ErrorPanel: hex(0xfbeeee), Good: hex(0x0b7a4b), Label: hex(0x0b0e12),
	})
	// Projector is for a lit room: black on white, everything 1.4 times as big.
	Projector = made(Theme{
		Name: "projector", Scale: 1.4,
		Page: hex(0xffffff), Panel: hex(0xffffff), Line: hex(0xa9b4bf), Ink: hex(0x000000), Quiet: hex(0x36424e),
		Accent: hex(0x005a94), Error: hex(0xb00020), ErrorPanel: hex(0xffeaea), Good: hex(0x00613a), Label: hex(0x000000),
	})
)

// Themes lists them.
var Themes = [...]*Theme{Dark, Light, Projector}

func made(t Theme) *Theme {
	for i, c := range okabeIto {
		t.writers[i] = c
		t.texts[i] = c.readable(4.5, t.Panel, t.Page)
	}
	return &t
}

// Writer is the colour of a writer's things; WriterText that of its name on Panel
// or Page.
func (t *Theme) Writer(w int) Colour     { return t.writers[w%WriterColours] }
func (t *Theme) WriterText(w int) Colour { return t.texts[w%WriterColours] }

// Mark tells writers of one colour apart: 0 for the first eight, 1 for the next,
// and so on to 7. The map shows it as that number's bits; lanes and tokens bear names.
func Mark(w int) int { return w / WriterColours }
