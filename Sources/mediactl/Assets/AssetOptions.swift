import ArgumentParser
import MediaRuntime

/// What all commands have in common that talk to the service.
struct AssetOptions: ParsableArguments {
    @OptionGroup var client: ClientOptions
    @OptionGroup var file: ConfigFileOption

    /// Lends a client for the length of `body`.
    func withClient<Result>(_ body: (OriginClient) async throws -> Result) async throws -> Result {
        let settings = try await Settings.load(flags: self.client.values, configFile: self.file.config, for: .client)
        return try await OriginClient.with(settings, body)
    }

    /// As ``withClient(_:)``, for one asset: a failure is told.
    ///
    /// - Throws: `ExitCode`.
    func withClient(about subject: String, _ body: (OriginClient) async throws -> Void) async throws {
        do {
            try await self.withClient(body)
        } catch let failure as OriginFailure {
            CommandExit.complain("\(Printable.text(subject)): \(failure)")
            throw CommandExit.failed
        }
    }

    /// As ``withClient(_:)``, for many things one after the other: one that fails is told, and the next is tried.
    ///
    /// - Parameter subject: how a thing is called when it fails.
    /// - Throws: `ExitCode` where any failed.
    func forEach<Thing>(
        of things: [Thing],
        _ subject: (Thing) -> String,
        _ body: (Thing, OriginClient) async throws -> Void
    ) async throws {
        let failures = try await self.withClient { client in
            var failures = 0
            for thing in things {
                do {
                    try await body(thing, client)
                } catch {
                    let failure = error as? OriginFailure ?? OriginFailure(error, origin: client.origin)
                    CommandExit.complain("\(Printable.text(subject(thing))): \(failure)")
                    failures += 1
                }
            }
            return failures
        }
        if failures > 0 { throw CommandExit.failed }
    }
}
