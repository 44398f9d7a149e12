import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dcs.api.RedisInstancesApi;
import ddm.api.DdmAccountsApi;
import dms.api.KafkaInstancesApi;
import java.net.http.HttpRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Sets the five passwords with the clients that openapi-generator generates, has five refused, and
 * tries a wrong old one.
 */
public class ChangePasswords {
    // The emulator's own, which are no secrets.
    static final String URL = setting("REPASS_URL", "http://127.0.0.1:8080").replaceFirst("/$", "");
    static final String TOKEN = setting("REPASS_TOKEN", "emulator-token");
    static final String PROJECT_ID = setting("REPASS_PROJECT_ID", "0123456789abcdef0123456789abcdef");
    static final String DDM_ID = setting("REPASS_DDM_ID", "e6b99563-0000-4000-8000-1820d4fd2a67");
    static final UUID DCS_ID = UUID.fromString(setting("REPASS_DCS_ID", "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28"));
    static final UUID DMS_ID = UUID.fromString(setting("REPASS_DMS_ID", "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57"));
    static final String ACCOUNT = setting("REPASS_DDM_ACCOUNT", "ddmtest");

    // Java's HTTP client follows no redirect, and sends nothing twice.
    static final DdmAccountsApi DDM;
    static final RedisInstancesApi DCS;
    static final KafkaInstancesApi DMS;

    static {
        // The generated code leaves the token to its user.
        Consumer<HttpRequest.Builder> token = request -> request.header("X-Auth-Token", TOKEN);
        ddm.ApiClient ddmClient = new ddm.ApiClient().setRequestInterceptor(token);
        dcs.ApiClient dcsClient = new dcs.ApiClient().setRequestInterceptor(token);
        dms.ApiClient dmsClient = new dms.ApiClient().setRequestInterceptor(token);
        ddmClient.updateBaseUri(URL);
        dcsClient.updateBaseUri(URL);
        dmsClient.updateBaseUri(URL);
        DDM = new DdmAccountsApi(ddmClient);
        DCS = new RedisInstancesApi(dcsClient);
        DMS = new KafkaInstancesApi(dmsClient);
    }

    static void ddmResetUserPassword(String password) throws Exception {
        var body = new ddm.model.ResetUserPasswordRequest().password(password);
        prove(DDM.resetUserPassword(PROJECT_ID, DDM_ID, ACCOUNT, body).getSuccess(), true, false);
    }

    static void ddmResetAdministrator(String password) throws Exception {
        var body = new ddm.model.ResetAdministratorRequest().name("root").password(password);
        int status = DDM.resetAdministratorWithHttpInfo(PROJECT_ID, DDM_ID, body).getStatusCode();
        // 202: it is accepted, and a job does it. Neither needs a body.
        prove(status == 200 || status == 202, true);
    }

    static void dcsUpdatePassword(String oldPassword, String password) throws Exception {
        var body = new dcs.model.UpdatePasswordRequest().oldPassword(oldPassword).newPassword(password);
        String result = DCS.updatePassword(PROJECT_ID, DCS_ID, body).getResult();
        prove(result, "success", "passwordFailed", "locked", "failed");
    }

    static void dcsResetPassword(String password) throws Exception {
        var body = new dcs.model.ResetPasswordRequest().newPassword(password);
        prove(DCS.resetPassword(PROJECT_ID, DCS_ID, body).getCode(), "1", "3");
    }

    static void dmsResetPassword(String password) throws Exception {
        var body = new dms.model.ResetPasswordRequest().newPassword(password);
        prove(DMS.resetPasswordWithHttpInfo(PROJECT_ID, DMS_ID, body).getStatusCode(), 204);
    }

    /** Takes only what proves success for a success, and only what denies it for a refusal. */
    static void prove(Object told, Object success, Object... refusals) throws Refused {
        if (Arrays.asList(refusals).contains(told)) {
            throw new Refused(told.toString());
        }
        if (!success.equals(told)) {
            throw new IllegalStateException("the answer does not say whether the password changed: " + told);
        }
    }

    /** No password was changed, and the code says why. Any other exception leaves that open. */
    static class Refused extends Exception {
        final String code;

        Refused(String code) {
            super("refused: " + code);
            this.code = code;
        }
    }

    interface Call {
        void with(String password) throws Exception;
    }

    record Step(Call call, String password, String refusal) {}

    public static void main(String[] arguments) throws Exception {
        String old = "First-Example-2024";
        String fresh = "Second-Example-2024";
        // The call, a password for it, and the code with which the service refuses a weak one. The
        // reset gives the change an old password that is known, however often this runs.
        List<Step> steps = List.of(
                new Step(ChangePasswords::ddmResetUserPassword, fresh, "DBS.300306"),
                new Step(ChangePasswords::ddmResetAdministrator, fresh, "DBS.300306"),
                new Step(ChangePasswords::dcsResetPassword, old, "DCS.4019"),
                new Step(password -> dcsUpdatePassword(old, password), fresh, "DCS.4019"),
                new Step(ChangePasswords::dmsResetPassword, fresh, "DMS.00400012"));
        for (Step step : steps) {
            expect(refusal(step.call, "weakpassword"), step.refusal);
            step.call.with(step.password);
        }
        // One try of five; the next right one sets the count back.
        String wrong = refusal(password -> dcsUpdatePassword("Wrong-Example-2024", password), old);
        expect(wrong, "passwordFailed");

        String codes = steps.stream().map(Step::refusal).distinct().collect(Collectors.joining(", "));
        System.out.printf("%d changed; weak refused: %s; wrong old password: %s%n", steps.size(), codes, wrong);
    }

    static String refusal(Call call, String password) throws Exception {
        try {
            call.with(password);
        } catch (Refused refused) {
            return refused.code;
        } catch (ddm.ApiException error) {
            return code(error.getCode(), error.getResponseBody(), error);
        } catch (dcs.ApiException error) {
            return code(error.getCode(), error.getResponseBody(), error);
        } catch (dms.ApiException error) {
            return code(error.getCode(), error.getResponseBody(), error);
        }
        return "no refusal";
    }

    /** A 4xx with a code is a refusal; after anything else it is not known what happened. */
    static String code(int status, String body, Exception error) throws Exception {
        if (status < 400 || status >= 500) {
            throw error;
        }
        JsonNode answer = new ObjectMapper().readTree(body);
        // DDM says `errCode`, the other services and the gateway before all of them `error_code`.
        String code = answer.path("errCode").asText(answer.path("error_code").asText());
        if (code.isEmpty()) {
            throw error;
        }
        return code;
    }

    static void expect(String told, String expected) {
        if (!told.equals(expected)) {
            throw new IllegalStateException(told + " instead of " + expected);
        }
    }

    static String setting(String name, String otherwise) {
        return Objects.requireNonNullElse(System.getenv(name), otherwise);
    }
}
