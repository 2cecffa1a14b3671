package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"slotrace/server/run"
)

// maxBody is how long the body of a request may be, in bytes.
const maxBody = 4 << 10

// decode reads the request's body into the struct that v points to, and says
// whether it was empty. Fields that are not there stay as they are.
func decode(w http.ResponseWriter, r *http.Request, v any) (empty bool, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return false, &requestError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over %d bytes, and all there is to say takes less", maxBody)}
	case err != nil:
		return false, badRequest("the body did not come through")
	case len(bytes.TrimSpace(body)) == 0:
		return true, nil
	}
	if kind := r.Header.Get("Content-Type"); !isJSON(kind) {
		return false, &requestError{http.StatusUnsupportedMediaType, "the body's Content-Type is " + clip(kind) + "; application/json would do"}
	}
	return false, decodeObject(body, v)
}

func isJSON(contentType string) bool {
	kind, params, err := mime.ParseMediaType(contentType)
	charset, given := params["charset"]
	return err == nil && kind == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}

// decodeObject reads the JSON object body into the struct that v points to. It is
// stricter than encoding/json, which matches names in any case, lets the last of
// two equal ones win, and passes over null.
func decodeObject(body []byte, v any) error {
	var syntax json.RawMessage
	if err := json.Unmarshal(body, &syntax); err != nil {
		return badRequest("the body is not JSON: " + line(err))
	}
	d := json.NewDecoder(bytes.NewReader(body)) // cannot fail from here on: the syntax is right
	if t, _ := d.Token(); t != json.Delim('{') {
		return badRequest("the body must be a JSON object, as {} is")
	}
	fields, names := fieldsOf(v)
	seen := make(map[string]bool)
	for d.More() {
		t, _ := d.Token()
		name, _ := t.(string)
		var raw json.RawMessage
		d.Decode(&raw)
		field, ok := fields[name]
		switch {
		case !ok:
			return badRequest("there is no field " + clip(name) + "; there are " + strings.Join(names, ", "))
		case seen[name]:
			return &run.FieldError{Field: name, Want: "must be given once, not twice"}
		}
		seen[name] = true
		if err := decodeField(raw, field); err != nil {
			return &run.FieldError{Field: name, Want: err.Error()}
		}
	}
	return nil
}

// fieldsOf returns the fields of the struct that v points to by their names in JSON,
// and those names in order.
func fieldsOf(v any) (fields map[string]reflect.Value, names []string) {
	s := reflect.ValueOf(v).Elem()
	fields = make(map[string]reflect.Value)
	for i := range s.NumField() {
		name, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = s.Field(i)
		names = append(names, name)
	}
	return fields, names
}

// decodeField reads a value into a field: text, a whole number, or true or false. A
// field that is a pointer takes null too, and is then as if it had not been given.
func decodeField(raw json.RawMessage, field reflect.Value) error {
	kind := field.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
		if string(raw) == "null" {
			return nil
		}
	}
	value := reflect.New(kind)
	if string(raw) == "null" || json.Unmarshal(raw, value.Interface()) != nil {
		return mismatch(raw, kind)
	}
	if field.Kind() == reflect.Pointer {
		field.Set(value)
	} else {
		field.Set(value.Elem())
	}
	return nil
}

func mismatch(raw json.RawMessage, kind reflect.Type) error {
	var compact bytes.Buffer // in one line
	if json.Compact(&compact, raw) == nil {
		raw = compact.Bytes()
	}
	switch kind.Kind() {
	case reflect.String:
		return fmt.Errorf("must be text, not %.40s", raw)
	case reflect.Bool:
		return fmt.Errorf("must be true or false, not %.40s", raw)
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%.40s is far out of range", raw)
	}
	return fmt.Errorf("must be a whole number, not %.40s", raw)
}
