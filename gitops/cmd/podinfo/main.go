// Command podinfo answers who it is: its version, and the colour that tells releases apart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/demo/podinfo/pkg/server"
	"github.com/demo/podinfo/pkg/version"
)

// The colour that this release shows itself in; `weft release` changes this line.
const color = "#8a8f99"

// How long the program goes on answering after it was told to end, so that whoever balances the load
// has seen /readyz fail, and how long it then waits for answers under way.
const (
	linger   = 3 * time.Second
	farewell = 5 * time.Second
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stderr, log)
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		fmt.Fprintf(os.Stderr, "podinfo: %v\n", err)
		os.Exit(2)
	default:
		log.Error("podinfo ended", "error", err)
		os.Exit(1)
	}
}

// A usageError is a flag or a variable that cannot be used.
type usageError struct{ why string }

func (e usageError) Error() string { return e.why }

// options are what flags say, else the environment, else this release itself.
type options struct {
	port int
	ui   server.UI
}

func parse(args []string, getenv func(string) string, help io.Writer) (options, error) {
	or := func(name, fallback string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return fallback
	}
	flags := flag.NewFlagSet("podinfo", flag.ContinueOnError)
	flags.SetOutput(help)
	port := flags.String("port", or("PORT", "9898"), "where to listen, else $PORT")
	var ui server.UI
	flags.StringVar(&ui.Color, "ui-color", or("PODINFO_UI_COLOR", color), "#rrggbb, else $PODINFO_UI_COLOR")
	flags.StringVar(&ui.Message, "ui-message",
		or("PODINFO_UI_MESSAGE", "greetings from podinfo v"+version.VERSION), "the greeting, else $PODINFO_UI_MESSAGE")
	flags.StringVar(&ui.Logo, "ui-logo", or("PODINFO_UI_LOGO", ""), "the address of a picture, else $PODINFO_UI_LOGO")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return options{}, err
		}
		return options{}, usageError{err.Error()}
	}
	if flags.NArg() > 0 {
		return options{}, usageError{fmt.Sprintf("%q is no flag", flags.Arg(0))}
	}
	number, err := strconv.Atoi(*port)
	if err != nil || number < 0 || number > 65535 {
		return options{}, usageError{fmt.Sprintf("%q is no port", *port)}
	}
	if !server.IsColor(ui.Color) {
		return options{}, usageError{fmt.Sprintf("%q is no colour: write #rrggbb", ui.Color)}
	}
	return options{port: number, ui: ui}, nil
}

// run serves until ctx is done, then says farewell.
func run(ctx context.Context, args []string, getenv func(string) string, help io.Writer, log *slog.Logger) error {
	options, err := parse(args, getenv, help)
	if err != nil {
		return err
	}
	hostname, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("asking for the host's name: %w", err)
	}
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(options.port))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	log.Info("podinfo is listening", "address", listener.Addr().String(), "version", version.VERSION,
		"revision", version.REVISION, "color", options.ui.Color)
	app := server.New(hostname, options.ui, log)
	return app.Serve(ctx, listener, linger, farewell)
}
