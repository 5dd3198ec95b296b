package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/demo/podinfo/pkg/version"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func podinfo() *Server {
	return New("pod-1", UI{Color: "#34577c", Message: `hello <b> & "you"`, Logo: "https://example.com/logo.png"}, quiet())
}

func ask(t *testing.T, s *Server, path, agent string) (int, string, http.Header) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header.Set("User-Agent", agent)
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, request)
	return answer.Code, answer.Body.String(), answer.Header()
}

func keys(t *testing.T, text string) []string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		value, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := value.(string); !ok {
			t.Errorf("%v is %T, not a string", key, value)
		}
		keys = append(keys, key.(string))
	}
	return keys
}

func TestInfoHasPodinfosKeysInItsOrderAndOnlyStrings(t *testing.T) {
	want := []string{"hostname", "version", "revision", "color", "logo", "message", "goos", "goarch",
		"runtime", "num_goroutine", "num_cpu"}
	for _, path := range []string{"/", "/api/info"} {
		status, body, header := ask(t, podinfo(), path, "curl/8")
		if status != http.StatusOK || header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%s: %d %v", path, status, header)
		}
		if got := keys(t, body); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", path, got)
		}
		if !strings.HasPrefix(body, "{\n  \"hostname\": \"pod-1\",\n") {
			t.Errorf("%s is not indented by two spaces: %s", path, body)
		}
	}
}

func TestABrowserGetsAPageInTheReleasesColour(t *testing.T) {
	status, body, header := ask(t, podinfo(), "/", "Mozilla/5.0 (X11)")
	if status != http.StatusOK || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", status, header)
	}
	for _, wanted := range []string{"background: #34577c", "hello &lt;b&gt; &amp; &#34;you&#34;", version.VERSION,
		`src="https://example.com/logo.png"`} {
		if !strings.Contains(body, wanted) {
			t.Errorf("no %s in %s", wanted, body)
		}
	}
}

func TestALogoThatIsAScriptIsNotRun(t *testing.T) {
	s := New("pod-1", UI{Color: "#34577c", Logo: "javascript:alert(1)"}, quiet())
	if _, body, _ := ask(t, s, "/", "Mozilla/5.0"); strings.Contains(body, "javascript:") {
		t.Error(body)
	}
}

func TestVersionAndHealthReadAsPodinfos(t *testing.T) {
	for path, want := range map[string]string{
		"/version": "{\n  \"commit\": \"" + version.REVISION + "\",\n  \"version\": \"" + version.VERSION + "\"\n}",
		"/healthz": "{\n  \"status\": \"OK\"\n}",
		"/readyz":  "{\n  \"status\": \"OK\"\n}",
	} {
		if status, body, _ := ask(t, podinfo(), path, "curl/8"); status != http.StatusOK || body != want {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
}

func TestNothingElseIsAnsweredAndTheEnvironmentLeastOfAll(t *testing.T) {
	t.Setenv("SECRET", "hidden")
	for _, path := range []string{"/env", "/nowhere", "/api", "/healthz/x"} {
		if status, body, _ := ask(t, podinfo(), path, "curl/8"); status != http.StatusNotFound || strings.Contains(body, "hidden") {
			t.Errorf("%s: %d", path, status)
		}
	}
	answer := httptest.NewRecorder()
	podinfo().Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/api/info", nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", answer.Code)
	}
}

func TestMetricsCountWhatWasAnswered(t *testing.T) {
	s := podinfo()
	handler := s.Handler()
	for _, path := range []string{"/healthz", "/healthz", "/nowhere", "/metrics"} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if path != "/metrics" {
			continue
		}
		text := answer.Body.String()
		for _, wanted := range []string{
			`(?m)^http_requests_total\{status="200"\} 2$`, `(?m)^http_requests_total\{status="404"\} 1$`,
			`(?m)^http_request_duration_seconds_count 3$`, `(?m)^go_goroutines \d+$`,
			`(?m)^process_start_time_seconds \d{10}\.\d{3}$`, `(?m)^# TYPE http_requests_total counter$`,
		} {
			if !regexp.MustCompile(wanted).MatchString(text) {
				t.Errorf("no %s in\n%s", wanted, text)
			}
		}
		if kind := answer.Header().Get("Content-Type"); kind != "text/plain; version=0.0.4; charset=utf-8" {
			t.Error(kind)
		}
	}
}

func TestOnlySixHexDigitsAreAColour(t *testing.T) {
	for text, want := range map[string]bool{"#34577c": true, "#E3AD64": true, "34577c": false, "#fff": false,
		"red": false, "": false, "#34577c;": false, "#34577c\n": false} {
		if IsColor(text) != want {
			t.Errorf("%q", text)
		}
	}
}

func TestBeforeItEndsItSaysThatItIsNotReady(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	s := podinfo()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener, time.Second, time.Second) }()
	base := "http://" + listener.Addr().String()
	status := func(path string) int {
		answer, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := status("/readyz"); got != http.StatusOK {
		t.Fatal(got)
	}
	end()
	deadline := time.Now().Add(900 * time.Millisecond)
	for status("/readyz") != http.StatusServiceUnavailable {
		if time.Now().After(deadline) {
			t.Fatal("it stays ready")
		}
	}
	if got := status("/healthz"); got != http.StatusOK {
		t.Errorf("it is alive until it ends, yet /healthz is %d", got)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if _, err := http.Get(base + "/readyz"); err == nil {
		t.Error("it still answers")
	}
}
