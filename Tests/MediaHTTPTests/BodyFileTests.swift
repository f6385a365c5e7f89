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
        bodies.removeFirst(3)
        #expect(try Self.bytesUsed(by: file) <= all - 16384)
        #expect(bodies[0].bytes == contents[3])
        bodies = []
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
            let sizes = try await loop.submit { try (body.region().readableBytes, before.region().readableBytes) }.get()
            #expect(sizes == (70_000, 100))
        }
        try await group.shutdownGracefully()
    }

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

    private static func bytesUsed(by file: BodyFile) throws -> Int {
        var status = stat()
        try #require(fstat(file.descriptor, &status) == 0)
        return Int(status.st_blocks) * 512
    }
}
