import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/** Checks Operation.java against every case of outcome-vectors.json. */
class OutcomeVectors {
    static int wrong = 0;

    public static void main(String[] arguments) throws Exception {
        JsonNode vectors = new ObjectMapper().readTree(new File("../../outcome-vectors.json"));
        for (String list : List.of("cases", "later")) {
            for (JsonNode vector : vectors.path(list)) {
                byte[] body = vector.has("body_base64")
                        ? Base64.getDecoder().decode(vector.path("body_base64").asText())
                        : vector.path("body").asText().getBytes(StandardCharsets.UTF_8);
                var outcome = operation(vector).decide(vector.path("status").asInt(), body, list.equals("later"));
                compare(vector, json(outcome), vector.path("outcome"));
            }
        }
        for (JsonNode vector : vectors.path("retries")) {
            Integer status = vector.path("status").isNull() ? null : vector.path("status").asInt();
            boolean again = operation(vector).mayResend(vector.path("request"), status);
            compare(vector, JsonNodeFactory.instance.booleanNode(again), vector.path("again"));
        }
        int count = vectors.path("cases").size() + vectors.path("later").size() + vectors.path("retries").size();
        if (wrong > 0 || count == 0) {
            throw new IllegalStateException(wrong + " of " + count + " cases are wrong");
        }
        System.out.println("all " + count + " cases as they should be");
    }

    static Operation operation(JsonNode vector) {
        return Contract.operation(vector.path("service").asText(), vector.path("operation").asText());
    }

    static JsonNode json(Operation.Outcome outcome) {
        ObjectNode json = JsonNodeFactory.instance.objectNode()
                .put("certainty", outcome.certainty())
                .put("kind", outcome.kind())
                .put("tries", outcome.tries())
                .put("minutes", outcome.minutes())
                .put("job_id", outcome.jobId());
        json.removeNulls();
        return json;
    }

    static void compare(JsonNode vector, JsonNode decided, JsonNode expected) {
        if (!decided.equals(expected)) {
            System.out.printf("wrong: %s %s %s: %s%n", vector.path("service").asText(),
                    vector.path("operation").asText(), vector.path("name").asText(), decided);
            wrong += 1;
        }
    }
}
