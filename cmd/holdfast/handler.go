package main

import (
	"context"
	"log/slog"
	"net/http"

	"holdfast/internal/web"
)

// handler puts the doors behind one address.
func (a *app) handler(c *upCmd) (http.Handler, error) {
	pages, err := web.New(web.Config{
		Hosts:  c.hosts(),
		Secure: c.secure(),
		Clock:  a.in.Clock,
		Log:    slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	return mux, nil
}

// offerSetUp says how to make the first account as long as there is none.
func (a *app) offerSetUp(context.Context, *env, string) error { return nil }
