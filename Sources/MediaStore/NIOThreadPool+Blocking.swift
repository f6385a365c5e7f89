import MediaModel
import NIOPosix

extension NIOThreadPool {
    /// Runs blocking calls on a thread of the pool and waits for them, whatever becomes of the caller.
    ///
    /// Cancellation is not looked at, unlike in `runIfActive`: the task of a client that went away is cancelled, and it
    /// must still be able to throw its draft away. A failed system call becomes a ``BlobStoreError``.
    func runBlocking<Value: Sendable>(
        blob: BlobID? = nil,
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.submit { state in
                guard case .active = state else {
                    let error = BlobStoreError(.failed, detail: "the thread pool is shut down")
                    continuation.resume(throwing: error)
                    return
                }
                do {
                    continuation.resume(returning: try work())
                } catch let failure as SystemFailure {
                    continuation.resume(throwing: BlobStoreError(failure, blob: blob))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
