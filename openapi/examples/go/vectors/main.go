// Checks the package outcome against every case of outcome-vectors.json.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"

	"example/outcome"
)

type vector struct {
	Service, Operation, Name string
	// 0 for no complete answer.
	Status  int
	Body    string
	Base64  []byte `json:"body_base64"`
	Outcome outcome.Outcome
	Request json.RawMessage
	Again   bool
}

func main() {
	log.SetFlags(0)
	// The contract as JSON, unless this names another copy of it.
	folder := os.Getenv("REPASS_CONTRACT")
	if folder == "" {
		folder = "generated/contract"
	}
	text, err := os.ReadFile("../../outcome-vectors.json")
	if err != nil {
		log.Fatal(err)
	}
	var vectors struct{ Cases, Later, Retries []vector }
	if err := json.Unmarshal(text, &vectors); err != nil {
		log.Fatal(err)
	}
	documents := make(map[string]outcome.Document)
	for _, service := range []string{"ddm", "dcs", "dms", "iam"} {
		if documents[service], err = outcome.Read(filepath.Join(folder, service+".json")); err != nil {
			log.Fatal(err)
		}
	}
	operation := func(vector vector) outcome.Operation {
		found, err := documents[vector.Service].Operation(vector.Operation)
		if err != nil {
			log.Fatal(err)
		}
		return found
	}

	wrong := 0
	compare := func(vector vector, decided, expected any) {
		if !reflect.DeepEqual(decided, expected) {
			told, _ := json.Marshal(decided)
			fmt.Printf("wrong: %s %s %s: %s\n", vector.Service, vector.Operation, vector.Name, told)
			wrong++
		}
	}
	for i, vector := range append(vectors.Cases, vectors.Later...) {
		body := append([]byte(vector.Body), vector.Base64...)
		inDoubt := i >= len(vectors.Cases)
		compare(vector, operation(vector).Decide(vector.Status, body, inDoubt), vector.Outcome)
	}
	for _, vector := range vectors.Retries {
		compare(vector, operation(vector).MayResend(vector.Request, vector.Status), vector.Again)
	}
	count := len(vectors.Cases) + len(vectors.Later) + len(vectors.Retries)
	if wrong > 0 || count == 0 {
		log.Fatalf("%d of %d cases are wrong", wrong, count)
	}
	fmt.Printf("all %d cases as they should be\n", count)
}
