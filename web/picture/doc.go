// Package picture is what the page shows, as values: stores made of records and
// laid out as lanes, the slot map as pixels, colours, numbers in words, keys. It
// knows no JavaScript and no clock, so all of it is tested natively; canvas and
// page carry its results to the browser.
package picture
