package card

import (
	"image"
	"image/color"
	"math"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"slotrace/web/picture"
)

// canvas is a picture of few colours, which takes a third of the time to compress that one of
// all colours would: the theme's, and for text shades of them on the page.
type canvas struct {
	theme *picture.Theme
	image *image.Paletted
	index map[uint32]uint8 // of the map's colours
}

// ground is a colour of text and of areas.
type ground uint8

const (
	page ground = iota
	ink
	quiet
	bad
	good
	accent
	grounds
)

const shades = 16 // of each, from the page's colour on

func newCanvas(t *picture.Theme) *canvas {
	c := &canvas{theme: t, index: make(map[uint32]uint8)}
	on := rgba(t.Page.Pixel())
	var palette color.Palette
	for g := range grounds {
		full := rgba([grounds]picture.Colour{t.Page, t.Ink, t.Quiet, t.Error, t.Good, t.Accent}[g].Pixel())
		for s := range shades {
			mix := func(a, b uint8) uint8 { return uint8((int(a)*s + int(b)*(shades-1-s) + (shades-1)/2) / (shades - 1)) }
			palette = append(palette, color.RGBA{mix(full.R, on.R), mix(full.G, on.G), mix(full.B, on.B), 0xff})
		}
	}
	c.image = image.NewPaletted(image.Rect(0, 0, Width, Height), palette)
	return c
}

// pixel sets a pixel to a colour of package picture.
func (c *canvas) pixel(x, y int, p uint32) {
	i, ok := c.index[p]
	if !ok {
		i = uint8(c.image.Palette.Index(rgba(p)))
		if at := rgba(p); c.image.Palette[i] != at && len(c.image.Palette) < 256 {
			i = uint8(len(c.image.Palette))
			c.image.Palette = append(c.image.Palette, at)
		}
		c.index[p] = i
	}
	c.image.Pix[y*c.image.Stride+x] = i
}

func (c *canvas) fill(r image.Rectangle, g ground) {
	i := uint8(g)*shades + shades - 1
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := c.image.Pix[y*c.image.Stride:]
		for x := r.Min.X; x < r.Max.X; x++ {
			line[x] = i
		}
	}
}

// logo draws the page's icon (static/icon.svg): a claim, and another of the same slot.
func (c *canvas) logo(x, y int, scale float64) {
	for dy := range int(26 * scale) {
		for dx := range int(26 * scale) {
			px, py := (float64(dx)+0.5)/scale, (float64(dy)+0.5)/scale
			cover := func(distance float64) int {
				return int(math.Round(min(max(0.5-distance*scale, 0), 1) * (shades - 1)))
			}
			at := &c.image.Pix[(y+dy)*c.image.Stride+x+dx]
			if blue := cover(rounded(px-8, py-15.5, 7, 6.5, 3)); blue > 0 {
				*at = uint8(accent)*shades + uint8(blue)
			}
			if red := cover(math.Abs(rounded(px-17, py-10.5, 7, 6.5, 3)) - 1.2); red > 0 {
				*at = uint8(bad)*shades + uint8(red)
			}
		}
	}
}

// rounded is how far a point is from the edge of a rectangle with round corners, whose middle
// is at 0: less than 0 inside.
func rounded(x, y, halfWidth, halfHeight, radius float64) float64 {
	dx, dy := math.Abs(x)-halfWidth+radius, math.Abs(y)-halfHeight+radius
	return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius
}

// The typefaces.
type typeface int

const (
	regular typeface = iota
	bold
)

var faces = sync.OnceValue(func() (all [2]*opentype.Font) {
	for i, b := range [][]byte{goregular.TTF, gobold.TTF} {
		f, err := opentype.Parse(b)
		if err != nil {
			panic(err) // it is in the binary: there is nothing a caller could do
		}
		all[i] = f
	}
	return all
})

func face(t typeface, size float64) font.Face {
	f, err := opentype.NewFace(faces()[t], &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // it only fails where there is no font
	}
	return f
}

// text writes a line, whose baseline is at y, and returns where it ends.
func (c *canvas) text(x, y int, g ground, t typeface, size float64, s string) int {
	f := face(t, size)
	defer f.Close()
	dot := fixed.P(x, y)
	previous := rune(-1)
	for _, r := range s {
		if previous >= 0 {
			dot.X += f.Kern(previous, r)
		}
		previous = r
		to, mask, from, advance, ok := f.Glyph(dot, r)
		if !ok {
			continue
		}
		c.stamp(to, mask, from, g)
		dot.X += advance
	}
	return dot.X.Ceil()
}

// stamp lays a glyph on the page.
func (c *canvas) stamp(to image.Rectangle, mask image.Image, from image.Point, g ground) {
	a, ok := mask.(*image.Alpha)
	if !ok {
		return
	}
	for y := max(to.Min.Y, 0); y < min(to.Max.Y, Height); y++ {
		for x := max(to.Min.X, 0); x < min(to.Max.X, Width); x++ {
			cover := a.AlphaAt(from.X+x-to.Min.X, from.Y+y-to.Min.Y).A
			if shade := (int(cover)*(shades-1) + 127) / 255; shade > 0 {
				c.image.Pix[y*c.image.Stride+x] = uint8(g)*shades + uint8(shade)
			}
		}
	}
}

// readable is a name without the letters that the typeface does not have: it has those of
// Europe. Where they are most of it, the page beside the picture has to tell it.
func readable(name string) string {
	var b strings.Builder
	missing := 0
	for _, r := range name {
		if i, err := faces()[bold].GlyphIndex(nil, r); err != nil || i == 0 {
			missing++
			continue
		}
		b.WriteRune(r)
	}
	kept := strings.Join(strings.Fields(b.String()), " ")
	if kept == "" || missing > len([]rune(kept)) {
		return "A recorded run"
	}
	return kept
}

func (c *canvas) width(s string, t typeface, size float64) int {
	f := face(t, size)
	defer f.Close()
	return font.MeasureString(f, s).Ceil()
}

// fit is the size of type, at most size, at which a text has a width.
func (c *canvas) fit(s string, t typeface, size float64, width int) float64 {
	if w := c.width(s, t, size); w > width {
		size *= float64(width) / float64(w)
	}
	return size
}

// clip shortens a text to a width.
func (c *canvas) clip(s string, t typeface, size float64, width int) string {
	if c.width(s, t, size) <= width {
		return s
	}
	letters := []rune(s)
	for n := len(letters); n > 0; n-- {
		if short := strings.TrimRight(string(letters[:n]), " ,;:-") + "…"; c.width(short, t, size) <= width {
			return short
		}
	}
	return ""
}
