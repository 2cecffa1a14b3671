package tree

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// page is a document as a browser has it.
type page struct {
	elements map[uint32]*element
	revealed []uint32
	said     []string
}

type element struct {
	tag    string
	attrs  map[string]string
	text   string
	kids   []*element
	parent *element
	moved  int // how often it was put
}

func newPage() *page { return &page{elements: map[uint32]*element{root: {attrs: map[string]string{}}}} }

func (p *page) Make(id uint32, tag int) {
	p.elements[id] = &element{tag: Tags[tag], attrs: map[string]string{}}
}
func (p *page) Text(id uint32, text string) {
	e := p.elements[id]
	for _, k := range e.kids {
		k.parent = nil
	}
	e.text, e.kids = text, nil
}
func (p *page) Attr(id uint32, name int, value string) { p.elements[id].attrs[Names[name]] = value }
func (p *page) NoAttr(id uint32, name int)             { delete(p.elements[id].attrs, Names[name]) }
func (p *page) Put(parent, id, before uint32) {
	to, e := p.elements[parent], p.elements[id]
	p.Remove(id)
	if to.text != "" {
		panic("text beside elements")
	}
	at := len(to.kids)
	if before != 0 {
		if at = slices.Index(to.kids, p.elements[before]); at < 0 {
			panic("put before an element that is not there")
		}
	}
	to.kids = slices.Insert(to.kids, at, e)
	e.parent = to
	e.moved++
}
func (p *page) Remove(id uint32) {
	e := p.elements[id]
	if e.parent == nil {
		return
	}
	at := slices.Index(e.parent.kids, e)
	e.parent.kids = slices.Delete(e.parent.kids, at, at+1)
	e.parent = nil
}
func (p *page) Reveal(id uint32)                 { p.revealed = append(p.revealed, id) }
func (p *page) Address(fragment string)          { p.said = append(p.said, "address "+fragment) }
func (p *page) Copy(fragment string)             { p.said = append(p.said, "copy "+fragment) }
func (p *page) Save(name, media, content string) { p.said = append(p.said, name+" "+media+" "+content) }

func (e *element) String() string {
	attrs := make([]string, 0, len(e.attrs))
	for name, value := range e.attrs {
		attrs = append(attrs, fmt.Sprintf(" %s=%q", name, value))
	}
	slices.Sort(attrs)
	kids := make([]string, len(e.kids))
	for i, k := range e.kids {
		kids[i] = k.String()
	}
	return "<" + e.tag + strings.Join(attrs, "") + ">" + e.text + strings.Join(kids, "") + "</>"
}

func (n *Node) String() string {
	attrs := make([]string, 0, len(n.Attrs))
	for _, a := range n.Attrs {
		attrs = append(attrs, fmt.Sprintf(" %s=%q", a.Name, a.Value))
	}
	slices.Sort(attrs)
	kids := make([]string, len(n.Kids))
	for i, k := range n.Kids {
		kids[i] = k.String()
	}
	return "<" + n.Tag + strings.Join(attrs, "") + ">" + n.Text + strings.Join(kids, "") + "</>"
}

// drawNode draws a tree of few tags, keys and values, so that trees have much in common.
func drawNode(t *rapid.T, depth int) *Node {
	n := &Node{Tag: rapid.SampledFrom([]string{"div", "span", "li"}).Draw(t, "tag")}
	for _, name := range []string{"class", "hidden", "data-do"} {
		if rapid.Bool().Draw(t, "has "+name) {
			n.Set(name, rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, name))
		}
	}
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		n.Text = rapid.SampledFrom([]string{"", "x", "<b>y</b>"}).Draw(t, "text")
		return n
	}
	keys := rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 0, 6, func(k int) int { return k }).Draw(t, "keys")
	for _, k := range keys {
		kid := drawNode(t, depth-1)
		if k < 7 {
			kid.Key = fmt.Sprint(k)
		}
		n.Kids = append(n.Kids, kid)
	}
	return n
}

func TestAPatchMakesTheOldTreeIntoTheNewOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Sender
		p := newPage()
		for range rapid.IntRange(1, 5).Draw(t, "trees") {
			next := drawNode(t, 3)
			next.Tag = ""
			s.Insist = rapid.Bool().Draw(t, "insist")
			s.Render(next)
			if !apply(s.Take(), p) {
				t.Fatal("the patch is not understood")
			}
			if got, want := p.elements[root].String(), next.String(); got != want {
				t.Fatalf("the document is\n%s, want\n%s", got, want)
			}
		}
	})
}

func list(keys string) *Node {
	n := New("", "")
	for _, k := range keys {
		n.Add(Words("li", "", string(k)).Named(string(k)))
	}
	return n
}

func TestElementsOfOneKeyStayThemselvesAndAreNotTouched(t *testing.T) {
	for _, c := range []struct {
		was, now string
		puts     int
	}{
		{"abcdef", "abcdef", 0}, {"abcdef", "acf", 0}, {"ace", "abcdef", 3}, {"abcdef", "fabcde", 1}, {"abcdef", "bcdefa", 1}, {"abcd", "badc", 2}, {"abc", "xyz", 3},
	} {
		var s Sender
		p := newPage()
		s.Render(list(c.was))
		apply(s.Take(), p)
		before := map[string]*element{}
		for _, k := range p.elements[root].kids {
			before[k.text] = k
			k.moved = 0
		}
		s.Render(list(c.now))
		apply(s.Take(), p)
		puts := 0
		for _, k := range p.elements[root].kids {
			puts += k.moved
			if e := before[k.text]; e != nil && e != k {
				t.Errorf("%s to %s: %s was made anew", c.was, c.now, k.text)
			}
		}
		if puts != c.puts {
			t.Errorf("%s to %s: %d elements were put, want %d", c.was, c.now, puts, c.puts)
		}
	}
}

func TestNothingIsSentWhereNothingChanged(t *testing.T) {
	var s Sender
	s.Render(list("abc"))
	s.Take()
	if s.Render(list("abc")); len(s.Take()) != 0 {
		t.Error("something is sent")
	}
}

func TestAnElementIsRevealedOnceItIsToBe(t *testing.T) {
	var s Sender
	p := newPage()
	for _, at := range []int{0, 1, 1, 0} {
		n := list("ab")
		n.Kids[at].Reveal = true
		s.Render(n)
		apply(s.Take(), p)
	}
	if len(p.revealed) != 3 {
		t.Errorf("revealed %v, want three times", p.revealed)
	}
}

func TestASelectSaysItsValueBehindItsOptions(t *testing.T) {
	var s Sender
	s.Render(New("", "", New("select", "", Words("option", "", "one").Set("value", "1"), Words("option", "", "two").Set("value", "2")).Set("value", "2")))
	out := string(s.Take())
	if at := strings.LastIndex(out, "\x012"); at < strings.LastIndex(out, "two") {
		t.Errorf("%q", out)
	}
}

func TestOrdersBesideTheTreeArriveWhole(t *testing.T) {
	var s Sender
	p := newPage()
	s.Address("explore?a=b")
	s.Copy("explore")
	s.Save("a.svg", "image/svg+xml", "<svg/>")
	if !apply(s.Take(), p) || strings.Join(p.said, "|") != "address explore?a=b|copy explore|a.svg image/svg+xml <svg/>" {
		t.Errorf("%q", p.said)
	}
}

func TestNoTagOrAttributeCanRunOrFetchAnything(t *testing.T) {
	if Tags[FirstSVG] != "svg" || slices.Index(Tags[:], "svg") != FirstSVG {
		t.Error("SVG's tags do not begin at FirstSVG")
	}
	for _, bad := range []string{"script", "style", "iframe", "object", "embed", "link", "meta", "base", "img", "image", "use", "animate", "set", "foreignObject", "a"} {
		if slices.Contains(Tags[:], bad) {
			t.Errorf("there is a tag %s", bad)
		}
	}
	for _, name := range Names {
		if strings.HasPrefix(name, "on") || slices.Contains([]string{"style", "href", "src", "srcdoc", "action", "formaction", "xlink:href", "data", "ping"}, name) {
			t.Errorf("there is an attribute %s", name)
		}
	}
}

// The page reads patches in JavaScript, by lists of its own.
func TestThePageHasTheSameListsOfNames(t *testing.T) {
	b, err := os.ReadFile("../../static/patch.js")
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string][]string{"tags": Tags[:], "names": Names[:]} {
		_, rest, _ := strings.Cut(string(b), "const "+what+" = (")
		literal, _, _ := strings.Cut(rest, ").split")
		var got []string
		for i, part := range strings.Split(literal, `"`) {
			if i%2 == 1 {
				got = append(got, strings.Fields(part)...)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s are %q, want %q", what, got, want)
		}
	}
	if regexp.MustCompile(`innerHTML|outerHTML|insertAdjacent|eval|Function|document\.write|\.src\b`).Match(b) {
		t.Error("it does more than make elements, set attributes and text")
	}
}

// A patch that was cut short or garbled is refused, and no element that is not there is asked for.
func FuzzAPatchNeverBreaksTheReader(f *testing.F) {
	var s Sender
	s.Render(list("abc"))
	f.Add(s.Take())
	f.Fuzz(func(_ *testing.T, patch []byte) { apply(patch, deaf{}) })
}

type deaf struct{}

func (deaf) Make(uint32, int)         {}
func (deaf) Text(uint32, string)      {}
func (deaf) Attr(uint32, int, string) {}
func (deaf) NoAttr(uint32, int)       {}
func (deaf) Put(_, _, _ uint32)       {}
func (deaf) Remove(uint32)            {}
func (deaf) Reveal(uint32)            {}
func (deaf) Address(string)           {}
func (deaf) Copy(string)              {}
func (deaf) Save(_, _, _ string)      {}
