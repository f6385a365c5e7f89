import Glibc
import MediaTesting
import NIOCore
import NIOPosix
import Testing

@testable import MediaHTTP

@Suite struct BodyFileTests {
    @Test func bodiesAreWhatWasTakenAndGoWithWhoHoldsThem() throws {
        let file = try #require(BodyFile())
        let contents = [1, 4096, 4097, 1_000_000].map { Samples.bytes($0) }
        var bodies = try contents.map { bytes in try #require(bytes.withUnsafeBytes(file.take)) }
        #expect(bodies.map(\.bytes) == contents)
        #expect(bodies.map(\.room) == [4096, 4096, 8192, 1_003_520])
        let all = try Self.bytesUsed(by: file)
        #expect(all >= bodies.map(\.room).reduce(0, +))
        #expect(file.roomInUse == bodies.map(\.room).reduce(0, +))
        bodies.removeFirst(3)
        #expect(file.roomInUse == 1_003_520)
        #expect(try Self.bytesUsed(by: file) <= all - 16384)
        #expect(bodies[0].bytes == contents[3])
        bodies = []
        #expect(file.roomInUse == 0)
        #expect(try Self.bytesUsed(by: file) == 0)
        let next = try #require(contents[3].withUnsafeBytes(file.take))
        #expect(next.bytes == contents[3])
    }

    /// A region is the body and nothing else, on whichever event loop.
    @Test func regionsAreForEachEventLoop() async throws {
        let file = try #require(BodyFile())
        let before = try #require(Samples.bytes(100).withUnsafeBytes(file.take))
        let content = Samples.bytes(70_000)
        let body = try #require(content.withUnsafeBytes(file.take))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        for loop in [group.next(), group.next()] {
            let sizes = try await loop.submit {
                try (body.region(from: 0).readableBytes, before.region(from: 0).readableBytes)
            }.get()
            #expect(sizes == (70_000, 100))
        }
        try await group.shutdownGracefully()
    }

    /// A reason where there need be none would cost a third of what it takes to send them, and nobody would see it.
    @Test(.enabled(if: Self.givesLargePages, "needs user namespaces (unshare -Ur) and transparent huge pages"))
    func pagesAreLargeWhereTheSystemGivesThem() throws {
        #expect(try #require(BodyFile()).smallPagesReason == nil)
    }

    private static let givesLargePages =
        access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0 && system("unshare -Ur true 2>/dev/null") == 0

    @Test func onlyLargeBodiesAreInTheFile() throws {
        let file = try #require(BodyFile())
        let small = Samples.bytes(BodyFile.bodyBytesMin - 1)
        let large = Samples.bytes(BodyFile.bodyBytesMin)
        for (bytes, isInFile) in [(small, false), (large, true)] {
            let body = bytes.withUnsafeBytes { HotBody($0, in: file) }
            if case .file = body { #expect(isInFile) } else { #expect(!isInFile) }
            #expect(body.count == bytes.count && body.withUnsafeBytes { Array($0) } == bytes)
            let without = bytes.withUnsafeBytes { HotBody($0, in: nil) }
            #expect(without.withUnsafeBytes { Array($0) } == bytes)
        }
    }

    /// Whatever the sizes: a page that two bodies shared would count once, one that is too large for its body too much.
    @Test func bodiesShareNoPages() throws {
        let file = try #require(BodyFile())
        let sizes = [
            65_536, 102_400, 131_072, 500_000, 1_044_480, 1_048_576, 2_093_056, 2_097_152, 3_000_000, 4_194_304,
        ]
        var bodies: [FileBody] = []
        for size in sizes + sizes.reversed() {
            let before = try Self.bytesUsed(by: file)
            bodies.append(try #require(Samples.bytes(size).withUnsafeBytes(file.take)))
            #expect(try Self.bytesUsed(by: file) - before == bodies.last?.room, "of \(size) bytes")
        }
        while let body = bodies.popLast() {
            let room = body.room
            let before = try Self.bytesUsed(by: file)
            _ = consume body
            #expect(try before - Self.bytesUsed(by: file) == room)
        }
    }

    /// The network still has the pages of what was sent: they must not be filled with zeros.
    @Test func whatIsOnItsWayStaysAsItWasWhenItsBodyIsDropped() throws {
        let file = try #require(BodyFile())
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let contents = (0..<12).map { Samples.bytes(70_000 + 4096 * $0) }
        var bodies = try contents.map { bytes in try #require(bytes.withUnsafeBytes(file.take)) }
        var sent = off_t(bodies[5].place)
        let count = sendfile(ends[0], file.descriptor, &sent, 65_536)
        try #require(count > 0)
        bodies.remove(at: 5)
        var arrived = [UInt8](repeating: 0, count: count)
        #expect(recv(ends[1], &arrived, count, CInt(MSG_WAITALL)) == count)
        #expect(arrived == Array(contents[5].prefix(count)))
    }

    @Test(arguments: [4096, 61_440, 65_536, 102_400, 2_093_056, 2_097_152, 5_000_192])
    func bodiesBeginAndEndWhereTheirPagesCanBeLarge(room: Int) {
        let page = 2 * 1024 * 1024
        for end in [0, 4096, 102_400, page - 4096, page, 10 * page + 65_536] {
            let place = BodyFile.place(for: room, after: end)
            #expect(place >= end && place - end < 2 * max(room, 4096) && place.isMultiple(of: 4096))
            let isWithinAPage = place / page == (place + room) / page
            #expect(isWithinAPage || place.isMultiple(of: page))
        }
    }

    private static func bytesUsed(by file: BodyFile) throws -> Int {
        var status = stat()
        try #require(fstat(file.descriptor, &status) == 0)
        return Int(status.st_blocks) * 512
    }
}
