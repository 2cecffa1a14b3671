package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"slotrace/engine/fold"
	"slotrace/server/api"
	"slotrace/server/guard"
	"slotrace/server/live"
	"slotrace/server/relay"
	"slotrace/server/reviews"
	"slotrace/server/schedules"
	"slotrace/server/shelf"
	"slotrace/server/stream"
	"slotrace/static"
)

// farewell is how long the end waits for those who are connected.
const farewell = 3 * time.Second

func runServe(args []string, stdout, stderr io.Writer) int {
	words, err := parseServe(args, os.Getenv)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(stdout, serveHelp)
		return exitOK
	case err != nil:
		return misused(stderr, "slotrace serve", err.Error())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(stderr, nil))
	defer context.AfterFunc(ctx, func() {
		stop() // from now on a signal ends the process in the system's own way
		log.Info("stopping; another Ctrl-C ends it at once")
	})()
	if err := serve(ctx, words, stdout, log); err != nil {
		fmt.Fprintf(stderr, "slotrace: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return exitFailed
	}
	return exitOK
}

// serve serves until ctx is done. Whatever it set up is gone when it returns.
func serve(ctx context.Context, words serveWords, stdout io.Writer, log *slog.Logger) (err error) {
	listener, err := listen(ctx, words) // first: nothing has been made when the port is in use
	if err != nil {
		return err
	}
	defer listener.Close()
	data, err := openData(words.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()

	folder, err := data.recordings()
	if err != nil {
		return err
	}
	keep := words.keep
	keep.Log = log
	recordings, err := shelf.New(folder, keep)
	if err != nil {
		return err
	}
	defer recordings.Close()
	runs, err := live.New(live.Options{Dir: data.dir, Recordings: recordings, Server: version(), Log: log})
	if err != nil {
		return err
	}
	tests := reviews.New(reviews.Options{Dir: data.dir, Log: log})
	address := listener.Addr().(*net.TCPAddr).AddrPort()
	g, err := guard.New(words.host, address.Port(), words.hosts...)
	if err != nil {
		return err
	}
	metrics := newMetrics(runs)
	viewers := stream.New(runs.Board(), g, stream.Options{Metrics: metrics})
	mux := http.NewServeMux()
	things := api.New(api.Host{Runs: runs, Reviews: tests, Schedules: schedules.New(data.dir), Recordings: recordings})
	mux.Handle("/healthz", things)
	mux.Handle("/api/", things)
	mux.Handle("/r/", things)
	mux.Handle("/api/stream", viewers)
	mux.Handle("/metrics", metricsHandler(metrics))
	mux.Handle("/", static.Handler())
	server := &http.Server{
		Handler:           g.Handler(mux),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      5 * time.Minute, // the page over a slow line; a stream sets its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}

	if !static.Built() {
		log.Warn("this server was built without its page; make build builds it")
	}
	fmt.Fprintf(stdout, "slotrace serves http://%s\n", reachable(address))
	for _, other := range others(address) {
		log.Info("others watch at http://" + other.String())
	}
	stopRelay := present(words, runs.Board(), stdout, log)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case <-ctx.Done():
	case err = <-ended:
		ended <- nil
	}

	runs.Board().Notice("the server is stopping")
	if e := runs.Close(); e != nil {
		log.Warn("the run that was stopped", "failure", e)
	}
	tests.Close()
	stopRelay()
	bounded, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	viewers.Shutdown(bounded) // whoever is left then is dropped
	if server.Shutdown(bounded) != nil {
		server.Close()
	}
	<-ended
	return err
}

// present presents in a room elsewhere, if the words say so. What it returns ends that,
// when what is new was sent.
func present(words serveWords, board *fold.Board, stdout io.Writer, log *slog.Logger) (stop func()) {
	if words.relay == nil {
		return func() {}
	}
	fmt.Fprintf(stdout, "viewers open %s\n", words.relay)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := relay.New(board, relay.Options{Room: *words.relay, Token: words.token, Log: log}).Run(ctx); err != nil {
			log.Error("not presenting", "why", err)
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func listen(ctx context.Context, words serveWords) (net.Listener, error) {
	address := net.JoinHostPort(words.host, words.port)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	var lookup *net.DNSError
	would := "another --addr would do"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		would = "--addr with another port would do, or with port 0, which takes any that is free"
	case errors.Is(err, syscall.EACCES):
		would = "--addr with a port from 1024 on would do"
	case errors.As(err, &lookup):
		would = "--addr with an address of this machine would do"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return nil, fmt.Errorf("cannot listen on %s: %w; %s", address, err, would)
}

// others are the addresses at which other machines reach a server that listens on
// all of this machine's.
func others(a netip.AddrPort) (list []netip.AddrPort) {
	if !a.Addr().IsUnspecified() {
		return nil
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil // it is no more than a hint
	}
	for _, i := range interfaces {
		if p, err := netip.ParsePrefix(i.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() && !p.Addr().IsLinkLocalUnicast() {
			list = append(list, netip.AddrPortFrom(p.Addr(), a.Port()))
		}
	}
	return list
}

// reachable is the address as a browser on this machine takes it.
func reachable(a netip.AddrPort) netip.AddrPort {
	if a.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
