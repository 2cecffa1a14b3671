package explore

import "slotrace/web/tree"

// node is an element, el makes one with children and txt one with text.
type node = tree.Node

var el, txt = tree.New, tree.Words

// off marks a control that would do nothing now. It is not disabled, so that whoever has the
// keyboard on it does not lose it; pressed, it says why.
func off(n *node, is bool) *node {
	if is {
		n.Set("aria-disabled", "true")
	}
	return n
}
