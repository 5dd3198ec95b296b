// Command podinfo answers who it is: its version, and the colour that tells releases apart.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"runtime"

	"github.com/demo/podinfo/pkg/version"
)

// The colour that this release shows itself in.
const color = "#8a8f99"

type info struct {
	Hostname     string `json:"hostname"`
	Version      string `json:"version"`
	Revision     string `json:"revision"`
	Color        string `json:"color"`
	Logo         string `json:"logo"`
	Message      string `json:"message"`
	GOOS         string `json:"goos"`
	GOARCH       string `json:"goarch"`
	Runtime      string `json:"runtime"`
	NumGoroutine string `json:"num_goroutine"`
	NumCPU       string `json:"num_cpu"`
}

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	if err := out.Encode(body); err != nil {
		log.Printf("answering: %v", err)
	}
}

func main() {
	hostname, err := os.Hostname()
	if err != nil {
		log.Fatalf("who am I: %v", err)
	}
	about := func(w http.ResponseWriter, _ *http.Request) {
		write(w, info{
			Hostname: hostname, Version: version.VERSION, Revision: version.REVISION,
			Color:   env("PODINFO_UI_COLOR", color),
			Message: env("PODINFO_UI_MESSAGE", "greetings from podinfo v"+version.VERSION),
			GOOS:    runtime.GOOS, GOARCH: runtime.GOARCH, Runtime: runtime.Version(),
			NumGoroutine: fmt.Sprint(runtime.NumGoroutine()), NumCPU: fmt.Sprint(runtime.NumCPU()),
		})
	}
	ok := func(w http.ResponseWriter, _ *http.Request) { write(w, map[string]string{"status": "OK"}) }
	http.HandleFunc("GET /{$}", about)
	http.HandleFunc("GET /api/info", about)
	http.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		write(w, map[string]string{"version": version.VERSION, "commit": version.REVISION})
	})
	http.HandleFunc("GET /healthz", ok)
	http.HandleFunc("GET /readyz", ok)
	log.Fatal(http.ListenAndServe(":"+env("PORT", "9898"), nil))
}
