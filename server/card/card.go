// Package card draws the picture that goes with a shared recording: what it came to in
// large figures, and the slot map of its worst lap.
package card

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"strings"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/web/picture"
)

// Size of the picture in pixels, as chats and feeds want it.
const (
	Width  = 1200
	Height = 630

	margin = 56
)

// Draw draws the picture of a recording as a PNG. It takes a segment of each side to read; of
// one that is damaged there is no map.
func Draw(r *recording.Recording) ([]byte, error) {
	s := r.Summary()
	scenes := make([]recording.Scene, len(s.Sides))
	for i := range scenes {
		var err error
		if scenes[i], err = r.Worst(i); errors.Is(err, recording.ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
			scenes[i] = recording.Scene{}
		} else if err != nil {
			return nil, err
		}
	}
	c := newCanvas(picture.Dark)
	c.heading(s.Name)
	switch len(scenes) {
	case 0:
		c.text(margin, 320, ink, regular, 36, "nothing was recorded")
	case 1:
		c.one(&s, &scenes[0])
	default:
		c.two(&s, scenes)
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := encoder.Encode(&b, c.image); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (c *canvas) heading(name string) {
	x := Width - margin - c.width("slotrace", bold, 32)
	c.logo(x-50, 51, 1.5)
	c.text(x, 84, ink, bold, 32, "slotrace")
	const room = Width - 2*margin - 240
	name = readable(name)
	size := max(c.fit(name, bold, 46, room), 32)
	c.text(margin, 92, ink, bold, size, c.clip(name, bold, size, room))
}

// one shows a run of one side: figures on the left, the map on the right.
func (c *canvas) one(s *recording.Summary, scene *recording.Scene) {
	const left, top, mapX, mapY = margin, 150, 500, 150
	f := &s.Sides[0]
	c.fill(image.Rect(left, top+6, left+6, Height-margin), verdict(f))
	y := top + 32
	name := strings.Join(s.Allocators(0), ", ")
	c.text(left+30, y, quiet, regular, c.fit(name, regular, 26, mapX-left-70), name)
	for _, n := range []struct {
		value uint64
		what  string
		kind  ground
	}{{f.Stored, "stored without an error", ink}, {f.Lost, "lost", verdict(f)}, {f.Collisions, plain(f.Collisions, "collision"), kindOf(f.Collisions)}} {
		text := recording.Number(n.value)
		size := c.fit(text, bold, 76, mapX-left-70)
		y += 88
		c.text(left+28, y, n.kind, bold, size, text)
		y += 36
		c.text(left+30, y, quiet, regular, 24, n.what)
	}
	first, last := c.slots(image.Rect(mapX, mapY, Width-margin, Height-margin-44), scene)
	text := caption(s, scene, first, last)
	c.text(mapX, Height-margin, quiet, regular, c.fit(text, regular, 24, Width-margin-mapX), text)
}

// two shows a comparison: a side in each half.
func (c *canvas) two(s *recording.Summary, scenes []recording.Scene) {
	const gap = 48
	width := (Width - 2*margin - gap) / 2
	for i := range scenes {
		x, f := margin+i*(width+gap), &s.Sides[i]
		name := strings.Join(s.Allocators(i), ", ")
		c.fill(image.Rect(x, 136, x+width, 142), verdict(f))
		c.text(x, 182, quiet, regular, c.fit(name, regular, 26, width), name)
		text := recording.Number(f.Lost)
		size := c.fit(text, bold, 72, width*3/5)
		end := c.text(x-2, 254, verdict(f), bold, size, text)
		c.text(end+14, 254, verdict(f), bold, 30, "lost")
		c.text(x, 294, quiet, regular, 24, "of "+recording.Number(f.Stored)+" stored · "+recording.Plural(f.Collisions, "collision"))
		first, last := c.slots(image.Rect(x, 318, x+width, Height-margin-42), &scenes[i])
		text = caption(s, &scenes[i], first, last)
		c.text(x, Height-margin, quiet, regular, c.fit(text, regular, 22, width), text)
	}
}

// verdict is the colour of what a side came to.
func verdict(f *recording.Figures) ground {
	if f.Lost > 0 {
		return bad
	}
	return good
}

func kindOf(collisions uint64) ground {
	if collisions > 0 {
		return bad
	}
	return good
}

// caption says what the map shows: of a part of the slots which.
func caption(s *recording.Summary, scene *recording.Scene, first, last int) string {
	slots := recording.Number(uint64(s.Run.Slots))
	if scene.Cells == nil {
		return "the map is damaged"
	}
	if scene.Lap.Lap == 0 {
		return slots + " empty " + plain(uint64(s.Run.Slots), "slot")
	}
	text := fmt.Sprintf("lap %s: ", recording.Number(uint64(scene.Lap.Lap)))
	if scene.Collided == 0 {
		text += "none of " + slots + " slots collided"
	} else {
		text += recording.Number(uint64(scene.Collided)) + " of " + slots + " slots collided"
	}
	if last-first < s.Run.Slots {
		text += "; here " + recording.Number(uint64(first)) + " to " + recording.Number(uint64(last-1))
	}
	return text
}

// leastPitch is the size of cells at which hatching can be seen.
const leastPitch = 10

// slots draws a slot map into a rectangle, with cells as large as fit. If they would be too
// small to be told apart it is the stretch of slots in which the most collided.
func (c *canvas) slots(in image.Rectangle, scene *recording.Scene) (first, last int) {
	cells := scene.Cells
	last = len(cells)
	most := (in.Dx() / leastPitch) * (in.Dy() / leastPitch)
	if len(cells) > most {
		first = densest(cells, most, in.Dx()/leastPitch)
		last = first + most
		cells = cells[first:last]
	}
	if len(cells) == 0 {
		return first, last
	}
	m := picture.NewMap(c.theme)
	best, scale := 0.0, 1.0
	for s := 1.0; s < 2; s += 0.05 { // sizes come in steps, and each can be a little larger
		m.Resize(in.Dx(), in.Dy(), s)
		m.Clear(len(cells))
		m.Fit(true)
		_, y, size := m.Box(len(cells) - 1)
		if size > best && y+size <= float64(in.Dy()) {
			best, scale = size, s
		}
	}
	m.Resize(in.Dx(), in.Dy(), scale)
	m.Clear(len(cells))
	m.Take(&event.Cells{Lap: scene.Lap.Lap, Ended: scene.Ended, Collided: scene.Collided, Slots: uint32(len(cells)), Cells: cells})
	m.Fit(true)
	m.Paint()
	panel, around := c.theme.Panel.Pixel(), c.theme.Page.Pixel()
	// In a crowd of colours a collision must still be what one sees.
	faded := make(map[uint32]uint32)
	for w := range picture.WriterColours {
		faded[c.theme.Writer(w).Pixel()] = blend(c.theme.Writer(w).Pixel(), panel)
	}
	for y := range in.Dy() {
		for x := range in.Dx() {
			p := m.Pixels[y*m.Width+x]
			if p == panel && m.At(float64(x), float64(y)) < 0 {
				p = around
			} else if f, ok := faded[p]; ok {
				p = f
			}
			c.pixel(in.Min.X+x, in.Min.Y+y, p)
		}
	}
	return first, last
}

// blend mixes a pixel with what is behind it, half and half.
func blend(p, behind uint32) uint32 {
	mixed := uint32(0)
	for shift := 0; shift < 32; shift += 8 {
		mixed |= (p>>shift&0xff + behind>>shift&0xff) / 2 << shift
	}
	return mixed
}

// densest is where the stretch of n cells begins, at a row, in which the most collided.
func densest(cells []byte, n, row int) int {
	collided := func(from, to int) (sum int) {
		for _, v := range cells[from:to] {
			sum += int(v >> 7) // event.CellCollided
		}
		return sum
	}
	best, most := 0, -1
	now := collided(0, n)
	for from := 0; ; from += row {
		if now > most {
			best, most = from, now
		}
		if from+row+n > len(cells) {
			return best
		}
		now += collided(from+n, from+row+n) - collided(from, from+row)
	}
}

func plain(n uint64, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// rgba is a pixel of package picture as a colour.
func rgba(p uint32) color.RGBA {
	return color.RGBA{uint8(p), uint8(p >> 8), uint8(p >> 16), 0xff}
}
