package api

import (
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2/validation"
)

// template is a sentence of the validator with the code that it means.
type template struct {
	pattern *regexp.Regexp
	code    string
	params  []string
}

// faults recognises the validator's English sentences, so that they can be said in the caller's
// language. A sentence that is not recognised becomes field.malformed; a test feeds all of them.
var faults = sync.OnceValue(func() []template {
	var out []template
	add := func(sentence, code string, params ...string) {
		q := regexp.QuoteMeta(sentence)
		for _, verb := range []string{"%v", "%s", "%d"} {
			q = strings.ReplaceAll(q, verb, `(.*)`)
		}
		out = append(out, template{regexp.MustCompile(`(?s)^` + q + `$`), code, params})
	}
	add(validation.MsgUnexpectedProperty, "field.unexpected")
	add("unknown query parameter", "field.unexpected")
	add("required path parameter is missing", "field.required")
	add("required query parameter is missing", "field.required")
	add("required header parameter is missing", "field.required")
	add(validation.MsgExpectedRequiredProperty, "field.property_required", "property")
	add(validation.MsgExpectedDependentRequiredProperty, "field.property_required", "property", "with")
	add(validation.MsgExpectedOneOf, "field.not_in_list", "list")
	add(validation.MsgExpectedMinimumNumber, "field.too_small", "min")
	add(validation.MsgExpectedExclusiveMinimumNumber, "field.too_small", "min")
	add(validation.MsgExpectedMaximumNumber, "field.too_large", "max")
	add(validation.MsgExpectedExclusiveMaximumNumber, "field.too_large", "max")
	add(validation.MsgExpectedMinLength, "field.too_short", "n")
	add(validation.MsgExpectedMaxLength, "field.too_long", "n")
	add(validation.MsgExpectedMinItems, "field.too_few", "n")
	add(validation.MsgExpectedMaxItems, "field.too_many", "n")
	add(validation.MsgExpectedArrayItemsUnique, "field.twice")
	add(validation.MsgExpectedRFC3339DateTime, "field.not_a_time")
	add("invalid date/time for format %s", "field.not_a_time", "format")
	add(validation.MsgExpectedRFC3339Date, "field.not_a_date")
	add(validation.MsgExpectedBoolean, "field.not_yes_or_no")
	add("invalid boolean", "field.not_yes_or_no")
	add(validation.MsgExpectedNumber, "field.not_a_number")
	add(validation.MsgExpectedInteger, "field.not_a_number")
	add("invalid integer", "field.not_a_number")
	add("invalid float", "field.not_a_number")
	add(validation.MsgExpectedString, "field.not_a_text")
	add(validation.MsgExpectedArray, "field.not_a_list")
	add(validation.MsgExpectedObject, "field.not_an_object")
	add(validation.MsgExpectedMatchPattern, "field.pattern", "pattern")
	return out
})

// faultOf names what a sentence of the validator means.
func faultOf(sentence string) (code string, params map[string]string) {
	for _, t := range faults() {
		m := t.pattern.FindStringSubmatch(sentence)
		if m == nil {
			continue
		}
		for i, name := range t.params {
			if i+1 < len(m) {
				if params == nil {
					params = map[string]string{}
				}
				params[name] = m[i+1]
			}
		}
		return t.code, params
	}
	return "field.malformed", nil
}
