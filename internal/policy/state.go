package policy

import "holdfast/internal/isms"

// State is where a version stands.
type State string

// The states of a version.
const (
	Draft      State = "draft"
	Review     State = "review"   // submitted, waits for another person
	Approved   State = "approved" // waits for publication or for its first day
	Effective  State = "effective"
	Superseded State = "superseded" // another version took its place
	Expired    State = "expired"
)

type verb string

const (
	correct   verb = "correct"
	submit    verb = "submit"
	sendBack  verb = "send_back"
	approve   verb = "approve"
	publish   verb = "publish"
	adopt     verb = "adopt"
	begin     verb = "begin" // its first day has come
	supersede verb = "supersede"
	expire    verb = "expire"
	withdraw  verb = "withdraw" // delete what never was in force
	destroy   verb = "destroy"  // delete what was in force, after the lock
)

// moves is the law of versions: what may be done in which state, and where it leads.
// Correcting a reading leads nowhere: the words stay what they are.
var moves = map[State]map[verb]State{
	Draft:      {correct: Draft, submit: Review, adopt: Effective, withdraw: ""},
	Review:     {sendBack: Draft, approve: Approved, withdraw: ""},
	Approved:   {correct: Approved, publish: Approved, begin: Effective, withdraw: ""},
	Effective:  {correct: Effective, supersede: Superseded, expire: Expired},
	Superseded: {destroy: ""},
	Expired:    {destroy: ""},
}

// next says where a verb leads, or why it is not allowed.
func (s State) next(v verb) (State, error) {
	to, ok := moves[s][v]
	if !ok {
		return "", isms.Errorf(isms.Conflict, "policy.state_forbids", "state", string(s), "act", string(v))
	}
	return to, nil
}
