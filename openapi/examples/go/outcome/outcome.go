// Package outcome decides what an answer proves, by the rule of the contract: take this file as it is.
package outcome

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Outcome is what an answer proves. Certainty is done, accepted, refused or unknown.
type Outcome struct {
	Certainty string `json:"certainty"`
	Kind      string `json:"kind,omitempty"`
	Tries     *int   `json:"tries,omitempty"`
	Minutes   *int   `json:"minutes,omitempty"`
	JobID     string `json:"job_id,omitempty"`
}

// Document is a file of the contract.
type Document struct{ root any }

// Operation is an operation of a document.
type Operation struct{ document, rules any }

var (
	kinds  = map[int]string{401: "unauthenticated", 403: "forbidden", 404: "not-found", 409: "busy", 429: "throttled"}
	digits = regexp.MustCompile(`^[0-9]{1,3}$`)
)

// Read reads a file of the contract in its JSON form.
func Read(path string) (Document, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Document{}, err
	}
	root, err := read(content)
	return Document{root}, err
}

// Operation finds an operation by its operationId.
func (document Document) Operation(operationID string) (Operation, error) {
	paths, _ := at(document.root, "paths").(map[string]any)
	for _, path := range paths {
		items, _ := path.(map[string]any)
		for _, item := range items {
			if at(item, "operationId") == operationID {
				return Operation{document.root, item}, nil
			}
		}
	}
	return Operation{}, fmt.Errorf("the contract has no operation %s", operationID)
}

// MayResend reports whether to send the same request again after this status, or after no complete
// answer (0).
func (operation Operation) MayResend(request []byte, status int) bool {
	rule := at(operation.rules, "x-retry")
	body, _ := read(request)
	if unless := at(rule, "unless"); unless != nil {
		value, ok := body[text(at(unless, "property"))]
		if ok && fmt.Sprintf("%#v", value) == fmt.Sprintf("%#v", at(unless, "value")) {
			rule = unless
		}
	}
	class, ok := rule.(string)
	if !ok {
		class = text(at(rule, "class"))
	}
	return status == 429 || status == 503 && class != "never" || status == 0 && class == "lost-answer"
}

// Decide decides what a complete answer proves. It is in doubt if the outcome of an earlier attempt is
// unknown.
func (operation Operation) Decide(status int, body []byte, inDoubt bool) Outcome {
	response := at(operation.rules, "responses", strconv.Itoa(status))
	outcome := unknown("unexpected-status")
	switch {
	case status >= 200 && status < 300 && response != nil:
		outcome = operation.decideSuccess(response, body)
	case status >= 400 && status < 500:
		answer, _ := read(body)
		code := errorCode(answer)
		if response != nil || code != "" {
			if strings.HasPrefix(code, "APIG.") {
				code = "APIGW." + strings.TrimPrefix(code, "APIG.")
			}
			known := text(at(operation.document, "x-error-codes", code, "kind"))
			outcome = Outcome{Certainty: "refused", Kind: first(known, kinds[status], "other")}
		}
	case status >= 500 && status < 600:
		outcome = unknown("server-error")
	}
	if inDoubt && outcome.Certainty == "refused" {
		return unknown("earlier-attempt")
	}
	return outcome
}

func (operation Operation) decideSuccess(response any, body []byte) Outcome {
	answer, err := read(body)
	if err != nil && len(body) > 0 {
		return unknown("unreadable")
	}
	// named returns the property of the answer that a member of the rule names.
	named := func(rule any, member string) any {
		name, ok := at(rule, member).(string)
		if !ok {
			return nil
		}
		return answer[name]
	}
	rule := at(response, "x-outcome")
	if property := text(at(rule, "property")); property != "" {
		ref := text(at(response, "content", "application/json", "schema", "$ref"))
		schema := ref[strings.LastIndex(ref, "/")+1:]
		declared := at(operation.document, "components", "schemas", schema, "properties", property, "type")
		value := named(rule, "property")
		_, ofType := value.(string)
		if declared == "boolean" {
			_, ofType = value.(bool)
		}
		rule = at(rule, "values", fmt.Sprint(value))
		if !ofType {
			rule = nil
		}
	}
	certainty := text(at(rule, "certainty"))
	if certainty == "refused" {
		kind := first(text(at(rule, "kind")), "other")
		return Outcome{certainty, kind, count(named(rule, "triesLeft")), count(named(rule, "minutesLeft")), ""}
	}
	proof, _ := at(rule, "proof").([]any)
	proven := len(body) == 0 || len(proof) == 0
	for _, name := range proof {
		proven = proven || text(answer[text(name)]) != ""
	}
	if certainty == "" || !proven || speaksOfError(answer) {
		return unknown("not-confirmed")
	}
	return Outcome{Certainty: certainty, JobID: text(named(rule, "jobId"))}
}

// read returns the object that a body is, or an error if it is not readable.
func read(body []byte) (map[string]any, error) {
	// The decoder alone would take invalid UTF-8, and a name twice.
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, errors.New("not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	value, err := readValue(decoder, 1)
	if object, ok := value.(map[string]any); ok || err != nil {
		return object, err
	}
	return nil, errors.New("not an object")
}

// readValue returns the next value of valid JSON.
func readValue(decoder *json.Decoder, level int) (any, error) {
	token, err := decoder.Token()
	if number, ok := token.(json.Number); ok {
		_, err = number.Float64()
	}
	delimiter, inside := token.(json.Delim)
	if err != nil || !inside {
		return token, err
	}
	if level > 100 {
		return nil, errors.New("too many levels")
	}
	object, array := make(map[string]any), []any{}
	for decoder.More() {
		var name any
		if delimiter == '{' {
			name, _ = decoder.Token()
		}
		if _, twice := object[text(name)]; twice {
			return nil, errors.New("a member name twice")
		}
		value, err := readValue(decoder, level+1)
		if err != nil {
			return nil, err
		}
		if delimiter == '{' {
			object[text(name)] = value
		}
		array = append(array, value)
	}
	_, err = decoder.Token()
	if delimiter == '{' {
		return object, err
	}
	return array, err
}

func errorCode(body map[string]any) string {
	inner := at(body, "error")
	for _, value := range []any{body["error_code"], body["errCode"], at(inner, "error_code"), at(inner, "errCode")} {
		if number, ok := value.(json.Number); ok && !strings.ContainsAny(number.String(), ".eE") {
			return number.String()
		}
		if code := text(value); code != "" {
			return code
		}
	}
	return ""
}

func speaksOfError(body map[string]any) bool {
	for name, value := range body {
		isError := strings.HasPrefix(name, "err") || name == "externalMessage"
		if isError && value != nil || name == "success" && value != true {
			return true
		}
	}
	return false
}

func unknown(kind string) Outcome { return Outcome{Certainty: "unknown", Kind: kind} }

// at returns the member at a path of names, or nil if it is missing.
func at(value any, names ...string) any {
	for _, name := range names {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func text(value any) string {
	text, _ := value.(string)
	return text
}

func count(value any) *int {
	if !digits.MatchString(text(value)) {
		return nil
	}
	number, _ := strconv.Atoi(text(value))
	return &number
}
