/// How long tests wait. The machine may be shared, and several times slower than the one they were written on, so no
/// time decides a test: what must come about is waited for until only something that hangs would take longer.
package enum Patience {
    /// For one thing that must come about.
    package static let timeMax = Duration.seconds(120)
}

/// Waits for what other tasks, threads or processes bring about.
///
/// - Parameters:
///   - timeMax: when it is given up; the condition is looked at once more after it.
///   - interval: between two looks.
/// - Returns: whether `condition` came to hold.
package func comesAbout(
    within timeMax: Duration = Patience.timeMax,
    every interval: Duration = .milliseconds(5),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let start = ContinuousClock.now
    repeat {
        if try await condition() { return true }
        try await Task.sleep(for: interval)
    } while start.duration(to: .now) < timeMax
    return try await condition()
}
