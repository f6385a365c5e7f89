import Foundation
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// Root keys that come and go while the service runs.
@Suite struct KeyRingChangeTests {
    private static let first = Data(0..<32).base64EncodedString()
    private static let second = Data(repeating: 7, count: 32).base64EncodedString()
    private static let id = EnvelopeKeyID("ek-1")

    private static func text(_ folder: TemporaryFolder) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: folder.ring)), as: UTF8.self)
    }

    private static func code(_ body: () async throws -> some Any) async throws -> KeyError.Code {
        try await #require(throws: KeyError.self) { _ = try await body() }.code
    }

    private static func error(_ body: () async throws -> Void) async -> KeyError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? KeyError
        }
    }

    /// One line more, above the other keys; every other byte is the operator's.
    @Test(arguments: ["# ours\n\nk2:\(second)\n \t\n# older\nk1:\(first)", "k2:\(second)\nk1:\(first)\n# end\n"])
    func aNewRootKeyIsALineMore(text: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(text)
        let ring = try KeyRing.open(folder.ring)
        let root = try await ring.rotateRoot().description
        #expect(root.wholeMatch(of: /k[0-9a-f]{8}/) != nil)
        #expect(ring.ids.map(\.description) == [root, "k2", "k1"])
        let after = try Self.text(folder)
        let line = try #require(after.split(separator: "\n").first { $0.hasPrefix("\(root):") })
        #expect(after.replacing("\(line)\n", with: "") == text)
        #expect(try await KeyRing.open(folder.ring).bytes(of: root) == ring.bytes(of: root))
        #expect(folder.names == ["keys"])
        var status = stat()
        #expect(stat(folder.ring, &status) == 0 && status.st_mode & 0o7777 == 0o600)
    }

    @Test func aRetiredRootKeyIsALineLess() async throws {
        let folder = try TemporaryFolder()
        try folder.write("# ours\nk3:\(Self.second)\n# older\nk2:\(Self.first)\n\nk1:\(Self.second)")
        let ring = try KeyRing.open(folder.ring)
        try await ring.retireRoot(RootKeyID("k2"))
        #expect(try Self.text(folder) == "# ours\nk3:\(Self.second)\n# older\n\nk1:\(Self.second)")
        try await ring.retireRoot(RootKeyID("k1"))
        #expect(try Self.text(folder) == "# ours\nk3:\(Self.second)\n# older\n\n")
        #expect(ring.ids.map(\.description) == ["k3"])
        #expect(folder.names == ["keys"])
    }

    @Test func aRingThatWasEditedMeanwhileIsTakenAsItIs() async throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.first)\n")
        let ring = try KeyRing.open(folder.ring)
        try folder.write("# by hand\nk2:\(Self.second)\nk1:\(Self.first)\n")
        #expect(ring.ids.map(\.description) == ["k1"])
        let root = try await ring.rotateRoot().description
        #expect(ring.ids.map(\.description) == [root, "k2", "k1"])
        #expect(try Self.text(folder).hasPrefix("# by hand\n\(root):"))
    }

    /// Neither the key that wraps now nor the one that will after a restart.
    @Test func noCurrentRootKeyIsRetired() async throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.first)\n")
        let ring = try KeyRing.open(folder.ring)
        try folder.write("k2:\(Self.second)\nk1:\(Self.first)\n")
        for id in ["k1", "k2"] {
            #expect(try await Self.code { try await ring.retireRoot(RootKeyID(stringLiteral: id)) } == .unsupported)
        }
        #expect(try Self.text(folder) == "k2:\(Self.second)\nk1:\(Self.first)\n")
    }

    /// What cannot be read is not written over: it may be the only copy of something.
    @Test(arguments: ["", "k1:\(first)\nrubbish\n", "k1:\(second)\n", "k2:\(second)\nk1:\(second)\n"])
    func aRingThatCannotBeReadIsNotWritten(text: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("k0:\(Self.second)\nk1:\(Self.first)\n")
        let ring = try KeyRing.open(folder.ring)
        try folder.write(text)
        #expect(try await Self.code { try await ring.rotateRoot() } == .badKeyRing)
        #expect(try await Self.code { try await ring.retireRoot(RootKeyID("k1")) } == .badKeyRing)
        #expect(try Self.text(folder) == text)
        #expect(ring.ids.map(\.description) == ["k0", "k1"])
        #expect(folder.names == ["keys"])
    }

    @Test func aRingThatOthersMayReadIsNotWritten() async throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.first)\n")
        let ring = try KeyRing.open(folder.ring)
        try folder.write("k1:\(Self.first)\n", mode: 0o640)
        #expect(try await Self.code { try await ring.rotateRoot() } == .badKeyRing)
        #expect(try Self.text(folder) == "k1:\(Self.first)\n")
    }

    @Test func aFullRingTakesNoMore() async throws {
        let folder = try TemporaryFolder()
        let line = "k1:\(Self.first)\n"
        let text = line + String(repeating: "#", count: KeyRing.fileBytesMax - line.utf8.count)
        try folder.write(text)
        let ring = try KeyRing.open(folder.ring)
        #expect(try await Self.code { try await ring.rotateRoot() } == .badKeyRing)
        #expect(try Self.text(folder) == text)
        #expect(folder.names == ["keys"])
    }

    @Test func aLineThatSomebodyElseRemovedIsRetired() async throws {
        let folder = try TemporaryFolder()
        try folder.write("k2:\(Self.second)\nk1:\(Self.first)\n")
        let ring = try KeyRing.open(folder.ring)
        try folder.write("k2:\(Self.second)\n")
        try await ring.retireRoot(RootKeyID("k1"))
        #expect(ring.ids.map(\.description) == ["k2"])
        #expect(try await Self.code { try await ring.retireRoot(RootKeyID("k1")) } == .unavailable)
    }

    @Test func changesAtOnceAreAllMade() async throws {
        let folder = try TemporaryFolder()
        let ring = try KeyRing.openOrCreate(folder.ring, mayCreate: true)
        try await withThrowingTaskGroup(of: RootKeyID.self) { group in
            for _ in 0..<20 { group.addTask { try await ring.rotateRoot() } }
            let roots = try await group.reduce(into: Set()) { $0.insert($1) }
            #expect(roots.count == 20)
        }
        #expect(ring.ids.count == 21 && Set(ring.ids).count == 21)
        #expect(try KeyRing.open(folder.ring).ids == ring.ids)
    }

    /// A file of a writer that was killed is removed by the next start.
    @Test func whatAKilledWriterLeftIsRemovedAtTheNextStart() async throws {
        let folder = try TemporaryFolder()
        try folder.write("k1:\(Self.first)\n")
        try folder.write("k2:\(Self.second)\nk1:\(Self.first)\n", as: "keys.00c0ffee.tmp")
        let ring = try KeyRing.openOrCreate(folder.ring, mayCreate: false)
        #expect(ring.ids.map(\.description) == ["k1"])
        #expect(folder.names == ["keys"])
    }

    private enum Change: CaseIterable {
        case rotate
        case retire
    }

    /// Every call of a change fails once. Until the rename the ring is the old one to the last byte, and nothing lies
    /// about; in memory the old keys go on, and the same change succeeds afterwards.
    @Test(arguments: [EIO, ENOSPC, EROFS], Change.allCases)
    private func aFailedWriteLeavesTheOldRing(number: Int32, change: Change) async throws {
        var failed: [String] = []
        for failAt in 1... {
            let folder = try TemporaryFolder()
            let text = "# ours\nk2:\(Self.second)\nk1:\(Self.first)\n"
            try folder.write(text)
            let calls = FaultyKeyRingCalls()
            let ring = try KeyRing.open(folder.ring, calls: calls)
            let (key, wrapped) = try await ring.makeKey(Self.id, for: .default)
            calls.inject(failAt: failAt, number: number)
            let error = await Self.error { try await Self.make(change, ring) }
            guard let call = calls.failed else {
                #expect(error == nil)
                break
            }
            failed.append(call)
            #expect(error?.code == .badKeyRing)
            #expect(error?.detail.hasPrefix(folder.path) == true)
            let isRenamed = failed.contains("rename") && call != "rename"
            if !isRenamed { #expect(try Self.text(folder) == text, "\(call)") }
            #expect(folder.names == ["keys"], "\(call)")
            #expect(ring.ids.map(\.description) == ["k2", "k1"])
            #expect(try await ring.unwrap(wrapped, as: Self.id, for: .default).plain == key.plain)
            let reopened = try KeyRing.open(folder.ring)
            #expect(try await reopened.unwrap(wrapped, as: Self.id, for: .default).plain == key.plain)
            calls.inject(failAt: nil, number: 0)
            try await Self.make(change, ring)
            #expect(try KeyRing.open(folder.ring).ids == ring.ids)
        }
        #expect(failed == ["open", "write", "fsync", "rename", "open", "fsync"])
    }

    private static func make(_ change: Change, _ ring: KeyRing) async throws {
        switch change {
        case .rotate: _ = try await ring.rotateRoot()
        case .retire: try await ring.retireRoot(RootKeyID("k1"))
        }
    }

    /// As above, for the first ring: there is a whole one or none.
    @Test(arguments: [EIO, ENOSPC])
    func aFailedCreationLeavesNoHalfRing(number: Int32) async throws {
        var failed: [String] = []
        for failAt in 1... {
            let folder = try TemporaryFolder()
            let calls = FaultyKeyRingCalls()
            calls.inject(failAt: failAt, number: number)
            let ring = try? KeyRing.openOrCreate(folder.ring, mayCreate: true, calls: calls)
            guard let call = calls.failed else {
                #expect(ring != nil)
                break
            }
            failed.append(call)
            #expect(ring == nil)
            #expect(folder.names.isEmpty || failed.contains("link") && folder.names == ["keys"], "\(call)")
            #expect(try KeyRing.openOrCreate(folder.ring, mayCreate: true).ids.count == 1)
        }
        #expect(failed == ["open", "write", "fsync", "link", "open", "fsync"])
    }

    @Test func writesInPiecesAndSignalsInBetweenAreWholeWrites() async throws {
        let folder = try TemporaryFolder()
        let calls = FaultyKeyRingCalls()
        calls.disturb(bytes: 7)
        let ring = try KeyRing.openOrCreate(folder.ring, mayCreate: true, calls: calls)
        _ = try await ring.rotateRoot()
        #expect(try KeyRing.open(folder.ring).ids == ring.ids)
    }
}
