import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl upload FILE…`: each file becomes an asset of its own.
struct Upload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Upload pictures; each becomes an asset of its own.",
        discussion: "Prints a line a file: its id, version, state and URLs. Goes on after a file that fails; the exit "
            + "code is then 1."
    )

    @Argument(help: ArgumentHelp("The pictures.", valueName: "file"), completion: .file())
    var files: [String]

    @Flag(name: .customLong("async"), help: "Do not wait for the renditions.")
    var isAsync = false

    @Flag(help: "Print each manifest as JSON, one a line.")
    var json = false

    @OptionGroup var client: ClientOptions
    @OptionGroup var file: ConfigFileOption

    func run() async throws {
        let settings = try await Settings.load(
            flags: self.client.values,
            configFile: self.file.config,
            for: .client
        )
        let failures = try await OriginClient.with(settings) { client in
            var failures = 0
            for path in self.files where await !self.upload(path, client) { failures += 1 }
            return failures
        }
        if failures > 0 { throw CommandExit.failed }
    }

    /// - Returns: whether it is there now.
    private func upload(_ path: String, _ client: OriginClient) async -> Bool {
        do {
            let file = try await SourceFile.open(path)
            // What we do not know goes as what it is; the service says what it takes.
            let mediaType = try await file.sniff()?.mediaType ?? "application/octet-stream"
            let answer = try await client.upload(file, mediaType: mediaType, isAsync: self.isAsync)
            let line = answer.manifest.line(at: client.origin)
            CommandExit.say(self.json ? answer.text : "\(Printable.text(path)): \(line)")
            return true
        } catch {
            let failure = error as? OriginFailure ?? OriginFailure(error, origin: client.origin)
            CommandExit.complain("\(Printable.text(path)): \(failure)")
            return false
        }
    }
}
