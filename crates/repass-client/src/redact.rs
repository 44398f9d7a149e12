//! What a service says is not ours: it may repeat what it was sent.

/// Puts `[REDACTED]` in place of each secret, also where it stands as it would in JSON.
pub(crate) fn redact(text: String, secrets: &[&str]) -> String {
    let mut text = text;
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let quoted = serde_json::Value::from(*secret).to_string();
        let escaped = quoted
            .trim_start_matches('"')
            .strip_suffix('"')
            .unwrap_or(&quoted);
        for form in [escaped, secret] {
            if text.contains(form) {
                text = text.replace(form, "[REDACTED]");
            }
        }
    }
    text
}
