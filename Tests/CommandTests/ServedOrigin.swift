import FoundationEssentials
import MediaTesting
import Testing

/// A data folder, and the service that may run on it.
struct ServedOrigin {
    static let picture = Fixtures.folder.appending(path: "pictures/gradient.jpg").path(percentEncoded: false)

    /// Where operations are done.
    enum Place: CaseIterable {
        case inService
        case alone
    }

    let scratch: TemporaryFolder
    let data: String
    private(set) var service: RunningService?

    init(arguments: [String] = []) async throws {
        self.scratch = try TemporaryFolder()
        self.data = self.scratch.path("data")
        self.service = try await RunningService.start(arguments: arguments, dataFolder: self.data)
    }

    /// Uploads one picture and returns its asset's id.
    func upload(_ path: String = Self.picture) async throws -> String {
        let run = try await self.ask(["upload", path])
        #expect(run.code == 0, "\(run.errors)")
        return try #require(run.output.split(separator: ": ").last?.split(separator: " ").first.map(String.init))
    }

    /// A command on assets.
    func ask(_ arguments: [String]) async throws -> MediactlRun {
        try await MediactlRun(arguments + ["--origin", try #require(self.service).url])
    }

    /// An operation.
    func operate(_ arguments: String...) async throws -> MediactlRun {
        try await MediactlRun(arguments + ["--data-dir", self.data])
    }

    mutating func stop() async throws {
        let exit = try await self.service?.stop()
        #expect(exit == .code(0))
        self.service = nil
    }

    /// Another service, once the one before has stopped.
    ///
    /// - Parameter folder: its data folder; nil: the one of before.
    mutating func start(on folder: String? = nil) async throws {
        self.service = try await RunningService.start(dataFolder: folder ?? self.data)
    }

    mutating func go(to place: Place) async throws {
        if place == .alone { try await self.stop() }
    }

    /// The files of all blobs, by what `find` would call them.
    func blobs() throws -> [String] {
        try self.scratch.files().filter { $0.hasPrefix("data/blobs/") }.map { self.scratch.path($0) }
    }

    /// Takes the catalog away; the service must not run.
    func loseCatalog() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: self.data) where name.hasPrefix("catalog") {
            try FileManager.default.removeItem(atPath: "\(self.data)/\(name)")
        }
    }

    /// Changes one byte in the first chunk of a blob.
    func damage(_ blob: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: blob))
        bytes[600] ^= 1
        try bytes.write(to: URL(filePath: blob))
    }

    /// The status of a GET of the asset's thumbnail.
    func status(_ asset: String, _ version: String = "v1") async throws -> Int {
        let connection = try await #require(self.service).connect()
        let target = "/a/\(asset)/\(version)/thumbnail.webp"
        return try await connection.exchange("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n").status
    }
}
