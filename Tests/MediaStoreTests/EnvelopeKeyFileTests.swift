import FoundationEssentials
import Glibc
import MediaModel
import MediaStore
import MediaTesting
import Testing

@Suite("The file of envelope keys", .timeLimit(.minutes(5))) struct EnvelopeKeyFileTests {
    private let folder: TemporaryFolder
    private var path: String { "\(self.folder.path)/envelope-keys.json" }
    private var file: EnvelopeKeyFile { EnvelopeKeyFile(folder: self.folder.path) }

    init() throws { self.folder = try TemporaryFolder() }

    private static let records = [
        Samples.key("ek-01m7z6q8qczcghvqa1pvk4jxdy", rootKey: "k1"),
        Samples.key("ek-2", tenant: Tenant(name: "Müller \"& Söhne\"/"), createdAt: Samples.moment(plus: 1)),
        // A former key.
        EnvelopeKeyRecord(id: EnvelopeKeyID("a.b_c-9"), tenant: .default, createdAt: Samples.moment, wrapped: nil),
        EnvelopeKeyRecord(
            id: EnvelopeKeyID(stringLiteral: String(repeating: "x", count: 64)),
            tenant: Tenant(name: String(repeating: "t", count: 64)),
            createdAt: Date(timeIntervalSince1970: -1.5),
            wrapped: WrappedEnvelopeKey(
                rootKey: RootKeyID(
                    stringLiteral: "arn:aws:kms:eu-central-1:111122223333:key/" + String(repeating: "a", count: 2000)
                ),
                bytes: Samples.bytes(WrappedEnvelopeKey.bytesMax)
            )
        ),
    ]

    private func put(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: self.path)) }

    @Test("gives back what was written last, and belongs to its owner alone")
    func roundTrip() async throws {
        #expect(try await self.file.read().isEmpty)
        try await self.file.write(Self.records)
        #expect(try await self.file.read() == Self.records)
        try await self.file.write([Self.records[2]])
        #expect(try await self.file.read() == [Self.records[2]])
        try await self.file.write([])
        #expect(try await self.file.read().isEmpty)
        #expect(try self.folder.files() == ["envelope-keys.json"])
        var status = stat()
        #expect(lstat(self.path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
    }

    @Test("has the documented form")
    func form() async throws {
        try await self.file.write([
            EnvelopeKeyRecord(
                id: EnvelopeKeyID("ek-1"),
                tenant: .default,
                createdAt: Samples.moment,
                wrapped: WrappedEnvelopeKey(rootKey: RootKeyID("k/1"), bytes: [0xFB, 0xFF, 0xFE])
            ), Self.records[2],
        ])
        let text = String(decoding: try Data(contentsOf: URL(filePath: self.path)), as: UTF8.self)
        #expect(
            text == """
                {"format":1,"keys":[{"createdAt":1795244400123,"id":"ek-1","rootKey":"k/1","tenant":"default",\
                "wrapped":"+//+"},{"createdAt":1795244400123,"id":"a.b_c-9","tenant":"default"}]}

                """
        )
    }

    private static let key = #""createdAt":1,"id":"a","rootKey":"r","tenant":"t","wrapped":"AAAA""#

    @Test(
        "that is not of its form is bad, and says what is wrong with it",
        arguments: [
            ("", "form"), ("[]", "form"), ("{", "form"), ("\0", "form"), ("{\"keys\":[]}", "form"),
            ("{\"format\":1}", "form"), ("{\"format\":\"1\",\"keys\":[]}", "form"),
            ("{\"format\":1,\"keys\":[]} x", "form"), ("{\"format\":1,\"keys\":[1]}", "form"),
            ("{\"format\":2,\"keys\":[],\"sum\":\"x\"}", "format 2"), ("{\"format\":0,\"keys\":[]}", "format 0"),
            ("{\"format\":1,\"keys\":[],\"more\":1}", "'more'"),
            ("{\"format\":1,\"keys\":[{\(key),\"more\":1}]}", "'more'"),
            ("{\"format\":1,\"keys\":[{\(key)},{\(key)}]}", "twice"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","tenant":"t","wrapped":"AAAA"}]}"#, "root key"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"r","tenant":"t"}]}"#, "wrapped"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"r","tenant":"t","wrapped":""}]}"#, "wrapped"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"r","tenant":"t","wrapped":"AAA"}]}"#, "wrapped"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"r","tenant":"t","wrapped":"AAB="}]}"#, "wrapped"),
            (
                #"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"r","tenant":"t","wrapped":"AA\nAA"}]}"#,
                "wrapped"
            ),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"","tenant":"t","wrapped":"AAAA"}]}"#, "root key"),
            (
                #"{"format":1,"keys":[{"createdAt":1,"id":"a","rootKey":"ü","tenant":"t","wrapped":"AAAA"}]}"#,
                "root key"
            ),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"","tenant":"t"}]}"#, "id"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"A","tenant":"t"}]}"#, "id"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a/b","tenant":"t"}]}"#, "id"),
            (#"{"format":1,"keys":[{"createdAt":1,"id":"a","tenant":""}]}"#, "tenant"),
            (#"{"format":1,"keys":[{"createdAt":9223372036854775807,"id":"a","tenant":"t"}]}"#, "date"),
            (#"{"format":1,"keys":[{"createdAt":1.5,"id":"a","tenant":"t"}]}"#, "form"),
            (#"{"format":1,"keys":[{"id":"a","tenant":"t"}]}"#, "form"),
        ]
    )
    func flaws(text: String, says: String) async throws {
        try self.put(text)
        let error = await #expect(throws: KeyError.self) { try await self.file.read() }
        #expect(error?.code == .badMirror)
        #expect(error?.detail.contains(says) == true, "\(error?.detail ?? "")")
        #expect(error?.detail.contains(self.path) == true)
    }

    @Test("that is sound is told from those that are not")
    func sound() async throws {
        try self.put("{\"format\":1,\"keys\":[{\(Self.key)}]}")
        #expect(try await self.file.read().map(\.id.description) == ["a"])
    }

    @Test("that is no regular file is bad, and nobody waits for it", arguments: ["fifo", "folder", "link"])
    func noFile(kind: String) async throws {
        switch kind {
        case "fifo": #expect(mkfifo(self.path, 0o600) == 0)
        case "folder": #expect(mkdir(self.path, 0o700) == 0)
        default:
            try Data("{\"format\":1,\"keys\":[]}".utf8).write(to: URL(filePath: "\(self.path).real"))
            #expect(symlink("\(self.path).real", self.path) == 0)
        }
        let error = await #expect(throws: KeyError.self) { try await self.file.read() }
        #expect(error?.code == .badMirror)
    }

    @Test("is made anew beside what an earlier write left")
    func leftover() async throws {
        let draft = "\(self.path).new"
        try Data("half".utf8).write(to: URL(filePath: draft))
        #expect(chmod(draft, 0o666) == 0)
        try await self.file.write(Self.records)
        #expect(try await self.file.read() == Self.records)
        #expect(try self.folder.files() == ["envelope-keys.json"])
        var status = stat()
        #expect(lstat(self.path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
    }

    // Failing calls.

    struct Sweep: Sendable {
        var number: Int32
        var isSticky: Bool
    }

    @Test(
        "is the old one or the new one, whole, whichever call of a write fails",
        arguments: [
            Sweep(number: EIO, isSticky: false), Sweep(number: EIO, isSticky: true),
            Sweep(number: ENOSPC, isSticky: false), Sweep(number: ENOSPC, isSticky: true),
        ]
    )
    func failingWrites(_ sweep: Sweep) async throws {
        let calls = FaultyFileSystem()
        let file = EnvelopeKeyFile(folder: self.folder.path, calls: calls)
        let old = [Self.records[0]]
        var names: [String] = []
        for call in 1... {
            try await file.write(old)
            calls.inject(.init(failAt: call, number: sweep.number, isSticky: sweep.isSticky))
            var caught: BlobStoreError?
            do {
                try await file.write(Self.records)
            } catch {
                caught = try #require(error as? BlobStoreError)
            }
            let failed = calls.failed
            calls.inject(nil)
            let context: Comment = "call \(call), \(failed)"
            try await calls.expectNoDescriptors(context)
            #expect((caught == nil) == failed.isEmpty, context)
            let read = try await self.file.read()
            // From the rename on it may be the new one: then only a restart can tell whether that survives.
            let isRenamed = caught == nil || names.contains("rename")
            #expect(read == (isRenamed ? Self.records : old), context)
            guard let caught, let first = failed.first else { break }
            names.append(first)
            let isSync = first == "fsync" || first == "close"
            #expect(caught.code == (sweep.number == ENOSPC ? .full : isSync ? .syncFailed : .failed), context)
            let isLeft = sweep.isSticky && ["write", "fsync", "close", "rename"].contains(first) && !isRenamed
            #expect(try self.folder.files().count == (isLeft ? 2 : 1), context)
        }
        #expect(names == ["unlink", "open", "write", "fsync", "close", "rename", "open", "fsync", "close"])
    }

    @Test("that cannot be read is bad, and leaks nothing", arguments: [false, true])
    func failingReads(isSticky: Bool) async throws {
        let calls = FaultyFileSystem()
        let file = EnvelopeKeyFile(folder: self.folder.path, calls: calls)
        try await file.write(Self.records)
        var names: [String] = []
        for call in 1... {
            calls.inject(.init(failAt: call, number: EIO, isSticky: isSticky, spared: ["close"]))
            let read = await Result { () async throws(any Error) in try await file.read() }
            try await calls.expectNoDescriptors()
            guard let first = calls.failed.first else {
                #expect(try read.get() == Self.records)
                break
            }
            names.append(first)
            let error = #expect(throws: KeyError.self) { try read.get() }
            #expect(error?.code == .badMirror)
        }
        #expect(names == ["open", "fstat", "pread"])
    }

    @Test("is whole however often signals interrupt and however little a call takes")
    func interrupted() async throws {
        let calls = FaultyFileSystem()
        let file = EnvelopeKeyFile(folder: self.folder.path, calls: calls)
        calls.disturb(["open", "write", "pread"], bytes: 100)
        try await file.write(Self.records)
        #expect(try await file.read() == Self.records)
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws(any Error) -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
