//go:build js && wasm

package canvas

import (
	"math"
	"slices"
	"strconv"
	"syscall/js"
	"unsafe"

	"slotrace/web/picture"
)

// Canvas is a canvas element.
type Canvas struct {
	Element       js.Value
	Width, Height int // pixels of the screen
	Ratio         float64

	context js.Value
	// of Play
	floats js.Value // Float32Array that the commands are copied to
	bytes  js.Value // and the same memory as bytes
	styles js.Value
	texts  js.Value
	last   []string // what is in texts
	// of Put
	image js.Value
	data  js.Value // the image's pixels as bytes
}

// Of makes the canvas element ready. Nothing shines through it: it is opaque.
func Of(element js.Value) *Canvas {
	return &Canvas{Element: element, context: element.Call("getContext", "2d", map[string]any{"alpha": false}), Ratio: 1}
}

// Resize gives the canvas a size in CSS pixels on a screen of so many pixels to
// one of these, and reports whether it changed. It forgets what was drawn.
func (c *Canvas) Resize(width, height, ratio float64) bool {
	w, h := int(math.Round(width*ratio)), int(math.Round(height*ratio))
	if w == c.Width && h == c.Height && ratio == c.Ratio {
		return false
	}
	c.Width, c.Height, c.Ratio = w, h, ratio
	c.Element.Set("width", w)
	c.Element.Set("height", h)
	s := c.Element.Get("style")
	s.Set("width", strconv.FormatFloat(width, 'f', -1, 64)+"px")
	s.Set("height", strconv.FormatFloat(height, 'f', -1, 64)+"px")
	c.image = js.Undefined()
	return true
}

// SetTheme takes the styles of lanes from a theme.
func (c *Canvas) SetTheme(t *picture.Theme) {
	styles := t.LaneStyles()
	list := make([]any, len(styles))
	for i, s := range styles {
		list[i] = s
	}
	c.styles = js.ValueOf(list)
	c.styles.SetIndex(picture.StyleHatch, c.hatch(t))
}

// hatch makes the pattern of collisions.
func (c *Canvas) hatch(t *picture.Theme) js.Value {
	pixels, size := t.Hatch()
	tile := js.Global().Get("document").Call("createElement", "canvas")
	tile.Set("width", size)
	tile.Set("height", size)
	image := js.Global().Get("ImageData").New(size, size)
	js.CopyBytesToJS(image.Get("data"), bytesOf(pixels))
	tile.Call("getContext", "2d").Call("putImageData", image, 0, 0)
	return c.context.Call("createPattern", tile, "repeat")
}

const face = `system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif`

// Play clears the canvas to a colour and carries out the commands, whose lengths
// are CSS pixels.
func (c *Canvas) Play(ground picture.Colour, commands *picture.Commands) {
	numbers := commands.Numbers()
	if c.floats.IsUndefined() || c.floats.Length() < len(numbers) {
		c.floats = js.Global().Get("Float32Array").New(len(numbers) * 2)
		c.bytes = js.Global().Get("Uint8Array").New(c.floats.Get("buffer"))
	}
	js.CopyBytesToJS(c.bytes, bytesOf(numbers))
	if c.texts.IsUndefined() || !slices.Equal(c.last, commands.Texts) {
		c.last = slices.Clone(commands.Texts)
		list := make([]any, len(c.last))
		for i, s := range c.last {
			list[i] = s
		}
		c.texts = js.ValueOf(list)
	}
	c.context.Call("setTransform", 1, 0, 0, 1, 0, 0)
	c.context.Set("fillStyle", ground.CSS())
	c.context.Call("fillRect", 0, 0, c.Width, c.Height)
	c.context.Call("setTransform", c.Ratio, 0, 0, c.Ratio, 0, 0)
	c.context.Set("textBaseline", "middle")
	js.Global().Get("slotrace").Call("paint", c.context, c.floats, len(numbers), c.styles, c.texts, face)
}

// Put shows the pixel rows of the map from y0 to before y1.
func (c *Canvas) Put(m *picture.Map, y0, y1 int) {
	if y1 <= y0 || m.Width != c.Width || m.Height != c.Height {
		return
	}
	if c.image.IsUndefined() {
		c.image = js.Global().Get("ImageData").New(c.Width, c.Height)
		c.data = c.image.Get("data")
		y0, y1 = 0, c.Height
	}
	stretch := c.data.Call("subarray", y0*c.Width*4, y1*c.Width*4)
	js.CopyBytesToJS(stretch, bytesOf(m.Pixels[y0*c.Width:y1*c.Width]))
	c.context.Call("putImageData", c.image, 0, 0, 0, y0, c.Width, y1-y0)
}

// bytesOf looks at numbers as bytes: both sides are little-endian.
func bytesOf[N uint32 | float32](v []N) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v)*4)
}
