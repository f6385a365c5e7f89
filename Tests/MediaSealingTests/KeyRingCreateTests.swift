import Foundation
import MediaModel
import MediaTesting
import Testing

@testable import MediaSealing

@Suite struct KeyRingCreateTests {
    private static let key = Data(0..<32).base64EncodedString()
    private static let create: @Sendable (String) throws -> Void = { try KeyRingFile($0).create() }
    private static let createNamed: @Sendable (String) throws -> Void = { try KeyRingFile($0).createNamed() }

    @Test func aFirstRingIsMadeOnceForUsAlone() async throws {
        let folder = try TemporaryFolder()
        let made = try KeyRing.openOrCreate(folder.ring, mayCreate: true)
        let again = try KeyRing.openOrCreate(folder.ring, mayCreate: true)
        #expect(made.ids.count == 1 && made.ids == again.ids)
        #expect(made.ids[0].description.wholeMatch(of: /k[0-9a-f]{8}/) != nil)
        let id = made.ids[0].description
        let bytes = try await made.bytes(of: id)
        #expect(try await again.bytes(of: id) == bytes)
        #expect(Set(bytes).count > 8)
        #expect(folder.names == ["keys"])
        var status = stat()
        #expect(stat(folder.ring, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600 && status.st_nlink == 1)
    }

    /// Our base64 is everybody's base64.
    @Test func aMadeRingIsReadByOthers() async throws {
        for _ in 0..<50 {
            let folder = try TemporaryFolder()
            let ring = try KeyRing.openOrCreate(folder.ring, mayCreate: true)
            let text = String(decoding: try Data(contentsOf: URL(filePath: folder.ring)), as: UTF8.self)
            let line = try #require(text.split(separator: "\n").last)
            let parts = line.split(separator: ":")
            let expected = Data(try await ring.bytes(of: ring.ids[0].description))
            #expect(parts[0] == ring.ids[0].description)
            #expect(Data(base64Encoded: String(parts[1])) == expected)
        }
    }

    @Test func theSecondCreatorLeavesTheFirstOnesRing() throws {
        for (first, second) in [
            (Self.create, Self.create), (Self.create, Self.createNamed),
            (Self.createNamed, Self.create), (Self.createNamed, Self.createNamed),
        ] {
            let folder = try TemporaryFolder()
            try first(folder.ring)
            let before = try Data(contentsOf: URL(filePath: folder.ring))
            try second(folder.ring)
            #expect(try Data(contentsOf: URL(filePath: folder.ring)) == before)
            #expect(folder.names == ["keys"])
        }
    }

    @Test func aRingMadeWithoutUnnamedFilesIsTheSame() throws {
        let folder = try TemporaryFolder()
        try Self.createNamed(folder.ring)
        #expect(try KeyRing.open(folder.ring).ids.count == 1)
        var status = stat()
        #expect(stat(folder.ring, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600 && status.st_nlink == 1)
    }

    @Test func aMissingRingIsNotReplacedWhereBlobsAreStored() throws {
        let folder = try TemporaryFolder()
        // Also where a killed creator left a file that looks like the ring's.
        try folder.write("k1:\(Self.key)\n", as: "keys.0a1b2c3d.tmp")
        let error = try #require(throws: KeyError.self) { try KeyRing.openOrCreate(folder.ring, mayCreate: false) }
        #expect(error.code == .badKeyRing)
        #expect(error.detail.hasPrefix("\(folder.ring): there is no key ring"))
        #expect(error.detail.contains("restore the ring from its back-up, or set key.ring.path"))
        #expect(folder.names == ["keys.0a1b2c3d.tmp"])
    }

    @Test func aRingThatIsThereIsOpenedWhereBlobsAreStored() throws {
        let folder = try TemporaryFolder()
        let made = try KeyRing.openOrCreate(folder.ring, mayCreate: true)
        #expect(try KeyRing.openOrCreate(folder.ring, mayCreate: false).ids == made.ids)
    }

    @Test(arguments: [true, false])
    func whatKilledCreatorsLeftIsRemovedAndNothingElse(isThere: Bool) throws {
        let folder = try TemporaryFolder()
        let others = [
            "keys.tmp", "keys.0a1b2c3.tmp", "keys.0a1b2c3d4.tmp", "keys.0A1B2C3D.tmp", "keys.0a1b2c3d", "keys.old",
            "mykeys.0a1b2c3d.tmp", "keys2.0a1b2c3d.tmp", "keys.my-notes.tmp",
        ]
        for name in others + ["keys.0a1b2c3d.tmp", "keys.ffffffff.tmp"] {
            try folder.write("k1:\(Self.key)\n", as: name)
        }
        if isThere { try folder.write("k1:\(Self.key)\n", as: "keys") }
        _ = try KeyRing.openOrCreate(folder.ring, mayCreate: !isThere)
        #expect(Set(folder.names) == Set(others + ["keys"]))
    }

    @Test func besideADamagedRingNothingIsRemoved() throws {
        let folder = try TemporaryFolder()
        try folder.write("", as: "keys")
        try folder.write("k1:\(Self.key)\n", as: "keys.0a1b2c3d.tmp")
        #expect(throws: KeyError.self) { try KeyRing.openOrCreate(folder.ring, mayCreate: true) }
        #expect(Set(folder.names) == ["keys", "keys.0a1b2c3d.tmp"])
    }

    @Test(arguments: [create, createNamed])
    func racingCreatorsEndWithTheSameRing(create: @escaping @Sendable (String) throws -> Void) async throws {
        for _ in 0..<20 {
            let folder = try TemporaryFolder()
            let path = folder.ring
            let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try create(path)
                        let ring = try KeyRing.openOrCreate(path, mayCreate: false)
                        return try await ring.bytes(of: ring.ids[0].description)
                    }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }
            #expect(keys.count == 1)
            #expect(folder.names == ["keys"])
        }
    }

    @Test func aFolderThatIsNotThereLeavesNothing() throws {
        let folder = try TemporaryFolder()
        for create in [Self.create, Self.createNamed] {
            let path = folder.path("missing/keys")
            let error = try #require(throws: KeyError.self) { try create(path) }
            #expect(error.code == .badKeyRing)
            #expect(error.detail == "\(path): create: No such file or directory")
        }
        #expect(folder.names.isEmpty)
    }
}
