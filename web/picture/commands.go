package picture

// Commands is a drawing as numbers, for one loop of JavaScript to carry out: a
// call of a canvas costs half a microsecond from here and a colour change several,
// a number next to nothing. Drawings are gathered by style and come out in the
// order of styles, which is also the order from back to front.
//
//	0 style                        the colour of what follows
//	1 x y width height             a rectangle
//	2 x y width height radius      one with round corners
//	3 x y width height radius      its outline
//	4 x0 y0 x1 y1 width            a line
//	5 x y0 y1 width                a dotted line down
//	6 text number text x y         text, number (none if negative), text, centred on x, y
//	7 text number text x y         the same, from x to the right
//	8 size                         of text, in pixels
//	9 shift                        moves the hatching that much to the right
type Commands struct {
	// Texts are what the commands' numbers of texts stand for.
	Texts   []string
	styles  [laneStyles][]float32
	sizes   [laneStyles]float32
	shift   float32
	numbers []float32
}

const noNumber = -1

// Reset empties the drawing. The first texts are always the same.
func (c *Commands) Reset() {
	for i := range c.styles {
		c.styles[i] = c.styles[i][:0]
		c.sizes[i] = 0
	}
	c.Texts = append(c.Texts[:0], "", "W", "lost")
	c.shift = 0
}

const (
	textNone = iota
	textWriter
	textLost
)

func (c *Commands) text(s string) float32 {
	c.Texts = append(c.Texts, s)
	return float32(len(c.Texts) - 1)
}

func (c *Commands) add(style int, v ...float32) { c.styles[style] = append(c.styles[style], v...) }

func (c *Commands) size(style int, px float64) {
	if c.sizes[style] != float32(px) {
		c.sizes[style] = float32(px)
		c.add(style, 8, float32(px))
	}
}

// Numbers returns the drawing; it is good until the next call.
func (c *Commands) Numbers() []float32 {
	c.numbers = append(c.numbers[:0], 9, c.shift)
	for style, v := range c.styles {
		if len(v) > 0 {
			c.numbers = append(append(c.numbers, 0, float32(style)), v...)
		}
	}
	return c.numbers
}
