// Sets the five passwords with the clients that openapi-generator generates, has five refused, and
// tries a wrong old one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"example/generated/dcs"
	"example/generated/ddm"
	"example/generated/dms"
	"example/outcome"
)

const attempts = 3

// The emulator's own, which are no secrets.
var (
	url       = strings.TrimSuffix(setting("REPASS_URL", "http://127.0.0.1:8080"), "/")
	token     = setting("REPASS_TOKEN", "emulator-token")
	projectID = setting("REPASS_PROJECT_ID", "0123456789abcdef0123456789abcdef")
	ddmID     = setting("REPASS_DDM_ID", "e6b99563-0000-4000-8000-1820d4fd2a67")
	dcsID     = setting("REPASS_DCS_ID", "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28")
	dmsID     = setting("REPASS_DMS_ID", "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57")
	account   = setting("REPASS_DDM_ACCOUNT", "ddmtest")
)

// Go's client follows redirects by default, and takes password and token along to wherever one leads.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

var ddmClient, dcsClient, dmsClient = func() (*ddm.APIClient, *dcs.APIClient, *dms.APIClient) {
	headers := map[string]string{"X-Auth-Token": token}
	ddmSettings, dcsSettings, dmsSettings := ddm.NewConfiguration(), dcs.NewConfiguration(), dms.NewConfiguration()
	ddmSettings.HTTPClient, ddmSettings.DefaultHeader = client, headers
	dcsSettings.HTTPClient, dcsSettings.DefaultHeader = client, headers
	dmsSettings.HTTPClient, dmsSettings.DefaultHeader = client, headers
	ddmSettings.Servers = ddm.ServerConfigurations{{URL: url}}
	dcsSettings.Servers = dcs.ServerConfigurations{{URL: url}}
	dmsSettings.Servers = dms.ServerConfigurations{{URL: url}}
	return ddm.NewAPIClient(ddmSettings), dcs.NewAPIClient(dcsSettings), dms.NewAPIClient(dmsSettings)
}()

var background = context.Background()

func ddmResetUserPassword(password string) error {
	body := *ddm.NewResetUserPasswordRequest(password)
	call := ddmClient.DDMAccountsAPI.ResetUserPassword(background, projectID, ddmID, account).ResetUserPasswordRequest(body)
	return change("ddm", "resetUserPassword", body, func() (*http.Response, error) {
		_, response, err := call.Execute()
		return response, err
	})
}

func ddmResetAdministrator(password string) error {
	body := *ddm.NewResetAdministratorRequest("root", password)
	call := ddmClient.DDMAccountsAPI.ResetAdministrator(background, projectID, ddmID).ResetAdministratorRequest(body)
	return change("ddm", "resetAdministrator", body, func() (*http.Response, error) {
		_, response, err := call.Execute()
		return response, err
	})
}

func dcsUpdatePassword(oldPassword, password string) error {
	body := *dcs.NewUpdatePasswordRequest(oldPassword, password)
	call := dcsClient.RedisInstancesAPI.UpdatePassword(background, projectID, dcsID).UpdatePasswordRequest(body)
	return change("dcs", "updatePassword", body, func() (*http.Response, error) {
		_, response, err := call.Execute()
		return response, err
	})
}

func dcsResetPassword(password string) error {
	body := *dcs.NewResetPasswordRequest()
	body.SetNewPassword(password)
	call := dcsClient.RedisInstancesAPI.ResetPassword(background, projectID, dcsID).ResetPasswordRequest(body)
	return change("dcs", "resetPassword", body, func() (*http.Response, error) {
		_, response, err := call.Execute()
		return response, err
	})
}

func dmsResetPassword(password string) error {
	body := *dms.NewResetPasswordRequest(password)
	call := dmsClient.KafkaInstancesAPI.ResetPassword(background, projectID, dmsID).ResetPasswordRequest(body)
	return change("dms", "resetPassword", body, call.Execute)
}

// Refused says that no password was changed, and why. Any other error leaves that open.
type Refused string

func (kind Refused) Error() string { return "refused: " + string(kind) }

// change sends a request, again if the contract allows it. It returns no error if the answer proves success.
func change(service, operationID string, request any, send func() (*http.Response, error)) error {
	document, err := outcome.Read("generated/contract/" + service + ".json")
	if err != nil {
		return err
	}
	operation, err := document.Operation(operationID)
	if err != nil {
		return err
	}
	sent, err := json.Marshal(request)
	if err != nil {
		return err
	}
	inDoubt := false
	for attempt := 1; ; attempt++ {
		response, err := send()
		// The generated code has an error of its own for an answer that it cannot read, or that is no
		// success. After any other error no complete answer came.
		var answered interface{ Body() []byte }
		if err != nil && (response == nil || !errors.As(err, &answered)) {
			return err
		}
		// It has read the body, and put it back as it came.
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		decided := operation.Decide(response.StatusCode, body, inDoubt)
		if attempt < attempts && operation.MayResend(sent, response.StatusCode) {
			inDoubt = inDoubt || decided.Certainty == "unknown"
			time.Sleep(time.Duration(attempt) * time.Second)
			continue
		}
		switch decided.Certainty {
		case "done", "accepted": // Accepted: a job does it.
			return nil
		case "refused":
			return Refused(decided.Kind)
		}
		return fmt.Errorf("it is unknown whether the password changed: %s", decided.Kind)
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	const old, fresh, weak = "First-Example-2024", "Second-Example-2024", "weakpassword"
	// The call, and a password for it. The reset gives the change an old password that is known,
	// however often this runs.
	steps := []struct {
		call     func(password string) error
		password string
	}{
		{ddmResetUserPassword, fresh},
		{ddmResetAdministrator, fresh},
		{dcsResetPassword, old},
		{func(password string) error { return dcsUpdatePassword(old, password) }, fresh},
		{dmsResetPassword, fresh},
	}
	for _, step := range steps {
		if err := step.call(weak); err != Refused("weak-password") {
			return fmt.Errorf("%v instead of a refused weak password", err)
		}
		if err := step.call(step.password); err != nil {
			return err
		}
	}
	// One try of five; the next right one sets the count back.
	if err := dcsUpdatePassword("Wrong-Example-2024", old); err != Refused("wrong-old-password") {
		return fmt.Errorf("%v instead of a refused old password", err)
	}
	fmt.Printf("%d changed, %d weak passwords refused, and a wrong old one\n", len(steps), len(steps))
	return nil
}

func setting(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}
