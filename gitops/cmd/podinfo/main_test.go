package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/demo/podinfo/pkg/server"
	"github.com/demo/podinfo/pkg/version"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestTheColourCompiledInIsOne(t *testing.T) {
	if !server.IsColor(color) {
		t.Fatal(color)
	}
}

func TestWithoutFlagsAndVariablesTheReleaseShowsItself(t *testing.T) {
	got, err := parse(nil, environment(nil), io.Discard)
	want := options{9898, server.UI{Color: color, Message: "greetings from podinfo v" + version.VERSION}}
	if err != nil || got != want {
		t.Fatalf("%v %v", got, err)
	}
}

func TestAFlagWinsOverAVariable(t *testing.T) {
	variables := environment(map[string]string{"PORT": "1", "PODINFO_UI_COLOR": "#111111",
		"PODINFO_UI_MESSAGE": "hello", "PODINFO_UI_LOGO": "https://example.com/x.png"})
	got, err := parse([]string{"--port", "0", "--ui-color=#222222"}, variables, io.Discard)
	want := options{0, server.UI{Color: "#222222", Message: "hello", Logo: "https://example.com/x.png"}}
	if err != nil || got != want {
		t.Fatalf("%v %v", got, err)
	}
}

func TestWhatCannotBeUsedIsRefusedBeforeAnythingStarts(t *testing.T) {
	for _, args := range [][]string{{"--port", "x"}, {"--port", "70000"}, {"--ui-color", "red"}, {"--nonsense"}, {"x"}} {
		if _, err := parse(args, environment(nil), io.Discard); !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if _, err := parse([]string{"--help"}, environment(nil), io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}

func TestItEndsWhenItIsToldTo(t *testing.T) {
	ctx, end := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer end()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if err := run(ctx, []string{"--port", "0"}, environment(nil), io.Discard, log); err != nil {
		t.Fatal(err)
	}
}
