package explore

import "slotrace/web/tree"

// node is an element, el makes one with children and txt one with text.
type node = tree.Node

var el, txt = tree.New, tree.Words
