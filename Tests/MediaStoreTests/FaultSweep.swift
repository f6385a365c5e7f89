import Glibc
import MediaModel
import MediaStore
import MediaTesting
import Testing

/// SQLite's loop (RELIABILITY §1.4) around any operation: its N-th system call fails, N = 1, 2, 3 … until none does.
struct FaultSweep: Sendable, CustomTestStringConvertible {
    let number: Int32
    /// Whether the calls after the first failure fail, too.
    let isSticky: Bool

    static let all = [EIO, ENOSPC].flatMap { number in
        [false, true].map { FaultSweep(number: number, isSticky: $0) }
    }

    var testDescription: String { "errno \(self.number), \(self.isSticky ? "staying" : "once")" }

    /// How one round of the loop ended.
    struct Round {
        /// The error of the operation, if it had one.
        let error: BlobStoreError?
        /// The names of the calls that failed.
        let failed: [String]
    }

    /// - Parameters:
    ///   - spared: calls that never fail.
    ///   - prepare: called before each round, with working calls.
    ///   - operation: what is to fail.
    ///   - check: called after each round, with working calls.
    /// - Returns: in how many rounds a call failed.
    func run<Input>(
        on calls: FaultyFileSystem,
        sparing spared: Set<String> = [],
        prepare: () async throws -> Input,
        operation: (Input) async throws -> Void,
        check: (Input, Round) async throws -> Void
    ) async throws -> Int {
        for call in 1... {
            let input = try await prepare()
            calls.inject(.init(failAt: call, number: self.number, isSticky: self.isSticky, spared: spared))
            var caught: BlobStoreError?
            do {
                try await operation(input)
            } catch {
                caught = try #require(error as? BlobStoreError)
            }
            let failed = calls.failed
            calls.inject(nil)
            try await calls.expectNoDescriptors("\(failed)")
            if let caught { try self.expectCode(caught, failed) }
            try await check(input, Round(error: caught, failed: failed))
            if failed.isEmpty { return call - 1 }
        }
        return 0
    }

    private func expectCode(_ error: BlobStoreError, _ failed: [String]) throws {
        #expect(!failed.isEmpty, "\(error.detail)")
        if self.number == ENOSPC {
            #expect(error.code == .full, "\(failed)")
        } else {
            #expect([.failed, .syncFailed].contains(error.code), "\(failed)")
        }
    }
}

extension FaultyFileSystem {
    /// A handle closes when its last reference goes, which the pool's thread may hold a moment longer.
    func expectNoDescriptors(_ context: Comment? = nil, _ location: SourceLocation = #_sourceLocation) async throws {
        let areClosed = try await comesAbout(every: .milliseconds(1)) { self.openDescriptors == 0 }
        #expect(areClosed, context, sourceLocation: location)
    }
}
