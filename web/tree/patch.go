package tree

import "encoding/binary"

// A patch is a list of orders: a byte that says which, then its operands. Numbers are
// uvarints; strings their length and their bytes, in UTF-8. static/patch.js reads it. Elements bear numbers, which the sender
// gives out; 0 is nothing, 1 the root.
const (
	orderMake    = iota + 1 // element, tag: an index of Tags
	orderText               // element, string: all that is in it
	orderAttr               // element, name: an index of Names, string
	orderNoAttr             // element, name
	orderPut                // parent, element, before: a child of parent or 0, at the end; also moves
	orderRemove             // element, with all that is in it
	orderReveal             // element
	orderAddress            // string: what the address has behind its #
	orderCopy               // string: an address' part behind its #, to be copied as a whole address
	orderSave               // three strings: a file's name, media type and content
)

const root = 1

// Sender makes patches, each from the tree that was sent before to the next.
type Sender struct {
	sent  *Node
	last  uint32 // number given out
	free  []uint32
	freed []uint32 // by the patch that is being made
	shown []uint32 // to be revealed
	out   []byte

	// Insist has the next Render say again what controls stand on: somebody has turned one,
	// and that may not have been granted.
	Insist bool
}

// Render adds what makes the tree that was sent last into next, which is the sender's from
// now on. The root's own tag does not matter.
func (s *Sender) Render(next *Node) {
	if s.sent == nil {
		s.sent, s.last = &Node{}, root
		s.sent.id = root
	}
	s.update(s.sent, next)
	s.sent, s.Insist = next, false
	s.free, s.freed = append(s.free, s.freed...), s.freed[:0]
	for _, id := range s.shown {
		s.order(orderReveal, id)
	}
	s.shown = s.shown[:0]
}

// Address, Copy and Save add orders of their kind.
func (s *Sender) Address(fragment string) { s.order(orderAddress); s.text(fragment) }
func (s *Sender) Copy(fragment string)    { s.order(orderCopy); s.text(fragment) }
func (s *Sender) Save(name, media, content string) {
	s.order(orderSave)
	s.text(name)
	s.text(media)
	s.text(content)
}

// Take returns the orders since it was called before.
func (s *Sender) Take() []byte {
	out := s.out
	s.out = nil
	return out
}

func (s *Sender) order(kind byte, numbers ...uint32) {
	s.out = append(s.out, kind)
	for _, n := range numbers {
		s.out = binary.AppendUvarint(s.out, uint64(n))
	}
}

func (s *Sender) text(t string) {
	s.out = append(binary.AppendUvarint(s.out, uint64(len(t))), t...)
}

// number gives out a number that no element bears.
func (s *Sender) number() uint32 {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id
	}
	s.last++
	return s.last
}

// update makes an element that was sent into another of its tag.
func (s *Sender) update(was, now *Node) {
	now.id = was.id
	for _, a := range was.Attrs {
		if !now.has(a.Name) {
			s.order(orderNoAttr, now.id, uint32(indexOf(Names[:], a.Name)))
		}
	}
	for _, a := range now.Attrs {
		if !was.has(a.Name) || was.Attr(a.Name) != a.Value || s.Insist && (a.Name == "checked" || a.Name == "value") {
			s.attr(now, a)
		}
	}
	if now.Reveal && !was.Reveal {
		s.shown = append(s.shown, now.id)
	}
	if was.Text != "" && now.Text == "" { // it makes room for children
		s.order(orderText, now.id)
		s.text("")
	}
	s.children(was, now)
	if now.Text != "" && now.Text != was.Text {
		s.order(orderText, now.id)
		s.text(now.Text)
	}
	s.values(was, now)
}

// create makes an element with all that is in it.
func (s *Sender) create(n *Node) {
	n.id = s.number()
	s.order(orderMake, n.id, uint32(indexOf(Tags[:], n.Tag)))
	for _, a := range n.Attrs {
		s.attr(n, a)
	}
	if n.Text != "" {
		s.order(orderText, n.id)
		s.text(n.Text)
	}
	for _, k := range n.Kids {
		s.create(k)
		s.order(orderPut, n.id, k.id, 0)
	}
	if n.Reveal {
		s.shown = append(s.shown, n.id)
	}
	s.values(nil, n)
}

func (s *Sender) attr(n *Node, a Attr) {
	s.order(orderAttr, n.id, uint32(indexOf(Names[:], a.Name)))
	s.text(a.Value)
}

// values says a select's value once more when its options have come: before that there
// was nothing to choose.
func (s *Sender) values(was, now *Node) {
	if now.Tag == "select" && (was == nil || !sameOptions(was, now)) && now.has("value") {
		s.attr(now, Attr{"value", now.Attr("value")})
	}
}

func sameOptions(a, b *Node) bool {
	if len(a.Kids) != len(b.Kids) {
		return false
	}
	for i := range a.Kids {
		if a.Kids[i].Attr("value") != b.Kids[i].Attr("value") {
			return false
		}
	}
	return true
}

// children makes the children that were sent into others. One that stays is not touched
// as an element, so that it keeps the keyboard and how far it is scrolled; as few as can
// be are moved.
func (s *Sender) children(was, now *Node) {
	kept := match(was.Kids, now.Kids)
	stays := make([]bool, len(was.Kids))
	for _, k := range kept {
		if k >= 0 {
			stays[k] = true
		}
	}
	for i, k := range was.Kids {
		if !stays[i] {
			s.order(orderRemove, k.id)
			s.forget(k)
		}
	}
	stand := rising(kept)
	before := uint32(0)
	for i := len(now.Kids) - 1; i >= 0; i-- {
		k := now.Kids[i]
		if kept[i] >= 0 {
			s.update(was.Kids[kept[i]], k)
		} else {
			s.create(k)
		}
		if !stand[i] {
			s.order(orderPut, now.id, k.id, before)
		}
		before = k.id
	}
}

func (s *Sender) forget(n *Node) {
	s.freed = append(s.freed, n.id)
	for _, k := range n.Kids {
		s.forget(k)
	}
}

// match says which of the old children each of the new ones was, -1 if none: the one of
// the same tag and key, and of those without a key the next of the same tag.
func match(was, now []*Node) []int {
	kept := make([]int, len(now))
	keyed := make(map[string]int)
	for i, k := range was {
		if k.Key != "" {
			keyed[k.Key] = i
		}
	}
	next := 0
	for i, k := range now {
		kept[i] = -1
		if k.Key != "" {
			if at, ok := keyed[k.Key]; ok && was[at].Tag == k.Tag {
				kept[i] = at
				delete(keyed, k.Key)
			}
			continue
		}
		for at := next; at < len(was); at++ {
			if was[at].Key == "" && was[at].Tag == k.Tag {
				kept[i], next = at, at+1
				break
			}
		}
	}
	return kept
}

// rising says which of the numbers, those below 0 left out, make a longest rising
// sequence: these children stand as they stood, the others are put (C. Schensted,
// "Longest increasing and decreasing subsequences", Canadian J. Math. 13, 1961).
func rising(numbers []int) []bool {
	var ends []int // by length less one: where the sequence with the smallest end ends
	before := make([]int, len(numbers))
	for i, n := range numbers {
		if n < 0 {
			continue
		}
		low, high := 0, len(ends)
		for low < high {
			if mid := (low + high) / 2; numbers[ends[mid]] < n {
				low = mid + 1
			} else {
				high = mid
			}
		}
		before[i] = -1
		if low > 0 {
			before[i] = ends[low-1]
		}
		if low == len(ends) {
			ends = append(ends, i)
		} else {
			ends[low] = i
		}
	}
	stand := make([]bool, len(numbers))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			stand[i] = true
		}
	}
	return stand
}
