import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl versions ASSET`: its history.
struct Versions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the versions of an asset, newest first, and which of them 'latest' is."
    )

    /// What `--json` prints of a version.
    private struct Line: Encodable {
        let id: String
        let version: Int
        let state: String
        let isLatest: Bool
        let createdAt: String?
        let source: Manifest.Source?
        let failure: String?

        init(_ manifest: Manifest, latest: Int?) {
            self.id = manifest.id
            self.version = manifest.version
            self.state = manifest.state
            self.isLatest = manifest.version == latest
            self.createdAt = manifest.createdAt
            self.source = manifest.source
            self.failure = manifest.failure
        }
    }

    @Argument(help: ArgumentHelp("The asset's id.", valueName: "asset"), transform: AssetText.asset)
    var asset: AssetID

    @Flag(help: "One JSON object a line: each version.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.withClient(about: self.asset.description) { client in
            let (versions, latest) = try await client.versions(of: self.asset)
            let lines =
                self.json
                ? try versions.map { try JSONText.line(Line($0, latest: latest)) }
                : TextTable.lines(versions.map { Self.cells($0, latest: latest) })
            for line in lines { CommandExit.say(line) }
        }
    }

    /// `v3  ready  2026-11-21T07:00:00Z  image/jpeg  1887304 bytes  latest`
    private static func cells(_ version: Manifest, latest: Int?) -> [String] {
        let cells = [
            "v\(version.version)", version.state, version.createdAt ?? "-", version.source?.mediaType ?? "-",
            version.source.map { "\($0.bytes) bytes" } ?? "-",
            version.version == latest ? "latest" : version.failure ?? "",
        ]
        return cells.map { Printable.text($0) }
    }
}
