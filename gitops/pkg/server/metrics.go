package server

import (
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/demo/podinfo/pkg/version"
)

// metrics counts what was answered, and tells it in Prometheus' text format 0.0.4.
type metrics struct {
	started time.Time

	mutex    sync.Mutex
	answered map[int]uint64
	seconds  float64
}

func newMetrics(started time.Time) *metrics {
	return &metrics{started: started, answered: map[int]uint64{}}
}

// count counts every answer by its status.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		counted := &countedWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.answered[counted.status]++
			m.seconds += time.Since(began).Seconds()
		}()
		next.ServeHTTP(counted, r)
	})
}

type countedWriter struct {
	http.ResponseWriter
	status int
}

func (w *countedWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var out strings.Builder
	tell := func(name, kind, help string) {
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}

	m.mutex.Lock()
	tell("http_requests_total", "counter", "The total number of HTTP requests.")
	total := uint64(0)
	for _, status := range slices.Sorted(maps.Keys(m.answered)) {
		total += m.answered[status]
		fmt.Fprintf(&out, "http_requests_total{status=\"%d\"} %d\n", status, m.answered[status])
	}
	tell("http_request_duration_seconds", "summary", "Seconds spent serving HTTP requests.")
	fmt.Fprintf(&out, "http_request_duration_seconds_sum %g\n", m.seconds)
	fmt.Fprintf(&out, "http_request_duration_seconds_count %d\n", total)
	m.mutex.Unlock()

	tell("go_goroutines", "gauge", "Number of goroutines that currently exist.")
	fmt.Fprintf(&out, "go_goroutines %d\n", runtime.NumGoroutine())
	tell("go_info", "gauge", "Information about the Go environment.")
	fmt.Fprintf(&out, "go_info{version=%q} 1\n", runtime.Version())
	tell("go_memstats_alloc_bytes", "gauge", "Number of bytes allocated in heap and currently in use.")
	fmt.Fprintf(&out, "go_memstats_alloc_bytes %d\n", memory.Alloc)
	tell("podinfo_build_info", "gauge", "The release that answers.")
	fmt.Fprintf(&out, "podinfo_build_info{version=%q,revision=%q} 1\n", version.VERSION, version.REVISION)
	tell("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.")
	fmt.Fprintf(&out, "process_start_time_seconds %.3f\n", float64(m.started.UnixMilli())/1000)

	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	// Whoever asked may be gone, which the server logs.
	_, _ = fmt.Fprint(w, out.String())
}
