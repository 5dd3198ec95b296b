package server

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/demo/podinfo/pkg/version"
)

// The page that a browser gets: a wall in the release's colour, readable on any.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>podinfo {{.Version}}</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 18px/1.5 system-ui, sans-serif; }
main { padding: 2rem 3rem; border-radius: 10px; background: #fff; color: #1a1a1a; text-align: center; }
img { max-width: 12rem; max-height: 12rem; }
small { color: #5c5c5c; overflow-wrap: anywhere; }
</style>
</head>
<body style="background: {{.Color}}">
<main>
{{with .Logo}}<img src="{{.}}" alt="">{{end}}
<h1>{{.Message}}</h1>
<p>{{.Color}}</p>
<small>version {{.Version}} · revision {{.Revision}} · {{.Hostname}}</small>
</main>
</body>
</html>
`))

func (s *Server) page(w http.ResponseWriter) {
	var text bytes.Buffer
	err := page.Execute(&text, struct {
		UI
		Version, Revision, Hostname string
	}{s.ui, version.VERSION, version.REVISION, s.hostname})
	if err != nil {
		s.log.Error("the page could not be written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; frame-ancestors *")
	s.send(w, "text/html; charset=utf-8", text.Bytes())
}
