import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/** The operations of the contract. */
class Contract {
    /** The contract is two folders up, unless this names another copy of it. */
    private static final Path FOLDER = Path.of(Objects.requireNonNullElse(System.getenv("REPASS_CONTRACT"), "../.."));

    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final Map<String, JsonNode> DOCUMENTS = new ConcurrentHashMap<>();

    static Operation operation(String service, String operationId) {
        return new Operation(DOCUMENTS.computeIfAbsent(service, Contract::read), operationId);
    }

    private static JsonNode read(String service) {
        try {
            return YAML.readTree(FOLDER.resolve(service + ".yaml").toFile());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
