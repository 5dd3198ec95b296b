// Package server answers over HTTP who this podinfo is, in the words and the order of podinfo 6.
package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/demo/podinfo/pkg/version"
)

// UI is what a release shows of itself.
type UI struct {
	// Color is #rrggbb.
	Color string
	// Message is the greeting.
	Message string
	// Logo is the address of a picture, or empty.
	Logo string
}

var colors = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// IsColor tells whether text is #rrggbb.
func IsColor(text string) bool { return colors.MatchString(text) }

// info is /api/info: all strings, in podinfo's order.
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

// Server is one podinfo.
type Server struct {
	hostname string
	ui       UI
	log      *slog.Logger
	ending   atomic.Bool
	metrics  *metrics
}

// New makes a podinfo that is ready.
func New(hostname string, ui UI, log *slog.Logger) *Server {
	return &Server{hostname: hostname, ui: ui, log: log, metrics: newMetrics(time.Now())}
}

// Handler is everything that it answers.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /api/info", s.info)
	mux.HandleFunc("GET /version", s.version)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /metrics", s.metrics.serve)
	return s.metrics.count(mux)
}

// Serve answers on listener until ctx is done. Then /readyz fails for as long as linger, nothing new
// is taken on, and answers under way have until farewell.
func (s *Server) Serve(ctx context.Context, listener net.Listener, linger, farewell time.Duration) error {
	web := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.ending.Store(true)
	s.log.Info("podinfo is ending")
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-time.After(linger):
	}
	last, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := web.Shutdown(last); err != nil {
		return fmt.Errorf("ending: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.UserAgent(), "Mozilla") {
		s.info(w, r)
		return
	}
	s.page(w)
}

func (s *Server) info(w http.ResponseWriter, _ *http.Request) {
	s.write(w, info{
		Hostname: s.hostname, Version: version.VERSION, Revision: version.REVISION,
		Color: s.ui.Color, Logo: s.ui.Logo, Message: s.ui.Message,
		GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Runtime: runtime.Version(),
		NumGoroutine: fmt.Sprint(runtime.NumGoroutine()), NumCPU: fmt.Sprint(runtime.NumCPU()),
	})
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	s.write(w, struct {
		Commit  string `json:"commit"`
		Version string `json:"version"`
	}{version.REVISION, version.VERSION})
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { s.ok(w) }

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.ending.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s.ok(w)
}

func (s *Server) ok(w http.ResponseWriter) {
	s.write(w, struct {
		Status string `json:"status"`
	}{"OK"})
}

// write answers with JSON, indented by two spaces.
func (s *Server) write(w http.ResponseWriter, body any) {
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		s.log.Error("an answer could not be written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.send(w, "application/json; charset=utf-8", text)
}

func (s *Server) send(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := bytes.NewReader(body).WriteTo(w); err != nil {
		s.log.Debug("an answer was not taken", "error", err)
	}
}
