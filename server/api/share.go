package api

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"slotrace/engine/recording"
	"slotrace/server/card"
	"slotrace/server/run"
)

//go:embed share.css
var shareStyle string

// sharePolicy is the page's, less what only a page with a script needs.
const sharePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// share answers for /r/{id}, a page about a recording that unfurls where its link is sent,
// and for /r/{id}.png, its picture.
func (a *recordings) share(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", sharePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address is a secret
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	file := r.PathValue("file")
	if file == "style.css" {
		h.Set("Content-Type", "text/css; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(shareStyle))
		return
	}
	if id, ok := strings.CutSuffix(file, ".png"); ok {
		a.picture(w, r, id)
		return
	}
	k, err := a.kept.Find(r.Context(), file)
	code, page := http.StatusOK, ""
	switch {
	case err == nil:
		page = sharePage(&k, origin(r))
	case errors.Is(err, recording.ErrUnknown), errors.Is(err, fs.ErrNotExist):
		code, page = http.StatusNotFound, missingPage
	default:
		failRecording(w, err)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(code)
	w.Write([]byte(page))
}

// origin is the scheme and the host that a request was for; the guard has let the host
// through.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.URL.Scheme == "https" || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

const missingPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>There is no such recording · slotrace</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/r/style.css">
<main>
<h1>There is no such recording</h1>
<p>It may have expired or been removed, or its address is not whole.</p>
<nav><a class="open" href="/">Open slotrace</a></nav>
</main>
</html>
`

func sharePage(k *run.Kept, origin string) string {
	title, outcome := html.EscapeString(k.Name), html.EscapeString(k.Outcome())
	readable := k.Made != ""
	if !readable {
		title = "A recording that cannot be read"
	}
	description := strings.TrimSpace(outcome + " " + html.EscapeString(k.Setup()))
	page, picture := origin+"/r/"+k.ID, origin+"/r/"+k.ID+".png?"+k.Sum
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`<!doctype html>`)
	line(`<html lang="en" prefix="og: https://ogp.me/ns#">`)
	line(`<meta charset="utf-8">`)
	line(`<meta name="viewport" content="width=device-width">`)
	line(`<meta name="robots" content="noindex">`)
	line(`<title>%s · slotrace</title>`, title)
	line(`<meta name="description" content="%s">`, description)
	meta := [][2]string{
		{"og:type", "website"}, {"og:site_name", "slotrace"}, {"og:title", title}, {"og:description", description}, {"og:url", html.EscapeString(page)},
	}
	pictured := [][2]string{
		{"og:image", html.EscapeString(picture)}, {"og:image:type", "image/png"}, {"og:image:width", "1200"}, {"og:image:height", "630"},
		{"og:image:alt", "The slot map of the worst lap. " + outcome}, {"twitter:card", "summary_large_image"},
		{"twitter:image", html.EscapeString(picture)}, {"twitter:image:alt", "The slot map of the worst lap. " + outcome},
	}
	if !readable {
		pictured = [][2]string{{"twitter:card", "summary"}}
	}
	meta = append(append(meta, pictured...), [2]string{"twitter:title", title}, [2]string{"twitter:description", description})
	for _, m := range meta {
		attribute := "property"
		if strings.HasPrefix(m[0], "twitter:") {
			attribute = "name"
		}
		line(`<meta %s="%s" content="%s">`, attribute, m[0], m[1])
	}
	line(`<link rel="icon" href="/icon.svg">`)
	line(`<link rel="stylesheet" href="/r/style.css">`)
	line(`<main>`)
	line(`<h1>%s</h1>`, title)
	line(`<p class="outcome">%s</p>`, outcome)
	for _, d := range k.Damage {
		line(`<p class="damage">%s</p>`, html.EscapeString(d))
	}
	if len(k.Sides) > 0 {
		line(`<img src="/r/%s.png?%s" width="1200" height="630" alt="The slot map of the worst lap.">`, k.ID, k.Sum)
	}
	if readable {
		line(`<p class="quiet">%s</p>`, html.EscapeString(strings.Join(details(k), " ")))
		line(`<nav><a class="open" href="/#replay?id=%s">Open the replay</a> <a href="/api/recordings/%[1]s" download>Download it (%s)</a></nav>`, k.ID, recording.Bytes(k.Size))
	} else {
		line(`<nav><a class="open" href="/">Open slotrace</a></nav>`)
	}
	line(`</main>`)
	line(`</html>`)
	return b.String()
}

func details(k *run.Kept) []string {
	list := []string{k.Setup(), k.Steps(), "Recorded on " + k.Date() + "."}
	if k.State == run.RecordingOn {
		list = append(list, "It is still being recorded.")
	}
	if expires, err := time.Parse(time.RFC3339, k.Expires); err == nil {
		list = append(list, "It is kept until "+expires.UTC().Format("2 January 2006")+".")
	}
	return list
}

// picture answers with the picture of a recording.
func (a *recordings) picture(w http.ResponseWriter, r *http.Request, id string) {
	o, err := a.kept.Open(r.Context(), id)
	var b []byte
	if err == nil {
		b, err = a.kept.Picture(r.Context(), &o.Kept, func() ([]byte, error) {
			rec, err := o.Frames()
			if err != nil {
				return nil, err
			}
			return card.Draw(rec)
		})
	}
	if err != nil {
		failRecording(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("ETag", `"`+o.Sum+`"`)
	h.Set("Cache-Control", "public, max-age=3600") // the page asks for it by its sum
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}
