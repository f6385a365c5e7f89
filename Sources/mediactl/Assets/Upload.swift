import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl upload FILE…`: each file becomes an asset of its own, or one a new version of an asset.
struct Upload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Upload pictures; each becomes an asset of its own, or one a new version of an asset.",
        discussion: "Prints a line a file: its id, version, state and URLs. Goes on after a file that fails; the exit "
            + "code is then 1. Each upload has a key of its own under which it is sent once more where the connection "
            + "breaks, and its digest, so that nothing is stored twice or damaged."
    )

    @Argument(help: ArgumentHelp("The pictures.", valueName: "file"), completion: .file())
    var files: [String]

    @Option(
        name: .customLong("version-of"),
        help: ArgumentHelp("Make the one file a new version of this asset.", valueName: "asset"),
        transform: AssetText.asset
    )
    var asset: AssetID?

    @Option(
        help: ArgumentHelp(
            "Send the one file under this key: sent again with it, it is the same asset.",
            valueName: "key"
        ),
        transform: Self.key
    )
    var idempotencyKey: IdempotencyKey?

    @Option(
        help: ArgumentHelp(
            "What matters most in the pictures: fractions of width and height, as 0.4,0.25.",
            valueName: "x,y"
        ),
        transform: AssetText.focus
    )
    var focus: FocalPoint?

    @Flag(name: .customLong("async"), help: "Do not wait for the renditions.")
    var isAsync = false

    @Flag(help: "Print each manifest as JSON, one a line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func validate() throws {
        guard self.files.count > 1 else { return }
        if self.asset != nil { throw ValidationError("--version-of goes with one file: a version has one source") }
        if self.idempotencyKey != nil { throw ValidationError("--idempotency-key goes with one file") }
    }

    func run() async throws {
        try await self.options.forEach(of: self.files, \.self) { path, client in
            let answer = try await client.upload(try await self.request(for: path))
            let line = answer.manifest.line(at: client.origin)
            CommandExit.say(self.json ? answer.text : "\(Printable.text(path)): \(line)")
        }
    }

    private func request(for path: String) async throws -> UploadRequest {
        let file = try await SourceFile.open(path)
        return UploadRequest(
            file: file,
            // What we do not know goes as what it is; the service says what it takes.
            mediaType: try await file.sniff()?.mediaType ?? "application/octet-stream",
            sha256: try await Self.digest(of: file),
            asset: self.asset,
            key: self.idempotencyKey ?? .make(),
            isAsync: self.isAsync,
            focus: self.focus
        )
    }

    private static func digest(of file: SourceFile) async throws -> SHA256Digest {
        let digest = PictureDigest()
        try await file.forEachChunk { digest.update($0) }
        return digest.finish()
    }

    private static func key(_ text: String) throws -> IdempotencyKey {
        if let key = IdempotencyKey(text) { return key }
        throw ValidationError("expected 1 to \(IdempotencyKey.lengthMax) printable ASCII characters")
    }
}
