import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dcs.api.RedisInstancesApi;
import ddm.api.DdmAccountsApi;
import dms.api.KafkaInstancesApi;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;

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

    static final int ATTEMPTS = 3;
    static final ObjectMapper MAPPER = new ObjectMapper();

    // Java's HTTP client follows no redirect, and sends nothing twice.
    static final DdmAccountsApi DDM;
    static final RedisInstancesApi DCS;
    static final KafkaInstancesApi DMS;

    static {
        // The generated code leaves the token to its user.
        Consumer<HttpRequest.Builder> token = request -> request.header("X-Auth-Token", TOKEN);
        Consumer<HttpResponse<InputStream>> keep = ChangePasswords::keep;
        var ddmClient = new ddm.ApiClient().setRequestInterceptor(token).setResponseInterceptor(keep);
        var dcsClient = new dcs.ApiClient().setRequestInterceptor(token).setResponseInterceptor(keep);
        var dmsClient = new dms.ApiClient().setRequestInterceptor(token).setResponseInterceptor(keep);
        ddmClient.updateBaseUri(URL);
        dcsClient.updateBaseUri(URL);
        dmsClient.updateBaseUri(URL);
        DDM = new DdmAccountsApi(ddmClient);
        DCS = new RedisInstancesApi(dcsClient);
        DMS = new KafkaInstancesApi(dmsClient);
    }

    static void ddmResetUserPassword(String password) throws Exception {
        var body = new ddm.model.ResetUserPasswordRequest().password(password);
        change("ddm", "resetUserPassword", body, () -> DDM.resetUserPassword(PROJECT_ID, DDM_ID, ACCOUNT, body));
    }

    static void ddmResetAdministrator(String password) throws Exception {
        var body = new ddm.model.ResetAdministratorRequest().name("root").password(password);
        change("ddm", "resetAdministrator", body, () -> DDM.resetAdministrator(PROJECT_ID, DDM_ID, body));
    }

    static void dcsUpdatePassword(String oldPassword, String password) throws Exception {
        var body = new dcs.model.UpdatePasswordRequest().oldPassword(oldPassword).newPassword(password);
        change("dcs", "updatePassword", body, () -> DCS.updatePassword(PROJECT_ID, DCS_ID, body));
    }

    static void dcsResetPassword(String password) throws Exception {
        var body = new dcs.model.ResetPasswordRequest().newPassword(password);
        change("dcs", "resetPassword", body, () -> DCS.resetPassword(PROJECT_ID, DCS_ID, body));
    }

    static void dmsResetPassword(String password) throws Exception {
        var body = new dms.model.ResetPasswordRequest().newPassword(password);
        change("dms", "resetPassword", body, () -> DMS.resetPassword(PROJECT_ID, DMS_ID, body));
    }

    record Answer(int status, byte[] body) {}

    /**
     * The last answer as it came. The generated code reads a body more leniently than the rule of the
     * contract does; after this it finds the body empty.
     */
    static Answer answer;

    static void keep(HttpResponse<InputStream> response) {
        try {
            answer = new Answer(response.statusCode(), response.body().readAllBytes());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    interface Send {
        void run() throws Exception;
    }

    /** Sends a request, again if the contract allows it, and returns if its answer proves success. */
    static void change(String service, String operationId, Object body, Send send) throws Exception {
        Operation operation = Contract.operation(service, operationId);
        JsonNode request = MAPPER.valueToTree(body);
        boolean inDoubt = false;
        for (int attempt = 1; ; attempt++) {
            answer = null;
            try {
                send.run();
            } catch (Exception error) {
                if (answer == null) {
                    throw error;
                }
            }
            var outcome = operation.decide(answer.status, answer.body, inDoubt);
            if (attempt < ATTEMPTS && operation.mayResend(request, answer.status)) {
                inDoubt |= outcome.certainty().equals("unknown");
                Thread.sleep(1000L * attempt);
                continue;
            }
            switch (outcome.certainty()) {
                case "done", "accepted" -> {
                    return; // Accepted: a job does it.
                }
                case "refused" -> throw new Refused(outcome.kind());
                default -> throw new IllegalStateException(
                        "it is unknown whether the password changed: " + outcome.kind());
            }
        }
    }

    /** No password was changed, and the kind says why. Any other exception leaves that open. */
    static class Refused extends Exception {
        final String kind;

        Refused(String kind) {
            super("refused: " + kind);
            this.kind = kind;
        }
    }

    interface Call {
        void with(String password) throws Exception;
    }

    record Step(Call call, String password) {}

    public static void main(String[] arguments) throws Exception {
        String old = "First-Example-2024";
        String fresh = "Second-Example-2024";
        // The call, and a password for it. The reset gives the change an old password that is known,
        // however often this runs.
        List<Step> steps = List.of(
                new Step(ChangePasswords::ddmResetUserPassword, fresh),
                new Step(ChangePasswords::ddmResetAdministrator, fresh),
                new Step(ChangePasswords::dcsResetPassword, old),
                new Step(password -> dcsUpdatePassword(old, password), fresh),
                new Step(ChangePasswords::dmsResetPassword, fresh));
        for (Step step : steps) {
            expect(refusal(step.call, "weakpassword"), "weak-password");
            step.call.with(step.password);
        }
        // One try of five; the next right one sets the count back.
        expect(refusal(password -> dcsUpdatePassword("Wrong-Example-2024", password), old), "wrong-old-password");
        System.out.printf("%1$d changed, %1$d weak passwords refused, and a wrong old one%n", steps.size());
    }

    static String refusal(Call call, String password) throws Exception {
        try {
            call.with(password);
        } catch (Refused refused) {
            return refused.kind;
        }
        return "no refusal";
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
