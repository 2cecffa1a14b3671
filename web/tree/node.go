package tree

import "strconv"

// Node is an element, and what is in it: text, or other elements.
type Node struct {
	Tag   string
	Key   string // tells it from its siblings, wherever it stands among them; "" if its place does
	Attrs []Attr // each name once
	Text  string // only without Kids
	Kids  []*Node
	// Reveal scrolls the element into sight, inside of what scrolls around it, when it becomes true.
	Reveal bool

	id uint32
}

// Attr is an attribute.
type Attr struct{ Name, Value string }

// New is an element of classes, none if "", with children. A nil child is none.
func New(tag, classes string, kids ...*Node) *Node {
	n := &Node{Tag: tag}
	if classes != "" {
		n.Attrs = append(n.Attrs, Attr{"class", classes})
	}
	return n.Add(kids...)
}

// Words is an element of classes and text.
func Words(tag, classes, text string) *Node {
	n := New(tag, classes)
	n.Text = text
	return n
}

// Add puts children at the end; nil ones are passed over.
func (n *Node) Add(kids ...*Node) *Node {
	for _, k := range kids {
		if k != nil {
			n.Kids = append(n.Kids, k)
		}
	}
	return n
}

// Set gives it an attribute that it has not.
func (n *Node) Set(name, value string) *Node {
	n.Attrs = append(n.Attrs, Attr{name, value})
	return n
}

// SetInt gives it an attribute that is a number.
func (n *Node) SetInt(name string, value int) *Node { return n.Set(name, strconv.Itoa(value)) }

// Flag gives it an attribute whose being there says it, if on.
func (n *Node) Flag(name string, on bool) *Node {
	if on {
		n.Set(name, "")
	}
	return n
}

// Named gives it a key.
func (n *Node) Named(key string) *Node {
	n.Key = key
	return n
}

// Attr is the value of an attribute, "" if it has none.
func (n *Node) Attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

func (n *Node) has(name string) bool {
	for _, a := range n.Attrs {
		if a.Name == name {
			return true
		}
	}
	return false
}
