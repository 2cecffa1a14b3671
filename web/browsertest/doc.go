// Package browsertest drives the real server and the real page in a real browser.
// Its tests are built with -tags browser, and need Chromium and a built page:
// `make test` sees to both. SLOTRACE_CHROMIUM names the browser's binary if it is
// not the one in the path.
package browsertest
