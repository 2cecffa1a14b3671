package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strings"
	"syscall"
	"time"

	"slotrace/engine/recording"
	"slotrace/server/guard"
	"slotrace/server/run"
)

type recordings struct {
	kept  run.Recordings
	token string // of those who may send one; "" = anybody may
}

// serve serves /api/recordings and what is below it, and the share pages below /r/.
func (a *recordings) serve(mux *http.ServeMux) {
	mux.Handle("/api/recordings", methods{"GET": a.list, "POST": a.add})
	mux.Handle("/api/recordings/{id}", methods{"GET": a.download, "PATCH": a.rename, "DELETE": a.remove})
	mux.Handle("/api/recordings/{id}/summary", methods{"GET": a.summary})
	mux.Handle("/r/{file}", methods{"GET": a.share})
	mux.HandleFunc("/api/recordings/", func(w http.ResponseWriter, r *http.Request) {
		failRecording(w, recording.ErrUnknown)
	})
}

// failRecording answers with what went wrong. A text that is no id, one that was never
// given, and one that has expired are answered alike.
func failRecording(w http.ResponseWriter, err error) {
	var request *requestError
	var field *run.FieldError
	var refused *run.RefusedError
	var limit *run.LimitError
	code := http.StatusInternalServerError
	text := line(err)
	switch {
	case errors.As(err, &request):
		code = request.code
	case errors.As(err, &field):
		code = http.StatusBadRequest
	case errors.As(err, &refused):
		code = http.StatusForbidden
	case errors.Is(err, recording.ErrUnknown), errors.Is(err, fs.ErrNotExist):
		code, text = http.StatusNotFound, "there is no such recording; it may have expired"
	case errors.As(err, &limit):
		if code = http.StatusInsufficientStorage; limit.Single {
			code = http.StatusRequestEntityTooLarge
		}
	case errors.Is(err, run.ErrBusy):
		w.Header().Set("Retry-After", "5")
		code = http.StatusTooManyRequests
	case errors.Is(err, run.ErrRecording):
		code = http.StatusConflict
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		code, text = http.StatusInsufficientStorage, "the recording could not be kept: "+text
	}
	Refuse(w, code, text)
}

func (a *recordings) list(w http.ResponseWriter, r *http.Request) {
	err := noQuery(r)
	if err == nil && !guard.Control(r) {
		err = &run.RefusedError{Why: "refused: whoever has a recording's id may fetch it, so they are listed only on the machine that keeps them"}
	}
	var all []run.Kept
	if err == nil {
		all, err = a.kept.List(r.Context())
	}
	if err != nil {
		failRecording(w, err)
		return
	}
	if all == nil {
		all = []run.Kept{}
	}
	answer(w, http.StatusOK, struct {
		Recordings []run.Kept `json:"recordings"`
	}{all})
}

// uploadTime is how long an upload may take, whatever the server's timeouts are for
// everything else.
const uploadTime = 10 * time.Minute

// bears says whether a request shows a token, in a time that tells nothing of it.
func bears(r *http.Request, token string) bool {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (a *recordings) add(w http.ResponseWriter, r *http.Request) {
	if a.token != "" && !bears(r, a.token) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		Refuse(w, http.StatusUnauthorized, "only who has this deployment's UPLOAD_TOKEN may send a recording; with it, a header Authorization: Bearer TOKEN would do")
		return
	}
	q, err := query(r, "name")
	if name, given := q["name"]; err == nil && given {
		err = checkName(name)
	}
	if kind := r.Header.Get("Content-Type"); err == nil && !isZip(kind) {
		err = &requestError{http.StatusUnsupportedMediaType, "the body's Content-Type is " + clip(kind) + "; application/zip would do"}
	}
	limit := a.kept.Limit()
	if err == nil && r.ContentLength > limit {
		err = run.TooLarge(limit)
	}
	if err != nil {
		failRecording(w, err)
		return
	}
	k, err := a.take(w, r, q["name"], limit)
	if err != nil {
		failRecording(w, err)
		return
	}
	w.Header().Set("Location", "/api/recordings/"+k.ID)
	answer(w, http.StatusCreated, struct {
		run.Kept
		URL string `json:"url"` // of its share page
	}{k, origin(r) + "/r/" + k.ID})
}

func (a *recordings) take(w http.ResponseWriter, r *http.Request, name string, limit int64) (k run.Kept, err error) {
	spool, err := a.kept.Spool()
	if err != nil {
		return k, err
	}
	defer spool.Close()
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(uploadTime)) // where there is none, there is none to extend
	control.SetWriteDeadline(time.Now().Add(uploadTime + time.Minute))
	body := &reading{r: http.MaxBytesReader(w, r.Body, limit)}
	size, err := io.Copy(spool, body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return k, run.TooLarge(limit)
	case body.failed:
		return k, badRequest("the body did not come through")
	case err != nil:
		return k, err
	case size == 0:
		return k, badRequest("the body is empty; a recording as a zip file would do")
	}
	rec, err := recording.OpenZip(spool, size)
	if err != nil {
		return k, badRequest("the body: " + line(err))
	}
	if name != "" {
		rec.Name = name
	}
	k, err = a.kept.Keep(r.Context(), rec)
	if errors.Is(err, recording.ErrForeign) || errors.Is(err, recording.ErrVersion) || errors.Is(err, recording.ErrDamaged) {
		err = badRequest("the body: " + line(err))
	}
	return k, err
}

// reading tells the failure of who sends a body from that of where it is put.
type reading struct {
	r      io.Reader
	failed bool
}

func (b *reading) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.failed = err != nil && err != io.EOF
	return n, err
}

func checkName(name string) error {
	if err := recording.CheckName(name); err != nil {
		return badRequest(err.Error())
	}
	return nil
}

func isZip(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/zip" || kind == "application/x-zip-compressed")
}

func (a *recordings) summary(w http.ResponseWriter, r *http.Request) {
	err := noQuery(r)
	var k run.Kept
	if err == nil {
		k, err = a.kept.Find(r.Context(), r.PathValue("id"))
	}
	tellRecording(w, k, err)
}

func tellRecording(w http.ResponseWriter, k run.Kept, err error) {
	if err != nil {
		failRecording(w, err)
		return
	}
	answer(w, http.StatusOK, k)
}

func (a *recordings) rename(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Name *string `json:"name"`
	}
	err := noQuery(r)
	if err == nil {
		_, err = decode(w, r, &change)
	}
	if err == nil && change.Name == nil {
		err = badRequest(`the body must say what to change, as in {"name":"what happened on Monday"}`)
	}
	if err == nil {
		err = checkName(*change.Name)
	}
	var k run.Kept
	if err == nil {
		k, err = a.kept.Rename(r.Context(), r.PathValue("id"), *change.Name)
	}
	tellRecording(w, k, err)
}

func (a *recordings) remove(w http.ResponseWriter, r *http.Request) {
	err := noQuery(r)
	if err == nil {
		err = a.kept.Remove(r.Context(), r.PathValue("id"))
	}
	if err != nil {
		failRecording(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// download answers with the recording as one file, or with a part of it.
func (a *recordings) download(w http.ResponseWriter, r *http.Request) {
	err := noQuery(r)
	var o run.Opened
	if err == nil {
		o, err = a.kept.Open(r.Context(), r.PathValue("id"))
	}
	if err != nil {
		failRecording(w, err)
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(uploadTime))
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", disposition(o.Name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+o.Sum+`"`)
	h.Set("Cache-Control", "private, no-cache") // it may be renamed or removed
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range") // each of many would be a read of its own: whoever wants many gets all (RFC 9110, section 14.2)
	}
	content := &content{from: o.From, size: o.Size}
	defer content.Close()
	http.ServeContent(w, r, "", time.Time{}, content)
}

// content reads a recording's bytes as http.ServeContent wants them: it opens at the place
// where it is read from, and not where it is only looked at.
type content struct {
	from     func(at int64) (io.ReadCloser, error)
	at, size int64
	open     io.ReadCloser
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("before the beginning")
	}
	if offset != c.at {
		c.Close()
		c.at = offset
	}
	return offset, nil
}

func (c *content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.open == nil {
		var err error
		if c.open, err = c.from(c.at); err != nil {
			return 0, err
		}
	}
	n, err := c.open.Read(p)
	c.at += int64(n)
	return n, err
}

func (c *content) Close() error {
	if c.open == nil {
		return nil
	}
	err := c.open.Close()
	c.open = nil
	return err
}

// disposition names the file that a recording is saved as: RFC 6266, with a name for old
// clients in letters that no system minds, and the recording's own for the others.
func disposition(name string) string {
	const extension = ".slotrace.zip"
	safe := strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, c) || c < ' ' || c == 0x7f {
			return '-'
		}
		return c
	}, name)
	safe = strings.TrimLeft(strings.TrimSpace(safe), ".- ") // hidden, or an option
	if safe == "" {
		safe = "recording"
	}
	ascii := strings.Map(func(c rune) rune {
		if c > '~' || c == '%' { // clients disagree on what % means here
			return '-'
		}
		return c
	}, safe)
	return `attachment; filename="` + ascii + extension + `"; filename*=UTF-8''` + percent(safe+extension)
}

// percent is RFC 8187's ext-value.
func percent(s string) string {
	const plain, digits = "!#$&+-.^_`|~", "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
