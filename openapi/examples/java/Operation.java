import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Decides what an answer to an operation proves, by the rule of the contract: take this file as it is. */
class Operation {
    /** The certainty is done, accepted, refused or unknown; what the answer does not state is null. */
    record Outcome(String certainty, String kind, Integer tries, Integer minutes, String jobId) {
        static Outcome unknown(String kind) {
            return new Outcome("unknown", kind, null, null, null);
        }
    }

    private static final Map<Integer, String> KINDS = Map.of(
            401, "unauthenticated", 403, "forbidden", 404, "not-found", 409, "busy", 429, "throttled");
    private static final JsonNode NOTHING = MissingNode.getInstance();
    private static final ObjectMapper STRICT = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(100)
                            .maxNumberLength(Integer.MAX_VALUE)
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final JsonNode document;
    private final JsonNode rules;

    Operation(JsonNode document, String operationId) {
        this.document = document;
        this.rules = stream(document.path("paths")).flatMap(Operation::stream)
                .filter(operation -> operation.path("operationId").asText().equals(operationId))
                .findFirst().orElseThrow();
    }

    /** Returns whether to send the same request again after this status, or after no complete answer (null). */
    boolean mayResend(JsonNode request, Integer status) {
        JsonNode rule = rules.path("x-retry");
        JsonNode unless = rule.path("unless");
        boolean matches = !unless.isMissingNode()
                && request.path(unless.path("property").asText()).equals(unless.path("value"));
        String retry = (matches ? unless : rule).path("class").asText(rule.asText());
        return status == null ? retry.equals("lost-answer")
                : status == 429 || status == 503 && !retry.equals("never");
    }

    /** Decides what a complete answer proves. It is in doubt if the outcome of an earlier attempt is unknown. */
    Outcome decide(int status, byte[] body, boolean inDoubt) {
        JsonNode response = rules.path("responses").path(String.valueOf(status));
        Outcome outcome = Outcome.unknown(status >= 500 && status < 600 ? "server-error" : "unexpected-status");
        if (status >= 200 && status < 300 && !response.isMissingNode()) {
            outcome = decideSuccess(response, body);
        } else if (status >= 400 && status < 500) {
            JsonNode code = code(read(body));
            JsonNode known = document.path("x-error-codes").path(code.asText().replaceFirst("^APIG\\.", "APIGW."));
            if (!code.isMissingNode() || !response.isMissingNode()) {
                String kind = known.path("kind").asText(KINDS.getOrDefault(status, "other"));
                outcome = new Outcome("refused", kind, null, null, null);
            }
        }
        return inDoubt && outcome.certainty.equals("refused") ? Outcome.unknown("earlier-attempt") : outcome;
    }

    private Outcome decideSuccess(JsonNode response, byte[] body) {
        JsonNode answer = read(body);
        if (body.length > 0 && answer.isMissingNode()) {
            return Outcome.unknown("unreadable");
        }
        JsonNode rule = response.path("x-outcome");
        if (rule.has("property")) {
            String name = rule.path("property").asText();
            String schema = response.at("/content/application~1json/schema/$ref").asText().replaceFirst(".*/", "");
            JsonNode properties = document.at("/components/schemas").path(schema).path("properties");
            JsonNode value = answer.path(name);
            boolean ofType = properties.path(name).path("type").asText().equals("boolean") ? value.isBoolean() : value.isTextual();
            rule = ofType ? rule.path("values").path(value.asText()) : NOTHING;
        }
        if (rule.path("certainty").asText().equals("refused")) {
            Integer tries = count(named(answer, rule.path("triesLeft")));
            Integer minutes = count(named(answer, rule.path("minutesLeft")));
            return new Outcome("refused", rule.path("kind").asText("other"), tries, minutes, null);
        }
        boolean proven = body.length == 0 || !rule.has("proof")
                || stream(rule.path("proof")).anyMatch(name -> isText(answer.path(name.asText())));
        if (rule.isMissingNode() || !proven || speaksOfError(answer)) {
            return Outcome.unknown("not-confirmed");
        }
        JsonNode job = named(answer, rule.path("jobId"));
        return new Outcome(rule.path("certainty").asText(), null, null, null, isText(job) ? job.asText() : null);
    }

    /** Returns the object that a body is, or a missing node if it is not readable. */
    private static JsonNode read(byte[] body) {
        try {
            // Not from the bytes: Jackson would pass over a byte order mark, and take UTF-16.
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            JsonNode value = STRICT.readTree(text);
            return value.isObject() && isFinite(value) ? value : NOTHING;
        } catch (IOException error) {
            return NOTHING;
        }
    }

    /** Returns the property of this name, or a missing node if a rule has no name. */
    private static JsonNode named(JsonNode answer, JsonNode name) {
        return name.isTextual() ? answer.path(name.asText()) : NOTHING;
    }

    private static boolean isFinite(JsonNode value) {
        return value.isNumber() ? Double.isFinite(value.doubleValue()) : stream(value).allMatch(Operation::isFinite);
    }

    private static JsonNode code(JsonNode body) {
        return Stream.of(body, body.path("error"))
                .flatMap(holder -> Stream.of(holder.path("error_code"), holder.path("errCode")))
                .filter(value -> isText(value) || value.isIntegralNumber())
                .findFirst().orElse(NOTHING);
    }

    private static boolean speaksOfError(JsonNode body) {
        boolean denied = body.has("success") && !(body.path("success").isBoolean() && body.path("success").asBoolean());
        return denied || body.properties().stream().anyMatch(member -> !member.getValue().isNull()
                && (member.getKey().startsWith("err") || member.getKey().equals("externalMessage")));
    }

    private static boolean isText(JsonNode value) {
        return value.isTextual() && !value.asText().isEmpty();
    }

    private static Integer count(JsonNode value) {
        return value.isTextual() && value.asText().matches("[0-9]{1,3}") ? Integer.valueOf(value.asText()) : null;
    }

    private static Stream<JsonNode> stream(JsonNode values) {
        return StreamSupport.stream(values.spliterator(), false);
    }
}
