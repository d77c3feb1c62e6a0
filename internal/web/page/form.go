package page

import (
	"strconv"

	"github.com/a-h/templ"

	"holdfast/internal/lang"
)

// Field is one control of a form. The sentence beside it comes from
// Base.Problems by its name.
type Field struct {
	Name         string
	Label        string
	Hint         string
	Value        string
	Type         string // of the input; text if empty
	Autocomplete string
	InputMode    string
	Accept       string // of a file input
	Rows         int    // makes it a textarea
	MaxLength    string
	Options      []Option // makes it a select
	Optional     bool
	Required     bool // by the browser too; the server checks anyway
	Wide         bool
	Focus        bool // where the cursor stands when the page opens
	List         string
}

// Option is one choice.
type Option struct {
	Value string
	Text  string
	Hint  string
}

// Choices are radio buttons, or check boxes if Many.
type Choices struct {
	Name    string
	Label   string
	Hint    string
	Options []Option
	Chosen  []string
	Many    bool
	Tall    bool // one below the other
}

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (c Choices) kind() string {
	if c.Many {
		return "checkbox"
	}
	return "radio"
}

func (c Choices) has(value string) bool {
	for _, v := range c.Chosen {
		if v == value {
			return true
		}
	}
	return false
}

func revisionField(n int64) string { return strconv.FormatInt(n, 10) }

// described are the attributes that tie a control to its hint and its problem.
func (b *Base) described(f Field) templ.Attributes {
	a := templ.Attributes{}
	by := ""
	if f.Hint != "" {
		by = f.Name + "-hint"
	}
	if b.Wrong(f.Name) != "" {
		a["aria-invalid"] = "true"
		if by != "" {
			by += " "
		}
		by += f.Name + "-problem"
	}
	for name, value := range map[string]string{
		"aria-describedby": by, "autocomplete": f.Autocomplete, "inputmode": f.InputMode, "maxlength": f.MaxLength, "list": f.List,
	} {
		if value != "" {
			a[name] = value
		}
	}
	if f.Required {
		a["required"] = true
	}
	if f.Focus {
		a["autofocus"] = true
	}
	if f.Type == "password" || f.InputMode == "numeric" || f.Type == "email" {
		a["spellcheck"] = "false"
		a["autocapitalize"] = "none"
	}
	return a
}

// languageOptions are the interface languages as choices.
func (b *Base) languageOptions() []Option {
	var out []Option
	for _, l := range lang.Languages {
		out = append(out, Option{Value: string(l), Text: b.LanguageName(l)})
	}
	return out
}
