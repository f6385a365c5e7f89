/// Runs `body`, and then `close`, however `body` ends: a `defer` that may wait.
///
/// - Throws: what `body` throws; where it returns, what `close` throws.
package func withClosing<Value>(
    _ body: () async throws -> Value,
    close: () async throws -> Void
) async throws -> Value {
    let value: Value
    do {
        value = try await body()
    } catch {
        // What went wrong first is what there is to say.
        try? await close()
        throw error
    }
    try await close()
    return value
}
