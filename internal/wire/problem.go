package wire

// ProblemPath is where the types of problems are explained; a type is this path and the code.
const ProblemPath = "/api/v1/problems/"

// Problem is every error answer (RFC 9457, application/problem+json). Type and Code never
// change their meaning and are never translated; Title and Detail are in the caller's language.
type Problem struct {
	Type   string  `json:"type" format:"uri-reference" doc:"Which problem this is. Never translated." example:"/api/v1/problems/record.changed"`
	Title  string  `json:"title" doc:"What kind of problem this is, in the caller's language."`
	Status int     `json:"status" minimum:"400" maximum:"599" doc:"The status of the answer."`
	Detail string  `json:"detail" doc:"What happened here, in the caller's language."`
	Code   string  `json:"code" doc:"The last part of type." example:"record.changed"`
	Errors []Fault `json:"errors,omitempty" nullable:"false" doc:"The single things that are wrong with the request."`

	// RetryAfter is in seconds and becomes the header Retry-After; 0 for none.
	RetryAfter int `json:"-"`
}

// Fault is one thing wrong with a request.
type Fault struct {
	Location string `json:"location" format:"json-pointer" doc:"JSON pointer (RFC 6901) into the request seen as an object with path, query, header and body." example:"/body/name"`
	Code     string `json:"code" doc:"What is wrong. Never translated." example:"field.required"`
	Detail   string `json:"detail" doc:"What is wrong, in the caller's language."`
}

// Error names the code for logs.
func (p *Problem) Error() string { return p.Code }

// GetStatus is the HTTP status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType says that a problem is written as application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// ProblemType explains one type of problem.
type ProblemType struct {
	Type   string `json:"type" format:"uri-reference"`
	Code   string `json:"code"`
	Detail string `json:"detail" doc:"The sentence in the caller's language; {names} stand for values of the occurrence."`
}
