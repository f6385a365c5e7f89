import HTTPTypes
import MediaModel

/// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-06).
///
/// The draft has a string in quotes (RFC 9651). Most clients send the bare characters, mostly of a UUID; they are taken
/// where they are those of a token (§3.3.4), whatever comes first. Both spellings of a key are one key.
enum IdempotencyKeyField {
    /// - Returns: nil where there is no such field.
    /// - Throws: `bad-idempotency-key`, also for more than one line: which of two keys is meant cannot be told.
    static func read(_ fields: HTTPFields) throws(Problem) -> IdempotencyKey? {
        let lines = fields[values: .idempotencyKey]
        guard let line = lines.first else { return nil }
        guard lines.count == 1, let text = Self.text(line), let key = IdempotencyKey(text) else {
            throw .badIdempotencyKey
        }
        return key
    }

    private static func text(_ line: String) -> String? {
        if line.utf8.first == UInt8(ascii: "\"") { return try? StructuredField.string(line) }
        return line.utf8.allSatisfy(StructuredField.isTokenByte) ? line : nil
    }
}
