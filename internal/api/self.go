package api

import (
	"context"
	"net/http"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/wire"
)

func (d *door) selfOperations() {
	handle(d, spec{
		id: "get-self", method: http.MethodGet, path: "/self", tag: "self", act: anyone,
		title: "Who is asking", about: "What the token stands for, and what it is limited to.",
	}, d.getSelf)
	handle(d, spec{
		id: "get-problem-type", method: http.MethodGet, path: "/problems/{code}", tag: "self", act: open,
		title: "What a type of problem means", about: "The type of every problem is the path of this operation.",
	}, d.getProblemType)
}

func (d *door) getSelf(_ context.Context, c *call, _ *struct{}) (*One[wire.Self], error) {
	c.now()
	return one(c, wire.Self{
		Account: c.actor.Account, Means: c.actor.Means, Via: c.actor.Via, Place: c.actor.Place, Roles: c.actor.Roles, Scopes: c.actor.Scopes,
		Instance: d.Instance.Store.Name, Version: d.Version,
	}, 1, ""), nil
}

type inProblemType struct {
	Code string `path:"code" maxLength:"100" pattern:"^[a-z0-9_.]+$" example:"record.changed"`
}

func (d *door) getProblemType(_ context.Context, c *call, in *inProblemType) (*One[wire.ProblemType], error) {
	if !lang.Has("error." + in.Code) {
		return nil, isms.Errorf(isms.NotFound, "api.problem_unknown")
	}
	c.now()
	p := printer(c.huma.Header("Accept-Language"))
	return one(c, wire.ProblemType{Type: wire.ProblemPath + in.Code, Code: in.Code, Detail: p.T("error." + in.Code)}, 1, ""), nil
}
