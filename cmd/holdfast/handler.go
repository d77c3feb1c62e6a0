package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"

	"holdfast/internal/api"
	"holdfast/internal/store"
	"holdfast/internal/web"
)

// handler puts the doors behind one address.
func (a *app) handler(c *upCmd) (http.Handler, error) {
	pages, err := web.New(web.Config{
		Hosts:  c.hosts(),
		Secure: c.secure(),
		Clock:  a.in.Clock,
		Log:    slog.Default(),

		Address:  c.address(),
		Version:  version(),
		Instance: a.in,
		People:   a.people,
		House:    a.house,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	programs := api.Config{
		Instance: a.in, People: a.people, Hosts: c.hosts(), Version: version(), Address: c.address(), Log: slog.Default(),
		Rooms: a.house.Get,
	}
	mux.Handle(api.Prefix+"/", api.New(programs))
	mux.Handle(api.LogPrefix, api.Public(programs))
	return mux, nil
}

// offerSetUp says how to make the first account as long as there is none: on a terminal by a link,
// else in a file that only this user can read. The token never reaches a log.
func (a *app) offerSetUp(ctx context.Context, e *env, address string) error {
	open, err := a.people.SetUpOpen(ctx)
	if err != nil || !open {
		return err
	}
	token, err := a.people.NewSetUpToken(ctx)
	if err != nil {
		return err
	}
	link := address + "/setup#token=" + token
	if terminal(e.out) {
		fmt.Fprintln(e.out, e.words.T("up.set_up", "link", link))
		return nil
	}
	file := filepath.Join(a.in.Store.Dir, "set-up-link")
	if err := store.WriteFileDurably(file, []byte(link+"\n"), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(e.out, e.words.T("up.set_up_file", "file", file))
	return nil
}
