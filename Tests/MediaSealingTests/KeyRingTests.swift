import Foundation
import MediaModel
import MediaSealing
import MediaTesting
import Testing

@Suite struct KeyRingTests {
    private static let first = [UInt8](0..<32)
    private static let second = [UInt8](repeating: 0xFF, count: 32)
    private static let firstText = Data(first).base64EncodedString()
    private static let secondText = Data(second).base64EncodedString()

    /// The error of opening the ring; its detail, which must name the file and hold nothing of a key.
    private func refusal(of path: String, _ open: (String) throws -> KeyRing = { try KeyRing.open($0) }) -> String? {
        do {
            _ = try open(path)
            return nil
        } catch let error as KeyError {
            #expect(error.code == .badKeyRing)
            #expect(error.detail.hasPrefix(path))
            for text in [Self.firstText, Self.secondText] {
                #expect(!error.detail.contains(text.prefix(8)) && !error.detail.contains(text.suffix(8)))
            }
            return error.detail
        } catch {
            Issue.record(error)
            return nil
        }
    }

    private func openOrCreate(_ path: String) throws -> KeyRing { try KeyRing.openOrCreate(path, mayCreate: true) }

    @Test func theNewestKeyIsCurrentAndAllAreFound() async throws {
        let folder = try TemporaryFolder()
        try folder.write("# ours\n\nk.2_b-c:\(Self.secondText)\n \t\n# older\nk1:\(Self.firstText)")
        let ring = try KeyRing.open(folder.ring)
        #expect(ring.ids.map(\.description) == ["k.2_b-c", "k1"])
        #expect(try await ring.currentRoot().description == "k.2_b-c")
        #expect(try await ring.bytes(of: "k.2_b-c") == Self.second)
        #expect(try await ring.bytes(of: "k1") == Self.first)
        let error = try await #require(throws: KeyError.self) { try await ring.bytes(of: "k3") }
        #expect(error.code == .unavailable)
    }

    @Test(arguments: [
        ("", "no key"),
        ("# nothing\n\n", "no key"),
        ("k1", "line 1: expected 'id:base64'"),
        (firstText, "line 1: expected 'id:base64'"),
        ("\n:\(firstText)", "line 2: the id"),
        ("K1:\(firstText)", "line 1: the id"),
        (" k1:\(firstText)", "line 1: the id"),
        ("k/1:\(firstText)", "line 1: the id"),
        (String(repeating: "k", count: 65) + ":\(firstText)", "line 1: the id"),
        ("\(firstText):k1", "line 1: the id"),
        ("k1:", "line 1: the key"),
        ("k1: \(firstText)", "line 1: the key"),
        ("k1:\(firstText) ", "line 1: the key"),
        ("k1:\(firstText)\r\n", "line 1: the key"),
        ("k1:\(firstText.dropLast())", "line 1: the key"),
        ("k1:\(firstText)\(firstText)", "line 1: the key"),
        ("k1:\(firstText.dropLast(2))9=", "line 1: the key"),
        ("k1:\(secondText.replacing("/", with: "_"))", "line 1: the key"),
        ("k1:\(firstText.dropLast())A", "line 1: the key"),
        ("k1:\(firstText)\n#\nk1:\(secondText)\n", "line 3: the id of line 1"),
        ("k1:\(firstText)\nk2:\(secondText)x\n", "line 2: the key"),
    ])
    func aLineThatBreaksTheFormIsNamed(text: String, expected: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(text)
        let detail = try #require(self.refusal(of: folder.ring))
        #expect(detail.contains(expected))
    }

    @Test func aFileThatIsTooLargeIsRefused() throws {
        let folder = try TemporaryFolder()
        let line = "k1:\(Self.firstText)\n"
        try folder.write(line + String(repeating: "#", count: KeyRing.fileBytesMax - line.utf8.count))
        #expect(try KeyRing.open(folder.ring).ids.count == 1)
        try folder.write(line + String(repeating: "#", count: KeyRing.fileBytesMax - line.utf8.count + 1))
        #expect(self.refusal(of: folder.ring)?.contains("over 131072 bytes") == true)
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777] as [mode_t])
    func aModeThatLetsOthersInIsRefused(mode: mode_t) throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.firstText)\n", mode: mode)
        let text = String(mode, radix: 8)
        #expect(self.refusal(of: folder.ring)?.contains("mode 0\(text); expected 0600") == true)
        #expect(self.refusal(of: folder.ring, self.openOrCreate)?.contains("mode 0\(text)") == true)
    }

    @Test(arguments: [0o600, 0o400] as [mode_t])
    func aModeForOurselvesIsTaken(mode: mode_t) throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.firstText)\n", mode: mode)
        #expect(try KeyRing.open(folder.ring).ids.count == 1)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func aFileOfAnotherUserIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.firstText)\n")
        try #require(chown(folder.ring, 65534, 65534) == 0)
        #expect(self.refusal(of: folder.ring)?.contains("belongs to user 65534") == true)
    }

    @Test func aSymbolicLinkIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.firstText)\n")
        let link = folder.path("link")
        try #require(symlink(folder.ring, link) == 0)
        #expect(self.refusal(of: link) != nil)
        #expect(self.refusal(of: link, self.openOrCreate) != nil)
        // A link that leads nowhere must not make a ring where it points.
        let dangling = folder.path("dangling")
        try #require(symlink(folder.path("nowhere"), dangling) == 0)
        #expect(self.refusal(of: dangling, self.openOrCreate) != nil)
        #expect(Set(folder.names) == ["keys", "link", "dangling"])
    }

    @Test(.timeLimit(.minutes(5)))
    func whatIsNoRegularFileIsRefused() throws {
        let folder = try TemporaryFolder()
        #expect(self.refusal(of: folder.path)?.contains("regular file") == true)
        try #require(mkfifo(folder.ring, 0o600) == 0)
        #expect(self.refusal(of: folder.ring)?.contains("regular file") == true)
    }

    @Test func aMissingFileIsRefusedAndNotMade() throws {
        let folder = try TemporaryFolder()
        #expect(self.refusal(of: folder.ring)?.contains("No such file") == true)
        #expect(folder.names.isEmpty)
    }
}

extension KeyRing {
    /// The key on a line, which is no secret in a test.
    func bytes(of id: String) async throws -> [UInt8] {
        try await self.formerEnvelopeKey(EnvelopeKeyID(stringLiteral: id)).withBytes { Array($0) }
    }
}

extension TemporaryFolder {
    /// Where the tests put a key ring.
    var ring: String { self.path("keys") }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? [] }

    func write(_ text: String, as name: String = "keys", mode: mode_t = 0o600) throws {
        try Data(text.utf8).write(to: self.url.appending(path: name))
        try #require(chmod(self.path(name), mode) == 0)
    }
}
