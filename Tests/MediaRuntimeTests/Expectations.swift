import FoundationEssentials
import MediaModel
import Testing

@testable import MediaRuntime

/// Loads without the process's own environment, which must not decide how a test ends.
func load(
    flags: [String: String] = [:],
    environment: [String: String] = [:],
    file: String? = nil,
    for purpose: Settings.Purpose = .service
) async throws -> Settings {
    guard let file else {
        return try await Settings.load(flags: flags, environment: environment, configFile: nil, for: purpose)
    }
    let path = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(file.utf8).write(to: URL(filePath: path))
    return try await Settings.load(flags: flags, environment: environment, configFile: path, for: purpose)
}

/// What is wrong with the given settings; fails the test when nothing is.
func problems(
    flags: [String: String] = [:],
    environment: [String: String] = [:],
    file: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> [SettingsError.Problem] {
    let error = await #expect(throws: SettingsError.self, sourceLocation: sourceLocation) {
        _ = try await load(flags: flags, environment: environment, file: file)
    }
    return try #require(error, sourceLocation: sourceLocation).problems
}
