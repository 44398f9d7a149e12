// Sets the five passwords with the clients that openapi-generator generates, has five refused, and
// tries a wrong old one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"example/generated/dcs"
	"example/generated/ddm"
	"example/generated/dms"
)

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
	answer, response, err := ddmClient.DDMAccountsAPI.
		ResetUserPassword(background, projectID, ddmID, account).ResetUserPasswordRequest(body).Execute()
	if err != nil {
		return refusal(response, err)
	}
	if answer == nil {
		return errUnknown
	}
	return prove(answer.Success, true, false)
}

func ddmResetAdministrator(password string) error {
	body := *ddm.NewResetAdministratorRequest("root", password)
	_, response, err := ddmClient.DDMAccountsAPI.
		ResetAdministrator(background, projectID, ddmID).ResetAdministratorRequest(body).Execute()
	if err != nil {
		return refusal(response, err)
	}
	// 202: it is accepted, and a job does it. Neither needs a body.
	done := response.StatusCode == 200 || response.StatusCode == 202
	return prove(&done, true)
}

func dcsUpdatePassword(oldPassword, password string) error {
	body := *dcs.NewUpdatePasswordRequest(oldPassword, password)
	answer, response, err := dcsClient.RedisInstancesAPI.
		UpdatePassword(background, projectID, dcsID).UpdatePasswordRequest(body).Execute()
	if err != nil {
		return refusal(response, err)
	}
	if answer == nil {
		return errUnknown
	}
	return prove(answer.Result, "success", "passwordFailed", "locked", "failed")
}

func dcsResetPassword(password string) error {
	body := *dcs.NewResetPasswordRequest()
	body.SetNewPassword(password)
	answer, response, err := dcsClient.RedisInstancesAPI.
		ResetPassword(background, projectID, dcsID).ResetPasswordRequest(body).Execute()
	if err != nil {
		return refusal(response, err)
	}
	if answer == nil {
		return errUnknown
	}
	return prove(answer.Code, "1", "3")
}

func dmsResetPassword(password string) error {
	body := *dms.NewResetPasswordRequest(password)
	response, err := dmsClient.KafkaInstancesAPI.
		ResetPassword(background, projectID, dmsID).ResetPasswordRequest(body).Execute()
	if err != nil {
		return refusal(response, err)
	}
	return prove(&response.StatusCode, 204)
}

// Refused says that no password was changed, and why. Any other error leaves that open.
type Refused string

func (code Refused) Error() string { return "refused: " + string(code) }

// The generated code takes `null`, or no body at all, for an answer that is nil.
var errUnknown = errors.New("the answer does not say whether the password changed")

// Takes only what proves success for a success, and only what denies it for a refusal. What the
// answer does not have is nil, which the getters of the generated code hide.
func prove[T comparable](told *T, success T, refusals ...T) error {
	if told != nil && *told == success {
		return nil
	}
	for _, refusal := range refusals {
		if told != nil && *told == refusal {
			return Refused(fmt.Sprint(refusal))
		}
	}
	return errUnknown
}

// A 4xx with a code is a refusal; after anything else it is not known what happened.
func refusal(response *http.Response, err error) error {
	// The three clients have an error type each, with the same method.
	var answer interface{ Body() []byte }
	if response == nil || response.StatusCode < 400 || response.StatusCode >= 500 || !errors.As(err, &answer) {
		return err
	}
	// DDM says `errCode`, the other services and the gateway before all of them `error_code`.
	var body struct {
		ErrCode   string `json:"errCode"`
		ErrorCode string `json:"error_code"`
	}
	if json.Unmarshal(answer.Body(), &body) != nil || body.ErrCode+body.ErrorCode == "" {
		return err
	}
	return Refused(body.ErrCode + body.ErrorCode)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	const old, fresh, weak = "First-Example-2024", "Second-Example-2024", "weakpassword"
	// The call, a password for it, and the code with which the service refuses a weak one. The
	// reset gives the change an old password that is known, however often this runs.
	steps := []struct {
		call     func(password string) error
		password string
		refusal  Refused
	}{
		{ddmResetUserPassword, fresh, "DBS.300306"},
		{ddmResetAdministrator, fresh, "DBS.300306"},
		{dcsResetPassword, old, "DCS.4019"},
		{func(password string) error { return dcsUpdatePassword(old, password) }, fresh, "DCS.4019"},
		{dmsResetPassword, fresh, "DMS.00400012"},
	}
	var codes []string
	for _, step := range steps {
		if err := step.call(weak); err != step.refusal {
			return fmt.Errorf("%v instead of %v", err, step.refusal)
		}
		if err := step.call(step.password); err != nil {
			return err
		}
		if len(codes) == 0 || codes[len(codes)-1] != string(step.refusal) {
			codes = append(codes, string(step.refusal))
		}
	}
	// One try of five; the next right one sets the count back.
	var wrong Refused
	if err := dcsUpdatePassword("Wrong-Example-2024", old); !errors.As(err, &wrong) || wrong != "passwordFailed" {
		return fmt.Errorf("%v instead of passwordFailed", err)
	}
	fmt.Printf("%d changed; weak refused: %s; wrong old password: %s\n",
		len(steps), strings.Join(codes, ", "), string(wrong))
	return nil
}

func setting(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}
