package tree

// Tags are the elements there are. Those from FirstSVG on are SVG's.
var Tags = [...]string{
	"a-root", // the element that the tree stands in; it is never made
	"div", "span", "p", "b", "small", "em", "code", "kbd", "h2", "h3", "header", "footer", "section", "aside", "form", "nav", "details", "summary",
	"ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "caption",
	"button", "label", "input", "select", "option", "progress", "output",
	"svg", "g", "path", "line", "circle", "rect", "text", "title", "polyline", "polygon",
}

// FirstSVG is where in Tags SVG's begin.
const FirstSVG = 39

// Names are the attributes there are. No value of theirs is ever code or an address.
var Names = [...]string{
	"class", "id", "role", "hidden", "title", "tabindex", "for", "type", "name", "value", "min", "max", "step", "checked", "selected", "disabled", "open", "scope", "colspan", "rowspan",
	"aria-label", "aria-labelledby", "aria-describedby", "aria-live", "aria-atomic", "aria-current", "aria-pressed", "aria-keyshortcuts", "aria-hidden", "aria-busy", "aria-disabled", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext", "aria-invalid", "maxlength",
	"data-do", "data-scenario", "data-variant", "data-threads", "data-ops", "data-schedule", "data-step", "data-verdict", "data-state", "data-search", "data-thread", "data-tape", "data-scrub", "data-focus",
	"viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "d", "points", "transform", "text-anchor", "preserveAspectRatio", "focusable",
}

func indexOf(list []string, name string) int {
	for i := range list {
		if list[i] == name {
			return i
		}
	}
	panic("tree: there is no " + name) // a defect of whoever renders: it can only be one of the lists
}
